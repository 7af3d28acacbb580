#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""After the sign-in: the real provider, which rotates refresh tokens and revokes a family when a used one comes again, is
asked about alice, by many at once and in the background."""
import json
import threading
import time

import check
import people
import world
from varlink import Varlink

COMMAND = f"{world.PROGRAMS}/latchkey"
ASK_EACH_TIME = "everyone=yes\nrecheck=0s"
LOGINS = 100
FRESH_S = 10  # longer than a hundred questions take


def configure(w, access=ASK_EACH_TIME, latchkey=""):
    w.reconfigure(**{"access": access, "latchkey": "allow_insecure_loopback=yes\n" + latchkey,
                     "limits": "codes_per_address=10000\nconnections_per_uid=1024"})


def sign_in(w):
    """alice approves; what is kept of it is asked with from now on."""
    with w.ssh("alice", "true") as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 0, "ssh's status")


def account_phase():
    """As sshd's module asks after a login by public key. Returns None for a yes, else the reason."""
    with Varlink() as v:
        reply = v.call("io.latchkey.CheckAccount", version=1, user="alice", service="sshd", signed_in=False)
        return reply["parameters"].get("reason", reply["error"]) if "error" in reply else None


def at_once(count):
    """What so many who ask together hear."""
    gate, heard = threading.Barrier(count), []

    def ask():
        gate.wait()
        heard.append(account_phase())

    askers = [threading.Thread(target=ask) for _ in range(count)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    return heard


def refreshes(w):
    return [r for r in w.provider.from_helper("token") if r.get("grant") == "refresh_token"]


@check.test
def a_hundred_logins_and_one_refresh(w):
    """R14: a hundred at once are one refresh and a hundred times yes, again and again; nobody takes it for a theft"""
    configure(w, f"everyone=yes\nrecheck={FRESH_S}s")
    sign_in(w)
    time.sleep(FRESH_S + 1.5)
    w.provider.clear()
    check.equal(at_once(LOGINS), [None] * LOGINS, "what they hear")
    check.equal([r["status"] for r in refreshes(w)], [200], "refreshes")
    configure(w)
    for _ in range(3):
        w.provider.clear()
        check.equal(at_once(LOGINS), [None] * LOGINS, "what they hear when each wants a fresh answer")
        # Who comes when the answer is there already asks anew: that is what was wanted.
        check.equal({r["status"] for r in refreshes(w)}, {200}, "refreshes")
    w.provider.clear()
    check.equal(account_phase(), None, "the family lives")
    check.equal(len(refreshes(w)), 1, "one more")


@check.test
def over_a_restart(w):
    """what was kept works for the next helper, also for one that follows a kill -9"""
    w.daemon.restart()
    check.equal(account_phase(), None, "after a restart")
    w.daemon.kill_and_wait_back()
    check.equal(account_phase(), None, "after a kill")


@check.test
def neither_yes_nor_no(w):
    """5xx, no JSON and a refused client are no answers: refused now, and a yes as soon as there is one again"""
    for fault in ({"status": 503, "body": "down"}, {"status": 200, "body": "<html>"},
                  {"status": 401, "body": {"error": "invalid_client"}}, {"status": 429, "body": ""}):
        w.provider.clear()
        w.provider.fault("token", "reply", **fault)
        check.equal(account_phase(), "unavailable", str(fault))
        check.eventually(lambda: account_phase() is None, f"a yes after {fault}")


@check.test
def a_lost_answer(w):
    """C1: the provider has rotated, and nobody heard: sign in again, which heals it; nobody was refused as a person"""
    w.provider.clear()
    w.provider.fault("token", "lost")
    check.equal(account_phase(), "unavailable", "the answer was lost")
    check.eventually(lambda: account_phase() == "sign-in-needed", "the copy is not taken")
    sign_in(w)
    check.equal(account_phase(), None, "after one sign-in")


@check.test
def gone_and_back(w):
    """disabled at the provider: refused, also when it is switched off and the helper starts anew; one sign-in heals it"""
    w.provider.people(alice={"disabled": True})
    check.equal(account_phase(), "refused", "the next login")
    check.contains(w.run(COMMAND, "show", "alice")[1], "standing       refused\n", "refusal        provider says invalid_grant")
    w.provider.people(alice={"disabled": False})
    check.equal(account_phase(), "refused", "until she signs in")
    w.daemon.restart()
    check.equal(account_phase(), "refused", "after a restart")
    sign_in(w)
    check.equal(account_phase(), None, "after one sign-in")
    shown = json.loads(w.run(COMMAND, "show", "alice", "--json")[1])
    check.equal((shown["standing"], "refusal" in shown), ("good", False), "what is shown")


@check.test
def in_the_background(w):
    """who has a session is asked about at half the life of the token, and a no is known before anybody asks"""
    w.provider.settings(accessTokenTtl=4)
    configure(w, "everyone=yes\nrecheck=1h", "background_recheck_min=1s\nbackground_recheck_max=2s\nend_sessions=no")
    sign_in(w)
    w.provider.clear()
    check.eventually(lambda: len(refreshes(w)) >= 3, "questions that nobody asked for")
    check.equal({r["status"] for r in refreshes(w)}, {200}, "their answers")
    w.provider.people(alice={"disabled": True})
    check.eventually(lambda: account_phase() == "refused", "a no")
    made = len(refreshes(w))
    check.comes_to_rest(lambda: len(refreshes(w)), "no more questions")
    w.provider.people(alice={"disabled": False})
    if len(refreshes(w)) > made + 1:
        raise AssertionError("it was asked about after the no")


@check.test
def an_open_session_ends(w):
    """a session that is open when alice is disabled ends by itself; another person's goes on"""
    w.provider.settings(accessTokenTtl=4)
    configure(w, "everyone=yes\nrecheck=1h",
              "background_recheck_min=1s\nbackground_recheck_max=2s\nend_sessions_grace=1s")
    with w.ssh("alice", "echo begun; sleep 1000") as hers, w.ssh("bob", "echo begun; read line; echo over") as his:
        people.sign_in(hers, "alice")
        hers.expect("begun")
        people.sign_in(his, "bob")
        his.expect("begun")
        w.provider.people(alice={"disabled": True})
        if hers.finish() == 0:
            raise AssertionError("her session ended as if she had left")
        his.send("\n")
        his.expect("over")
        check.equal(his.finish(), 0, "bob's session")
    check.contains(w.daemon.log(), "decision=session-end")
    w.provider.people(alice={"disabled": False})


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        configure(the_world)
        check.run(the_world)
