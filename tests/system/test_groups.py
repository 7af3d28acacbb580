#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Groups: what the provider says, as far as root's configuration lets it mean something, seen by real programs."""
import json
import os
import re

import check
import people
import terminal
import world

COMMAND = f"{world.PROGRAMS}/latchkey"
LAB_GID = 5555
CREW = "claim_values=operators"
LAB = "claim_values=operators\nlocal=yes"
KEY = "/root/.ssh/id_groups"


def configure(w, **sections):
    w.reconfigure(**{"access": "everyone=yes\nsign_in_age=1h", "group_crew": CREW, "group_lab": LAB, **sections})


def say(w, *groups):
    """What the provider says of alice from now on."""
    w.provider.people(alice={"groups": list(groups)})


def groups_in(text):
    """The names of all groups in a line of id(1)."""
    line = re.search(r"uid=\d+\(alice\) gid=\d+\(\w+\) groups=(\S+)", text)
    if not line:
        raise AssertionError(f"no line of id in:\n{text}")
    return set(re.findall(r"\(([^)]+)\)", line[1]))


def session(w, *options):
    """A whole sign-in of alice; the groups that her shell has."""
    with w.ssh("alice", "id", options=options) as t:
        people.sign_in(t, "alice")
        t.expect(r"groups=\S+")
        check.equal(t.finish(), 0, "ssh's status")
        return groups_in(t.text)


def named(w, group):
    """The line of a group as NSS has it, or None."""
    status, line = w.run("getent", "group", group)
    return line.strip() if status == 0 else None


@check.test
def in_with_one_sign_in_and_out_with_the_next(w):
    """alice's shell has the own group by NSS and the local one by setcred, and neither once the provider takes it (I13)"""
    check.eventually(lambda: named(w, "crew"), "the own group, which is there while nobody is in it")
    gid = int(named(w, "crew").split(":")[2])
    check.equal(named(w, "crew"), f"crew:x:{gid}:", "crew before")
    if not 0x70000000 <= gid <= 0x7FFFFFFE:
        raise AssertionError(f"gid {gid}")
    say(w, "staff", "operators")
    check.equal(session(w), {"alice", "crew", "lab"}, "groups of the session")
    check.equal(named(w, "crew"), f"crew:x:{gid}:alice", "crew with alice")
    check.equal(named(w, "lab"), f"lab:x:{LAB_GID}:", "lab, as /etc/group has it (I14)")
    check.equal(groups_in(w.run("id", "alice")[1]), {"alice", "crew"}, "as NSS tells others")
    check.contains(w.run(COMMAND, "show", "alice")[1], "groups         crew lab\n")
    check.equal(json.loads(w.run(COMMAND, "show", "alice", "--json")[1])["groups"], ["crew", "lab"], "show --json")
    check.equal(json.loads(w.run(COMMAND, "status", "--json")[1])["groups"], 1, "own groups in status")
    say(w, "staff")
    check.equal(session(w), {"alice"}, "groups of the next session")
    check.equal(named(w, "crew"), f"crew:x:{gid}:", "crew without alice")
    check.equal(groups_in(w.run("id", "alice")[1]), {"alice"}, "as NSS tells others")


@check.test
def nothing_but_what_is_named(w):
    """names of groups of this host, a list in a list and ten thousand others from the provider mean nothing (I13, I14, I15)"""
    local = [line.split(":")[0] for line in world.read("/etc/group").splitlines()]
    before = {name: named(w, name) for name in local}
    say(w, "sudo", "wheel", "docker", "root", "adm", "crew", "lab", *local, *(f"group-{i}" for i in range(10000)))
    check.equal(session(w), {"alice"}, "groups of the session")
    check.equal({name: named(w, name) for name in local}, before, "the host's own groups")
    w.provider.people(alice={"groups": [["operators"], {"operators": True}, {"id": "operators"}]})
    check.equal(session(w), {"alice"}, "groups of the session")


@check.test
def a_key_alone_gets_the_same(w):
    """a session by public key, which has no sign-in of its own, has the groups of the last one"""
    say(w, "operators")
    session(w)
    os.makedirs(os.path.dirname(KEY), 0o700, exist_ok=True)
    w.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY)
    uid = int(w.run("id", "-u", "alice")[1])
    world.write("/home/alice/.ssh/authorized_keys", world.read(KEY + ".pub"), 0o600)
    for path in ("/home/alice/.ssh", "/home/alice/.ssh/authorized_keys"):
        os.chown(path, uid, uid)
    status, text = w.run(*w.ssh_command("alice", "id", tty=False, options=("-i", KEY)), env=w.environment())
    check.equal((status, groups_in(text)), (0, {"alice", "crew", "lab"}), "status and groups")
    say(w, "staff")
    session(w)
    status, text = w.run(*w.ssh_command("alice", "id", tty=False, options=("-i", KEY)), env=w.environment())
    check.equal((status, groups_in(text)), (0, {"alice"}), "status and groups after removal")


def elevate(t, command, expected):
    """sudo on alice's terminal, with a sign-in."""
    t.send(f"sudo -k; sudo {command}\n")
    start = t.seen
    t.expect(people.CODE + r"\b")
    t.expect(r"somebody sent you|what you started")
    people.approve(people.Challenge(t.text[start:]), "alice")
    t.expect(expected)


@check.test
def rules_of_sudo(w):
    """%crew and %lab in sudoers let her elevate, root's session gets none of her groups, and removal ends it"""
    for rule in ("crew", "lab"):
        world.write("/etc/sudoers", f"Defaults !lecture\n%{rule} ALL=(ALL:ALL) ALL\n", 0o440)
        say(w, "operators")
        with w.ssh("alice") as t:
            people.sign_in(t, "alice")
            t.expect(r"alice@workstation:~\$")
            elevate(t, "id", r"uid=0\(root\) gid=0\(root\) groups=0\(root\)\r?\n")
            t.send("exit\n")
            check.equal(t.finish(), 0, "ssh's status")
        say(w, "staff")
        with w.ssh("alice") as t:
            people.sign_in(t, "alice")
            t.expect(r"alice@workstation:~\$")
            elevate(t, "id", r"alice is not (in the sudoers file|allowed)")
            t.send("exit\n")
            t.finish()


@check.test
def console_and_su(w):
    """login(1) gives the same groups as sshd; root's su, whose stack ends at pam_rootok, those of NSS alone"""
    say(w, "operators")
    with terminal.Terminal(["login"], w.environment()) as t:
        t.expect("login:")
        t.send("alice\n")
        start = t.seen
        t.expect(people.CODE + r"\b")
        t.expect(r"somebody sent you")
        people.approve(people.Challenge(t.text[start:]), "alice")
        t.expect(r"alice@workstation:~\$")
        t.send("id; exit\n")
        t.expect(r"groups=\S+")
        check.equal(groups_in(t.text[start:]), {"alice", "crew", "lab"}, "login")
        t.finish()
    status, text = w.run("su", "alice", "-c", "id")
    check.equal((status, groups_in(text)), (0, {"alice", "crew"}), "su")


@check.test
def a_group_of_the_host_comes_first(w):
    """a group of /etc/group with the own group's name: it stays as it is, the section is said to count for nothing (I14)"""
    before = world.read("/etc/group")
    gid = named(w, "crew").split(":")[2]
    try:
        world.write("/etc/group", before + "crew:x:6000:\n")
        w.daemon.restart()
        check.eventually(lambda: "[group crew]" in w.daemon.log(), "what the helper says")
        check.contains(w.daemon.log(), "[group crew]: this host has a user or group of this name")
        say(w, "operators")
        check.equal(session(w), {"alice", "lab"}, "groups of the session")
        check.equal(named(w, "crew"), "crew:x:6000:", "by name")
        check.equal(named(w, gid), None, "by the number that it had")
    finally:
        world.write("/etc/group", before)
        w.daemon.restart()
    check.eventually(lambda: (named(w, "crew") or "").split(":")[2:3] == [gid], "the group with its number again")


@check.test
def a_local_group_that_is_gone(w):
    """the session begins without it, and the log says so"""
    before = world.read("/etc/group")
    say(w, "operators")
    try:
        world.write("/etc/group", before.replace(f"lab:x:{LAB_GID}:", "lab:x:0:"))
        check.equal(session(w), {"alice", "crew"}, "groups where its number is 0 (I15)")
        check.logged(w, "user alice: not in group lab (its number in /etc/group is 0 or none)")
        world.write("/etc/group", before.replace(f"lab:x:{LAB_GID}:\n", ""))
        check.equal(session(w), {"alice", "crew"}, "groups where it is gone")
        check.logged(w, "user alice: not in group lab (not in /etc/group)")
    finally:
        world.write("/etc/group", before)


@check.test
def groups_that_are_taken_out(w):
    """without its section a group is gone; with it, it has its old number, though another came meanwhile"""
    gid = named(w, "crew").split(":")[2]
    configure(w, group_crew=None, group_other=CREW)
    check.eventually(lambda: named(w, "other"), "another group")
    check.equal((named(w, "crew"), named(w, gid)), (None, None), "the group that was taken out")
    if named(w, "other").split(":")[2] == gid:
        raise AssertionError("the same number for another group")
    configure(w)
    check.eventually(lambda: named(w, "crew"), "the group that came back")
    check.equal(named(w, "crew").split(":")[2], gid, "its number")
    check.equal(named(w, "other"), None, "the other one")


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        world.write("/etc/group", world.read("/etc/group") + f"lab:x:{LAB_GID}:\n")
        configure(the_world)
        check.run(the_world)
