#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""This host as a client that has registered itself at the real provider (RFC 7591, RFC 7592; REG-01 to REG-11), and that proves
itself by its key from then on (private_key_jwt; AS-01 to AS-06)."""
import json
import os
import subprocess
import time
from email.utils import formatdate

import check
import people
import world
from varlink import Varlink

COMMAND = f"{world.PROGRAMS}/latchkey"
TOKEN = "initial-access-token"
TOKEN_FILE = "/etc/latchkey/enrol.token"
KEY = "/var/lib/latchkey/private/keys/client-demo.pem"
STORE = "/var/lib/latchkey/private/store.db"


def configure(w, more="client=enrolled\n", access="everyone=yes\nrecheck=0s"):
    w.reconfigure(**{"access": access, f"provider {world.PROVIDER}":
                     f"issuer={w.provider.issuer}\nscope=openid profile email groups offline_access\n{more}"})


def enroll(w, *options, status=0):
    code, text = w.run(COMMAND, "enroll", *options)
    check.equal(code, status, text)
    return text


def client_id(text):
    return text.split("client ")[1].split(" of ")[0]


def sign_in(w):
    with w.ssh("alice", "true") as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 0, "ssh's status")


def account_phase():
    with Varlink() as v:
        reply = v.call("io.latchkey.CheckAccount", version=1, user="alice", service="sshd", signed_in=False)
        return reply["parameters"].get("reason", reply["error"]) if "error" in reply else None


def requests(w, at="registration"):
    return [r for r in w.provider.requests(at)]


@check.test
def not_enrolled_yet(w):
    """nobody gets in, nothing is asked, and the log and the status say what to do"""
    configure(w)
    check.contains(w.daemon.log(), "this host is not enrolled yet")
    check.contains(w.run(COMMAND, "status")[1], "not enrolled")
    w.provider.clear()
    with w.ssh("alice", "echo let-in", options=["-o", "NumberOfPasswordPrompts=1"]) as t:
        check.equal(t.finish(), 255, "ssh's status")
    check.equal(w.provider.from_helper("device"), [], "requests for a code")
    check.contains(enroll(w, "--renew", status=1), "this host is not enrolled")
    check.contains(enroll(w, "--delete", status=1), "this host is not enrolled")


@check.test
def initial_access_token(w):
    """REG-01: without the token, or with a wrong one, or one that others can read, nothing is registered"""
    check.contains(enroll(w, status=1), "no access token provided")
    world.write(TOKEN_FILE, "wrong\n", 0o600)
    enroll(w, "--token-file", TOKEN_FILE, status=1)
    world.write(TOKEN_FILE, TOKEN + "\n", 0o644)
    check.contains(enroll(w, "--token-file", TOKEN_FILE, status=1), "nobody else may read it")
    check.equal([r["status"] for r in requests(w) if r["status"] == 201], [], "registrations")
    check.lacks(w.daemon.log(), TOKEN)


@check.test
def enrolled(w):
    """REG-01, REG-03, REG-04: one POST with jwks and no jwks_uri, the key made here; it counts at once, and durably"""
    w.provider.clear()
    world.write(TOKEN_FILE, TOKEN + "\n", 0o600)
    name = client_id(enroll(w, "--token-file", TOKEN_FILE))
    [request] = requests(w)
    check.equal((request["method"], request["status"]), ("POST", 201), "the request")
    body = request["body"]
    check.equal(body["token_endpoint_auth_method"], "private_key_jwt", "method")
    check.equal("jwks_uri" in body, False, "jwks_uri")
    [key] = body["jwks"]["keys"]
    check.equal(set(key), {"kty", "crv", "x", "y", "kid", "use", "alg"}, "no private part")
    check.equal(os.stat(KEY).st_mode & 0o777, 0o600, "mode of the key")
    check.equal(os.stat(KEY).st_uid, w.daemon_user[0], "owner of the key")
    with open(STORE, "rb") as f:
        stored = f.read()
    check.equal(name.encode() in stored, False, "the client's id in the store, unsealed")
    check.contains(enroll(w, "--token-file", TOKEN_FILE, status=1), "enrolled already")
    configured = w.daemon.log()
    check.lacks(configured, TOKEN)


@check.test
def whole_login(w):
    """AS-01 to AS-04: code, polls, refresh and revocation, each with an assertion of its own; over a restart and kill -9"""
    w.provider.clear()
    sign_in(w)
    check.equal(account_phase(), None, "the provider's word")
    w.daemon.kill_and_wait_back()
    check.equal(account_phase(), None, "after a kill")
    check.contains(w.run(COMMAND, "logout", "alice")[1], "at the provider")
    seen = [r for at in ("device", "token", "revocation") for r in w.provider.requests(at)]
    check.equal({r["auth"] for r in seen}, {"private_key_jwt"}, "methods")
    check.equal({r["at"] for r in seen}, {"device", "token", "revocation"}, "endpoints")
    check.equal({r.get("error") for r in seen} - {None, "authorization_pending"}, set(), "errors")


@check.test
def renewed(w):
    """REG-06, REG-07, REG-08: PUT to the URL as given, all metadata, none of the provider's own; the new token replaces the old"""
    for _ in range(2):  # the second one needs the token that the first one brought
        w.provider.clear()
        enroll(w, "--renew")
        [request] = requests(w)
        check.equal((request["method"], request["status"]), ("PUT", 200), "the request")
        for member in ("registration_access_token", "registration_client_uri", "client_secret_expires_at",
                       "client_id_issued_at"):
            check.equal(member in request["body"], False, member)
        check.equal(request["body"]["client_id"], request["path"].rsplit("/", 1)[1], "client_id")
        check.equal(request["body"]["subject_type"], "public", "what was never asked for is sent back")
    w.daemon.restart()
    enroll(w, "--renew")


@check.test
def the_answer_is_lost(w):
    """REG-09: the token was rotated and nobody heard: the client goes on, and the log says to enrol again"""
    w.provider.fault("registration", "lost")
    enroll(w, "--renew", status=1)
    w.provider.clear()
    enroll(w, "--renew", status=1)
    check.equal([r["status"] for r in requests(w)], [401], "the old token")
    check.contains(w.daemon.log(), "knows the registration of this host no more")
    sign_in(w)
    check.contains(enroll(w, "--delete"), "no client")
    check.contains(w.daemon.log(), "has ended")


@check.test
def killed_on_the_way(w):
    """killed while the provider is asked, or when its answer was lost: not enrolled, and enrolled by the next try, with the key
    that was made"""
    for fault in ("hang", "lost"):
        w.provider.clear()
        w.provider.fault("registration", fault)
        with subprocess.Popen([COMMAND, "enroll", "--token-file", TOKEN_FILE], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as asker:
            check.eventually(lambda: requests(w), "a request")
            w.daemon.kill_and_wait_back()
            check.equal(asker.wait() in (1, 3), True, "the command's status")
        check.contains(enroll(w, "--renew", status=1), "this host is not enrolled")
    with open(KEY, "rb") as f:
        before = f.read()
    enroll(w, "--token-file", TOKEN_FILE)
    with open(KEY, "rb") as f:
        check.equal(f.read(), before, "the key")
    w.daemon.kill_and_wait_back()
    sign_in(w)


@check.test
def deleted(w):
    """REG-10: DELETE, 204; nobody gets in any more, and the host can be enrolled again; 405 is taken for an end too"""
    w.provider.clear()
    enroll(w, "--delete")
    check.equal([(r["method"], r["status"]) for r in requests(w)], [("DELETE", 204)], "requests")
    w.daemon.restart()
    check.contains(w.daemon.log(), "not enrolled yet")
    enroll(w, "--token-file", TOKEN_FILE)
    w.provider.fault("registration", "reply", status=405, body="")
    enroll(w, "--delete")
    check.contains(w.daemon.log(), "the provider ends no registration")


@check.test
def by_a_secret(w):
    """REG-02: a client with a secret: what comes back is used; its end is never, and so it is not renewed"""
    configure(w, "client=enrolled\nclient_auth=basic\n")
    w.provider.clear()
    enroll(w, "--token-file", TOKEN_FILE)
    sign_in(w)
    check.equal({r["auth"] for r in w.provider.requests("device")}, {"client_secret_basic"}, "method")
    enroll(w, "--renew")
    sign_in(w)
    enroll(w, "--delete")


@check.test
def a_secret_that_ends(w):
    """REG-02, REG-07: renewed by itself before it ends, at the URL as given; the new secret is the one that is used"""
    def registered(secret, life_s):
        return {"client_id": "by-secret", "client_secret": secret, "client_secret_expires_at": int(time.time()) + life_s,
                "token_endpoint_auth_method": "client_secret_post", "registration_access_token": f"for-{secret}",
                "registration_client_uri": f"{w.provider.issuer}/reg/by-secret?x=y"}
    w.provider.clear()
    w.provider.fault("registration", "reply", status=201, body=registered("first", 6))
    w.provider.fault("registration", "reply", status=200, body=registered("second", 3600))
    enroll(w, "--token-file", TOKEN_FILE)
    check.eventually(lambda: "client by-secret, renewed" in w.daemon.log(), "a renewal")
    [_, renewal] = requests(w)
    check.equal((renewal["method"], renewal["path"]), ("PUT", "/reg/by-secret"), "the renewal")
    check.lacks(w.daemon.log(), "for-first")
    w.provider.fault("registration", "reply", status=204, body="")
    enroll(w, "--delete")


@check.test
def the_clock_is_wrong(w):
    """AS-06: an assertion that the provider refuses is not tried again, and the line names the clock"""
    configure(w)
    enroll(w, "--token-file", TOKEN_FILE)
    for difference_s, word in ((-600, "ahead of"), (600, "behind")):
        w.provider.clear()
        w.provider.fault("device", "reply", status=401, headers={"Date": formatdate(time.time() + difference_s, usegmt=True)},
                         body={"error": "invalid_client", "error_description": "assertion iat is in the future"})
        mark = len(w.daemon.log())
        with w.ssh("alice", "echo let-in", options=["-o", "NumberOfPasswordPrompts=1"]) as t:
            check.equal(t.finish(), 255, "ssh's status")
        check.contains(w.daemon.log()[mark:], "the clock of this host is")
        check.contains(w.daemon.log()[mark:], f"{word} the provider's")
        check.equal(len(w.provider.from_helper("device")), 1, "requests")
    enroll(w, "--delete")


@check.test
def the_host_itself(w):
    """client credentials by the enrolled client's key: the grant and the scope were asked for with the registration"""
    configure(w, "client=enrolled\ndirectory=scim\ndirectory_scope=people.read\ndirectory_refresh=60s\n"
                 f"directory_url={w.provider.issuer}/scim\n")
    w.provider.clear()
    enroll(w, "--token-file", TOKEN_FILE)
    w.daemon.restart()
    check.eventually(lambda: [(r.get("grant"), r.get("auth"), r.get("status")) for r in w.provider.requests("token")][:1]
                     == [("client_credentials", "private_key_jwt", 200)], "a token of the host's own")
    enroll(w, "--delete")
    configure(w)


@check.test
def refusals(w):
    """REG-05: what the provider says is wrong reaches the administrator, and nothing counts"""
    for error in ("invalid_redirect_uri", "invalid_client_metadata", "invalid_software_statement",
                  "unapproved_software_statement"):
        w.provider.fault("registration", "reply", status=400, body={"error": error, "error_description": "no"})
        check.contains(enroll(w, "--token-file", TOKEN_FILE, status=1), error)


@check.test
def only_root_may(w):
    """REG-11: registration is root's, and what came back is the service's alone"""
    code, text = w.run(COMMAND, "enroll", user=(1000, 1000))
    check.equal(code, 1, text)
    code, text = w.run(COMMAND, "--json", "enroll", "--token-file", TOKEN_FILE)
    check.equal(set(json.loads(text)), {"provider", "client_id"}, "what is said")
    check.lacks(w.daemon.log(), json.loads(text)["client_id"] + ":")
    for folder, _, names in os.walk("/var/lib/latchkey/private"):
        for name in names:
            check.equal(os.stat(os.path.join(folder, name)).st_mode & 0o077, 0, name)


if __name__ == "__main__":
    world.begin()
    with world.World(registrationToken=TOKEN) as the_world:
        the_world.start()
        world.write(TOKEN_FILE, TOKEN + "\n", 0o600)
        check.run(the_world)
