#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The demo by itself, as "make demo DEMO_APPROVE=1" runs it: a shell as a new account, twice, with one uid."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("LK_BUILD", os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "release"))


def main():
    done = subprocess.run([os.path.join(HERE, "demo"), "--build", BUILD], env={**os.environ, "DEMO_APPROVE": "1"},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    uids = re.findall(r"uid=(\d+)\(alice\) gid=\1\(alice\)", done.stdout)
    good = done.returncode == 0 and len(uids) == 2 and len(set(uids)) == 1
    if not good:
        print(f"exit {done.returncode}\n{done.stdout}")
    print("1 passed, 0 failed" if good else "0 passed, 1 failed")
    return 0 if good else 1


sys.exit(main())
