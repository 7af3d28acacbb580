#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Latchkey's accounts by way of systemd's NSS module and latchkey-userdb alone, without libnss_latchkey: an SSH login of
an account that exists, sudo, and the one thing that cannot come this way, the first login of somebody new."""
import glob
import os
import shutil
import signal
import socket
import subprocess

import check
import people
import terminal
import units
import world

SOCKETS = "/run/systemd/userdb"
USER = "latchkey-userdb"
UID = 989


def nss(module):
    world.write("/etc/nsswitch.conf", f"passwd: files {module}\ngroup: files {module}\nshadow: files {module}\n"
                                      "hosts: files\nnetworks: files\nprotocols: files\nservices: files\n")


def add_userdb(w):
    """What packaging/systemd/latchkey-userdb.* and sysusers would make, and nss-systemd where ld.so finds it."""
    with open("/etc/passwd", "a", encoding="ascii") as f:
        f.write(f"{USER}:x:{UID}:{UID}::/nonexistent:/usr/sbin/nologin\n")
    os.makedirs(SOCKETS)
    shutil.copy(f"{w.build}/latchkey-userdb", world.PROGRAMS)
    module = glob.glob(f"{world.enter.TOP}/build/packages/userdb/usr/lib/*/libnss_systemd.so.2")[0]
    shutil.copy(module, f"{world.PROGRAMS}/lib")
    unit = units.Unit(USER, [f"{world.PROGRAMS}/latchkey-userdb"],
                      [units.Socket("io.latchkey", socket.SOCK_STREAM, 0o666, folder=SOCKETS)], notifies=True)
    unit.environment["ASAN_OPTIONS"] = "detect_leaks=0"
    w.units[USER] = unit
    unit.start()


def begin(w):
    """Alice signs in once with the NSS module, then it is gone."""
    with w.ssh("alice", "true") as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 0, "ssh's status")
    add_userdb(w)
    record = w.run("getent", "passwd", "alice")
    nss("systemd")
    os.unlink(f"{world.PROGRAMS}/lib/libnss_latchkey.so.2")
    subprocess.run(["/sbin/ldconfig", "-X"], check=True, stderr=subprocess.DEVNULL)
    check.equal(w.run("getent", "passwd", "alice"), record, "passwd record")
    w.stop_sshd()
    w.start_sshd()


@check.test
def login_with_userdb_alone(w):
    """alice signs in over SSH, and is who she was, in the session too"""
    check.equal(w.run("getent", "-s", "latchkey", "passwd", "alice")[0], 2, "the NSS module is not there")
    with w.ssh("alice", "id; stat -c '%U %G' . ; getent passwd $(id -u)") as t:
        people.sign_in(t, "alice")
        t.expect(r"uid=(\d+)\(alice\) gid=\1\(alice\) groups=\1\(alice\)\nalice alice\n"
                 r"alice:x:\1:\1:Alice Liddell:/home/alice:/bin/bash")
        check.equal(t.finish(), 0, "ssh's status")
    check.contains(w.daemon.log(), "result=granted user=alice")


@check.test
def elevation_with_userdb_alone(w):
    """sudo knows her as well"""
    with w.ssh("alice") as t:
        people.sign_in(t, "alice")
        t.expect(r"alice@workstation:~\$")
        t.send("sudo -k; sudo id -u\n")
        start = t.seen
        t.expect(people.CODE + r"\b")
        check.eventually(lambda: t.expect(r"somebody sent you|what you started"), "the whole text")
        people.approve(people.Challenge(t.text[start:]), "alice")
        t.expect(r"\n0\n")


@check.test
def nobody_new_comes_this_way(w):
    """who has no account yet is unknown to sshd: no code, no request, no way in (a placeholder needs the NSS module)"""
    with w.ssh("bob") as t:
        t.expect("Password:")
        t.send("\n")
        t.expect("Password:")
        check.lacks(t.text, "enter", "approved")
    check.equal(w.provider.from_helper("device"), [], "codes")
    check.equal(w.run("getent", "passwd", "bob")[0], 2, "getent")


@check.test
def userdb_dies_and_comes_back(w):
    """a process that dies is replaced, and the next login works"""
    w.units[USER].kill_and_wait_back()
    with w.ssh("alice", "id -un") as t:
        people.sign_in(t, "alice")
        t.expect(r"\nalice\n")
        check.equal(t.finish(), 0, "ssh's status")


@check.test
def local_people_without_userdb(w):
    """with its socket gone nobody waits, and those of /etc/passwd log in as ever"""
    unit = w.units[USER]
    unit.stop()
    try:
        with w.ssh(world.LOCAL_PERSON, "id -un") as t:
            t.expect("Password:")
            t.send(world.LOCAL_PASSWORD + "\n")
            t.expect(rf"\n{world.LOCAL_PERSON}\n")
            check.equal(t.finish(), 0, "ssh's status")
        check.equal(w.run("getent", "passwd", "alice")[0], 2, "alice without the socket")
    finally:
        unit.start()


@check.test
def local_people_and_one_that_hangs(w):
    """with the process stopped a local login waits for systemd's client, and works when it is killed, as by its watchdog"""
    unit = w.units[USER]
    unit.send(signal.SIGSTOP)
    with w.ssh(world.LOCAL_PERSON, "id -un") as t:
        # pam_unix knows her from the file; entering her groups asks every service in the folder.
        t.expect("Password:", 120)
        t.send(world.LOCAL_PASSWORD + "\n")
        try:
            t.expect(rf"\n{world.LOCAL_PERSON}\n", 3)
            raise AssertionError("nothing waits for it: then the manual is wrong")
        except terminal.Closed:
            pass
        unit.kill_and_wait_back()
        t.expect(rf"\n{world.LOCAL_PERSON}\n", 120)
        check.equal(t.finish(), 0, "ssh's status")


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        begin(the_world)
        check.run(the_world)
