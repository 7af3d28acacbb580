#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where somebody lives: a folder that is made closed to others, one that is somebody else's already, one that others could
change, and what a provider's words make of a line of passwd (I16)."""
import os

import check
import people
import world

OWNER = 5555  # who had the home before


@check.test
def made_at_the_first_login(w):
    """the home is made at the first login, by the name, closed to others, and belongs to nobody else"""
    with w.ssh("alice", "pwd; stat -c %U:%G:%a . .bashrc; echo mine > here") as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 0, f"ssh's status:\n{t.text}")
        check.contains(t.text, "/home/alice\nalice:alice:700\nalice:alice:")
    check.equal(w.run("cat", "/home/alice/here", user=(OWNER, OWNER))[0], 1, "a stranger's look into it")


@check.test
def of_somebody_else(w):
    """a home that somebody had before is not given away: the login goes on without one, and nothing in it is changed or
    read (I6)"""
    home = "/home/bob"
    os.mkdir(home)
    world.write(f"{home}/secret", "of the one before", 0o600)
    world.write(f"{home}/.ssh/authorized_keys", world.read("/root/key.pub"), 0o600)
    for path in (home, f"{home}/secret", f"{home}/.ssh", f"{home}/.ssh/authorized_keys"):
        os.chown(path, OWNER, OWNER)
    os.chmod(home, 0o700)
    before = {path: os.stat(path) for path in (home, f"{home}/secret")}
    with w.ssh("bob", "id -un; pwd; cat ~/secret; touch ~/mine; ls ~") as t:
        people.sign_in(t, "bob")
        t.finish()
        check.contains(t.text, "bob\n/\n", "ermission denied")
        check.lacks(t.text, "of the one before")
    for path, st in before.items():
        now = os.stat(path)
        check.equal((now.st_uid, now.st_gid, now.st_mode, now.st_ctime_ns),
                    (st.st_uid, st.st_gid, st.st_mode, st.st_ctime_ns), path)
    check.equal(sorted(os.listdir(home)), [".ssh", "secret"], "what is in it")
    # The key that lies there is the former owner's, and opens nothing of Bob's.
    check.equal(w.run(*w.ssh_command("bob", "true", tty=False, options=["-i", "/root/key", "-o", "BatchMode=yes"]))[0],
                255, "ssh by a key of the former owner's")


@check.test
def words_of_the_provider(w):
    """a name, a shell, a home and a full name that would break a line of passwd: only the full name is used, cleaned"""
    w.provider.people(carol={"name": "Carol:0:0:\nroot::0:0:/../etc:/bin/sh\u202e", "home": "/etc", "shell": "/bin/evil",
                             "home_directory": "/", "homeDirectory": "/root/../etc", "loginShell": "/tmp/x"})
    try:
        with w.ssh("carol", "pwd") as t:
            people.sign_in(t, "carol")
            check.equal(t.finish(), 0, f"ssh's status:\n{t.text}")
            check.contains(t.text, "/home/carol")
        line = w.run("getent", "passwd", "carol")[1]
        check.equal(line.count("\n"), 1, f"lines of {line!r}")
        fields = line.strip().split(":")
        check.equal((len(fields), fields[0], fields[5], fields[6]), (7, "carol", "/home/carol", "/bin/bash"), line)
        check.lacks(fields[4], "\u202e", "\n")
        check.equal(len(w.run("getent", "passwd")[1].splitlines()),
                    len({part.split(":")[0] for part in w.run("getent", "passwd")[1].splitlines()}), "names in a listing")
    finally:
        w.provider.people(carol={"name": "Carol Danvers"})


@check.test
def a_folder_that_others_can_change(w):
    """homes below a folder that is not root's alone: the configuration is refused, and so is a map (I16)"""
    os.makedirs("/srv/people")
    provider = "[provider p]\nissuer=https://id.example\nclient_id=c\n[accounts]\nhome=/srv/people/%u\n"
    path = "/etc/latchkey/other.conf"
    world.write(path, provider)

    def status():
        return w.run(f"{world.PROGRAMS}/latchkeyd", "--check", "--config", path)
    check.equal(status()[0], 0, "root's alone")
    os.chmod("/srv/people", 0o777)
    check.contains(status()[1], "homes cannot lie in /srv/people/", "others can write to it")
    os.chmod("/srv/people", 0o755)
    os.chown("/srv", OWNER, 0)
    check.equal(status()[0], 78, "a folder on the way that is somebody else's")
    os.chown("/srv", 0, 0)
    os.rename("/srv/people", "/srv/elsewhere")
    os.symlink("elsewhere", "/srv/people")
    check.contains(status()[1], "is a symbolic link")
    os.unlink("/srv/people")
    check.equal(status()[0], 0, "one that is not there yet")
    world.write(path, provider.replace("/srv/people/%u", "/home/%u") + "shell=/bin/no-such-shell\n")
    check.contains(status()[1], "this host has no such program", "is not in /etc/shells")

    # It happens while the helper runs: no map goes out, so nobody new gets in.
    os.chmod("/home", 0o777)
    try:
        with w.ssh("mallory", "echo let-in") as t:
            people.sign_in(t, "mallory")
            check.equal(t.finish(), 255, "ssh's status")
            check.lacks(t.text, "let-in")
        check.contains(w.root.log(), "homes cannot lie in /home/")
    finally:
        os.chmod("/home", 0o755)
    with w.ssh("mallory", "echo let-in") as t:
        people.sign_in(t, "mallory")
        check.equal(t.finish(), 0, f"ssh's status:\n{t.text}")


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        the_world.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
        the_world.reconfigure(access="everyone=yes\nsign_in_age=1h")
        check.run(the_world)
