#!/usr/bin/python3
"""A token for a person's own program, with one ready in the helper: the whole process "latchkey token", beside the process that
does nothing ("latchkey --version"), beside /bin/true, and beside the question alone over a connection that is open."""
import json
import os
import socket
import statistics
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


def spawn(argv):
    out = (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)
    status = os.waitpid(os.posix_spawn(argv[0], argv, {"PATH": "/usr/bin:/bin"}, file_actions=[out]), 0)[1]
    assert status == 0, f"{argv}: {status}"


def as_person(uid, commands):
    """The times of each command's process, sorted, from a process that is this person already; by turns: what disturbs one
    disturbs the others."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.chdir("/")
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        rounds = [[time_of(lambda argv=argv: spawn(argv)) for argv in commands] for _ in range(PROCESSES)]
        os.write(writer, json.dumps([sorted(t) for t in zip(*rounds)]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as f:
        text = f.read()
    assert os.waitpid(child, 0)[1] == 0
    return json.loads(text)


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

        times = as_person(uid, [["/bin/true"], [command, "--version"], [command, "token", "--socket", where]])
        true, nothing, token = (figures(list(t)) for t in times)
        print(f"latchkey token, a token ready: median {token[0] * 1e3:.2f} ms, best {times[2][0] * 1e3:.2f} ms, 99 of 100 below "
              f"{token[1] * 1e3:.2f} ms; {token[0] / nothing[0]:.2f} times latchkey --version ({nothing[0] * 1e3:.2f} ms), "
              f"{token[0] / true[0]:.2f} times /bin/true ({true[0] * 1e3:.2f} ms)")
        with connect_as(where, uid, socket.SOCK_STREAM) as s:
            question = figures([time_of(lambda: ask(s)) for _ in range(QUESTIONS)])
        print(f"the question alone: median {question[0] * 1e6:.0f} us, 99 of 100 below {question[1] * 1e6:.0f} us")
    provider.close()


if __name__ == "__main__":
    main()
