#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who has approved once and comes again without a sign-in: by public key, sudo, su and cron, all of them real. The provider
is asked each time, and what it says counts: a no for good, also without the network, until the next sign-in; silence
and nonsense for nothing (I17)."""
import contextlib
import json
import os
import re
import subprocess
import threading

import check
import enter
import people
import world

KEY = ["-i", "/root/key", "-o", "BatchMode=yes"]
CRON = ("/usr/sbin/cron", os.path.join(enter.TOP, "build/packages/cron/usr/sbin/cron"))
AUDIT = "/var/log/latchkey/audit.jsonl"
SCOPE = "openid profile email groups offline_access"
ALICE = {"disabled": False, "groups": ["staff", "operators"]}


def given(w, access="everyone=yes\nrecheck=0", **sections):
    """The helper's configuration, with tokens that are kept."""
    w.reconfigure(**{f"provider {world.PROVIDER}": f"issuer={w.provider.issuer}\nclient_id=latchkey\nscope={SCOPE}",
                     "latchkey": f"allow_insecure_loopback=yes\nend_sessions=no\naudit_file={AUDIT}", "access": access, **sections})


@contextlib.contextmanager
def switched_off(w):
    w.provider.stop()
    try:
        yield
    finally:
        w.provider.start()


def sign_in(w, name="alice"):
    with w.ssh(name, "echo let-in", options=["-o", "PubkeyAuthentication=no"]) as t:
        people.sign_in(t, name)
        check.equal(t.finish(), 0, f"ssh's status: {t.text}")


def by_key(w, *command):
    return w.run(*w.ssh_command("alice", *(command or ("echo", "let-in")), tty=False, options=KEY))


def uid_of(name="alice"):
    return int(subprocess.run(["getent", "passwd", name], capture_output=True, text=True, check=True).stdout.split(":")[2])


def by_sudo(w):
    """sudo that asks nobody: the account phase alone decides."""
    return w.run("sudo", "-n", "echo", "let-in", user=(uid_of(), uid_of()))


def by_su(w):
    return w.run("su", "alice", "-c", "echo let-in")


def by_cron(w):
    """A job of hers that is due when cron starts. Return: has it run."""
    ran = "/tmp/cron-ran"
    for path in ("/run/crond.reboot", "/run/crond.pid", ran):
        if os.path.exists(path):
            os.unlink(path)
    world.write("/var/spool/cron/crontabs/alice", f"@reboot id -un > {ran}.new; mv {ran}.new {ran}\n", 0o600)
    os.chown("/var/spool/cron/crontabs/alice", uid_of(), -1)
    mark = len(w.system_log.lines)
    daemon = subprocess.Popen([next(c for c in CRON if os.path.exists(c)), "-f"], stdin=subprocess.DEVNULL)
    try:
        check.eventually(lambda: os.path.exists(ran) or any("cron:account" in line and "refused" in line
                                                            for line in w.system_log.lines[mark:]), "cron's decision")
        return os.path.exists(ran)
    finally:
        daemon.terminate()
        daemon.wait()


def all_ways(w):
    return {"key": by_key(w)[1].endswith("let-in\n"), "sudo": by_sudo(w) == (0, "let-in\n"),
            "su": by_su(w) == (0, "let-in\n"), "cron": by_cron(w)}


def refreshes(w):
    return [r for r in w.provider.from_helper("token") if r.get("grant") == "refresh_token"]


def events():
    with open(AUDIT, encoding="ascii") as f:
        return [json.loads(line) for line in f]


def audit_of(reference):
    return [(e["decision"], e["result"]) for e in events() if e.get("reference") == reference]


NONE, ALL = dict.fromkeys(("key", "sudo", "su", "cron"), False), dict.fromkeys(("key", "sudo", "su", "cron"), True)


@check.test
def approved_once(w):
    """approve once: then key, sudo, su and cron need no approval, and the provider is asked each time"""
    given(w)
    check.equal(by_key(w)[0], 255, "before the first sign-in")
    sign_in(w)
    w.provider.clear()
    check.equal(all_ways(w), ALL)
    check.equal([r["status"] for r in refreshes(w)], [200] * 4, "refreshes")
    check.equal(w.provider.from_helper("device"), [], "codes")


@check.test
def a_fresh_answer_counts(w):
    """within recheck nobody is asked, also not with the provider switched off, and a restart changes nothing"""
    given(w, access="everyone=yes\nrecheck=1h")
    sign_in(w)
    w.provider.clear()
    check.equal(all_ways(w), ALL)
    check.equal(w.provider.from_helper("token"), [], "requests")
    with switched_off(w):
        w.daemon.restart()
        check.equal(by_key(w), (0, "let-in\n"))


@check.test
def disabled_at_the_provider(w):
    """disable Alice: refused everywhere, with words and a reference; so it stays with the provider off, and after she is
    enabled until she signs in once"""
    given(w)
    sign_in(w)
    w.provider.people(alice={"disabled": True})
    try:
        status, text = by_key(w)
        check.equal(status, 255, "ssh's status")
        check.contains(" ".join(text.split()), "does not let your account in any more")
        reference = re.search(r"reference ([0-9A-Z]{4}-[0-9A-Z]{4})", " ".join(text.split()))[1]
        check.equal(audit_of(reference), [("account", "refused")], "what the audit file has under it")
        cause = next(e["cause"] for e in events() if e.get("reference") == reference)
        check.equal(audit_of(cause), [("revocation", "refused"), ("refresh", "refused")], "and what led to it")
        check.logged(w, f"refused (refused, reference {reference})")
        check.equal(all_ways(w), NONE)
        check.logged(w, "pam_latchkey(cron:account): user alice: refused (refused, reference")
        with switched_off(w):
            w.daemon.restart()
            check.equal(all_ways(w), NONE, "with the provider off")
        w.provider.people(alice=ALICE)
        check.equal(all_ways(w), NONE, "until she signs in")
    finally:
        w.provider.people(alice=ALICE)
    sign_in(w)
    check.equal(all_ways(w), ALL, "after one sign-in")


@check.test
def neither_yes_nor_no(w):
    """5xx, a cut connection, nonsense and silence are no yes and no no: refused now, and good again by itself"""
    given(w)
    sign_in(w)
    for kind, more in (("reply", {"status": 503}), ("close", {}), ("reply", {"body": "<html>"}),
                       ("reply", {"status": 200, "body": {"access_token": 7}}), ("hang", {})):
        w.provider.fault("token", kind, **more)
        status, text = by_key(w)
        check.equal(status, 255, f"ssh's status after {kind} {more}")
        check.contains(" ".join(text.split()), "cannot be reached")
        w.provider.clear()
        # What had come of a lost reply is for the kept tokens to know; nobody was refused for good.
        check.lacks(" ".join(by_key(w)[1].split()), "does not let your account in any more")
        sign_in(w)
    check.equal(by_key(w), (0, "let-in\n"))


@check.test
def groups_are_those_of_now(w):
    """out of a group at the provider is out of it here with the next session, whatever way it begins"""
    given(w, access="groups=staff\nrecheck=0", **{"group crew": "claim_values=operators"})
    w.provider.people(alice=ALICE)
    sign_in(w)
    check.contains(by_key(w, "id", "-Gn")[1], "crew")
    try:
        w.provider.people(alice={"groups": ["staff"]})
        check.lacks(by_key(w, "id", "-Gn")[1], "crew")
        w.provider.people(alice={"groups": ["operators"]})
        status, text = by_key(w)
        check.equal(status, 255, "outside policy")
        check.contains(" ".join(text.split()), "may not use this service")
        # Back in it, the next session finds out: nobody was refused by the provider.
        w.provider.people(alice={"groups": ["staff", "operators"]})
        check.contains(by_key(w, "id", "-Gn")[1], "crew")
    finally:
        w.provider.people(alice=ALICE)


@check.test
def nothing_to_ask_with(w):
    """without kept tokens and without unchecked a key is refused; with it the last sign-in counts for sign_in_age"""
    given(w)
    sign_in(w)
    w.daemon.stop()
    w.run("sqlite3", "/var/lib/latchkey/private/store.db", "DELETE FROM kept_token; DELETE FROM standing;")
    w.daemon.start()
    status, text = by_key(w)
    check.equal(status, 255, "ssh's status")
    check.contains(" ".join(text.split()), "sign in at", "without a key")
    given(w, access="everyone=yes\nunchecked=yes\nsign_in_age=1h")
    check.equal(by_key(w), (0, "let-in\n"), "unchecked")
    given(w, access="everyone=yes\nunchecked=yes\nsign_in_age=0")
    check.equal(by_key(w)[0], 255, "unchecked, and no sign-in counts")


@check.test
def helper_restarts_in_the_middle(w):
    """the helper is killed while the provider is asked: the session is refused, and none is let in for it (C8, C9)"""
    given(w)
    sign_in(w)
    answer = []
    thread = threading.Thread(target=lambda: answer.append(by_key(w)))
    w.provider.clear()
    w.provider.fault("token", "hang")
    thread.start()
    check.eventually(lambda: w.provider.from_helper("token"), "the question to the provider")
    w.daemon.restart()
    thread.join()
    check.equal(answer[0][0], 255, "ssh's status")
    check.lacks(answer[0][1], "let-in")
    sign_in(w)
    check.equal(by_key(w), (0, "let-in\n"))


def main():
    world.begin()
    with world.World() as w:
        w.start()
        os.mkdir("/var/log/latchkey", 0o700)
        os.chown("/var/log/latchkey", *w.daemon_user)
        w.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
        world.write("/etc/ssh/keys/alice", world.read("/root/key.pub"))
        w.stop_sshd()
        w.start_sshd(["-o", "AuthorizedKeysFile=/etc/ssh/keys/%u"])
        world.write("/etc/sudoers.d/alice", "alice ALL=(ALL:ALL) NOPASSWD: ALL\n", 0o440)
        world.write("/etc/sudoers", world.read("/etc/sudoers").replace("alice ALL=(ALL:ALL) ALL\n", "")
                    + "@includedir /etc/sudoers.d\n", 0o440)
        world.write("/etc/pam.d/cron", world.PAM_STACKS["su"].replace("auth sufficient pam_rootok.so", "").format(
            module=f"{world.PROGRAMS}/pam_latchkey.so", options="").lstrip())
        check.run(w)


main()
