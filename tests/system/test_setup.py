#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""latchkey setup on a Debian that nobody has configured: the real pam-auth-update, sshd and provider. What it shows, what it
makes, a login after it, and the way back; killed at every step and on a full disk, root and local users log in."""
import hashlib
import os

import check
import fresh
import people
import terminal
import world

CONFIG, DROP_IN = world.CONFIG, "/etc/ssh/sshd_config.d/10-latchkey.conf"
RECORD = "/var/lib/latchkey/setup"
EVERYTHING = ("/etc", "/var/lib/pam")


def command(w, *more, client="latchkey"):
    return ["latchkey", "setup", "--issuer", w.provider.issuer, "--client-id", client, "--provider", "demo", "--everyone",
            "--scope", "openid profile email groups offline_access", *more]


def snapshot():
    """Every file that set-up could change: content, mode, owner."""
    found = {}
    for top in EVERYTHING:
        for folder, folders, names in os.walk(top):
            for name in names + folders:
                path = f"{folder}/{name}"
                st = os.lstat(path)
                content = b""
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as f:
                        content = f.read()
                found[path] = (hashlib.sha256(content).hexdigest(), st.st_mode, st.st_uid, st.st_gid)
    return found


def differs(before):
    after = snapshot()
    return sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))


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
    check.equal(differs(before), [], "what is left in /etc")
    check.equal(os.path.exists(RECORD), False, "the record")


@check.test
def misuse(w):
    """what is missing is said, and nothing is asked or changed"""
    before = snapshot()
    for argv, words in (([], "--issuer must be"), (["--issuer", "https://id.example"], "--client-id must be"),
                        (["--issuer", "https://id.example", "--client-id", "x"], "who may log in?"),
                        (["--undo", "--users", "alice"], "--undo goes with"), (["--root", "image"], "absolute")):
        status, text = w.run("latchkey", "setup", *argv)
        check.equal(status, 2, text)
        check.contains(text, words)
    check.equal(w.provider.from_helper(), [], "requests")
    check.equal(differs(before), [])


@check.test
def only_shown(w):
    """--dry-run: every change as a diff, for which the provider was asked; without a terminal nothing goes on"""
    before = snapshot()
    status, text = w.run(*command(w, "--dry-run"))
    check.equal(status, 0, text)
    check.contains(text, "takes this client", "+++ /etc/latchkey/latchkey.conf", f"+issuer = {w.provider.issuer}",
                   "-passwd:         files\n", "+passwd:         files latchkey\n", "--- /etc/nscd.conf", f"+++ {DROP_IN}",
                   "+LoginGraceTime 660", "+++ /etc/pam.d/common-auth", "pam_latchkey.so")
    check.lacks(text, "\033")
    check.equal([r["at"] for r in w.provider.from_helper()], ["discovery", "jwks", "device"], "requests")
    check.equal(differs(before), [])
    status, text = w.run(*command(w))
    check.equal(status, 1, text)
    check.contains(text, "there is no terminal to ask on", "nothing was changed")
    check.equal(differs(before), [])
    check.equal(os.path.exists("/run/latchkey-setup"), False, "the stage")


@check.test
def on_a_terminal(w):
    """one question, whose answer no changes nothing; colours, unless NO_COLOR says otherwise"""
    before = snapshot()
    for env, has in (({}, True), ({"NO_COLOR": "1"}, False)):
        with terminal.Terminal(command(w), w.environment(**env)) as t:
            t.expect(r"Make these changes\? \[y/N\]:")
            t.send("n\n")
            check.equal(t.finish(), 1, t.text)
            check.equal("\033[32m+issuer" in t.output.decode(), has, "colours")
    check.equal(differs(before), [])


@check.test
def refused_client(w):
    """a client that the provider does not know, and an issuer that nobody answers for: said, with the mend (SU)"""
    before = snapshot()
    status, text = w.run(*command(w, "--yes", "--dialect", "keycloak", client="nobody"))
    check.equal(status, 1, text)
    check.contains(text, "the provider gave no code", "OAuth 2.0 Device Authorization Grant", "docs/providers/keycloak.md",
                   "nothing was changed")
    w.provider.fault("discovery", "reply", status=503, body="{}")
    status, text = w.run(*command(w, "--yes"))
    check.equal(status, 1, text)
    check.contains(text, "the provider could not be used", "nothing was changed")
    check.equal(differs(before), [])


@check.test
def a_profile_that_is_lost(w):
    """a pam-auth-update whose debconf is broken loses pam_unix: not believed, and PAM is left to the administrator"""
    os.rename(fresh.TEMPLATES, f"{fresh.TEMPLATES}.away")
    try:
        status, text = w.run(*command(w, "--dry-run"))
        check.equal(status, 0, text)
        check.contains(text, "pam-auth-update would take")
        check.lacks(text, "+++ /etc/pam.d/common-auth")
    finally:
        os.rename(f"{fresh.TEMPLATES}.away", fresh.TEMPLATES)


@check.test
def there_and_back(w):
    """without systemd all but PAM is made until the helper answers; then a login by device flow, twice nothing, and back"""
    before = snapshot()
    status, text = w.run(*command(w, "--yes"))
    check.equal(status, 1, text)
    check.contains(text, "does not answer", "PAM is not enabled")
    check.lacks(world.read("/etc/pam.d/common-auth"), "latchkey")
    everybody_gets_in(w)
    for unit in w.units.values():
        unit.start()
    status, text = w.run(*command(w, "--yes"))
    check.equal(status, 0, text)
    check.contains(text, "Writing /etc/pam.d/common-auth", "Done.")
    check.lacks(text, "Writing /etc/nsswitch.conf")
    after = snapshot()
    status, text = w.run(*command(w, "--yes"))
    check.equal(status, 0, text)
    check.contains(text, "There is nothing to change.")
    check.equal(differs(after), [])
    everybody_gets_in(w)
    w.start_sshd()
    try:
        with w.ssh("alice") as t:
            people.sign_in(t, "alice")
            t.expect(r"alice@workstation:~\$")
    finally:
        w.stop_sshd()
    for unit in reversed(w.units.values()):
        unit.stop()
    everybody_gets_in(w)
    undone(w, before)
    everybody_gets_in(w)


if __name__ == "__main__":
    fresh.begin()
    with fresh.Fresh() as the_world:
        the_world.start()
        check.run(the_world)
