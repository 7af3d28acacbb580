#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Debian packages in a Debian of its own, where nothing is installed by hand: installed, used, broken in all ways, upgraded and
purged. Root and a local person get in at every point, over SSH and at the console."""
import os
import re
import stat

import check
import debian
import enter
import people
import terminal
import world

OLGA = world.LOCAL_PERSON
STACKS = ("common-account", "common-auth", "common-password", "common-session", "common-session-noninteractive")
CONFIG = "/etc/latchkey/latchkey.conf"
DROP_IN = "/etc/ssh/sshd_config.d/10-latchkey.conf"
UNITS = ("latchkey.socket", "latchkey-resolve.socket", "latchkey-fetch.socket", "latchkey-root.socket", "latchkeyd.service")
KEY = ["-i", "/root/key", "-o", "BatchMode=yes"]
before = {}


def snapshot(d):
    """Everything in /etc: what it is, whose, and what is in it."""
    found = {}
    top = d.below("/etc")
    for folder, folders, files in os.walk(top):
        for path in (os.path.join(folder, n) for n in folders + files):
            st = os.lstat(path)
            kind = stat.S_IFMT(st.st_mode)
            content = os.readlink(path) if kind == stat.S_IFLNK else ""
            if kind == stat.S_IFREG:
                content = world.read(path)
            found["/etc" + path.removeprefix(top)] = (oct(st.st_mode), st.st_uid, st.st_gid, content)
    return found


def without_ours(text):
    return [line for line in text.splitlines() if not line.startswith("latchkey")]


def local_people_get_in(d, what):
    """root by its key, Olga by her password, and both at the console."""
    check.equal(d.run(*d.ssh_command("root", "echo", "let-in", tty=False, options=KEY)), (0, "let-in\n"), f"{what}: root")
    with d.ssh(OLGA, "echo let-in", options=["-o", "PreferredAuthentications=keyboard-interactive,password"]) as t:
        t.expect(r"assword: ?$")
        t.send(world.LOCAL_PASSWORD + "\n")
        t.expect("let-in")
        check.equal(t.finish(), 0, f"{what}: ssh")
        check.lacks(t.text, "Approve")
    for name, password in debian.PASSWORDS.items():
        with terminal.Terminal(d.inside("script", "-qec", f"login {name}", "/dev/null"), d.environment()) as t:
            t.expect(r"assword: ?$")
            t.send(password + "\n")
            t.expect(r"[$#] ?$")
            t.send("echo let-$((1))-in; exit\n")
            t.expect("let-1-in")
            check.equal(t.finish(), 0, f"{what}: {name} at the console")


def is_refused(d, name, asks=False):
    """@asks: its name is nobody's any more, and pam_unix asks what it asks everybody."""
    with d.ssh(name, "echo let-in", options=["-o", "NumberOfPasswordPrompts=1", "-o",
                                                "PreferredAuthentications=keyboard-interactive"]) as t:
        if asks:
            t.expect(r"assword: ?$")
            t.send("\n")
        check.equal(t.finish(), 255, f"{name}'s ssh")
        check.lacks(t.text, "let-in", "Approve", *([] if asks else ["assword:"]))


def signed_in(d, name, *command):
    """A real sign-in; return: what was seen."""
    with d.ssh(name, *command) as t:
        people.sign_in(t, name)
        check.equal(t.finish(), 0, "ssh's status")
        return t.text


def states(d, *units):
    return d.run(*d.inside("systemctl", "is-active", *units))[1].split()


@check.test
def lintian(d):
    """the packages are as Debian wants them: neither an error nor a warning"""
    status, text = d.run("lintian", "--allow-root", "--fail-on", "error,warning", *debian.packages(debian.FIRST))
    check.equal((status, re.findall(r"^[EW]: .*$", text, re.M)), (0, []), text)


@check.test
def installed(d):
    """apt-get install: the name service is told, nothing is started or enabled in PAM, and everybody gets in as before"""
    local_people_get_in(d, "before")
    before.update(snapshot(d))
    d.install(debian.FIRST)
    for line in ("passwd", "group", "shadow"):
        check.contains(world.read(d.below("/etc/nsswitch.conf")), re.search(
            rf"^{line}:.* latchkey$", world.read(d.below("/etc/nsswitch.conf")), re.M)[0])
    for stack in STACKS:
        check.equal(world.read(d.below(f"/etc/pam.d/{stack}")), before[f"/etc/pam.d/{stack}"][3], stack)
    check.equal(d.done("systemctl", "--failed", "--plain", "--no-legend"), "")
    check.equal(states(d, *UNITS)[0], "inactive")
    check.equal(states(d, *UNITS)[-1], "inactive")
    version = world.read(f"{enter.TOP}/Makefile").split("RELEASE := ", 1)[1].split("\n", 1)[0]
    for program in ("latchkey", "libexec/latchkey/latchkeyd"):
        check.contains(d.done(f"/usr/{'bin/' if '/' not in program else ''}{program}", "--version"), version)
    local_people_get_in(d, "installed")


@check.test
def set_up(d):
    """latchkey setup: the helper runs, and the stacks are as pam-auth-update makes them"""
    d.done("latchkey", "setup", "--yes", "--issuer", d.provider.issuer, "--client-id", "latchkey", "--everyone", "--provider",
           world.PROVIDER, "--scope", "openid profile email groups offline_access")
    check.equal(states(d, *UNITS), ["active"] * len(UNITS))
    auth = [line for line in world.read(d.below("/etc/pam.d/common-auth")).splitlines() if line.startswith("auth")]
    check.contains(auth[0], "user_unknown=ignore", "default=die", "pam_latchkey.so")
    check.contains(auth[1], "pam_unix.so")
    local_people_get_in(d, "set up")


@check.test
def signs_in(d):
    """a real login with the device flow, a home, and sudo with another one"""
    world.write(d.below("/etc/sudoers.d/alice"), "alice ALL=(ALL:ALL) ALL\n", 0o440)
    with d.ssh("alice") as t:
        people.sign_in(t, "alice")
        t.expect(r"alice@workstation:~\$")
        t.send("sudo id -u; echo status $?\n")
        start = t.seen
        t.expect(people.CODE + r"\b")
        check.eventually(lambda: t.expect(r"somebody sent you|what you started"), "the whole text")
        people.approve(people.Challenge(t.text[start:]), "alice")
        t.expect(r"\n0\nstatus 0\n")
        t.send("exit\n")
        check.equal(t.finish(), 0, "ssh's status")
    os.unlink(d.below("/etc/sudoers.d/alice"))
    check.equal(oct(os.stat(d.below("/home/alice")).st_mode & 0o777), "0o700")


@check.test
def without_the_helper(d):
    """the helper is stopped, its sockets too: local people get in, nobody else (C9)"""
    d.done("systemctl", "stop", *UNITS)
    local_people_get_in(d, "stopped")
    is_refused(d, "alice")
    d.done("systemctl", "start", *UNITS)


@check.test
def with_a_broken_configuration(d):
    """nobody understands the configuration: the same (C9)"""
    good = world.read(d.below(CONFIG))
    world.write(d.below(CONFIG), good + "no_such_key = 1\n")
    d.run(*d.inside("systemctl", "restart", "latchkeyd"))
    local_people_get_in(d, "broken")
    is_refused(d, "alice")
    world.write(d.below(CONFIG), good)
    d.done("systemctl", "restart", "latchkeyd")


@check.test
def without_its_folder(d):
    """/var/lib/latchkey is gone: the same, and with its return everybody is who they were (L17)"""
    path = d.below("/var/lib/latchkey")
    os.rename(path, path + ".away")
    d.run(*d.inside("systemctl", "restart", "latchkeyd"))
    local_people_get_in(d, "no folder")
    is_refused(d, "alice", asks=True)
    os.rename(path + ".away", path)
    d.done("systemctl", "restart", "latchkeyd")
    check.contains(d.done("latchkey", "show", "alice"), "active")


@check.test
def on_a_full_disk(d):
    """no byte can be written: the same (C9)"""
    full = d.below("/full")
    try:
        with open(full, "wb", buffering=0) as f:
            while f.write(b"\0" * (1 << 20)):
                pass
    except OSError:
        pass
    d.run(*d.inside("systemctl", "restart", "latchkeyd"))
    local_people_get_in(d, "full")
    os.unlink(full)
    d.done("systemctl", "restart", "latchkeyd")
    signed_in(d, "bob", "true")


@check.test
def upgraded(d):
    """upgrade in the middle of a sign-in and of a session: the session goes on, and everybody keeps their number"""
    uid = d.done("id", "-u", "alice")
    with d.ssh("alice") as session, d.ssh("carol", "echo let-in") as waiting:
        people.sign_in(session, "alice")
        session.expect(r"alice@workstation:~\$")
        challenge = people.await_challenge(waiting)
        d.install(debian.SECOND)
        check.contains(d.done("dpkg-query", "-W", "latchkey", "libnss-latchkey", "libpam-latchkey"), "+1")
        people.approve(challenge, "carol")
        waiting.send("\n")
        check.equal(waiting.finish(), 255, "the sign-in that was under way")
        check.contains(" ".join(waiting.text.split()), "cut off")
        session.send("id -u\n")
        session.expect(rf"{uid.strip()}\n")
        session.send("exit\n")
        check.equal(session.finish(), 0, "the session's status")
    check.equal(states(d, *UNITS), ["active"] * len(UNITS))
    check.contains(signed_in(d, "carol", "echo let-in"), "let-in")
    check.equal(d.done("id", "-u", "alice"), uid)


@check.test
def upgraded_with_a_configuration_of_before(d):
    """a release that refuses the configuration does not take the place of one that works"""
    good, pid = world.read(d.below(CONFIG)), d.done("systemctl", "show", "-p", "MainPID", "latchkeyd")
    world.write(d.below(CONFIG), good + "no_such_key = 1\n")
    text = d.done("sh", "-c", "cd /root/second && exec apt-get -q -y install --reinstall ./*.deb 2>&1")
    check.contains(text, "the old helper runs on", "no_such_key")
    check.equal(d.done("systemctl", "show", "-p", "MainPID", "latchkeyd"), pid)
    world.write(d.below(CONFIG), good)
    signed_in(d, "carol", "true")


@check.test
def removed(d):
    """apt-get remove: nothing asks Latchkey any more, and its configuration stays"""
    config = world.read(d.below(CONFIG))
    text = d.done("sh", "-c", "DEBIAN_FRONTEND=noninteractive exec apt-get -q -y remove latchkey 2>&1")
    check.lacks(world.read(d.below("/etc/nsswitch.conf")), "latchkey")
    for stack in STACKS:
        check.equal(world.read(d.below(f"/etc/pam.d/{stack}")), before[f"/etc/pam.d/{stack}"][3], stack)
    check.equal(os.path.exists(d.below(DROP_IN)), False, text)
    check.equal(world.read(d.below(CONFIG)), config)
    d.done("systemctl", "restart", "ssh")
    local_people_get_in(d, "removed")


@check.test
def purged(d):
    """apt-get purge: /etc is what it was, but for system users and what other packages own"""
    d.done("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "purge", "latchkey", "libpam-latchkey",
           "libnss-latchkey")
    after = snapshot(d)
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) == after.get(path):
            continue
        if path.rstrip("-") in ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"):
            if not path.endswith("-"):
                check.equal(without_ours(after[path][3]), without_ours(before[path][3]), path)
                check.equal(after[path][:3], before[path][:3], path)
        elif path != "/etc/ld.so.cache" and path not in before:
            check.equal(d.run(*d.inside("dpkg", "-S", path))[0], 0, f"a package that owns {path}")
        else:
            check.equal(path, "/etc/ld.so.cache", f"{before[path]}, {after.get(path)}")
    for path in ("/var/lib/latchkey", "/var/log/latchkey", "/run/latchkey", "/usr/libexec/latchkey"):
        check.equal(d.run(*d.inside("test", "-e", path))[0], 1, path)
    check.equal(d.done("systemctl", "--failed", "--plain", "--no-legend"), "")


if __name__ == "__main__":
    debian.begin()
    with debian.Debian() as machine:
        machine.start()
        check.run(machine)
