#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An account of /etc/passwd that root's configuration gives to one person of the provider (L23): Olga's is Alice's. All
other names of /etc/passwd stay what they are, and root gets in whatever happens."""
import os
import subprocess

import check
import people
import world

OLGA = world.LOCAL_PERSON
SUBJECT = "5f0c9a52-6f4e-4f0e-9d57-1b2f60a1c001"  # Alice's
KEY = ["-i", "/root/key", "-o", "BatchMode=yes"]


def given(w, subject=SUBJECT, **sections):
    w.reconfigure(**{f"local-account {OLGA}": f"subject={subject}", "access": "everyone=yes", **sections})


def has_mark(name=OLGA):
    with open("/var/lib/latchkey/nss/map", "rb") as f:
        return name.encode() in f.read()


def by_key(w, name, *command):
    return w.run(*w.ssh_command(name, *command, tty=False, options=KEY))


@check.test
def its_person(w):
    """Alice approves and is Olga: with Olga's number, home and shell, and nothing is made or published for it"""
    with w.ssh(OLGA, "id -un; id -u; pwd") as t:
        challenge = people.sign_in(t, "alice")
        check.contains(challenge.text, OLGA)
        check.equal(t.finish(), 0, "ssh's status")
        check.contains(t.text, f"{OLGA}\n1000\n/home/{OLGA}")
    status, text = w.run("/latchkey/latchkey", "show", OLGA)
    check.equal(status, 0, text)
    check.contains(text, "local", SUBJECT, world.PROVIDER, "/bin/bash")
    check.lacks(text, "1970", "never")
    check.contains(w.run("/latchkey/latchkey", "accounts")[1], OLGA)
    check.equal(w.run("getent", "-s", "latchkey", "passwd", OLGA)[0], 2, "the name service")
    check.equal(w.run("getent", "-s", "latchkey", "passwd", "alice")[0], 2, "an account for Alice")


@check.test
def somebody_else(w):
    """Bob approves, and so does somebody whose name at the provider is Olga's: refused, and no password is asked (T1)"""
    w.provider.people(carol={"preferred_username": OLGA})
    try:
        for person in ("bob", "carol"):
            with w.ssh(OLGA, "echo let-in") as t:
                people.sign_in(t, person)
                check.equal(t.finish(), 255, f"ssh, approved by {person}")
                check.lacks(t.text, "let-in", "assword")
                check.contains(" ".join(t.text.split()), "approved by somebody who is not the account")
    finally:
        w.provider.people(carol={"preferred_username": "carol"})


@check.test
def keys(w):
    """a key opens it for as long as a sign-in counts, as for everybody (I17)"""
    given(w, access="everyone=yes\nsign_in_age=0")
    check.equal(by_key(w, OLGA, "echo", "let-in")[0], 255, "a key alone")
    given(w, access="everyone=yes\nsign_in_age=1h")
    check.equal(by_key(w, OLGA, "echo", "let-in"), (0, "let-in\n"), "with Alice's sign-in of before")
    given(w, subject="somebody", access="everyone=yes\nsign_in_age=1h")
    check.equal(by_key(w, OLGA, "echo", "let-in")[0], 255, "given to another, a sign-in of Alice's counts for nothing")
    given(w, access="users=alice\nsign_in_age=1h")
    check.equal(by_key(w, OLGA, "echo", "let-in")[0], 255, "where policy does not let the account in")
    given(w)


@check.test
def sudo(w):
    """sudo asks Alice too, and Olga's password does not count"""
    with w.ssh(OLGA) as t:
        people.sign_in(t, "alice")
        t.expect(r"olga@workstation:~\$")
        t.send("sudo -k; sudo id -u; echo status $?\n")
        start = t.seen
        t.expect(people.CODE + r"\b")
        check.eventually(lambda: t.expect(r"somebody sent you|what you started"), "the whole text")
        people.approve(people.Challenge(t.text[start:]), "bob")
        t.expect(r"status 1\n")
        check.lacks(t.text, "password for", "\n0\n")


@check.test
def other_local_names(w):
    """root, daemon and all others of /etc/passwd reach neither helper nor provider (I1)"""
    mark = len(w.daemon.log())
    for name in ("root", "daemon", "nobody", "sshd"):
        with w.ssh(name, "echo let-in", options=["-o", "NumberOfPasswordPrompts=1"]) as t:
            t.expect(r"Password: ?$")
            t.send("\n")
            check.equal(t.finish(), 255, f"ssh {name}")
            check.lacks(t.text, "Approve", "http")
    check.equal(w.provider.from_helper(), [], "requests")
    check.equal(w.daemon.log()[mark:], "", "the helper's log")


@check.test
def accounts_of_the_system(w):
    """no section gives root or an account of the system away: the configuration is refused (I1)"""
    for name in ("root", "daemon", "nobody", "latchkey"):
        path = "/etc/latchkey/other.conf"
        world.write(path, f"[provider p]\nissuer=https://id.example\nclient_id=c\n[local-account {name}]\nsubject=x\n")
        status, text = w.run("/latchkey/latchkeyd", "--check", "--config", path)
        check.equal(status, 78, f"{name}: {text}")
        check.contains(text, f"[local-account {name}]")


@check.test
def helper_away(w):
    """the helper is down: the bound account is refused, root gets in (C9)"""
    w.daemon.stop()
    try:
        with w.ssh(OLGA, "echo let-in") as t:
            check.equal(t.finish(), 255, "ssh's status")
            check.lacks(t.text, "let-in", "assword")
        check.equal(by_key(w, OLGA, "echo", "let-in")[0], 255, "by key")
        check.equal(by_key(w, "root", "echo", "let-in"), (0, "let-in\n"), "root")
    finally:
        w.daemon.start()


@check.test
def map_away(w):
    """a damaged map: local accounts depend on nothing of ours, the bound one is an ordinary one (L17)"""
    given(w, access="everyone=yes\nsign_in_age=0")
    check.equal(by_key(w, OLGA, "echo", "let-in")[0], 255, "a key alone, with the map")
    path = "/var/lib/latchkey/nss/map"
    os.chmod(path, 0o666)
    try:
        check.equal(by_key(w, "root", "echo", "let-in"), (0, "let-in\n"), "root")
        check.equal(by_key(w, OLGA, "echo", "let-in"), (0, "let-in\n"), "Olga")
    finally:
        os.chmod(path, 0o644)
        given(w)


@check.test
def password_beside_it(w):
    """where the administrator puts pam_unix first in both phases, the local password opens the account as well"""
    module = "/latchkey/pam_latchkey.so"
    world.write("/etc/pam.d/both", f"""
auth [success=ignore default=1] pam_localuser.so
auth [success=done default=ignore] pam_unix.so
auth [success=done user_unknown=ignore default=die] {module}
account [success=ignore default=1] pam_localuser.so
account [success=done default=ignore] pam_unix.so
account [success=done user_unknown=ignore default=die] {module}
""")
    def opens(service, name, *phases, password=""):
        done = subprocess.run(["pamtester", service, name, *phases], input=password + "\n", stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=60)
        return done.returncode == 0
    both = ("authenticate", "acct_mgmt")
    check.equal(opens("both", OLGA, *both, password=world.LOCAL_PASSWORD), True, "where the stack leads to it")
    check.equal(opens("both", OLGA, *both, password="wrong"), False, "a wrong one")
    check.equal(opens("login", OLGA, *both, password=world.LOCAL_PASSWORD), False, "with the installed profile")
    # The account phase of all others is still ours.
    with w.ssh("bob", "true") as t:
        people.sign_in(t, "bob")
        check.equal(t.finish(), 0, "ssh's status")
    given(w, access="everyone=yes\nsign_in_age=1h")
    check.equal(opens("both", "bob", "acct_mgmt"), True, "Bob, after his sign-in")
    given(w, access="users=alice\nsign_in_age=1h")
    check.equal(opens("both", "bob", "acct_mgmt"), False, "Bob, who may no longer")
    given(w)


@check.test
def no_section(w):
    """without its section the account is a local one again, with its password, and the map has no mark"""
    w.reconfigure(access="everyone=yes")
    check.eventually(lambda: not has_mark(), "a map without the mark")
    with w.ssh(OLGA, "echo let-in") as t:
        t.expect(r"Password: ?$")
        t.send(world.LOCAL_PASSWORD + "\n")
        t.expect("let-in")
        check.equal(t.finish(), 0, "ssh's status")
    check.equal(w.provider.from_helper(), [], "requests")


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        the_world.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
        for person_with_key in ("root", OLGA):
            world.write(f"/etc/ssh/keys/{person_with_key}", world.read("/root/key.pub"))
        the_world.sshd.terminate()
        the_world.sshd.wait(5)
        the_world.start_sshd(["-o", "AuthorizedKeysFile=/etc/ssh/keys/%u"])
        given(the_world)
        check.eventually(has_mark, "a map with the mark")
        check.run(the_world)
