#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Security events (CAEP, RISC) of a transmitter that is polled, signed by the real provider's key, against real ssh
sessions (SS-02 to SS-09, I17, T17)."""
import os
import time

import check
import transmitter
import world
from sessions import ALICE_SUBJECT, given, is_gone, is_open, is_over, session

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"
RISC = "https://schemas.openid.net/secevent/risc/event-type/"
SSF = "https://schemas.openid.net/secevent/ssf/event-type/"
STREAM = transmitter.Transmitter()


def listening(w, **sections):
    world.write("/etc/latchkey/events.token", transmitter.TOKEN + "\n", 0o600)
    os.chown("/etc/latchkey/events.token", w.daemon_user[0], -1)
    given(w, "background_recheck_max=0s\nend_sessions_grace=0s", f"events_endpoint={STREAM.endpoint}\n"
          "events_token_file=/etc/latchkey/events.token\nevents_interval=1s", **sections)


def send(w, event, typ="secevent+jwt", header=None, under=None, **changes):
    """Returns the id that it goes by."""
    jti = os.urandom(8).hex()
    claims = {"iss": w.provider.issuer, "aud": "latchkey", "iat": int(time.time()), "jti": jti, "events": {event: {}},
              "sub_id": {"format": "iss_sub", "iss": w.provider.issuer, "sub": ALICE_SUBJECT}, **changes}
    token = w.provider.sign({k: v for k, v in claims.items() if v is not None}, typ=typ, **(header or {}))
    STREAM.send(under or jti, token)
    return under or jti


def heard(jti):
    check.eventually(lambda: jti in STREAM.acks, f"an acknowledgement of {jti}")


@check.test
def session_revoked(w):
    """session-revoked ends Alice's session, not Bob's, and is acknowledged; sent again after her next sign-in, it does
    nothing (SS-05, SS-06, SS-08)"""
    listening(w)
    with session(w, "bob") as bob:
        with session(w, "alice") as alice:
            STREAM.keeps = True
            jti = send(w, CAEP + "session-revoked")
            is_over(alice)
            is_gone(w)
            heard(jti)
        with session(w, "alice") as alice:
            before = STREAM.acks.count(jti)
            check.eventually(lambda: STREAM.acks.count(jti) > before + 1, "the same event again, and again")
            is_open(alice)
            STREAM.keeps = False
            STREAM.forget()
            alice.send("exit\n")
            alice.finish()
        is_open(bob)
        bob.send("exit\n")
        bob.finish()
    check.contains(w.daemon.log(), "result=session-revoked")


@check.test
def account_disabled(w):
    """account-disabled of RISC, with the subject where older transmitters have it, and within a complex one"""
    for changes in ({"sub_id": None, "events": {RISC + "account-disabled": {"subject": {
                        "subject_type": "iss-sub", "iss": w.provider.issuer, "sub": ALICE_SUBJECT}}}},
                    {"sub_id": {"format": "complex", "user": {"format": "iss_sub", "iss": w.provider.issuer,
                                                              "sub": ALICE_SUBJECT},
                                "device": {"format": "opaque", "id": "d"}}}):
        with session(w, "alice") as t:
            heard(send(w, RISC + "account-disabled", **changes))
            is_over(t)
            is_gone(w)


@check.test
def asked_again(w):
    """token-claims-change has the provider asked at once"""
    with session(w, "alice") as t:
        w.provider.clear()
        heard(send(w, CAEP + "token-claims-change"))
        check.eventually(lambda: "refresh_token" in [r.get("grant") for r in w.provider.requests("token")], "a refresh")
        is_open(t)
        t.send("exit\n")
        t.finish()


@check.test
def events_that_are_none(w):
    """what is not to be believed is said to be so, and what means nothing here is acknowledged; nobody's session ends
    (SS-02, SS-03, SS-09, T17, I5)"""
    revoked = CAEP + "session-revoked"
    others = ({"format": "email", "email": "alice@example.org"}, {"format": "opaque", "id": ALICE_SUBJECT},
              {"format": "iss_sub", "iss": "https://other.example", "sub": ALICE_SUBJECT})
    with session(w, "alice") as t:
        faults = {
            send(w, revoked, aud="somebody-else"): "invalid_audience",
            send(w, revoked, iss=w.provider.issuer + "/"): "invalid_issuer",
            send(w, revoked, header={"kid": "no-such-key"}): "invalid_key",
            send(w, revoked, typ="JWT"): "invalid_request",
            send(w, revoked, typ="logout+jwt"): "invalid_request",
            send(w, revoked, exp=int(time.time()) + 100): "invalid_request",
            send(w, revoked, sub=ALICE_SUBJECT): "invalid_request",
            send(w, revoked, events={}): "invalid_request",
            send(w, revoked, under="another-id"): "invalid_request",
        }
        STREAM.send("no-token", "x")
        faults["no-token"] = "invalid_request"
        check.eventually(lambda: set(faults) <= set(STREAM.faults), "all faults")
        check.equal({jti: STREAM.faults[jti]["err"] for jti in faults}, faults, "what was wrong with each")
        check.equal([jti for jti in faults if jti in STREAM.acks], [], "acknowledged all the same")
        for jti in (send(w, SSF + "verification", sub_id={"format": "opaque", "id": "stream"}),
                    send(w, SSF + "stream-updated"), send(w, "urn:example:unknown"),
                    *(send(w, revoked, sub_id=other) for other in others),
                    send(w, revoked, iat=int(time.time()) - 1000)):
            heard(jti)
        is_open(t)
        t.send("exit\n")
        t.finish()


@check.test
def stream_that_was_away(w):
    """an event that waits while the helper is down is heard afterwards; a wrong token is said aloud, and is in no log"""
    with session(w, "alice") as t:
        w.daemon.stop()
        jti = send(w, CAEP + "session-revoked")
        w.daemon.start()
        is_over(t)
        is_gone(w)
        heard(jti)
    world.write("/etc/latchkey/events.token", "wrong\n", 0o600)
    w.daemon.restart()
    check.eventually(lambda: STREAM.refused > 0, "a refused question")
    check.eventually(lambda: "this host's token is not accepted" in w.daemon.log(), "a line about it")
    for unit in w.units.values():
        check.lacks(unit.log(), transmitter.TOKEN)


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        check.run(the_world)
