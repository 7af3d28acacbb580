#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The way in: a person who was not known a minute ago gets a shell over SSH, by telephone, by browser, by hand."""
import os
import re

import authserver
import check
import people
import terminal
import varlink
import world

PICTURES = os.path.join(world.enter.TOP, "build", "pictures")


def status():
    with varlink.Varlink() as v:
        return v.call("io.latchkey.Status")["parameters"]


@check.test
def qr_code_and_browser(w):
    """a QR reader reads the screen, Chromium opens exactly that address, the shell opens (R10, R11)"""
    os.makedirs(PICTURES, exist_ok=True)
    picture = f"{PICTURES}/sign-in.png"
    with terminal.Screen(w.ssh_command("alice")) as s:
        s.expect(people.QUESTION)
        s.picture(picture)
        url = terminal.read_qr(picture)
        challenge = people.Challenge(s.text)
        check.equal(url, f"{w.provider.issuer}/device?user_code={challenge.code}", "address in the QR code")
        check.contains(challenge.text, "workstation", "alice", "127.0.0.1")
        seen = authserver.browse(url, "alice", picture=f"{PICTURES}/browser.png")
        check.equal((seen["outcome"], seen.get("shown")), ("approved", challenge.code), f"browser {seen}")
        s.enter()
        s.expect(r"alice@workstation:~\$")
        s.send("id; echo home $HOME; stat -c '%U %a' .")
        s.enter()
        s.expect(r"uid=(\d+)\(alice\) gid=\1\(alice\)")
        s.expect("home /home/alice\nalice 700")
        s.picture(f"{PICTURES}/shell.png")
    check.contains(w.daemon.log(), "result=granted user=alice")
    check.logged(w, "session opened for user alice")


@check.test
def light_terminal(w):
    """polarity=light: the QR code reads on a light screen"""
    w.pam("polarity=light")
    try:
        with terminal.Screen(w.ssh_command("alice")) as s:
            s.expect(people.QUESTION)
            s.picture(f"{PICTURES}/light.png", light=True)
            url = terminal.read_qr(f"{PICTURES}/light.png")
            check.equal(url, f"{w.provider.issuer}/device?user_code={people.Challenge(s.text).code}", "address")
    finally:
        w.pam()


@check.test
def typed_code(w):
    """80x24, LANG=C, qr=ascii: the code typed at the short address in Chromium (R11)"""
    w.pam("qr=ascii")
    try:
        command = ["env", "-u", "LANG", "LC_ALL=C", *w.ssh_command("alice")]
        with terminal.Screen(command) as s:
            s.expect(people.QUESTION)
            check.lacks(s.text, "\\342", "\\033", "\u2588")
            challenge = people.Challenge(s.text)
            check.equal(challenge.url, f"{w.provider.issuer}/device", "short address")
            seen = authserver.browse(challenge.url, "alice", code=challenge.code)
            check.equal((seen["outcome"], seen.get("shown")), ("approved", challenge.code), f"browser {seen}")
            s.enter()
            s.expect(r"\$$|\$\n")
    finally:
        w.pam()


@check.test
def small_terminal(w):
    """20x10 and TERM=dumb: sshd cannot tell the size; address, code and a way in are there (R11)"""
    with w.ssh("alice", "true", columns=20, rows=10, TERM="dumb") as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 0, "ssh's status")


@check.test
def second_login_keeps_uid(w):
    """a second login as the same person keeps the UID, and asks the provider for nothing new but the code"""
    uids = []
    for _ in range(2):
        w.provider.clear()
        with w.ssh("alice", "id -u") as t:
            people.sign_in(t, "alice")
            uids.append(t.expect(r"\n(\d+)\n")[1])
            check.equal(t.finish(), 0, "ssh's status")
    check.equal(uids[0], uids[1], "uid")
    asked = [r["at"] for r in w.provider.from_helper()]
    check.equal((asked.count("device"), asked.count("discovery"), asked.count("jwks")), (1, 0, 0),
                f"requests of a warm login {asked}")
    status, record = w.run("getent", "passwd", "alice")
    check.equal(status, 0, "getent")
    check.equal(record.split(":")[2:3] + record.strip().split(":")[4:],
                [uids[0], "Alice Liddell", "/home/alice", "/bin/bash"], "passwd record")
    check.equal(w.run("getent", "passwd", uids[0])[1], record, "by uid")
    check.equal(w.run("getent", "group", uids[0])[1].split(":")[0], "alice", "private group")


@check.test
def never_too_early(w):
    """no poll comes too early, also after slow_down (D3)"""
    w.provider.settings(interval=2)
    try:
        with w.ssh("alice", "true") as t:
            challenge = people.await_challenge(t)
            check.eventually(lambda: len(w.provider.from_helper("token")) >= 1, "a poll")
            # One reply that tells to slow down: the interval is 2 + 5 s from here on.
            w.provider.fault("token", "reply", status=400, body={"error": "slow_down"})
            check.eventually(lambda: any(r.get("fault") for r in w.provider.from_helper("token")), "slow_down")
            people.approve(challenge, "alice")
            t.send("\n")
            check.equal(t.finish(), 0, "ssh's status")
        polls = w.provider.from_helper("token")
        check.equal([r for r in polls if r.get("early")], [], "early polls")
        slowed = next(i for i, r in enumerate(polls) if r.get("fault"))
        waited = (polls[slowed + 1]["time"] - polls[slowed]["time"]) / 1000
        if waited < 6.9:
            raise AssertionError(f"only {waited} s after slow_down")
    finally:
        w.provider.settings(interval=1)


@check.test
def early_enter_is_not_an_answer(w):
    """Enter before the approval, or text, starts no second flow and lets nobody in (D10)"""
    with w.ssh("alice", "echo let-in") as t:
        challenge = people.await_challenge(t)
        t.send("yes\n")
        try:
            t.expect("let-in", 3)
            raise AssertionError("let in without an approval")
        except terminal.Closed:
            pass
        people.approve(challenge, "alice")
        if t.process.poll() is None and "let-in" not in t.text:
            t.send("\n")
        t.expect("let-in")
        check.equal(t.finish(), 0, "ssh's status")
    check.equal(len(w.provider.from_helper("device")), 1, "codes")


@check.test
def no_token_in_session(w):
    """neither code nor token in the environment, the process list, utmp or a log (R13, D7)"""
    with w.ssh("alice", "env; cat /proc/*/cmdline | tr '\\0' ' '; who") as t:
        challenge = people.sign_in(t, "alice")
        check.equal(t.finish(), 0, "ssh's status")
        shown = t.text[t.seen:]
    check.lacks(shown, "eyJ", challenge.code)
    logs = w.report()
    check.lacks(logs, "eyJ", challenge.code, challenge.code.replace("-", ""), "device_code", "access_token")


@check.test
def parallel_logins(w):
    """six logins of three people at once, each with a code of their own (R14, I10)"""
    names = ["alice", "bob", "carol"] * 2
    sessions = [w.ssh(name, "id -un") for name in names]
    try:
        challenges = [people.await_challenge(t) for t in sessions]
        check.equal(len({c.code for c in challenges}), len(names), "codes")
        for challenge, name in zip(challenges, names):
            people.approve(challenge, name)
        for t, name in zip(sessions, names):
            t.send("\n")
            t.expect(rf"\n{name}\n")
            check.equal(t.finish(), 0, "ssh's status")
    finally:
        for t in sessions:
            t.close()
    uids = {name: w.run("id", "-u", name)[1] for name in set(names)}
    check.equal(len(set(uids.values())), 3, "uids")


@check.test
def many_at_once(w):
    """200 pending sign-ins: every one has a code of its own, and no poll of any comes too early (D3, R5)"""
    w.provider.settings(interval=3)
    calls = [varlink.Varlink() for _ in range(200)]
    try:
        for number, v in enumerate(calls):
            v.send("io.latchkey.Authenticate", more=True, version=1, user=f"person{number}", service="sshd",
                   rhost=f"10.0.{number // 100}.{number % 100 + 1}")
        codes = {v.receive()["parameters"]["challenge"]["user_code"] for v in calls}
        check.equal(len(codes), len(calls), "codes")
        check.eventually(lambda: len(w.provider.from_helper("token")) >= 2 * len(calls), "two polls each")
        early = [r for r in w.provider.from_helper("token") if r.get("early")]
        check.equal(early, [], "early polls")
        check.eventually(lambda: status()["pending"] == len(calls), "all of them pending, and nobody else")
    finally:
        for v in calls:
            v.close()
        w.provider.settings(interval=1)
    check.eventually(lambda: status()["pending"] == 0, "the end of all")


@check.test
def elevation_with_sudo(w):
    """sudo asks for a sign-in of the person on the terminal, at once and without a prompt"""
    with w.ssh("alice") as t:
        people.sign_in(t, "alice")
        t.expect(r"alice@workstation:~\$")
        t.send("sudo -k; sudo id -u\n")
        start = t.seen
        t.expect(people.CODE + r"\b")
        check.eventually(lambda: t.expect(r"somebody sent you|what you started"), "the whole text")
        challenge = people.Challenge(t.text[start:])
        people.approve(challenge, "alice")
        t.expect(r"\n0\n")
        t.send("exit\n")
        check.equal(t.finish(), 0, "ssh's status")


@check.test
def sudo_of_a_local_person(w):
    """somebody from /etc/passwd signs in and elevates with a password, as before"""
    before = len(w.provider.from_helper())
    with w.ssh(world.LOCAL_PERSON) as t:
        t.expect("Password:")
        t.send(world.LOCAL_PASSWORD + "\n")
        t.expect(r"olga@workstation:~\$")
        t.send("sudo -k; sudo id -u\n")
        t.expect("password for olga")
        t.send(world.LOCAL_PASSWORD + "\n")
        t.expect(r"\n0\n")
    check.equal(len(w.provider.from_helper()), before, "requests")


@check.test
def console_login(w):
    """login(1) on a terminal: text at once, no prompt, a shell after the approval"""
    with terminal.Terminal(["login"], w.environment()) as t:
        t.expect("login:")
        t.send("alice\n")
        start = t.seen
        t.expect(people.CODE + r"\b")
        t.expect(r"somebody sent you")
        people.approve(people.Challenge(t.text[start:]), "alice")
        t.expect(r"alice@workstation:~\$")
        t.send("exit\n")
        t.finish()


@check.test
def without_a_terminal(w):
    """su and sudo without a terminal refuse with a clear text and never poll"""
    uid = int(w.run("id", "-u", "alice")[1])
    for caller, command in ((uid, ["sudo", "-k", "id"]), (1000, ["su", "alice", "-c", "id"])):
        status, text = w.run("setsid", "--wait", *command, user=(caller, caller))
        check.equal(status, 1, f"status of {command} with {text}")
        check.contains(text, "Sign-in needs a terminal, to show you what to approve.")
        check.lacks(text, "uid=")
    check.logged(w, "nobody to show it to")
    check.equal(w.provider.from_helper("token"), [], "polls")


@check.test
def passwd_lookups_are_quiet(w):
    """lookups reach neither helper nor provider once the account is on the map (C9)"""
    w.daemon.stop()
    try:
        status, text = w.run("getent", "passwd", "alice")
        check.equal((status, text.split(":")[0]), (0, "alice"), "getent with the helper stopped")
        check.equal(w.run("getent", "passwd", "nobody-of-that-name")[0], 2, "unknown name")
        check.equal(w.run("id", "-un", "root")[1], "root\n", "root")
    finally:
        w.daemon.start()
    check.equal(w.provider.from_helper(), [], "requests")
    if re.search(r"\bnobody-of-that-name\b", w.daemon.log()):
        raise AssertionError("an ordinary program's question reached the helper")


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        check.run(the_world)
