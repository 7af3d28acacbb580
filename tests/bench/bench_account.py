#!/usr/bin/python3
"""The account phase with an answer of the provider that is fresh enough: the question and its answer, with the log line and
with the audit file besides. Aim: below 200 us a round trip. Beside it what a module does for one session: connect,
agree on a version, ask; and the cheapest question of all, so that what is the socket's can be told from what is ours."""
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "module")]

from bench_login import sign_in
from rig import UID, Rig
from tiny_provider import TinyProvider, config

AIM_US = 200
ROUNDS = 5000
VERSION = b'{"method":"io.latchkey.GetVersion"}\0'
CHECK = (b'{"method":"io.latchkey.CheckAccount","parameters":{"version":1,"user":"alice","service":"sshd",'
         b'"rhost":"192.0.2.7","signed_in":false}}\0')


def connect(rig):
    s = socket.socket(socket.AF_UNIX)
    s.connect(rig.path("run", "io.latchkey"))
    return s


def ask(s, question):
    s.send(question)
    reply = s.recv(4096)
    while not reply.endswith(b"\0"):
        reply += s.recv(4096)
    return reply


def session(rig):
    with connect(rig) as s:
        ask(s, VERSION)
        return ask(s, CHECK)


def measure(what, once):
    assert b"error" not in once(), once()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    times.sort()
    print(f"{what}: median {statistics.median(times) * 1e6:.0f} us, 99 of 100 below {times[-ROUNDS // 100] * 1e6:.0f} us")
    return statistics.median(times) * 1e6


def main():
    provider = TinyProvider(interval=1)
    folder = tempfile.mkdtemp(prefix="lk-bench-audit-")
    os.chown(folder, UID, UID)
    for title, keys in (("log only", ""), ("audit_file", f"[latchkey]\naudit_file = {folder}/audit.jsonl\n")):
        with Rig(f"{config(provider)}{keys}") as rig:
            rig.wait_log("is ready")
            sign_in(rig, provider)
            with connect(rig) as s:
                measure(f"{title}: GetVersion, one connection", lambda s=s: ask(s, VERSION))
                took = measure(f"{title}: CheckAccount, one connection", lambda s=s: ask(s, CHECK))
            print(f"{title}: the aim of {AIM_US} us {'holds' if took < AIM_US else 'does not hold'}")
            measure(f"{title}: a session: connect, GetVersion, CheckAccount", lambda rig=rig: session(rig))
    shutil.rmtree(folder)
    provider.close()


if __name__ == "__main__":
    main()
