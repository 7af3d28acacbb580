#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A host whose nsswitch.conf has another source of people: libnss-extrausers, the real one. Whom it knows keeps name and
number (I1, I11), and where it hangs nobody new comes in, but everybody else does."""
import os
import re
import shutil
import subprocess

import check
import enter
import people
import world

MODULE = f"{enter.TOP}/build/packages/extrausers/usr/lib/libnss_extrausers.so.2"
FOLDER = "/var/lib/extrausers"
FIRST, LAST = 2000000000, 2000000003


def extra(users=(), groups=()):
    """What the other source knows: names with a number."""
    for name, lines in (("passwd", [f"{n}:x:{i}:{i}::/srv/{n}:/bin/sh" for n, i in users]),
                        ("group", [f"{n}:x:{i}:" for n, i in groups]), ("shadow", [])):
        path = f"{FOLDER}/{name}"
        if os.path.lexists(path):
            os.unlink(path)
        world.write(path, "".join(line + "\n" for line in lines))


def again(w, **sections):
    """A helper that remembers no answer."""
    w.reconfigure(**sections)


def refused(w, name, text):
    """Without an approval; it may come before the code is shown, or after."""
    with w.ssh(name, "echo let-in") as t:
        t.expect(rf"{people.QUESTION}|Permission denied|{text}")
        t.send("\n")
        check.equal(t.finish(), 255, "ssh's status")
        check.contains(" ".join(t.text.split()), text)
        check.lacks(t.text, "let-in")


@check.test
def name_of_a_user(w):
    """another source's user is nobody new's name: refused without an approval, and the log says who knows it (I1)"""
    extra(users=[("alice", 5000)])
    again(w)
    check.equal(w.run("getent", "-s", "extrausers", "passwd", "alice")[0], 0, "the other source")
    refused(w, "alice", "this account name belongs to somebody else")
    check.contains(w.daemon.log(), "getent -s 'extrausers' passwd alice")
    check.equal(w.run("/latchkey/latchkey", "show", "alice")[0], 1, "an account")


@check.test
def name_of_a_group(w):
    """a group's name counts too, since an account has a group of its own name"""
    extra(groups=[("alice", 5000)])
    again(w)
    refused(w, "alice", "this account name belongs to somebody else")
    check.contains(w.daemon.log(), "getent -s 'extrausers' group alice")


@check.test
def numbers(w):
    """numbers of another source are passed over; who was shown one of them before is told to connect again (I11)"""
    everything = range(FIRST, LAST + 1)
    accounts = f"uid_min={FIRST}\nuid_max={LAST}"
    extra(users=[(f"x{i}", i) for i in everything if i % 2 == 0], groups=[(f"g{i}", i) for i in everything if i % 2])
    again(w, accounts=accounts)
    with w.ssh("alice", "echo let-in") as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 255, "ssh's status, with no number left")
    avoided = [int(n) for n in re.findall(r"UID (\d+) is given to nobody new", w.daemon.log())]
    check.equal(sorted(avoided), list(everything), "numbers that were passed over")

    # The last that was tried is free now.
    free = avoided[-1]
    extra(users=[(f"x{i}", i) for i in everything if i != free])
    again(w, accounts=accounts)
    refused(w, "alice", "Please connect again")
    with w.ssh("alice", "id -u; id -g") as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 0, "ssh's status")
        check.contains(t.text, f"{free}\n{free}")
    check.contains(w.daemon.log(), f"alice has UID {free}: {avoided[0]}, which other hosts may give")


@check.test
def no_answer(w):
    """while it hangs nobody new comes in, and whoever has an account does"""
    again(w)
    os.unlink(f"{FOLDER}/passwd")
    os.mkfifo(f"{FOLDER}/passwd")
    with w.ssh("bob", "echo let-in") as new, w.ssh("carol", "true") as known:
        challenge = people.await_challenge(new)
        people.sign_in(known, "carol")
        check.equal(known.finish(), 0, "ssh's status of who has an account")
        people.approve(challenge, "bob")
        new.send("\n")
        check.equal(new.finish(), 255, "ssh's status of somebody new")
        check.lacks(new.text, "let-in")
    check.contains(w.daemon.log(), "no answer in time: getent -s 'extrausers' passwd bob")
    check.equal(w.run("/latchkey/latchkey", "show", "bob")[0], 1, "an account")
    check.eventually(lambda: subprocess.run(["pgrep", "-x", "getent"], check=False, stdout=subprocess.DEVNULL)
                     .returncode == 1, "an end of every child")


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        with the_world.ssh("carol", "true") as terminal:
            people.sign_in(terminal, "carol")
            terminal.finish()
        shutil.copy(MODULE, f"{world.PROGRAMS}/lib")
        subprocess.run(["/sbin/ldconfig", "-X"], check=True, stderr=subprocess.DEVNULL)
        os.mkdir(FOLDER)
        world.write("/etc/nsswitch.conf", "passwd: files latchkey extrausers\ngroup: files latchkey extrausers\n"
                                          "shadow: files latchkey\nhosts: files\n")
        check.run(the_world)
