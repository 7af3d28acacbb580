#!/usr/bin/python3
"""A token for a person's own program, with one ready in the helper: the whole process "latchkey token", beside the process that
does nothing ("latchkey --version") and beside the question alone over a connection that is open."""
import os
import socket
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "module")]

from bench_login import sign_in
from rig import Rig, connect_as
from tiny_provider import TinyProvider, config

PROCESSES = 300
QUESTIONS = 3000
QUESTION = b'{"method":"io.latchkey.GetToken","parameters":{}}\0'


def time_of(once):
    start = time.perf_counter()
    once()
    return time.perf_counter() - start


def figures(times):
    times.sort()
    return statistics.median(times), times[len(times) * 99 // 100]


def ask(s):
    s.send(QUESTION)
    reply = b""
    while not reply.endswith(b"\0"):
        reply += s.recv(4096)
    assert b"access_token" in reply, reply


def main():
    provider = TinyProvider(interval=1)
    text = config(provider).replace("scope = openid\n", "scope = openid\ntoken_scopes = all\n")
    with Rig(text) as rig:
        rig.wait_log("is ready")
        sign_in(rig, provider)
        uid = int(rig.client().ask("io.latchkey.ShowAccount", name="alice")["parameters"]["account"]["uid"])
        command, where = rig.path("bin", "latchkey"), rig.path("run", "io.latchkey")

        def process(*arguments):
            done = subprocess.run([command, *arguments], capture_output=True, check=True, user=uid, group=uid, extra_groups=[],
                                  cwd="/")
            assert done.stdout

        pairs = [(time_of(lambda: process("--version")), time_of(lambda: process("token", "--socket", where)))
                 for _ in range(PROCESSES)]  # by turns: what disturbs one disturbs the other
        nothing, token = (figures(list(times)) for times in zip(*pairs))
        print(f"latchkey token, a token ready: median {token[0] * 1e3:.2f} ms, 99 of 100 below {token[1] * 1e3:.2f} ms; "
              f"{token[0] / nothing[0]:.2f} times latchkey --version ({nothing[0] * 1e3:.2f} ms)")
        with connect_as(where, uid, socket.SOCK_STREAM) as s:
            question = figures([time_of(lambda: ask(s)) for _ in range(QUESTIONS)])
        print(f"the question alone: median {question[0] * 1e6:.0f} us, 99 of 100 below {question[1] * 1e6:.0f} us")
    provider.close()


if __name__ == "__main__":
    main()
