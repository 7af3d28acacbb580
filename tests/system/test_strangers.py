#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Those who are not to get in, or not yet: local names, names outside policy, hostile names, other users' programs,
other versions. What they can learn, and that the provider hears nothing of them."""
import concurrent.futures
import json
import os
import re

import check
import people
import terminal
import varlink
import world

LOCAL = ("root", "daemon", "nobody", "sshd", world.LOCAL_PERSON)


def shape(text, name):
    """What is the same for everybody: the reference is each attempt's own."""
    return re.sub(r"reference\s+[0-9A-Z]{4}-[0-9A-Z]{4}", "REFERENCE", text.replace(name, "NAME"))


def attempt(w, name, answers=3):
    """An SSH login that answers every question with nothing; returns (status, text with the name taken out)."""
    with w.ssh(name, "echo let-in", options=["-o", f"NumberOfPasswordPrompts={answers}"]) as t:
        for _ in range(answers):
            try:
                t.expect(r"(Password|approved): ?$")
            except terminal.Closed:
                break
            t.send("\n")
        status = t.finish()
        return status, shape(t.text, name)


def attempts(w, names, **kwargs):
    """The same for several names at a time; each takes seconds, because pam_unix waits after a failure."""
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(lambda name: attempt(w, name, **kwargs), names)))


@check.test
def local_names(w):
    """root, daemon and people of /etc/passwd never reach helper or provider (L23, I1)"""
    mark, lines = len(w.daemon.log()), len(w.system_log.lines)
    for name, (status, text) in attempts(w, LOCAL, answers=1).items():
        check.equal(status, 255, f"ssh {name}")
        check.lacks(text, "Approve", "http", "let-in")
    check.equal(w.provider.from_helper(), [], "requests")
    check.equal(w.daemon.log()[mark:], "", "the helper's log")
    check.lacks("\n".join(w.system_log.lines[lines:]), "pam_latchkey")


@check.test
def refused_and_unknown_names_look_alike(w):
    """a name outside policy and one that nobody has: same texts, same steps (R2)"""
    w.reconfigure(access="users=alice")
    try:
        shapes = attempts(w, ("bob", "nobody-has-it", "mallory", "daemons"))
        check.equal(len({repr(s) for s in shapes.values()}), 1, f"shapes {shapes}")
        check.equal(w.provider.from_helper(), [], "requests")
    finally:
        w.reconfigure()


@check.test
def possible_names_look_alike(w):
    """where a claim decides, somebody refused and somebody unknown both get a code, and the same text (R2)"""
    w.reconfigure(access="groups=operators")
    try:
        shapes = []
        for name in ("carol", "nobody-has-it"):
            with w.ssh(name, "echo let-in") as t:
                challenge = people.await_challenge(t)
                people.approve(challenge, "alice")
                t.send("\n")
                check.equal(t.finish(), 255, "ssh's status")
                text = shape(t.text, name).replace(challenge.code, "CODE")
                # The blocks of the QR code differ as the codes do.
                shapes.append(" ".join(re.sub("[\u2580-\u2588#]+", "", text).split()))
        check.equal(shapes[0], shapes[1], "texts")
    finally:
        w.reconfigure()


# sshd itself takes "name:style" and "name/role" apart, so what stands before must not be a name either.
NAUGHTY = [
    "", " ", "-", "--help", ".", "..", "../../etc/passwd", "/", "-/b", "A:b", ":", "al\nice", "\r\nroot", "al\tice",
    "%s%s%s%n", "$(id)", "`id`", ";id", "|id", "'", '"', "\\", "\x01", "\x1b[31mroot", "\x7f", "Alice", "ALICE",
    "alice ", " alice", "alice.", "\u0430lice", "al\u0131ce", "\u202eecila", "\u200balice", "\U0001f600", "0", "1000",
    "4294967295", "-1", "root ", "alice#", "alice@evil.example", "a" * 33, "a" * 63, "a" * 64, "a" * 255, "a" * 256,
    "a" * 4096, "a" * 65536, "\u00e9" * 1000, "systemd-resolve", "_apt", "wheel", "sudo", "nogroup",
]


@check.test
def naughty_names(w):
    """hostile user names never reach the provider and never break a line of a log (R1, R3, R4)"""
    mark, lines = len(w.daemon.log()), len(w.system_log.lines)

    def one(name):
        # A session without a terminal: every question is answered with nothing at once.
        return w.run("setsid", "--wait", "ssh", "-T", "-o", "NumberOfPasswordPrompts=1", "-l", name, "localhost",
                     "true")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for name, (status, text) in zip(NAUGHTY, pool.map(one, NAUGHTY)):
            if status == 0:
                raise AssertionError(f"{name[:80]!r} got in")
            check.lacks(text, "Approve this sign-in")
    check.equal(w.provider.from_helper(), [], "requests")
    check.equal(w.daemon.log()[mark:], "", "the helper's log")
    for line in w.system_log.lines[lines:]:
        if "pam_latchkey" in line or "\n" in line:
            raise AssertionError(f"a name that is not ours was logged, or broke a line: {line!r}")
    check.equal(w.run("pgrep", "-c", "-x", "latchkeyd")[1].strip(), "1", "helpers")


@check.test
def nobody_without_policy(w):
    """no [access] section: nobody (I18)"""
    w.reconfigure(access=None)
    try:
        status, text = attempt(w, "alice")
        check.equal(status, 255, "ssh's status")
        check.lacks(text, "Approve", "let-in")
        check.equal(w.provider.from_helper(), [], "requests")
    finally:
        w.reconfigure()


def signs_in(w, name, outcome="let-in", text=None):
    with w.ssh(name, "echo let-in") as t:
        people.sign_in(t, name)
        status = t.finish()
        check.equal(status, 0 if outcome == "let-in" else 255, f"ssh {name}: {t.text}")
        if text:
            check.contains(" ".join(t.text.split()), text)


@check.test
def by_group(w):
    """groups=operators: Alice is one, Bob is not (I13)"""
    w.reconfigure(access="groups=operators")
    try:
        signs_in(w, "bob", "refused", "this account may not use this service")
        check.equal(w.run("getent", "passwd", "bob")[0], 2, "bob on the map")
        signs_in(w, "alice")
        w.provider.people(alice={"groups": ["staff"]})
        signs_in(w, "alice", "refused", "this account may not use this service")
    finally:
        w.provider.people(alice={"groups": ["staff", "operators"]})
        w.reconfigure()


@check.test
def by_verified_address(w):
    """domains=example.org: only a verified address counts (I5)"""
    w.reconfigure(access="domains=example.org")
    try:
        signs_in(w, "carol", "refused", "this account may not use this service")
        signs_in(w, "mallory", "refused", "this account may not use this service")
        signs_in(w, "alice")
    finally:
        w.reconfigure()


@check.test
def by_service(w):
    """[access sudo] that does not fit: the shell opens, sudo refuses without a code"""
    w.reconfigure(access="everyone=yes", access_sudo="users=bob")
    try:
        with w.ssh("alice") as t:
            people.sign_in(t, "alice")
            t.expect(r"alice@workstation:~\$")
            start = t.seen
            t.send("sudo -k; sudo id -u; echo status $?\n")
            t.expect(r"status 1\n")
            check.lacks(t.text[start:], "Approve")
            check.contains(" ".join(t.text.split()), "this account may not use this service on this host")
            check.lacks(t.text, "\n0\n")
    finally:
        w.reconfigure()


@check.test
def by_network(w):
    """before_start_networks: a client from elsewhere gets no code"""
    w.reconfigure(access="everyone=yes\nbefore_start_networks=10.0.0.0/8")
    try:
        status, text = attempt(w, "alice")
        check.equal(status, 255, "ssh's status")
        check.lacks(text, "Approve this sign-in")
        check.equal(w.provider.from_helper(), [], "requests")
    finally:
        w.reconfigure()
    w.reconfigure(access="everyone=yes\nbefore_start_networks=127.0.0.0/8")
    try:
        signs_in(w, "alice")
    finally:
        w.reconfigure()


@check.test
def by_public_key(w):
    """before_start_public_key: a code only after this connection has proved a key"""
    w.reconfigure(access="everyone=yes\nbefore_start_public_key=yes")
    world.write("/etc/ssh/keys/.keep", "")
    w.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
    world.write("/etc/ssh/keys/alice", world.read("/root/key.pub"))
    try:
        status, text = attempt(w, "alice")
        check.equal(status, 255, "ssh's status")
        check.lacks(text, "Approve this sign-in")
        check.equal(w.provider.from_helper(), [], "requests")

        w.stop_sshd()
        w.start_sshd(["-o", "AuthorizedKeysFile=/etc/ssh/keys/%u",
                      "-o", "AuthenticationMethods=publickey,keyboard-interactive"])
        with w.ssh("alice", "echo let-in", options=["-i", "/root/key"]) as t:
            people.sign_in(t, "alice")
            t.expect("let-in")
            check.equal(t.finish(), 0, "ssh's status")
    finally:
        w.stop_sshd()
        w.start_sshd()
        w.reconfigure()


@check.test
def key_of_a_known_person(w):
    """an SSH key alone opens the door only for sign_in_age after a sign-in (I17)"""
    if not os.path.exists("/root/key"):
        w.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
    world.write("/etc/ssh/keys/alice", world.read("/root/key.pub"))
    w.stop_sshd()
    w.start_sshd(["-o", "AuthorizedKeysFile=/etc/ssh/keys/%u"])
    command = w.ssh_command("alice", "id", "-un", tty=False, options=["-i", "/root/key", "-o", "BatchMode=yes"])
    try:
        w.reconfigure(access="everyone=yes\nsign_in_age=3600")
        check.equal(w.run(*command), (0, "alice\n"), "with a recent sign-in")
        w.reconfigure(access="everyone=yes\nsign_in_age=0")
        check.eventually(lambda: w.run(*command)[0] == 255, "a refusal with sign_in_age=0, once the second is over")
        w.reconfigure(access="users=bob\nsign_in_age=3600")
        check.equal(w.run(*command)[0], 255, "for somebody who may no longer log in")
        check.equal(w.provider.from_helper(), [], "requests")
    finally:
        w.stop_sshd()
        w.start_sshd()
        w.reconfigure()


@check.test
def codes_are_limited(w):
    """the number of codes for one client address is limited (R5, D1)"""
    w.reconfigure(limits="codes_per_address=3\ncodes_refill=3600")
    try:
        for _ in range(3):
            with w.ssh("alice") as t:
                people.await_challenge(t)
        with w.ssh("alice") as t:
            check.equal(t.finish(), 255, "ssh's status")
            check.contains(t.text, "Too many sign-ins were begun")
        check.equal(len(w.provider.from_helper("device")), 3, "codes")
    finally:
        w.reconfigure()


def as_user(w, uid, method, parameters, *flags):
    """What the helper answers to somebody's own program."""
    with open(varlink.__file__, encoding="utf-8") as f:
        program = f.read()  # the tree may lie where he cannot go
    status, text = w.run("python3", "-c", program, method, json.dumps(parameters), *flags, user=(uid, uid))
    check.equal(status, 0, text)
    return [json.loads(line) for line in text.splitlines()]


@check.test
def other_peoples_programs(w):
    """a program of Bob's can neither sign in as Alice, nor ask about her, nor administer (L1)"""
    signs_in(w, "alice")
    signs_in(w, "bob")
    w.provider.clear()
    bob = int(w.run("id", "-u", "bob")[1])
    for method, parameters in (
            ("Authenticate", {"version": 1, "user": "alice"}), ("Authenticate", {"version": 1, "user": "carol"}),
            ("CheckAccount", {"version": 1, "user": "bob", "signed_in": True}), ("ShowAccount", {"name": "alice"}),
            ("ListAccounts", {}), ("ListRetired", {}), ("ForgetAccount", {"name": "alice"}), ("ForgetAccount", {"name": "bob"}),
            ("ListApprovals", {}), ("ListApprovals", {"name": "alice"}), ("RevokeApprovals", {"name": "alice"}),
            ("SetPin", {"version": 1, "user": "alice"}), ("ClearPin", {"name": "alice"}),
            ("OpenBreakGlass", {"name": "bob", "lifetime": 3600, "reason": "x"}), ("CloseBreakGlass", {"name": "bob"}),
            ("ListBreakGlass", {}), ("Status", {})):
        replies = as_user(w, bob, f"io.latchkey.{method}", parameters,
                          *(["more"] if method in ("Authenticate", "SetPin") else []))
        check.equal([r.get("error") for r in replies], ["io.latchkey.NotPermitted"], f"{method} {parameters}")
    check.equal(as_user(w, bob, "io.latchkey.ShowAccount", {"name": "bob"})[0]["parameters"]["account"]["uid"], bob,
                "his own account")
    check.equal(w.provider.from_helper(), [], "requests")


@check.test
def versions(w):
    """a module older or newer than the helper can bear is told so; GetVersion says what fits (C10)"""
    with varlink.Varlink() as v:
        fits = v.call("io.latchkey.GetVersion")["parameters"]
        check.equal((fits["protocol"] >= 1, fits["minimum"] >= 1), (True, True), f"versions {fits}")
        for version in (fits["protocol"] + 1, 2 ** 31 - 1):
            v.send("io.latchkey.Authenticate", more=True, version=version, user="alice", news={"later": True})
            reply = v.receive()
            check.equal(reply.get("error"), "io.latchkey.VersionMismatch", f"version {version}")
            check.equal(reply["parameters"], {"protocol": fits["protocol"], "minimum": fits["minimum"]}, "parameters")
    check.equal(w.provider.from_helper(), [], "requests")


def with_fake_helper(w, minimum):
    """A login while a helper of protocol version 9 serves, which bears callers from @minimum on."""
    w.daemon.stop()
    program = os.path.join(os.path.dirname(varlink.__file__), "fake_helper.py")
    fake = world.units.Unit("fake-helper", ["python3", program, str(minimum)],
                            [world.units.Socket("io.latchkey", varlink.socket.SOCK_STREAM, 0o666)])
    fake.start()
    try:
        with w.ssh("alice", "echo let-in") as t:
            check.equal(t.finish(), 255, "ssh's status")
        return " ".join(t.text.split())
    finally:
        fake.stop()
        w.daemon.start()


@check.test
def much_newer_helper(w):
    """a helper that no longer speaks the module's version: refused with a text that names the remedy (C10)"""
    check.contains(with_fake_helper(w, 8), "the parts of Latchkey on this host have different versions")
    check.logged(w, "module and helper have different versions")


@check.test
def newer_helper(w):
    """a newer helper that still bears the module's version is spoken to in that version (C10)"""
    check.contains(with_fake_helper(w, 1), "spoken to in version 1")


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        check.run(the_world)
