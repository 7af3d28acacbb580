#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tokens for the session: from within a session that the provider let in, by the command, shown to the provider by a real
curl; and how they end, here and there."""
import json
import os
import re
import subprocess

import check
import people
import world

COMMAND = f"{world.PROGRAMS}/latchkey"
SCOPE = "openid profile email offline_access"
ALICE = "5f0c9a52-6f4e-4f0e-9d57-1b2f60a1c001"  # her subject


def given(w, scopes="all"):
    w.reconfigure(**{f"provider {world.PROVIDER}": f"issuer={w.provider.issuer}\nclient_id=latchkey\nscope={SCOPE}\n"
                     f"token_scopes={scopes}", "access": "everyone=yes\nrecheck=0"})


def session(w, script, name="alice"):
    """What a whole session printed that begins with a sign-in."""
    with w.ssh(name, f"stty -echo; {script}; echo end-of-it") as t:
        people.sign_in(t, name)
        t.expect(r"end-of-it")
        check.equal(t.finish(), 0, "ssh's status")
        return t.text


def ids(name="alice"):
    fields = subprocess.run(["getent", "passwd", name], capture_output=True, text=True, check=True).stdout.split(":")
    return int(fields[2]), int(fields[3])


def command(w, *arguments, name="alice"):
    return w.run(COMMAND, *arguments, user=ids(name))


def userinfo(w, token):
    """(status, what it says) of a token, which curl reads as a header from its standard input."""
    done = subprocess.run(["curl", "-sS", "-H", "@-", "-w", "\n%{http_code}", f"{w.provider.issuer}/me"],
                          input=f"Authorization: Bearer {token}\n", capture_output=True, text=True, check=True)
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(body or "{}")


@check.test
def in_a_session(w):
    """a session's own shell gets a token, and the provider takes it from curl for hers; nothing of it is in the environment (R13)"""
    given(w)
    text = session(w, f"{COMMAND} token --header | curl -sS -H @- {w.provider.issuer}/me; echo; env; cat /proc/$PPID/environ; "
                   "ps axww")
    said = json.loads(re.search(r'^\{.*"sub".*\}', text, re.M)[0])
    check.equal(said["preferred_username"], "alice", "whose token it was")
    status, token = command(w, "token")
    check.equal(status, 0, token)
    check.lacks(text, token.strip())
    check.equal(userinfo(w, token.strip())[0], 200, "the provider's word on it")
    check.lacks(text, "Bearer ")


@check.test
def less_than_all(w):
    """a token of fewer scopes says less (OA-13), and one beyond token_scopes is not handed out"""
    given(w, "openid email")
    session(w, "true")
    status, token = command(w, "token", "--scope", "openid")
    check.equal(status, 0, token)
    status, said = userinfo(w, token.strip())
    check.equal((status, sorted(said)), (200, ["sub"]), "with openid alone")
    status, token = command(w, "token")
    status, said = userinfo(w, token.strip())
    check.equal(status, 200, "with all of the list")
    check.equal("email" in said and "preferred_username" not in said, True, f"what the list brings: {said}")
    status, text = command(w, "token", "--scope", "profile")
    check.equal(status, 1, text)
    check.contains(text, "not-handed-out")


@check.test
def of_nobody_else(w):
    """bob gets his own and nobody's; somebody of /etc/passwd and root get none (L1, T1)"""
    given(w)
    session(w, "true")
    session(w, "true", "bob")
    status, token = command(w, "token", name="bob")
    check.equal(status, 0, token)
    check.equal(userinfo(w, token.strip())[1]["preferred_username"], "bob", "whose it is")
    check.equal(command(w, "token", "alice", name="bob")[0], 1, "alice's for bob")
    check.equal(command(w, "token", name=world.LOCAL_PERSON)[0], 1, "for a local person")
    check.equal(w.run(COMMAND, "token", "alice")[0], 1, "for root")


@check.test
def locked(w):
    """nothing is handed out until the next sign-in, and that changes it"""
    given(w)
    session(w, "true")
    check.equal(command(w, "lock")[0], 0, "lock")
    status, text = command(w, "token")
    check.equal(status, 1, text)
    check.contains(text, "refused (locked)")
    session(w, "true")
    check.equal(command(w, "token")[0], 0, "after a sign-in")


@check.test
def logged_out(w):
    """logout revokes at the provider: the tokens that somebody has already end there too (REV-02, REV-06)"""
    given(w)
    session(w, "true")
    status, token = command(w, "token")
    check.equal(userinfo(w, token.strip())[0], 200, "before")
    w.provider.clear()
    status, text = command(w, "logout")
    check.equal(status, 0, text)
    check.contains(text, "here and at the provider")
    revocations = [r for r in w.provider.requests() if r["path"] == "/token/revocation"]
    check.equal([(r["method"], r["status"]) for r in revocations], [("POST", 200)], "the revocation")
    check.equal(userinfo(w, token.strip())[0], 401, "after")
    status, text = command(w, "token")
    check.equal(status, 1, text)
    check.contains(text, "sign-in-needed")
    check.contains(command(w, "logout")[1], "nothing to revoke")


@check.test
def gone(w):
    """whom the provider does not know any more gets no fresh token (I17)"""
    given(w, "openid")
    session(w, "true")
    w.provider.people(alice={"disabled": True})
    status, text = command(w, "token")
    check.equal(status, 1, text)
    check.contains(text, "refused")
    w.provider.people(alice={"disabled": False})
    check.equal(command(w, "token")[0], 1, "without a sign-in")
    session(w, "true")
    check.equal(command(w, "token")[0], 0, "after a sign-in")


@check.test
def forgotten(w):
    """forget revokes too"""
    given(w)
    session(w, "true", "bob")
    status, token = command(w, "token", name="bob")
    check.equal(userinfo(w, token.strip())[0], 200, "before")
    check.equal(w.run(COMMAND, "forget", "bob")[0], 0, "forget")
    check.eventually(lambda: userinfo(w, token.strip())[0] == 401, "the revocation")


@check.test
def of_a_local_account(w):
    """an account of /etc/passwd that is somebody's by root's configuration gets its person's token, and the end of it"""
    w.provider.people(alice={"disabled": False})
    w.reconfigure(**{f"provider {world.PROVIDER}": f"issuer={w.provider.issuer}\nclient_id=latchkey\nscope={SCOPE}\n"
                     "token_scopes=all", f"local-account {world.LOCAL_PERSON}": f"subject={ALICE}", "access": "everyone=yes"})
    with w.ssh(world.LOCAL_PERSON, "true") as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 0, "ssh's status")
    status, token = command(w, "token", name=world.LOCAL_PERSON)
    check.equal(status, 0, token)
    check.equal(userinfo(w, token.strip())[1]["sub"], ALICE, "whose it is")
    check.contains(command(w, "logout", name=world.LOCAL_PERSON)[1], "here and at the provider")
    check.equal(userinfo(w, token.strip())[0], 401, "after")
    check.equal(command(w, "token", name=world.LOCAL_PERSON)[0], 1, "without a sign-in")


def main():
    world.begin()
    with world.World() as w:
        w.start()
        check.run(w)


main()
