#!/usr/bin/python3
"""A sign-in: how much time is ours between the token endpoint's reply and "granted", and how many requests it takes; and how
long an unknown and a refused name take. The yardstick of the same run is a bare RSA-2048 signing by openssl's own measure."""
import os
import socket
import statistics
import struct
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "module")]

from rig import Rig, connect_as
from tiny_provider import TinyProvider, config

ROUNDS = 20


def sign_in(rig, provider, name="alice", subject="s-1"):
    before = dict(provider.counts)
    c = rig.client()
    c.call("io.latchkey.Authenticate", more=True, version=1, user=name, service="sshd")
    while (reply := c.reply(30))["parameters"].get("state") != "challenge":
        assert "error" not in reply, reply
    provider.approve_all(name, subject)
    while (reply := c.reply(30))["parameters"].get("state") != "granted":
        assert "error" not in reply, reply
    took = time.monotonic() - provider.sent["token"]
    c.close()
    requests = {p: n - before.get(p, 0) for p, n in provider.counts.items() if n != before.get(p, 0)}
    return took, requests


def resolve_times(rig, names):
    times = []
    for name in names:
        s = connect_as(rig.path("run", "resolve"), 0, socket.SOCK_SEQPACKET)
        start = time.perf_counter()
        s.send(struct.pack("=II16s64s", 0x314b4c52, 0, b"", name))
        s.recv(4096)
        times.append(time.perf_counter() - start)
        s.close()
    return statistics.median(times)


def main():
    provider = TinyProvider(interval=1)
    with Rig(config(provider)) as rig:
        rig.wait_log("is ready")
        took, requests = sign_in(rig, provider)
        print(f"cold, first sign-in (account made, map published): {took * 1e3:.2f} ms ours; requests {requests}")
        times = []
        for _ in range(ROUNDS):
            took, requests = sign_in(rig, provider)
            times.append(took)
        print(f"warm: reply of the token endpoint to granted: median {statistics.median(times) * 1e3:.2f} ms, "
              f"worst {max(times) * 1e3:.2f} ms; requests {requests}")
        # R2: both stay below the resolver's burst for one address
        refused = resolve_times(rig, [b"root"] * 200)
        unknown = resolve_times(rig, [b"No-Such-Name"] * 200)
        print(f"a reserved name takes {refused / unknown:.2f} times as long as a name outside the grammar "
              f"({refused * 1e6:.0f} and {unknown * 1e6:.0f} us)")
    provider.close()


if __name__ == "__main__":
    main()
