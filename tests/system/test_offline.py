#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The provider is switched off: what its last word, a PIN and break-glass are worth, in real sshd and sudo."""
import contextlib
import os
import re
import shutil
import sqlite3
import threading

import check
import people
import terminal
import varlink
import world

SCOPE = "openid profile email groups offline_access"
OFFLINE = "everyone=yes\nrecheck=0\noffline_max_age=1h"
KEY = ["-i", "/root/key", "-o", "BatchMode=yes"]
PIN, WRONG = "294718", "294719"
STORE = "/var/lib/latchkey/private/store.db"
COMMAND = f"{world.PROGRAMS}/latchkey"
TOO_MANY = "too many wrong PINs"


def given(w, access=OFFLINE, **sections):
    w.reconfigure(**{f"provider {world.PROVIDER}": f"issuer={w.provider.issuer}\nclient_id=latchkey\nscope={SCOPE}",
                     "latchkey": "allow_insecure_loopback=yes\nend_sessions=no", "access": access, **sections})


@contextlib.contextmanager
def switched_off(w):
    w.provider.stop()
    try:
        yield
    finally:
        w.provider.start()


def sign_in(w):
    with w.ssh("alice", "echo let-in", options=["-o", "PubkeyAuthentication=no"]) as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 0, f"ssh's status: {t.text}")


def by_key(w):
    return w.run(*w.ssh_command("alice", "echo", "let-in", tty=False, options=KEY))


def change_store(w, *words):
    """What an hour, or the provider, would have done to it."""
    w.daemon.stop()
    with contextlib.closing(sqlite3.connect(STORE)) as db:
        for sql in words:
            db.execute(sql)
        db.commit()
    os.chown(STORE, *w.daemon_user)
    w.daemon.start()


def failures():
    """As they are on the disk: of a copy, since the helper has the store for itself."""
    for end in ("", "-wal"):
        shutil.copy(STORE + end, "/tmp/copy.db" + end)
    with contextlib.closing(sqlite3.connect("/tmp/copy.db")) as db:
        return db.execute("SELECT failures FROM pin").fetchall()


def uid():
    return int(world.World.run("id", "-u", "alice")[1])


def sudo():
    """Her sudo, at a terminal."""
    return terminal.Terminal(["setpriv", f"--reuid={uid()}", f"--regid={uid()}", "--clear-groups", "sudo", "-k", "echo",
                              "let-in"], world.World.environment())


def choose_pin(w):
    """sudo while the provider is there: approve, then choose."""
    with sudo() as t:
        t.expect(people.CODE)
        people.approve(people.Challenge(t.text), "alice")
        t.expect("New PIN")
        t.send(PIN + "\n")
        t.expect("again")
        t.send(PIN + "\n")
        t.expect("let-in")
        check.lacks(t.text, PIN)
    check.lacks(w.daemon.log() + w.system_log.text, PIN)


def approved_again():
    with sudo() as t:
        if t.expect(rf"{people.CODE}\n|refused")[0] == "refused":
            return False
        people.approve(people.Challenge(t.text), "alice")
        t.expect("let-in")
        return True


def by_pin(*pins):
    """Return: let in, or the last words."""
    with sudo() as t:
        for pin in pins:
            found = t.expect(r"Your PIN|refused|not possible")
            if found[0] != "Your PIN":
                return " ".join(t.text.split())
            t.send(pin + "\n")
        t.finish()
        return "let-in" if "let-in" in t.text else " ".join(t.text.split())


@check.test
def last_word_for_keys(w):
    """a key opens by the provider's last word while it is young enough; too old, or refused, it does not"""
    given(w)
    sign_in(w)
    with switched_off(w):
        check.equal(by_key(w), (0, "let-in\n"), "provider off")
        check.contains(w.daemon.log(), "offline: the provider cannot be asked")
        change_store(w, "UPDATE standing SET checked_s = checked_s - 3700")
        status, text = by_key(w)
        check.equal(status, 255, "too old")
        check.contains(" ".join(text.split()), "cannot be reached")
        given(w, access="everyone=yes\nrecheck=0")
        change_store(w, "UPDATE standing SET checked_s = checked_s + 3700")
        check.equal(by_key(w)[0], 255, "without offline_max_age")


@check.test
def refused_before(w):
    """disabled while the provider was there: refused with it switched off as well, whatever is configured"""
    given(w, access=OFFLINE + "\noffline_pin=yes")
    sign_in(w)
    choose_pin(w)
    w.provider.people(alice={"disabled": True})
    try:
        check.equal(by_key(w)[0], 255, "disabled")
        with switched_off(w):
            check.equal(by_key(w)[0], 255, "and the provider off")
            check.contains(by_pin(PIN), "cannot be reached")
            status, text = w.run(COMMAND, "break-glass", "alice", "--for", "1h", "--reason", "x")
            check.equal(status, 1, "break-glass for somebody refused")
            check.contains(text, "has refused this person")
    finally:
        w.provider.people(alice={"disabled": False})


@check.test
def pin_in_sudo(w):
    """sudo by PIN: right, wrong, three times wrong, and over a restart"""
    given(w, access=OFFLINE + "\noffline_pin=yes")
    sign_in(w)
    w.run(COMMAND, "pin", "clear", "alice")
    choose_pin(w)
    with switched_off(w):
        check.equal(by_pin(PIN), "let-in")
        check.equal(by_pin(WRONG, PIN), "let-in", "the second time")
        check.contains(by_pin(WRONG, WRONG, WRONG), "PIN is wrong")
        check.equal(failures(), [(3,)], "failures")
        w.daemon.restart()
        check.contains(by_pin(PIN), TOO_MANY)
        check.equal(failures(), [(3,)], "nothing was compared")
    check.eventually(approved_again, "the provider is asked again, two seconds after it was not there")
    with switched_off(w):
        check.equal(by_pin(PIN), "let-in", "after a sign-in")
    check.lacks(w.daemon.log() + w.system_log.text, PIN, WRONG)


@check.test
def not_over_the_network(w):
    """sshd takes no PIN by [access], and does by a section of its own"""
    given(w, access=OFFLINE + "\noffline_pin=yes")
    sign_in(w)
    w.run(COMMAND, "pin", "clear", "alice")
    choose_pin(w)
    options = ["-o", "PubkeyAuthentication=no"]
    with switched_off(w):
        status, text = w.run(*w.ssh_command("alice", "true", options=options))
        check.equal(status, 255, "ssh")
        check.lacks(text, "PIN")
        given(w, access=OFFLINE, **{"access sshd": OFFLINE + "\noffline_pin=yes"})
        with w.ssh("alice", "echo let''-in", options=options) as t:
            t.expect("Your PIN")
            t.send(WRONG + "\n")
            t.expect("wrong.*PIN")
            t.send(PIN + "\n")
            t.expect("let-in")
            check.lacks(t.text, PIN)


def ask_for_pin(v):
    reply = v.call("io.latchkey.Authenticate", more=True, version=1, user="alice", service="sudo", answers=True)
    return reply.get("parameters", {}).get("state")


@check.test
def parallel_and_killed(w):
    """a hundred guesses at once are compared as few times as one after another; kill -9 during one has counted it (C1)"""
    given(w, access=OFFLINE + "\noffline_pin=yes")
    sign_in(w)
    w.run(COMMAND, "pin", "clear", "alice")
    choose_pin(w)
    with switched_off(w), contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(varlink.Varlink()) for _ in range(100)]
        check.equal({ask_for_pin(v) for v in waiting}, {"prompt"}, "all are asked")
        before, answers = len(w.daemon.log()), []

        def guess(v, pin):
            answers.append(v.call("io.latchkey.Answer", more=True, answer=pin))
        threads = [threading.Thread(target=guess, args=(v, WRONG if n < 99 else PIN)) for n, v in enumerate(waiting)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        compared = len(re.findall("decision=pin result=(?:wrong|right)", w.daemon.log()[before:]))
        assert 1 <= compared <= 3, answers
        if "result=right" not in w.daemon.log()[before:]:
            check.equal(failures(), [(compared,)], "compared and counted")
    change_store(w, "UPDATE pin SET failures = 0")
    with switched_off(w):
        for n in (1, 2, 3):
            with varlink.Varlink() as v:
                check.equal(ask_for_pin(v), "prompt", f"guess {n}")
                v.send("io.latchkey.Answer", more=True, answer=WRONG)
                check.eventually(lambda n=n: failures() == [(n,)], "the count on the disk")
                w.daemon.kill_and_wait_back()
            check.equal(failures(), [(n,)], "after kill -9")


@check.test
def break_glass(w):
    """root opens alice's account for a while: key and PIN open it, loudly; it ends, also where the clock went back (C5)"""
    given(w, access="everyone=yes\nrecheck=0\noffline_max_age=1h\noffline_pin=yes")
    change_store(w, "DELETE FROM pin")
    sign_in(w)
    choose_pin(w)
    change_store(w, "UPDATE standing SET checked_s = checked_s - 100000")
    with switched_off(w):
        check.equal(by_key(w)[0], 255, "before")
        check.equal(w.run(COMMAND, "break-glass", "alice", "--for", "4h", "--reason", "provider down")[0], 0, "open")
        check.equal(by_key(w), (0, "let-in\n"), "by key")
        check.equal(by_pin(PIN), "let-in", "by PIN")
        check.contains(w.daemon.log(), "<1>", "decision=break-glass result=used", "provider down")
        check.contains(w.run(COMMAND, "status")[1], "BREAK-GLASS", "alice", "provider down")
        w.daemon.restart()
        check.equal(by_key(w), (0, "let-in\n"), "after a restart")
        change_store(w, "UPDATE break_glass SET seen_s = seen_s + 1000")
        check.equal(by_key(w)[0], 255, "the clock was set back")
        check.lacks(w.run(COMMAND, "status")[1], "BREAK-GLASS")
        check.equal(w.run(COMMAND, "break-glass", "alice", "--for", "4h", "--reason", "again")[0], 0, "open")
        check.equal(w.run(COMMAND, "break-glass", "alice", "--end")[0], 0, "end")
        check.equal(by_key(w)[0], 255, "ended")
        person = (uid(), uid())
        check.equal(w.run(COMMAND, "break-glass", "alice", "--for", "4h", "--reason", "x", user=person)[0], 1, "not by her")


@check.test
def pin_by_command(w):
    """latchkey pin set needs an approval, whoever sits at her session; pin clear does not"""
    given(w, access=OFFLINE + "\noffline_pin=yes")
    sign_in(w)
    w.run(COMMAND, "pin", "clear", "alice")
    argv = ["setpriv", f"--reuid={uid()}", f"--regid={uid()}", "--clear-groups", COMMAND, "pin", "set", "alice"]
    with terminal.Terminal(argv, w.environment()) as t:
        code = t.expect(rf"code +({people.CODE})")[1]
        url = re.search(r"open +(http\S+)", t.text)[1]
        challenge = people.Challenge(f"Open {url} and enter {code}")
        people.approve(challenge, "alice")
        t.expect("New PIN")
        t.send(PIN + "\n")
        t.expect("again")
        t.send(PIN + "\n")
        t.expect("Granted")
        check.equal(t.finish(), 0, "status")
        check.lacks(t.text, PIN)
    with switched_off(w):
        check.equal(by_pin(PIN), "let-in")
        status, _ = w.run(*argv[:-3], "pin", "clear", "alice")
        check.equal(status, 0, "clear")
        check.contains(by_pin(PIN), "cannot be reached")


def main():
    world.begin()
    with world.World() as w:
        w.start()
        w.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
        world.write("/etc/ssh/keys/alice", world.read("/root/key.pub"))
        w.stop_sshd()
        w.start_sshd(["-o", "AuthorizedKeysFile=/etc/ssh/keys/%u"])
        check.run(w)


main()
