#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""latchkey setup on a Debian that nobody has configured: the real pam-auth-update, sshd and provider. What it shows, what it
makes, a login after it, and the way back; killed at every step and on a full disk, root and local users log in."""
import contextlib
import os
import re
import subprocess

import check
import enter
import fresh
import people
import terminal
import world

CONFIG, DROP_IN = world.CONFIG, "/etc/ssh/sshd_config.d/10-latchkey.conf"
RECORD = "/var/lib/latchkey/setup"


def log_in(w, name, *command_line, password=None):
    """Over SSH, past a server that reads what is on the disk now. Return: what the session said."""
    options = ["-o", "NumberOfPasswordPrompts=1", "-o", "PreferredAuthentications=publickey,keyboard-interactive,password"]
    with w.ssh(name, *command_line, options=options) as t:
        if password:
            t.expect("[Pp]assword:")
            t.send(password + "\n")
        status = t.finish()
        return f"{t.text}[{status}]"


def everybody_gets_in(w):
    """root by key and olga by her password over SSH, and olga on a console."""
    w.start_sshd()
    try:
        check.contains(log_in(w, "root", "echo ro''ot is in"), "root is in", "[0]")
        check.contains(log_in(w, world.LOCAL_PERSON, "echo olga is i''n", password=world.LOCAL_PASSWORD), "olga is in",
                       "[0]")
    finally:
        w.stop_sshd()
    with terminal.Terminal(["login", world.LOCAL_PERSON], w.environment()) as t:
        t.expect("Password:")
        t.send(world.LOCAL_PASSWORD + "\n")
        t.expect(r"olga@workstation:~\$")


def undone(w, before):
    status, text = w.run("latchkey", "setup", "--undo", "--yes")
    check.equal(status, 0, text)
    check.equal(fresh.differs(before), [], "what is left in /etc")
    check.equal(os.path.exists(RECORD), False, "the record")


@check.test
def misuse(w):
    """what is missing is said, and nothing is asked or changed"""
    before = fresh.snapshot()
    for argv, words in (([], "--issuer must be"), (["--issuer", "https://id.example"], "--client-id must be"),
                        (["--issuer", "https://id.example", "--client-id", "x"], "who may log in?"),
                        (["--undo", "--users", "alice"], "--undo goes with"), (["--root", "image"], "absolute")):
        status, text = w.run("latchkey", "setup", *argv)
        check.equal(status, 2, text)
        check.contains(text, words)
    check.equal(w.provider.from_helper(), [], "requests")
    check.equal(fresh.differs(before), [])


@check.test
def only_shown(w):
    """--dry-run: every change as a diff, for which the provider was asked; without a terminal nothing goes on"""
    before = fresh.snapshot()
    status, text = w.run(*fresh.command(w, "--dry-run"))
    check.equal(status, 0, text)
    check.contains(text, "takes this client", "+++ /etc/latchkey/latchkey.conf", f"+issuer = {w.provider.issuer}",
                   "-passwd:         files\n", "+passwd:         files latchkey\n", "--- /etc/nscd.conf", f"+++ {DROP_IN}",
                   "+LoginGraceTime 660", "+++ /etc/pam.d/common-auth", "pam_latchkey.so")
    check.lacks(text, "\033")
    check.equal([r["at"] for r in w.provider.from_helper()], ["discovery", "jwks", "device"], "requests")
    check.equal(fresh.differs(before), [])
    status, text = w.run(*fresh.command(w))
    check.equal(status, 1, text)
    check.contains(text, "there is no terminal to ask on", "nothing was changed")
    check.equal(fresh.differs(before), [])
    check.equal(os.path.exists("/run/latchkey-setup"), False, "the stage")


@check.test
def on_a_terminal(w):
    """one question, whose answer no changes nothing; colours, unless NO_COLOR says otherwise"""
    before = fresh.snapshot()
    for env, has in (({}, True), ({"NO_COLOR": "1"}, False)):
        with terminal.Terminal(fresh.command(w), w.environment(**env)) as t:
            t.expect(r"Make these changes\? \[y/N\]:")
            t.send("n\n")
            check.equal(t.finish(), 1, t.text)
            check.equal("\033[32m+issuer" in t.output.decode(), has, "colours")
    check.equal(fresh.differs(before), [])


@check.test
def refused_client(w):
    """a client that the provider does not know, and an issuer that nobody answers for: said, with the mend"""
    before = fresh.snapshot()
    status, text = w.run(*fresh.command(w, "--yes", "--dialect", "keycloak", client="nobody"))
    check.equal(status, 1, text)
    check.contains(text, "the provider gave no code", "OAuth 2.0 Device Authorization Grant", "docs/providers/keycloak.md",
                   "nothing was changed")
    w.provider.fault("discovery", "reply", status=503, body="{}")
    status, text = w.run(*fresh.command(w, "--yes"))
    check.equal(status, 1, text)
    check.contains(text, "the provider could not be used", "nothing was changed")
    check.equal(fresh.differs(before), [])


@check.test
def a_profile_that_is_lost(w):
    """a pam-auth-update whose debconf is broken loses pam_unix: not believed, and PAM is left to the administrator"""
    os.rename(fresh.TEMPLATES, f"{fresh.TEMPLATES}.away")
    try:
        status, text = w.run(*fresh.command(w, "--dry-run"))
        check.equal(status, 0, text)
        check.contains(text, "pam-auth-update would take")
        check.lacks(text, "+++ /etc/pam.d/common-auth")
    finally:
        os.rename(f"{fresh.TEMPLATES}.away", fresh.TEMPLATES)


@check.test
def there_and_back(w):
    """without systemd all but PAM is made until the helper answers; then a login by device flow, twice nothing, and back"""
    before = fresh.snapshot()
    status, text = w.run(*fresh.command(w, "--yes"))
    check.equal(status, 1, text)
    check.contains(text, "does not answer", "PAM is not enabled")
    check.lacks(world.read("/etc/pam.d/common-auth"), "latchkey")
    everybody_gets_in(w)
    for unit in w.units.values():
        unit.start()
    status, text = w.run(*fresh.command(w, "--yes"))
    check.equal(status, 0, text)
    check.contains(text, "Writing /etc/pam.d/common-auth", "Done.")
    check.lacks(text, "Writing /etc/nsswitch.conf")
    after = fresh.snapshot()
    status, text = w.run(*fresh.command(w, "--yes"))
    check.equal(status, 0, text)
    check.contains(text, "There is nothing to change.")
    check.equal(fresh.differs(after), [])
    # Any package does this, at any time.
    status, text = w.run("pam-auth-update", "--package", env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    check.equal(status, 0, text)
    check.equal(fresh.differs(after), [], "after pam-auth-update")
    everybody_gets_in(w)
    w.start_sshd()
    try:
        with w.ssh("alice") as t:
            people.sign_in(t, "alice")
            t.expect(r"alice@workstation:~\$")
            t.send("passwd\n")
            t.expect("password unchanged")
    finally:
        w.stop_sshd()
    for unit in reversed(w.units.values()):
        unit.stop()
        unit.process = None
    everybody_gets_in(w)
    # As a package does that is removed, but not purged.
    status, text = w.run("latchkey", "setup", "--undo", "--keep-configuration", "--yes")
    check.equal(status, 0, text)
    check.equal(fresh.differs(before), [CONFIG], "what is left in /etc")
    everybody_gets_in(w)
    undone(w, before)


def with_helper(w):
    """It needs a configuration, which it then has read."""
    if not w.daemon.process:
        check.equal(w.run(*fresh.command(w, "--yes"))[0], 1, "without a helper")
        for unit in w.units.values():
            unit.start()


def killed_at(w, n, *argv):
    """Killed before it renames a file for the n-th time. Return: whether it came so far, and how many it renamed."""
    status, text = w.run(f"{world.BUILD}/tests/system/kill_at", str(n), *argv)
    found = re.search(r"renames: (\d+)$", text, re.M)
    check.equal(bool(found), True, f"{status}: {text}")
    return status == 137, int(found[1])


@check.test
def killed(w):
    """killed at each step: root and local users log in; to go on completes it, and to undo leaves nothing"""
    before = fresh.snapshot()
    with_helper(w)
    undone(w, before)
    was_killed, total = killed_at(w, 1 << 20, *fresh.command(w, "--yes"))
    check.equal(was_killed, False, "killed")
    undone(w, before)
    # The last ones are the changes themselves, from the configuration to PAM; before them come trials and the record.
    for n in (0, total // 2, *range(total - 16, total, 2), total - 1):
        check.equal(killed_at(w, n, *fresh.command(w, "--yes"))[0], True, f"killed at {n}")
        everybody_gets_in(w)
        if n % 3 == 0:
            status, text = w.run(*fresh.command(w, "--yes"))
            check.equal(status, 0, text)
            check.contains(world.read("/etc/pam.d/common-auth"), "pam_latchkey.so", "pam_unix.so")
        undone(w, before)
    for n in (1, 5, 10):
        check.equal(w.run(*fresh.command(w, "--yes"))[0], 0)
        check.equal(killed_at(w, n, "latchkey", "setup", "--undo", "--yes")[0], True, "killed")
        everybody_gets_in(w)
        undone(w, before)


@check.test
def full_disk(w):
    """/etc has no room, or room for one file, or two: nothing is half written, everybody gets in, and it can be undone"""
    enter.mount("tmpfs", "/mnt", "tmpfs", 0, "size=8M,mode=0755")
    subprocess.run(["cp", "-a", "/etc/.", "/mnt/"], check=True)
    os.unlink("/mnt/latchkey/latchkey.conf")
    enter.mount("/mnt", "/etc", None, enter.MS_BIND)
    try:
        before = fresh.snapshot()
        for pages, said in enumerate((CONFIG, "/etc/nsswitch.conf", "/etc/pam.d/common-account")):
            with open("/etc/filler", "wb", buffering=0) as f:
                with contextlib.suppress(OSError):
                    while f.write(b"x" * 4096):
                        pass
                f.truncate(max(0, f.tell() - 4096 * pages))
            status, text = w.run(*fresh.command(w, "--yes"))
            check.equal(status, 1, text)
            check.contains(text, f"{said}: No space left on device", "run it again to go on, or --undo")
            everybody_gets_in(w)
            os.unlink("/etc/filler")
            undone(w, before)
    finally:
        check.equal(w.run("umount", "/etc"), (0, ""))


@check.test
def no_room_for_the_record(w):
    """what was before cannot be kept: nothing is changed"""
    before = fresh.snapshot()
    os.makedirs(RECORD)
    enter.mount("tmpfs", RECORD, "tmpfs", 0, "size=4k,mode=0700")
    try:
        status, text = w.run(*fresh.command(w, "--yes"))
        check.equal(status, 1, text)
        check.contains(text, f"{RECORD}: No space left on device; nothing was changed")
        check.equal(fresh.differs(before), [])
    finally:
        check.equal(w.run("umount", RECORD), (0, ""))
    undone(w, before)


@check.test
def an_sshd_of_its_own_kind(w):
    """sshd_config without a folder of more files gets a line at its top; local passwords that this opens are spoken of"""
    path = "/etc/ssh/sshd_config"
    was = world.read(path)
    with_helper(w)
    w.run("latchkey", "setup", "--undo", "--yes")
    world.write(path, was.replace("Include /etc/ssh/sshd_config.d/*.conf\n", "PasswordAuthentication no\nLoginGraceTime 900\n"))
    before = fresh.snapshot()
    status, text = w.run(*fresh.command(w, "--yes"))
    check.equal(status, 0, text)
    check.contains(text, f"+Include {DROP_IN}", "local users who have a password can use it over SSH from now on")
    settings = w.run("/usr/sbin/sshd", "-T")[1]
    check.contains(settings, "kbdinteractiveauthentication yes", "passwordauthentication no", "logingracetime 900")
    status, text = w.run(*fresh.command(w, "--yes"))
    check.equal(status, 0, text)
    check.contains(text, "There is nothing to change.")
    undone(w, before)
    world.write(path, was)


@check.test
def changed_since(w):
    """a file that somebody has changed since stays when everything else goes back, and the change is shown"""
    before = fresh.snapshot()
    with_helper(w)
    status, text = w.run(*fresh.command(w, "--yes"))
    check.equal(status, 0, text)
    mine = world.read(DROP_IN) + "MaxAuthTries 3\n"
    world.write(DROP_IN, mine)
    status, text = w.run("latchkey", "setup", "--undo", "--yes")
    check.equal(status, 1, text)
    check.contains(text, f"{DROP_IN} was changed since set-up and stays", "+MaxAuthTries 3", "1 files stay")
    check.equal(fresh.differs(before), [DROP_IN])
    everybody_gets_in(w)
    os.unlink(DROP_IN)
    undone(w, before)
    # A stack that was changed by hand is nobody else's either; the others go back.
    path = "/etc/pam.d/common-session"
    was = world.read(path)
    check.equal(w.run(*fresh.command(w, "--yes"))[0], 0)
    world.write(path, world.read(path).replace("# here are the per-package modules", "# mine"))
    status, text = w.run("latchkey", "setup", "--undo", "--yes")
    check.equal(status, 1, text)
    check.contains(text, f"{path} was changed since", "take that out by hand", "1 files stay")
    check.equal(fresh.differs(before), [path])
    everybody_gets_in(w)
    world.write(path, was)
    undone(w, before)


@check.test
def another_profile(w):
    """pam-auth-update was run for another profile since: ours goes, theirs stays, and nothing is left to undo"""
    before = fresh.snapshot()
    with_helper(w)
    check.equal(w.run(*fresh.command(w, "--yes"))[0], 0)
    update = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}}
    check.equal(w.run("pam-auth-update", "--enable", "mkhomedir", **update)[0], 0)
    everybody_gets_in(w)
    status, text = w.run("latchkey", "setup", "--undo", "--yes")
    check.equal(status, 0, text)
    for name in ("auth", "account", "session", "password"):
        check.lacks(world.read(f"/etc/pam.d/common-{name}"), "latchkey")
    check.contains(world.read("/etc/pam.d/common-session"), "pam_mkhomedir.so")
    check.equal(os.path.exists(RECORD), False, "the record")
    everybody_gets_in(w)
    check.equal(w.run("pam-auth-update", "--disable", "mkhomedir", **update)[0], 0)
    check.equal([p for p in fresh.differs(before) if p.startswith("/etc")], [])


@check.test
def others_work(w):
    """settings, sources and lines that set-up must not overrule: it stops, says which, and has changed nothing"""
    for path, text, words in (
            (CONFIG, "[provider mine]\nissuer = https://id.example\n", "has settings that set-up did not make"),
            ("/etc/nsswitch.conf", "passwd: files [NOTFOUND=return] sss\n", "ends the search before"),
            (f"{CONFIG}.d/10-mine.conf", "[access]\nnothing = x\n", "10-mine.conf"),
            ("/etc/ssh/sshd_config", "Nonsense yes\n", "that was so before; mend it first")):
        was = world.read(path) if os.path.exists(path) else None
        world.write(path, text)
        before = fresh.snapshot()
        status, said = w.run(*fresh.command(w, "--yes"))
        check.equal(status, 1, said)
        check.contains(said, words)
        check.equal(fresh.differs(before), [], path)
        if was is None:
            os.unlink(path)
        else:
            world.write(path, was)


@check.test
def by_hand(w):
    """common files that somebody has changed by hand: the lines for PAM are shown, and they stay as they are"""
    path = "/etc/pam.d/common-auth"
    with_helper(w)
    w.run("latchkey", "setup", "--undo", "--yes")
    before, was = fresh.snapshot(), world.read(path)
    world.write(path, was.replace("# here are the per-package modules", "# mine"))
    changed = world.read(path)
    status, text = w.run(*fresh.command(w, "--yes"))
    check.equal(status, 1, text)
    check.contains(text, "changed them by hand", "default=die] pam_latchkey.so")
    check.equal(world.read(path), changed)
    world.write(path, was)
    undone(w, before)


@check.test
def with_a_secret(w):
    """the client's secret lies where the helper alone can read it, and is shown nowhere"""
    before = fresh.snapshot()
    world.write("/root/secret", "s3cr3t-of-the-client\n", 0o600)
    status, text = w.run(*fresh.command(w, "--yes", "--secret-file", "/root/secret"))
    check.contains(text, "invalid_client", "nothing was changed")
    check.equal(status, 1)
    check.lacks(text, "s3cr3t")
    check.equal(fresh.differs(before), [])


@check.test
def an_image(w):
    """--root: an image's files change, none of this system's, and nothing is asked; undone by the same option"""
    before = fresh.snapshot()
    subprocess.run(["mkdir", "-p", "/srv/image/var/lib", "/srv/image/usr/share"], check=True)
    subprocess.run(["cp", "-a", "/etc", "/srv/image/"], check=True)
    subprocess.run(["cp", "-a", "/var/lib/pam", "/srv/image/var/lib/"], check=True)
    subprocess.run(["cp", "-a", "/usr/share/pam-configs", "/srv/image/usr/share/"], check=True)
    image = subprocess.run(["find", "/srv/image", "-type", "f", "-exec", "sha256sum", "{}", "+"], check=True,
                           capture_output=True).stdout
    w.provider.clear()
    status, text = w.run(*fresh.command(w, "--yes", "--root", "/srv/image/"))
    check.equal(status, 0, text)
    check.equal(w.provider.from_helper(), [], "requests")
    check.equal(fresh.differs(before), [])
    for path in ("/etc/pam.d/common-auth", "/etc/nsswitch.conf", CONFIG):
        check.contains(world.read(f"/srv/image{path}"), "latchkey")
    check.equal(w.run("latchkey", "setup", "--undo", "--yes", "--root", "/srv/image")[0], 0)
    now = subprocess.run(["find", "/srv/image", "-type", "f", "-exec", "sha256sum", "{}", "+"], check=True,
                         capture_output=True).stdout
    check.equal(sorted(now.splitlines()), sorted(image.splitlines()), "the image")


@check.test
def local_passwords(w):
    """after set-up root changes a local user's password, and local users their own"""
    with_helper(w)
    check.equal(w.run(*fresh.command(w, "--yes"))[0], 0)
    with terminal.Terminal(["passwd", world.LOCAL_PERSON], w.environment()) as t:
        for question in ("New password:", "Retype new password:"):
            t.expect(question)
            t.send("staple battery 7\n")
        t.expect("password updated successfully")
    with terminal.Terminal(["setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "passwd"], w.environment()) as t:
        for question, answer in (("Current password:", "staple battery 7"), ("New password:", world.LOCAL_PASSWORD),
                                 ("Retype new password:", world.LOCAL_PASSWORD)):
            t.expect(question)
            t.send(answer + "\n")
        t.expect("password updated successfully")
    everybody_gets_in(w)
    check.equal(w.run("latchkey", "setup", "--undo", "--yes")[0], 0)


if __name__ == "__main__":
    fresh.begin()
    with fresh.Fresh() as the_world:
        the_world.start()
        check.run(the_world)
