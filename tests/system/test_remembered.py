#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Approve once, then work: what remember does for ssh, scp, rsync, git and sudo, all of them real, and for whom it does
nothing."""
import contextlib
import json

import check
import people
import terminal
import world

SCOPE = "openid profile email groups offline_access"
REMEMBER = "everyone=yes\nrecheck=0\nremember=1h"
COMMAND = f"{world.PROGRAMS}/latchkey"


def given(w, access=REMEMBER, **sections):
    """The helper's configuration, and one that remembers nothing."""
    w.reconfigure(**{f"provider {world.PROVIDER}": f"issuer={w.provider.issuer}\nclient_id=latchkey\nscope={SCOPE}",
                     "latchkey": "allow_insecure_loopback=yes\nend_sessions=no", "access": access, **sections})


def options(key):
    return ["-i", f"/root/{key}", "-o", "IdentitiesOnly=yes"]


def approve(w, key, *command):
    """A first connection, which is approved."""
    with w.ssh("alice", *(command or ("true",)), options=options(key)) as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 0, f"ssh's status: {t.text}")


def is_asked(w, key, *more):
    """Does a connection by this key have to be approved?"""
    with w.ssh("alice", "echo let-in", options=[*options(key), *more]) as t:
        t.expect(rf"let-in|{people.QUESTION}")
        return "let-in" not in t.text


def codes(w):
    return len(w.provider.from_helper("device"))


def git(w, *words, cwd="/"):
    return w.run("git", "-c", "user.name=x", "-c", "user.email=x@example", *words, cwd=cwd,
                 env={**w.environment(), "GIT_SSH_COMMAND": "ssh " + " ".join(options("key"))})


@check.test
def same_key(w):
    """the same key goes on in silence, another one, and none, are asked; so is the same key after a restart"""
    given(w)
    check.equal(is_asked(w, "key"), True, "before anybody approved")
    approve(w, "key")
    w.provider.clear()
    for _ in range(3):
        check.equal(is_asked(w, "key"), False, "the same key")
    check.equal(codes(w), 0, "codes")
    check.equal([r["grant"] for r in w.provider.from_helper("token")], ["refresh_token"] * 3, "the provider is asked")
    check.equal(is_asked(w, "other"), True, "another key of hers")
    w.daemon.restart()
    check.equal(is_asked(w, "key"), True, "after a restart")


@check.test
def other_address(w):
    """the key counts wherever it comes from, and an address alone is nothing (two loopback addresses)"""
    given(w)
    approve(w, "key")
    check.equal(is_asked(w, "key", "-b", "127.0.0.2"), False, "the same key from elsewhere")
    check.equal(is_asked(w, "other"), True, "another key from the same address")


@check.test
def programs(w):
    """scp, rsync and git over ssh after one approval, without a word"""
    given(w)
    approve(w, "key", "git init -q --bare repository; mkdir -p there")
    w.provider.clear()
    world.write("/tmp/work/file", "hello\n")
    check.equal(w.run("scp", *options("key"), "/tmp/work/file", "alice@localhost:there/scp")[0], 0, "scp")
    status, text = w.run("rsync", "-a", "-e", "ssh " + " ".join(options("key")), "/tmp/work/", "alice@localhost:there/rsync/")
    check.equal(status, 0, f"rsync: {text}")
    status, text = git(w, "clone", "-q", "alice@localhost:repository", "/tmp/clone")
    check.equal(status, 0, f"git clone: {text}")
    world.write("/tmp/clone/file", "hello\n")
    for words in (("add", "file"), ("commit", "-q", "-m", "x"), ("push", "-q", "origin", "HEAD:main")):
        status, text = git(w, *words, cwd="/tmp/clone")
        check.equal(status, 0, f"git {words}: {text}")
    status, text = w.run(*w.ssh_command("alice", "cat there/scp there/rsync/file; git -C repository log --format=%s main",
                                        tty=False, options=options("key")))
    check.equal((status, text), (0, "hello\nhello\nx\n"), "what is there")
    check.equal(codes(w), 0, "codes")


@check.test
def batch_mode_needs_control_master(w):
    """sftp -b and BatchMode never try keyboard-interactive: an open ControlMaster carries them"""
    given(w)
    approve(w, "key")
    world.write("/tmp/batch", "put /tmp/work/file batch\n")
    batch = ["sftp", "-q", *options("key"), "-b", "/tmp/batch", "-o", "ControlPath=/tmp/master"]
    check.equal(w.run(*batch, "alice@localhost")[0], 255, "sftp -b alone")
    master = w.run("ssh", *options("key"), "-o", "ControlPath=/tmp/master", "-M", "-f", "-N", "-l", "alice", "localhost")
    check.equal(master[0], 0, f"the master, by what is remembered: {master[1]}")
    try:
        status, text = w.run(*batch, "alice@localhost")
        check.equal(status, 0, f"sftp -b through the master: {text}")
    finally:
        w.run("ssh", "-O", "exit", "-o", "ControlPath=/tmp/master", "localhost")


@check.test
def refused_and_revoked(w):
    """disable Alice: what is remembered lets nobody in and is gone; latchkey approvals shows and revokes"""
    given(w)
    approve(w, "key")
    listed = json.loads(w.run(COMMAND, "approvals", "--json")[1])
    check.equal([(a["name"], a["service"], a["kind"]) for a in listed], [("alice", "sshd", "key")], "listed")
    fingerprint = w.run("ssh-keygen", "-lf", "/root/key.pub")[1].split()[1]
    check.equal(listed[0]["proof"], fingerprint, "fingerprint")
    check.contains(w.run(COMMAND, "status")[1], "remembered     1")
    check.equal(w.run(COMMAND, "approvals", "revoke", "alice")[0], 0, "revoke")
    check.equal(is_asked(w, "key"), True, "after it was revoked")
    approve(w, "key")
    check.equal(is_asked(w, "key"), False, "approved again")
    w.provider.people(alice={"disabled": True})
    try:
        check.equal(is_asked(w, "key"), True, "disabled")
    finally:
        w.provider.people(alice={"disabled": False})
    check.equal(is_asked(w, "key"), True, "enabled: what was before the no is gone")
    approve(w, "key")
    check.equal(is_asked(w, "key"), False, "after a sign-in")


def uid_of(name="alice"):
    with open("/etc/passwd", encoding="utf-8") as f:
        assert not any(line.startswith(name + ":") for line in f)
    return int(world.World.run("id", "-u", name)[1])


@contextlib.contextmanager
def shell(uid):
    """A login of alice's own: a session leader on a terminal, with her uid."""
    argv = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "bash", "--norc", "--noediting"]
    with terminal.Terminal(argv, world.World.environment(PS1="ready> ", HOME="/tmp")) as t:
        t.expect("ready> ")
        yield t


def sudo_is_asked(t):
    t.send("sudo -k; sudo echo let''-in\n")
    match = t.expect(rf"\nlet-in\n|{people.CODE}")
    return "let-in" not in match[0]


def sudo_approved(t):
    start = t.seen
    t.send("sudo -k; sudo echo let''-in\n")
    t.expect(people.CODE)
    people.approve(people.Challenge(t.text[start:]), "alice")
    t.expect("\nlet-in\n")
    t.expect("ready> ")


@check.test
def sudo_in_the_same_session(w):
    """sudo: remembered at the same terminal of the same login, not at another one, and not after a new login there"""
    given(w)
    approve(w, "key")
    uid = uid_of()
    with shell(uid) as t:
        sudo_approved(t)
        check.equal(sudo_is_asked(t), False, "the same session and terminal")
        t.expect("ready> ")
        with shell(uid) as other:
            check.equal(sudo_is_asked(other), True, "another terminal")
        check.contains(w.run(COMMAND, "approvals")[1], "pts/")
    with shell(uid) as again:
        check.equal(sudo_is_asked(again), True, "after a new login")


def main():
    world.begin()
    with world.World() as w:
        w.start()
        for key in ("key", "other"):
            w.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"/root/{key}")
        world.write("/etc/ssh/keys/alice", world.read("/root/key.pub") + world.read("/root/other.pub"))
        w.stop_sshd()
        w.start_sshd(["-o", "AuthorizedKeysFile=/etc/ssh/keys/%u", "-o", "Subsystem=sftp internal-sftp",
                      "-o", "AuthenticationMethods=publickey,keyboard-interactive"])
        check.run(w)


main()
