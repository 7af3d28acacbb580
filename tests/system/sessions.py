# SPDX-License-Identifier: MIT
"""Somebody's open session, what is detached from it, and how one sees that all of it has ended."""
import contextlib
import os
import subprocess

import check
import people
import world

SCOPE = "openid profile email groups offline_access"
ALICE_SUBJECT = "5f0c9a52-6f4e-4f0e-9d57-1b2f60a1c001"
SOON = "background_recheck_min=1s\nbackground_recheck_max=2s\nend_sessions_grace=1s"


def given(w, more=SOON, provider="", **sections):
    """The helper's configuration, with tokens that are kept; @more, @provider: further lines of these sections."""
    usual = f"issuer={w.provider.issuer}\nclient_id=latchkey\nscope={SCOPE}\n"
    w.reconfigure(**{f"provider {world.PROVIDER}": usual + provider,
                     "latchkey": f"allow_insecure_loopback=yes\nlogout_user=nobody\n{more}", **sections})


def uid_of(name):
    found = subprocess.run(["getent", "passwd", name], capture_output=True, text=True, check=True)
    return int(found.stdout.split(":")[2])


def processes(name):
    """Command lines of everything alive whose real uid is that person's."""
    return processes_of(uid_of(name))


def processes_of(uid):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            with open(f"/proc/{pid}/status", encoding="utf-8") as f:
                fields = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
            if int(fields["Uid"].split()[0]) == uid and fields["State"][0] != "Z":
                with open(f"/proc/{pid}/cmdline", encoding="utf-8") as f:
                    found.append(f.read().replace("\0", " "))
    return found


@contextlib.contextmanager
def session(w, name):
    """Somebody's shell on a terminal, after approving."""
    with w.ssh(name, "exec sh") as t:
        people.sign_in(t, name)
        t.expect(r"\$ $")
        yield t


def is_open(t):
    t.send("echo still''here\n")
    t.expect("stillhere")


def detach(t):
    """What should outlive the terminal: by nohup, by setsid, and a daemon that does not listen to SIGTERM."""
    t.send("nohup sleep 5001 >/dev/null 2>&1 & setsid sleep 5002 & "
           "(trap '' TERM HUP; setsid sh -c 'sleep 5003; sleep 5004' &) ; echo de''tached\n")
    t.expect("detached")
    check.eventually(lambda: {"sleep 5001 ", "sleep 5002 ", "sleep 5003 "} <= set(processes("alice")), "her processes")


@contextlib.contextmanager
def gone_at_the_provider(w, person="alice"):
    """Disabled, until the helper has heard it; enabled again in the end."""
    before = w.daemon.log().count("result=refused")
    w.provider.people(**{person: {"disabled": True}})
    try:
        check.eventually(lambda: w.daemon.log().count("result=refused") > before, "a refusal")
        yield
    finally:
        w.provider.people(**{person: {"disabled": False}})


def is_over(t):
    """The client says so, and its status is not one of a command."""
    check.equal(t.finish(), 255, "ssh's status")


def is_gone(w):
    check.eventually(lambda: processes("alice") == [], "an end of all her processes")
    check.contains(w.daemon.log(), "session-end")
