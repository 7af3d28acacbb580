#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Parts that stop, hang or die in the middle of a sign-in, and people who go away: every one ends in a refusal soon,
and root and local people still get in."""
import contextlib
import os
import signal
import time

import check
import people
import varlink
import world

UNAVAILABLE = "Sign-in is not possible at the moment."


def local_person_gets_in(w):
    with w.ssh(world.LOCAL_PERSON, "id -un") as t:
        t.expect("Password:")
        t.send(world.LOCAL_PASSWORD + "\n")
        t.expect(rf"\n{world.LOCAL_PERSON}\n")
        check.equal(t.finish(), 0, "ssh's status")


def sign_in(w, name="alice"):
    with w.ssh(name, "echo let-in") as t:
        people.sign_in(t, name)
        t.expect("let-in")
        check.equal(t.finish(), 0, "ssh's status")


@check.test
def known_person(w):
    """alice has an account"""
    sign_in(w)


@check.test
def daemon_stopped(w):
    """no helper at all: refused at once; local people as ever (C9)"""
    w.daemon.stop()
    try:
        with w.ssh("alice", "echo let-in") as t:
            check.equal(t.finish(), 255, "ssh's status")
        check.contains(t.text, UNAVAILABLE)
        check.logged(w, "user alice: refused: cannot ask")
        local_person_gets_in(w)
        check.equal(w.run("getent", "passwd", "root")[0], 0, "root")
    finally:
        w.daemon.start()
    sign_in(w)


@check.test
def daemon_hangs(w):
    """a helper that accepts and never answers: refused, and not by sshd's patience; local people as ever (C9)"""
    pid = w.daemon.send(signal.SIGSTOP)
    try:
        with w.ssh("alice", "echo let-in") as t:
            check.equal(t.finish(), 255, "ssh's status")
        check.contains(t.text, "Sign-in")
        local_person_gets_in(w)
        check.equal(w.run("getent", "passwd", "root")[0], 0, "root")
    finally:
        os.kill(pid, signal.SIGCONT)
    check.eventually(lambda: w.run("getent", "passwd", "alice")[0] == 0, "lookups")
    sign_in(w)


@check.test
def daemon_killed_while_pending(w):
    """the helper dies while a code is shown: refused, the next login works (C8)"""
    with w.ssh("alice", "echo let-in") as t:
        challenge = people.await_challenge(t)
        w.daemon.kill_and_wait_back()
        t.send("\n")
        check.equal(t.finish(), 255, "ssh's status")
    check.contains(t.text, "Sign-in was cut off on this host")
    # The code that the person still sees is worth nothing here.
    people.approve(challenge, "alice")
    polls = len(w.provider.from_helper("token"))
    time.sleep(2.5)
    check.equal(len(w.provider.from_helper("token")), polls, "polls for a lost attempt")
    sign_in(w)


@check.test
def fetch_killed_while_pending(w):
    """latchkey-fetch dies between two polls: it is back for the next one"""
    with w.ssh("alice", "echo let-in") as t:
        challenge = people.await_challenge(t)
        w.fetch.kill_and_wait_back()
        people.approve(challenge, "alice")
        t.send("\n")
        t.expect("let-in")
        check.equal(t.finish(), 0, "ssh's status")


@check.test
def fetch_killed_in_mid_request(w):
    """latchkey-fetch dies while the provider is being asked for a code: a clean refusal"""
    w.provider.fault("device", "hang")
    mark = len(w.daemon.log())
    # sshd would try again at once, and succeed.
    with w.ssh("alice", "echo let-in", options=["-o", "NumberOfPasswordPrompts=1"]) as t:
        check.eventually(lambda: w.provider.from_helper("device"), "the request")
        w.fetch.kill_and_wait_back()
        check.equal(t.finish(), 255, "ssh's status")
    check.contains(" ".join(t.text.split()), "Sign-in is not possible now")
    check.contains(w.daemon.log()[mark:], "result=unavailable")
    sign_in(w)


@check.test
def root_helper_killed(w):
    """latchkey-root dies: the next account is published all the same"""
    w.root.send(signal.SIGKILL)
    sign_in(w, "bob")
    check.equal(w.run("getent", "passwd", "bob")[0], 0, "bob on the map")


def pending():
    with varlink.Varlink() as v:
        return v.call("io.latchkey.Status")["parameters"]["pending"]


def client_goes(w, leave):
    """The attempt must end with the client, long before its code would, and the code must be worthless (R6, D6)."""
    with w.ssh("alice", "echo let-in") as t:
        challenge = people.await_challenge(t)
        check.eventually(lambda: pending() == 1, "one pending sign-in")
        mark = len(w.daemon.log())
        leave(t)
        check.eventually(lambda: pending() == 0, "the attempt's end")
        people.approve(challenge, "alice")
        check.comes_to_rest(lambda: len(w.provider.from_helper("token")), "polls after the client has gone")
        check.lacks(w.daemon.log()[mark:], "result=granted")
    sign_in(w)


@check.test
def client_killed(w):
    """the client is killed while the code is shown (R6)"""
    client_goes(w, lambda t: t.process.send_signal(signal.SIGKILL))


@check.test
def client_interrupted(w):
    """Ctrl-C while the code is shown (D10)"""
    def leave(t):
        # ssh does not notice a signal between printing its prompt and reading the answer.
        check.eventually(lambda: t.process.poll() is not None or t.send("\x03"), "the client's end")
    client_goes(w, leave)


def descendants(ancestor):
    """Process ids of the children, their children and so on."""
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            children.setdefault(int(world.read(f"/proc/{name}/stat").rsplit(")", 1)[1].split()[1]), []).append(int(name))
    found = list(children.get(ancestor, []))
    for pid in found:
        found += children.get(pid, [])
    return found


@check.test
def connection_process_killed(w):
    """sshd's process of the connection is killed while the code is shown (R7)"""
    def leave(_):
        for pid in descendants(w.sshd.pid):  # under several names, as from OpenSSH 9.8 on
            with contextlib.suppress(ProcessLookupError):  # they follow each other
                os.kill(pid, signal.SIGKILL)
    client_goes(w, leave)


@check.test
def client_killed_without_prompt(w):
    """the same where sshd is inside the module and not in a prompt, as from OpenSSH 10.3 on (R6, R10)"""
    w.pam("conversation=live")
    try:
        with w.ssh("alice", "echo let-in") as t:
            check.eventually(lambda: w.provider.from_helper("token"), "a poll")
            check.eventually(lambda: pending() == 1, "one pending sign-in")
            t.process.send_signal(signal.SIGKILL)
            check.eventually(lambda: pending() == 0, "the attempt's end")
    finally:
        w.pam()


@check.test
def grace_time_ends(w):
    """LoginGraceTime ends while the code is shown: no orphan goes on polling (R7)"""
    w.stop_sshd()
    w.start_sshd(["-o", "LoginGraceTime=10"])
    try:
        with w.ssh("alice", "echo let-in") as t:
            people.await_challenge(t)
            # The client goes on showing its prompt; that the helper has stopped is what counts.
            check.eventually(lambda: pending() == 1, "one pending sign-in")
            check.eventually(lambda: pending() == 0, "the attempt's end")
    finally:
        w.stop_sshd()
        w.start_sshd()


@check.test
def restart_with_pending_logins(w):
    """the helper is restarted while ten people wait: all are refused, none hangs, all can try again (C10)"""
    sessions = [w.ssh("alice", "echo let-in") for _ in range(10)]
    try:
        for t in sessions:
            people.await_challenge(t)
        w.daemon.restart()
        for t in sessions:
            t.send("\n")
        for t in sessions:
            check.equal(t.finish(), 255, "ssh's status")
            check.contains(t.text, "Sign-in was cut off on this host")
    finally:
        for t in sessions:
            t.close()
    sign_in(w)


@check.test
def broken_configuration(w):
    """a helper that cannot read its configuration says so with file and line, and nobody gets in"""
    w.configure(latchkey="allow_insecure_loopback=yes\nno_such_key=1")
    status, text = w.run(f"{world.PROGRAMS}/latchkeyd", "--check")
    check.equal(status, 78, "--check")
    check.contains(text, "latchkey.conf", ":3", "no_such_key")
    w.daemon.stop()
    try:
        w.daemon.start(timeout=1.5)
    except RuntimeError:
        pass
    try:
        with w.ssh("alice", "echo let-in") as t:
            check.equal(t.finish(), 255, "ssh's status")
        check.contains(t.text, "Sign-in")
        check.eventually(lambda: "no_such_key" in w.daemon.log(), "the reason in the log")
        local_person_gets_in(w)
    finally:
        w.daemon.stop()
        w.configure()
        w.daemon.start()
    sign_in(w)


@check.test
def store_damaged(w):
    """a store of random bytes is refused and not made anew; local people get in (C3)"""
    store = "/var/lib/latchkey/private/store.db"
    w.daemon.stop()
    kept = {name: open(f"/var/lib/latchkey/private/{name}", "rb").read()
            for name in os.listdir("/var/lib/latchkey/private")}
    for name in kept:
        os.unlink(f"/var/lib/latchkey/private/{name}")
    noise = os.urandom(8192)
    with open(store, "wb") as f:
        f.write(noise)
    os.chmod(store, 0o600)
    os.chown(store, *w.daemon_user)
    try:
        try:
            w.daemon.start(timeout=1.5)
        except RuntimeError:
            pass
        with w.ssh("alice", "echo let-in") as t:
            check.equal(t.finish(), 255, "ssh's status")
        check.contains(t.text, "Sign-in")
        with open(store, "rb") as f:
            check.equal(f.read(), noise, "the damaged store")
        local_person_gets_in(w)
    finally:
        w.daemon.stop()
        for name in os.listdir("/var/lib/latchkey/private"):
            os.unlink(f"/var/lib/latchkey/private/{name}")
        for name, data in kept.items():
            with open(f"/var/lib/latchkey/private/{name}", "wb") as f:
                f.write(data)
            os.chmod(f"/var/lib/latchkey/private/{name}", 0o600)
            os.chown(f"/var/lib/latchkey/private/{name}", *w.daemon_user)
        w.daemon.start()
    sign_in(w)


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        check.run(the_world)
