#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The units as they are shipped, under a systemd that is process 1: each thing that a sandbox could forbid is done once,
in the real one (seccomp, capabilities, private network, TasksMax, credentials, read-only file system)."""
import contextlib
import glob
import os
import re
import shutil

import boot
import check
import enter
import people
import sessions
import terminal
import world
from sessions import detach, is_over, processes, session, uid_of

SETTINGS = "allow_insecure_loopback=yes\naudit_file=/var/log/latchkey/audit.jsonl\naudit_required=yes\n"
MODULES = ("extrausers/usr/lib/libnss_extrausers.so.2", "userdb/usr/lib/*/libnss_systemd.so.2")
PIN, WRONG = "294718", "294719"


def given(w, more="end_sessions=no", access="everyone=yes"):
    w.reconfigure(**{f"provider {world.PROVIDER}": f"issuer={w.provider.issuer}\nclient_id=latchkey\n"
                                                   f"scope={sessions.SCOPE}",
                     "latchkey": SETTINGS + more, "access": access})


def prop(w, name, unit="latchkeyd"):
    return w.done("systemctl", "show", "--value", "-p", name, unit).strip()


def status_of(w, field, unit="latchkeyd"):
    """A line of the main process's /proc/PID/status."""
    text = w.done("cat", f"/proc/{prop(w, 'MainPID', unit)}/status")
    return re.search(rf"^{field}:\s*(\S+)$", text, re.M)[1]


@check.test
def start(w):
    """everything starts, as nobody special, and the key of what is kept is made (I23)"""
    check.equal(w.done("systemctl", "--failed", "--plain", "--no-legend"), "")
    check.equal(prop(w, "ActiveState"), "active")
    check.equal(prop(w, "User"), "latchkey")
    check.equal([status_of(w, f) for f in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp")], ["0" * 16, "0" * 16, "1", "2"])
    check.contains(w.daemon.log(), "a new key for what is kept of sign-ins lies in")
    check.contains(w.done("latchkey", "status"), world.PROVIDER)


@check.test
def ended(w):
    """a sign-in, the audit file, and the end of her session, of what she detached and of logind's part (I17)"""
    given(w, sessions.SOON)
    with session(w, "alice") as t:
        detach(t)
        check.contains(w.done("loginctl", "--no-pager", "--no-legend", "list-sessions"), "alice")
        w.provider.people(alice={"disabled": True})
        is_over(t)
    check.eventually(lambda: processes("alice") == [], "an end of all her processes")
    check.eventually(lambda: "alice" not in w.done("loginctl", "--no-pager", "--no-legend", "list-sessions"),
                     "an end of her session in logind")
    w.provider.people(alice={"disabled": False})
    check.eventually(lambda: "SIGKILL" in w.root.log(), "the second signal's line")
    check.contains(w.root.log(), "SIGTERM")
    check.lacks(w.root.log(), "logind does not")
    check.contains(world.read("/var/log/latchkey/audit.jsonl"), '"sign-in"', '"session-end"')


@check.test
def user_database(w):
    """systemd's NSS module finds her by latchkey-userdb"""
    check.contains(w.done("getent", "-s", "systemd", "passwd", "alice"), f":{uid_of('alice')}:")
    check.equal(prop(w, "ActiveState", "latchkey-userdb"), "active")


@check.test
def another_source(w):
    """getent is started inside the sandbox and finds whom another source knows (I1)"""
    given(w)
    with w.ssh("bob", "echo let-in") as t:
        t.expect(rf"{people.QUESTION}|Permission denied|belongs to")
        t.send("\n")
        check.equal(t.finish(), 255, "ssh's status")
        check.contains(" ".join(t.text.split()), "this account name belongs to somebody else")
    check.contains(w.daemon.log(), "getent -s 'extrausers' passwd bob")
    with session(w, "carol") as t:
        t.send("exit\n")
        check.equal(t.finish(), 0, "whom it does not know")


@contextlib.contextmanager
def sudo(w):
    uid = str(uid_of("alice"))
    with terminal.Terminal(w.inside("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "sudo", "-k", "echo",
                                    "let-in"), w.environment()) as t:
        yield t
        t.expect("let-in")


@check.test
def pin(w):
    """a PIN is hashed in a thread, with the memory that it takes"""
    given(w, access="everyone=yes\noffline_max_age=1h\noffline_pin=yes\nrecheck=0")
    with session(w, "alice") as t:
        t.send("exit\n")
        t.finish()
    with sudo(w) as t:
        t.expect(people.CODE)
        people.approve(people.Challenge(t.text), "alice")
        for question in ("New PIN", "again"):
            t.expect(question)
            t.send(PIN + "\n")
    w.provider.stop()
    with sudo(w) as t:
        t.expect("Your PIN")
        t.send(WRONG + "\n")
        t.expect("PIN is wrong(?s:.*)Your PIN")
        t.send(PIN + "\n")
    w.provider.start()


@check.test
def two_uids(w):
    """each peer is who it is, which PrivateUsers= would take away: Carol cannot do what Alice and root can (T1)"""
    def lock(uid):
        return w.run(*w.inside("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "latchkey", "lock", "alice"))
    for uid, status in ((uid_of("alice"), 0), (uid_of("carol"), 1), (0, 0)):
        got, text = lock(uid)
        check.equal(got, status, f"{uid}: {text}")


@check.test
def credential(w):
    """latchkey-key decrypts the host's credential, latchkeyd seals by it, and its own key is gone (I23)"""
    w.done("sh", "-c", "openssl rand -hex 32 | "
                       "systemd-creds encrypt --with-key=host --name=latchkey.key - /etc/latchkey/vault.key.cred")
    w.done("systemctl", "enable", "latchkey-key")
    w.daemon.restart()
    check.equal(prop(w, "ActiveState", "latchkey-key"), "active")
    check.eventually(lambda: not os.path.exists("/var/lib/latchkey/private/vault.key"), "an end of its own key")
    check.lacks(w.daemon.log(), "cannot be used")


@check.test
def killed(w):
    """it comes back by itself"""
    w.done("systemctl", "kill", "-s", "KILL", "latchkeyd")
    check.eventually(lambda: prop(w, "NRestarts") == "1" and prop(w, "ActiveState") == "active", "a restart")
    check.contains(w.done("latchkey", "show", "alice"), "active")


@check.test
def nothing_was_forbidden(w):
    """no line of ours tells of a call that a sandbox refused"""
    for unit in w.units.values():
        check.lacks(unit.log(), "Operation not permitted", "Permission denied", "Read-only file system",
                    "Resource temporarily unavailable")


if __name__ == "__main__":
    world.begin()
    with boot.Machine() as machine:
        machine.start()
        for module in MODULES:
            shutil.copy(glob.glob(f"{enter.TOP}/build/packages/{module}")[0], "/usr/lib/")
        machine.here("ldconfig", "-X")
        for name, lines in (("passwd", "bob:x:5001:5001::/srv/bob:/bin/sh\n"), ("group", ""), ("shadow", "")):
            world.write(f"/var/lib/extrausers/{name}", lines)
        world.write("/etc/nsswitch.conf", "passwd: files latchkey extrausers\ngroup: files latchkey extrausers\n"
                                          "shadow: files latchkey\nhosts: files\n")
        check.run(machine)
