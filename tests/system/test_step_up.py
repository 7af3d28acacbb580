#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""sudo that asks for more than who somebody is: how old the sign-in at the provider may be, of which class it must be, and
on the person's own device (CIBA) in place of a page. Real sudo, a real provider; the tests are the person."""
import os
import re
import subprocess

import check
import people
import terminal
import world

SECRET = "client-secret"
MFA, PASSWORD = "urn:example:mfa", "urn:example:password"
CIBA = "method=ciba"
WORD = r"only if it shows (\S+)"
LET_IN = "uid=0(root)"


def given(w, sudo, **sections):
    """A helper that asks this of sudo; it has forgotten which requests are on people's devices."""
    provider = (f"issuer={w.provider.issuer}\nclient_id=latchkey\nclient_secret_file=/etc/latchkey/client.secret\n"
                "scope=openid profile email groups")  # no refresh token: what the token endpoint hears are polls
    w.reconfigure(**{"provider demo": provider, "access": "everyone=yes", "access sudo": f"everyone=yes\n{sudo}", **sections})
    w.provider.clear()
    w.provider.settings(login={}, cibaTtl=0)
    w.provider.people(alice={"disabled": False, "groups": ["staff"]})
    w.provider.messages("^[a-zA-Z0-9-._+/!?#]{1,20}$")


def as_alice(*command):
    uid = subprocess.run(["id", "-u", "alice"], capture_output=True, text=True, check=True).stdout.strip()
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *command]


def on_a_terminal(w):
    """sudo on a terminal of alice's, without what it remembers."""
    return terminal.Terminal(as_alice("sudo", "-k", "id"), w.environment())


class Blind:
    """sudo where there is no terminal: what it says goes to a pipe."""

    def __init__(self, w, *options):
        self.process = subprocess.Popen(as_alice("setsid", "--wait", "sudo", "-k", *options, "id"), env=w.environment(),
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def finish(self):
        text = self.process.communicate(timeout=120)[0]
        return self.process.returncode, text


def by_code(w, login):
    """A sign-in by code of somebody who signs in so at the provider. Return: sudo's status and all that was on the screen."""
    w.provider.settings(login=login)
    with on_a_terminal(w) as t:
        t.expect(r"what somebody sent you")
        people.approve(people.Challenge(t.text), "alice")
        return t.finish(), t.text


def pushed(w):
    """What is on alice's device now."""
    return check.eventually(w.provider.pushes, "a push")[-1]


def by_device(w, answer):
    """The same on alice's own device."""
    with on_a_terminal(w) as t:
        t.expect(WORD)
        check.equal(pushed(w)["message"], re.search(WORD, t.text)[1], "the word on the device and on the terminal (CB-03)")
        w.provider.answer(**answer)
        return t.finish(), t.text


def let_in(result):
    check.equal(result[0], 0, f"sudo's status: {result[1]}")
    check.contains(result[1], LET_IN)


def refused(w, result, text, detail):
    check.equal(result[0], 1, f"sudo's status: {result[1]}")
    check.contains(" ".join(result[1].split()), text)
    check.lacks(result[1], LET_IN)
    check.contains(w.daemon.log(), detail)


@check.test
def what_is_asked_and_answered(w):
    """acr and max_age are asked of the provider, and its answer lets her elevate (SU-01, ID-12, ID-13)"""
    given(w, f"acr={MFA}\namr=otp\nmax_age=15m")
    let_in(by_code(w, {"acr": MFA, "amr": ["pwd", "otp"], "age": 600}))
    asked = w.provider.from_helper("device")[-1]["params"]
    check.equal((asked["acr_values"], asked["max_age"]), (MFA, "900"), "what was asked")


@check.test
def not_strong_enough(w):
    """another class or means, or one that the provider does not tell, is refused in words for her and for the log (SU-03)"""
    given(w, f"acr={MFA}\namr=otp")
    refused(w, by_code(w, {"acr": PASSWORD, "amr": ["otp"]}), "a stronger way of signing in", f"acr is '{PASSWORD}'")
    refused(w, by_code(w, {"acr": MFA, "amr": ["pwd"]}), "a stronger way of signing in", "amr is 'pwd', without 'otp'")
    refused(w, by_code(w, {}), "does not say how or when you signed in", "the ID token has no acr")
    refused(w, by_code(w, {"acr": MFA}), "does not say how or when you signed in", "the ID token has no amr")


@check.test
def too_long_ago(w):
    """an old sign-in at the provider, or one whose time it does not tell, is refused; 0 means this very one (SU-02)"""
    given(w, "max_age=15m")
    refused(w, by_code(w, {"age": 4000}), "too long ago", "max_age is 900 s")
    w.provider.fault("token", "unsaid")
    refused(w, by_code(w, {}), "does not say how or when you signed in", "no auth_time")
    given(w, "max_age=0")
    let_in(by_code(w, {}))
    refused(w, by_code(w, {"age": 600}), "too long ago", "max_age is 0 s")


@check.test
def groups_besides_a_grant(w):
    """require_groups wants all of them, whoever else is let in"""
    given(w, "require_groups=staff operators")
    refused(w, by_code(w, {}), "may not use this service", "no grant of the access section fits")
    w.provider.people(alice={"groups": ["staff", "operators"]})
    let_in(by_code(w, {}))


@check.test
def on_her_own_device(w):
    """her device shows what the terminal shows, nothing is typed, and the answer is checked (CB-01, CB-03, CB-08, CB-14)"""
    given(w, f"{CIBA}\nacr={MFA}\nmax_age=15m")
    let_in(by_device(w, {"acr": MFA, "age": 100}))
    sent = w.provider.from_helper("ciba")[-1]["params"]
    check.equal((sent["acr_values"], sent["requested_expiry"]), (MFA, "120"), "what was asked")
    check.equal(sent["login_hint"], pushed(w)["sub"], "who was meant (CB-02)")
    refused(w, by_device(w, {"acr": PASSWORD}), "a stronger way of signing in", f"acr is '{PASSWORD}'")
    given(w, f"{CIBA}\nacr={MFA}\nmax_age=15m")
    refused(w, by_device(w, {"acr": MFA, "age": 4000}), "too long ago", "max_age is 900 s")
    given(w, f"{CIBA}\nacr={MFA}")
    refused(w, by_device(w, {}), "does not say how or when you signed in", "the ID token has no acr")


@check.test
def without_a_terminal(w):
    """sudo without a terminal works by her own device, and by a code it says that it needs one (DEV-03)"""
    given(w, CIBA)
    for options in (("-S",), ()):
        blind = Blind(w, *options)
        push = pushed(w)
        w.provider.answer()
        status, text = blind.finish()
        check.equal(status, 0, f"sudo's status: {text}")
        check.contains(text, LET_IN, f"only if it shows {push['message']}")
        w.provider.clear()
    given(w, "method=device")
    status, text = Blind(w, "-S").finish()
    check.equal(status, 1, "sudo's status")
    check.contains(text, "needs a terminal")
    check.equal(w.provider.from_helper("device"), [], "codes that nobody would have seen")


@check.test
def sudo_that_may_not_ask(w):
    """sudo -n asks nobody by itself; where sudoers lets it call the stack all the same, her own device is asked"""
    world.write("/etc/sudoers", "Defaults !lecture, noninteractive_auth\nalice ALL=(ALL:ALL) ALL\n", 0o440)
    given(w, CIBA)
    blind = Blind(w, "-n")
    pushed(w)
    w.provider.answer()
    status, text = blind.finish()
    check.equal(status, 0, f"sudo's status: {text}")
    check.contains(text, LET_IN)


@check.test
def a_no_and_nobody_there(w):
    """a person who says no, one whom the provider cannot ask, and one who does not answer (CB-10, CB-15)"""
    given(w, CIBA)
    no = by_device(w, {"deny": True})
    refused(w, no, "declined at the provider", "access_denied")

    given(w, CIBA)
    w.provider.people(alice={"disabled": True})
    with on_a_terminal(w) as t:
        t.expect(WORD)
        unknown = t.finish(), t.text
    refused(w, unknown, "declined at the provider", "unknown_user_id")
    check.equal(w.provider.pushes(), [], "pushes")

    def words(text):
        return re.sub(r"[A-Z]{4}-[0-9]{2}|reference \S+|[0-9A-Z]{4}-[0-9A-Z]{4}", "X", " ".join(text.split()))
    check.equal(words(unknown[1]), words(no[1]), "what the terminal shows of both (CB-15)")

    given(w, CIBA)
    w.provider.settings(cibaTtl=3)
    with on_a_terminal(w) as t:
        t.expect(WORD)
        refused(w, (t.finish(), t.text), "nobody approved in time", "nobody approved in time")


@check.test
def one_at_a_time(w):
    """a second request is not sent while one is on her device, or was refused or left there a moment ago (CB-16)"""
    given(w, CIBA)
    with on_a_terminal(w) as t:
        t.expect(WORD)
        pushed(w)
        status, text = Blind(w, "-S").finish()
        check.equal(status, 1, "sudo's status")
        check.contains(text, "A request went to your own device a moment ago")
        t.send("\x03")  # left
        t.finish()
    check.contains(Blind(w, "-S").finish()[1], "A request went to your own device a moment ago")
    check.equal(len(w.provider.from_helper("ciba")), 1, "requests")

    given(w, "method=ciba device")
    refused(w, by_device(w, {"deny": True}), "declined at the provider", "access_denied")
    let_in(by_code(w, {}))  # a code that is typed tires nobody
    check.equal(len(w.provider.from_helper("ciba")), 1, "requests")


@check.test
def a_provider_with_moods(w):
    """slow_down, 503 with Retry-After, a message that it does not take, and an error of its own (CB-04, CB-09, CB-10)"""
    given(w, CIBA)
    w.provider.fault("token", "reply", status=503, headers={"retry-after": "2"}, type="text/plain", body="busy")
    let_in(by_device(w, {}))
    check.equal([r.get("fault", False) for r in w.provider.from_helper("token")][:2], [True, False], "polls")
    first, second = [r["time"] for r in w.provider.from_helper("token")][:2]
    if second - first < 2000:
        raise AssertionError(f"asked again after {second - first} ms")

    given(w, CIBA)
    w.provider.messages("^[A-Z0-9]{1,8}$")
    let_in(by_device(w, {}))
    tried = [r["params"]["binding_message"] for r in w.provider.from_helper("ciba")]
    check.equal(len(tried), 2, "messages")
    check.equal(tried[0].split("-", 1)[1].replace("-", ""), tried[1], "the random part of both")

    given(w, CIBA)
    w.provider.fault("token", "reply", status=400, body={"error": "slow_down"})
    let_in(by_device(w, {}))
    first, second = [r["time"] for r in w.provider.from_helper("token")][:2]
    if second - first < 6000:
        raise AssertionError(f"asked again after {second - first} ms")

    given(w, CIBA)
    w.provider.fault("ciba", "reply", status=500, type="text/html", body="<html>", count=3)  # sudo tries three times
    with on_a_terminal(w) as t:
        status = t.finish()
        refused(w, (status, t.text), "the provider cannot be reached", "HTTP 500")
    let_in(by_device(w, {}))  # one that was never sent leaves no trace


@check.test
def people_who_never_came(w):
    """nobody can be asked who has not signed in before, and another method is used where there is one"""
    given(w, "method=device", **{"access": "everyone=yes\nmethod=ciba"})
    with w.ssh("bob", "id") as t:
        check.equal(t.finish(), 255, "ssh's status")
        check.contains(t.text, "may not use this service")
    given(w, "method=device", **{"access": "everyone=yes\nmethod=ciba device"})
    with w.ssh("bob", "id") as t:
        people.sign_in(t, "bob")
        check.equal(t.finish(), 0, f"ssh's status: {t.text}")


@check.test
def keys_are_held_against_the_last_sign_in(w):
    """a public key proves nothing of how she signed in at the provider"""
    w.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
    uid = int(w.run("id", "-u", "alice")[1])
    world.write("/home/alice/.ssh/authorized_keys", world.read("/root/key.pub"), 0o600)
    for path in ("/home/alice/.ssh", "/home/alice/.ssh/authorized_keys"):
        os.chown(path, uid, uid)

    def by_key():
        return w.run(*w.ssh_command("alice", "echo", "let-in", tty=False, options=["-i", "/root/key", "-o", "BatchMode=yes"]))
    for acr, works in ((PASSWORD, False), (MFA, True)):
        given(w, "method=device")
        w.provider.settings(login={"acr": acr})
        with w.ssh("alice", "id", options=["-o", "PubkeyAuthentication=no"]) as t:
            people.sign_in(t, "alice")
            check.equal(t.finish(), 0, f"ssh's status: {t.text}")
        given(w, "method=device", **{"access sshd": f"everyone=yes\nacr={MFA}"})
        status, text = by_key()
        check.equal("let-in" in text, works, f"status {status}, {text}")
        if not works:
            check.contains(text, "a stronger way of signing in")


if __name__ == "__main__":
    world.begin()
    with world.World(clientSecret=SECRET) as the_world:
        the_world.start()
        world.write("/etc/latchkey/client.secret", SECRET + "\n", 0o400)
        os.chown("/etc/latchkey/client.secret", *the_world.daemon_user)
        given(the_world, "method=device")
        with the_world.ssh("alice", "id") as first:
            people.sign_in(first, "alice")
            check.equal(first.finish(), 0, f"ssh's status: {first.text}")
        check.run(the_world)
