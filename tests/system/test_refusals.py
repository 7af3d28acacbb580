#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every way a sign-in may fail at the provider: what the person sees, what the administrator sees, and that nothing is
left behind: no account, no session, no code redeemed later."""

import check
import people
import world

REFUSED = "Permission denied"


def refused(w, name, person, says, result, deny=False, fault=None, during=None):
    """One login that must fail. @says: to the person; @result: words of the helper's line about it."""
    mark, said = len(w.daemon.log()), len(w.system_log.lines)
    is_known = w.run("getent", "-s", "latchkey", "passwd", name)[0] == 0
    with w.ssh(name, "echo let-in") as t:
        challenge = people.await_challenge(t)
        if during:
            during(challenge)
        if fault:
            w.provider.fault(*fault[:2], **(fault[2] if len(fault) > 2 else {}))
        if person:
            people.approve(challenge, person, deny)
        t.send("\n")
        status = t.finish()
        text = " ".join(t.text.split())
    if status != 255:
        raise AssertionError(f"ssh ended with {status}:\n{text}")
    check.contains(text, says)
    check.lacks(t.text.split("Press Enter", 1)[1], "let-in", "\\3", "Press Enter")
    line = [x for x in w.daemon.log()[mark:].splitlines() if "decision=sign-in" in x]
    check.equal(len(line), 1, f"lines about it {line}")
    check.contains(line[0], f"result={result}")
    check.lacks(line[0], challenge.code)
    check.eventually(lambda: "pam_latchkey" in "".join(w.system_log.lines[said:]), "the module's line")
    ours = [x for x in w.system_log.lines[said:] if "pam_latchkey" in x]
    check.contains(ours[0], f"user {name if is_known else '(unknown)'}: refused")  # R4
    return line[0]


def unknown(w, name):
    check.equal(w.run("getent", "passwd", name)[0], 2, f"getent passwd {name}")
    check.equal(w.run("getent", "-s", "latchkey", "passwd", name)[0], 2, f"{name} on the map")


@check.test
def approved_by_somebody_else(w):
    """Bob approves Alice's code: refused, nothing stored (T1, D2, N16)"""
    line = refused(w, "alice", "bob", "approved by somebody who is not the account", "wrong-account")
    check.lacks(line, "let in")
    unknown(w, "alice")
    unknown(w, "bob")


@check.test
def denied(w):
    """denied at the provider (D5)"""
    refused(w, "alice", "bob", "declined at the provider", "denied", deny=True)
    check.comes_to_rest(lambda: len(w.provider.from_helper("token")), "polls after the end")
    unknown(w, "alice")


@check.test
def expired(w):
    """nobody approves in time (D4)"""
    w.provider.settings(deviceTtl=8)
    mark = len(w.daemon.log())
    try:
        refused(w, "alice", None, "nobody approved in time", "expired", during=lambda _: check.eventually(
            lambda: "result=expired" in w.daemon.log()[mark:], "the end of the code's time"))
    finally:
        w.provider.settings(deviceTtl=600)
    unknown(w, "alice")


def token_refused(w, kind):
    refused(w, "alice", "alice", "could not be verified", "token-invalid", fault=("token", kind))
    unknown(w, "alice")


@check.test
def wrong_audience(w):
    """ID token for another client (T13)"""
    token_refused(w, "audience")


@check.test
def wrong_issuer(w):
    """ID token of another issuer (T15)"""
    token_refused(w, "issuer")


@check.test
def forged_signature(w):
    """one bit of the signature (T10)"""
    token_refused(w, "signature")


@check.test
def forged_payload(w):
    """another payload under a good signature"""
    token_refused(w, "payload")


@check.test
def unsigned(w):
    """alg none (T2)"""
    token_refused(w, "none")


@check.test
def key_as_hmac_secret(w):
    """the public key used as an HMAC secret (T3)"""
    token_refused(w, "hmac")


@check.test
def unknown_key(w):
    """a kid that the provider does not publish (N14)"""
    token_refused(w, "kid")


@check.test
def foreign_key(w):
    """signed by another key under the provider's kid"""
    token_refused(w, "foreign")


@check.test
def token_expired(w):
    """an ID token of three hours ago (T16)"""
    token_refused(w, "expired")


@check.test
def critical_header(w):
    """a critical header that is not understood (T7)"""
    token_refused(w, "crit")


@check.test
def token_missing(w):
    """no ID token although openid was asked for (N19)"""
    refused(w, "alice", "alice", "Sign-in", "", fault=("token", "missing"))
    unknown(w, "alice")


@check.test
def provider_answers_with_an_error(w):
    """an error at the token endpoint that ends the flow"""
    refused(w, "alice", None, "Sign-in", "", fault=("token", "reply", {
        "status": 400, "body": {"error": "invalid_grant"}}))
    unknown(w, "alice")


@check.test
def captive_portal(w):
    """HTML instead of an answer to the request for a code (N8)"""
    w.provider.fault("device", "reply", type="text/html", body="<html>Please pay</html>")
    with w.ssh("alice", "echo let-in") as t:
        check.equal(t.finish(), 255, "ssh's status")
    check.contains(t.text, "Sign-in")
    check.lacks(t.text, "Please pay")
    unknown(w, "alice")


@check.test
def redirect_is_not_followed(w):
    """a redirect of the token endpoint goes nowhere (N3)"""
    refused(w, "alice", None, "Sign-in", "", fault=("token", "reply", {
        "status": 307, "headers": {"location": w.provider.issuer + "/canary"}, "body": {}}))
    check.lacks(str(w.provider.requests()), "/canary")
    unknown(w, "alice")


@check.test
def hostile_error_text(w):
    """terminal sequences in the provider's error text reach neither terminal nor log (N17, R12)"""
    evil = "\u001b]0;owned\u0007\nAccepted publickey for root \u202e"
    mark = len(w.daemon.log())
    refused(w, "alice", None, "Sign-in", "", fault=("token", "reply", {
        "status": 400, "body": {"error": "access_denied", "error_description": evil}}))
    check.lacks(w.daemon.log()[mark:], "\u001b", "\u0007", "\nAccepted", "\u202e")


@check.test
def wrong_subject_at_userinfo(w):
    """userinfo of somebody else (T21)"""
    refused(w, "alice", "alice", "Sign-in", "", fault=("userinfo", "reply", {
        "body": {"sub": "somebody-else", "preferred_username": "alice"}}))
    unknown(w, "alice")


@check.test
def claims_that_are_a_local_name(w):
    """a person whose claim is alice's name signs in as alice, once alice is bound: refused (I6)"""
    with w.ssh("alice", "id -u") as t:
        people.sign_in(t, "alice")
        uid = t.expect(r"\n(\d+)\n")[1]
        check.equal(t.finish(), 0, "ssh's status")
    w.provider.people(mallory={"preferred_username": "alice"})
    try:
        refused(w, "alice", "mallory", "Sign-in refused", "")
    finally:
        w.provider.people(mallory={"preferred_username": "mallory"})
    check.equal(w.run("id", "-u", "alice")[1].strip(), uid, "uid")


@check.test
def rotated_key(w):
    """the provider has changed its key: one refetch, then in (N15)"""
    # A helper that has not refetched for an unknown key within the last minute.
    w.daemon.restart()
    with w.ssh("alice", "true") as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 0, "ssh's status")
    w.provider.clear()
    w.provider.rotate()
    with w.ssh("alice", "echo let-in") as t:
        people.sign_in(t, "alice")
        t.expect("let-in")
        check.equal(t.finish(), 0, "ssh's status")
    check.equal(len(w.provider.from_helper("jwks")), 1, "fetches of the keys")


@check.test
def failing_now_and_then(w):
    """polls that are cut off, answered with 503 or by a captive portal do not end the sign-in (N8)"""
    w.provider.fault("token", "close")
    w.provider.fault("token", "reply", type="text/html", body="<html>Please pay</html>")
    w.provider.fault("token", "reply", status=503, type="text/plain", body="busy")
    with w.ssh("alice", "echo let-in") as t:
        challenge = people.await_challenge(t)
        check.eventually(lambda: sum(1 for r in w.provider.from_helper("token") if r.get("fault")) >= 3, "all")
        people.approve(challenge, "alice")
        t.send("\n")
        t.expect("let-in")
        check.equal(t.finish(), 0, "ssh's status")


def refused_at_once(w, result):
    """The provider cannot even be asked for a code: a text, no prompt, before sshd's patience ends."""
    mark = len(w.daemon.log())
    # The client would ask three times over.
    with w.ssh("alice", "echo let-in", options=["-o", "NumberOfPasswordPrompts=1"]) as t:
        status = t.finish()
    check.equal(status, 255, f"ssh's status with {t.text}")
    check.contains(" ".join(t.text.split()), "Sign-in is not possible now: the provider cannot be reached")
    check.contains(w.daemon.log()[mark:], f"result={result}")


@check.test
def provider_hangs(w):
    """the provider takes the request and never answers (N6, N7)"""
    w.provider.fault("device", "hang", count=10)
    refused_at_once(w, "unavailable")


@check.test
def provider_is_down(w):
    """nothing listens at the provider (N7); afterwards all is well again"""
    w.provider.stop()
    try:
        refused_at_once(w, "unavailable")
    finally:
        w.provider.start()


@check.test
def provider_is_down_from_the_start(w):
    """the helper starts before the provider does, and needs no restart later"""
    w.provider.stop()
    try:
        w.daemon.restart()
        refused_at_once(w, "unavailable")
    finally:
        w.provider.start()

    def signs_in():
        with w.ssh("alice", "echo let-in") as t:
            try:
                people.sign_in(t, "alice")
            except world.terminal.Closed:
                return False
            t.expect("let-in")
            return True
    check.eventually(signs_in, "a login after the provider came back")


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        check.run(the_world)
