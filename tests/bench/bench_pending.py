#!/usr/bin/python3
"""Memory of an idle helper, and a thousand sign-ins pending at once: memory, and whether any poll came too early."""
import os
import resource
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "module")]

from rig import Rig
from tiny_provider import TinyProvider, config, pss_kib

FLOWS = 1000
SECONDS = 30


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    provider = TinyProvider(interval=5)
    with Rig(config(provider, attempts=2048)) as rig:
        rig.wait_log("is ready")
        idle = [pss_kib(p.pid) for p in (rig.helper, rig.fetch)]
        print(f"idle: latchkeyd {idle[0] / 1024:.1f} MiB PSS, latchkey-fetch {idle[1] / 1024:.1f} MiB PSS, "
              f"together {sum(idle) / 1024:.1f} MiB")

        clients = []
        start = time.monotonic()
        for i in range(FLOWS):
            c = rig.client()
            c.call("io.latchkey.Authenticate", more=True, version=1, user=f"user{i}", service="sshd")
            clients.append(c)
        shown = 0
        for c in clients:
            while (reply := c.reply(60)) is not None and "error" not in reply:
                if reply["parameters"]["state"] == "challenge":
                    shown += 1
                    break
        print(f"{shown} of {FLOWS} codes shown after {time.monotonic() - start:.1f} s")
        time.sleep(SECONDS)
        busy = [pss_kib(p.pid) for p in (rig.helper, rig.fetch)]
        polls = sum(len(t) - 1 for t in provider.polls.values())
        print(f"{SECONDS} s later: {polls} polls, {provider.early} of them too early; latchkeyd {busy[0] / 1024:.1f} MiB PSS, "
              f"latchkey-fetch {busy[1] / 1024:.1f} MiB PSS; {(sum(busy) - sum(idle)) / FLOWS:.1f} KiB a flow")
        for c in clients:
            c.close()
    provider.close()


if __name__ == "__main__":
    main()
