#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the latchkey command does on a machine that is at work, for root and for people."""
import json
import urllib.error
import urllib.parse
import urllib.request

import authserver
import check
import people
import terminal
import world
from patience import PATIENCE

COMMAND = f"{world.PROGRAMS}/latchkey"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def signs_in(w, name):
    with w.ssh(name, "id -u") as t:
        people.sign_in(t, name)
        uid = t.expect(r"\n(\d+)\n")[1]
        check.equal(t.finish(), 0, "ssh's status")
        return int(uid)


def ask(url, **fields):
    data = urllib.parse.urlencode(fields).encode() if fields else None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, data, timeout=PATIENCE) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as e:
        return json.load(e)


@check.test
def try_in_the_terminal(w):
    """latchkey try: a sign-in without sshd; interrupted, it ends at once"""
    with terminal.Terminal([COMMAND, "try", "alice"], w.environment()) as t:
        url, code = t.expect(r"(?s)open +(http\S+).*?code +(\S+)").groups()
        check.equal(authserver.visit(url, "alice", code)[0], True, "the visit")
        t.expect("Granted")
        check.equal(t.finish(), 0, "status")
    with terminal.Terminal([COMMAND, "try", "alice"], w.environment()) as t:
        t.expect("valid for")
        t.send("\x03")
        t.finish()
    check.eventually(lambda: json.loads(w.run(COMMAND, "status", "--json")[1])["pending"] == 0, "the attempt's end")


@check.test
def status_and_accounts(w):
    """status, accounts and show, for people and for programs"""
    uid = signs_in(w, "alice")
    status, text = w.run(COMMAND, "status", "--json")
    check.equal(status, 0, text)
    facts = json.loads(text)
    check.equal((facts["accounts"], facts["fetch"], facts["providers"][0]["ready"]), (1, "connected", True), text)
    listed = json.loads(w.run(COMMAND, "accounts", "--json")[1])
    check.equal([(a["name"], a["uid"]) for a in listed], [("alice", uid)], "accounts")
    check.contains(w.run(COMMAND, "show", "alice")[1], str(uid), w.provider.issuer, "active")
    check.equal(w.run(COMMAND, "show", "nobody-has-it")[0], 1, "status for an unknown name")
    check.equal(w.run(COMMAND, "no-such-command")[0], 2, "status for misuse")


@check.test
def for_ordinary_people(w):
    """a person may see the own account and nothing else"""
    uid = signs_in(w, "alice")
    check.equal(w.run(COMMAND, "show", "alice", user=(uid, uid))[0], 0, "the own account")
    for words in (["accounts"], ["status"], ["forget", "alice"]):
        check.equal(w.run(COMMAND, *words, user=(uid, uid))[0], 1, f"{words}")
    check.equal(w.run(COMMAND, "show", "alice", user=(1000, 1000))[0], 1, "another's account")


@check.test
def inspect_a_real_token(w):
    """inspect judges a token of the real server: valid, and every way not"""
    start = ask(w.provider.issuer + "/device/auth", client_id="latchkey", scope="openid")
    check.equal(authserver.visit(start["verification_uri_complete"], "alice")[0], True, "the visit")
    token = ask(w.provider.issuer + "/token", client_id="latchkey", grant_type=DEVICE_GRANT,
                device_code=start["device_code"])["id_token"]
    world.write("/tmp/jwks", json.dumps(ask(w.provider.issuer + "/jwks")))

    def inspect(issuer=w.provider.issuer, audience="latchkey", text=token):
        return w.run(COMMAND, "inspect", "--jwks", "/tmp/jwks", "--issuer", issuer, "--audience", audience, text)[0]
    check.equal(inspect(), 0, "a good token")
    check.equal(inspect(issuer=w.provider.issuer + "/"), 1, "another issuer")
    check.equal(inspect(audience="latchkey2"), 1, "another audience")
    header, payload, signature = token.split(".")
    check.equal(inspect(text=f"{header}.{payload}.{signature[::-1]}"), 1, "another signature")
    check.equal(inspect(text=f"{header}.{payload}"), 1, "two parts")


@check.test
def forgotten(w):
    """forget: the name is gone, cannot log in, and is never given to anybody else (I6, I9)"""
    uid = signs_in(w, "alice")
    check.equal(w.run(COMMAND, "forget", "alice")[0], 0, "forget")
    check.equal(w.run("getent", "passwd", "alice")[0], 2, "alice on the map")
    check.equal(w.run("getent", "passwd", str(uid))[0], 2, "the uid on the map")
    w.provider.clear()
    with w.ssh("alice", "echo let-in") as t:
        t.expect("Password:")
        check.lacks(t.text, "Approve")
    check.equal(w.provider.from_helper(), [], "requests")
    listed = json.loads(w.run(COMMAND, "accounts", "--json")[1])
    check.equal([(a["name"], a["uid"], a["state"]) for a in listed], [("alice", uid, "forgotten")], "accounts")


@check.test
def without_a_helper(w):
    """status 3 when the helper cannot be reached"""
    w.daemon.stop()
    try:
        check.equal(w.run(COMMAND, "status")[0], 3, "status")
    finally:
        w.daemon.start()


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        check.run(the_world)
