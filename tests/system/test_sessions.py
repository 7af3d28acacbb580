#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Open sessions end when the provider says that the person is gone: real ssh sessions, what was detached from them, and
a real provider that is asked in the background, or that says so by itself (I17, BL-01, BL-05, BL-07, BL-10, C8)."""
import contextlib
import http.server
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import check
import world
from sessions import ALICE_SUBJECT, detach, given, gone_at_the_provider, is_gone, is_open, is_over, processes, processes_of, session, uid_of

LOGOUT_PORT = 8099
LOGOUT = f"http://127.0.0.1:{LOGOUT_PORT}/logout"
LATCHKEY = "/latchkey/latchkey"


@check.test
def disabled(w):
    """Alice is disabled at the provider: her session ends and everything that she has detached, and Bob's goes on"""
    given(w)
    with session(w, "bob") as bob, session(w, "alice") as alice:
        detach(alice)
        with gone_at_the_provider(w):
            is_over(alice)
            is_gone(w)
        is_open(bob)
        bob.send("exit\n")
        check.equal(bob.finish(), 0, "Bob's ssh")
    check.contains(w.root.log(), "SIGTERM", "SIGKILL")


@check.test
def enabled_again(w):
    """one sign-in heals it, and this session stays"""
    with session(w, "alice") as t:
        time.sleep(3)  # longer than the grace and two questions in the background
        is_open(t)
        t.send("exit\n")
        check.equal(t.finish(), 0, "ssh's status")


@check.test
def restart_in_the_grace_time(w):
    """the helper is killed in the grace time, and ends the session after its restart (C8)"""
    given(w, "background_recheck_min=1s\nbackground_recheck_max=2s\nend_sessions_grace=1h")
    with session(w, "alice") as t, gone_at_the_provider(w):
        is_open(t)
        w.daemon.send(signal.SIGKILL)
        given(w, "background_recheck_max=0s\nend_sessions_grace=0s")
        is_over(t)
        is_gone(w)


@check.test
def switched_off(w):
    """end_sessions=no leaves sessions alone"""
    given(w, "background_recheck_min=1s\nbackground_recheck_max=2s\nend_sessions_grace=0s\nend_sessions=no")
    with session(w, "alice") as t, gone_at_the_provider(w):
        time.sleep(2)
        is_open(t)
        t.send("exit\n")
        t.finish()


class WebServer(threading.Thread):
    """An administrator's: runs the command as a CGI program (RFC 3875), as nobody, for whoever asks."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            variables = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": self.command, "PATH": "/usr/bin:/bin",
                         "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                         "CONTENT_LENGTH": self.headers.get("Content-Length", "")}
            with open("/var/log/cgi.err", "ab") as err:
                done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", LATCHKEY,
                                       "logout-token"],
                                      input=self.rfile.read(int(variables["CONTENT_LENGTH"] or 0)),
                                      stdout=subprocess.PIPE, stderr=err, env=variables, check=False)
            head, body = done.stdout.decode().split("\r\n\r\n", 1)
            fields = dict(line.split(": ", 1) for line in head.split("\r\n"))
            self.send_response(int(fields.pop("Status").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET = answer

        def log_message(self, format, *args):  # pylint: disable=redefined-builtin
            with open("/var/log/cgi.log", "a", encoding="utf-8") as f:
                f.write(format % args + "\n")

    def __init__(self):
        super().__init__(daemon=True)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", LOGOUT_PORT), self.Handler)

    def run(self):
        self.server.serve_forever()


def post(body, content_type="application/x-www-form-urlencoded"):
    """Status, headers and body of the web server's answer."""
    request = urllib.request.Request(LOGOUT, body.encode(), {"Content-Type": content_type})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as reply:
            return reply.status, reply.headers, reply.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read().decode()


def claims(w, **changes):
    now = int(time.time())
    made = {"iss": w.provider.issuer, "aud": "latchkey", "sub": ALICE_SUBJECT, "iat": now, "exp": now + 120,
            "jti": os.urandom(8).hex(), "events": {"http://schemas.openid.net/event/backchannel-logout": {}}, **changes}
    return {k: v for k, v in made.items() if v is not None}


def form(w, header=None, **changes):
    token = w.provider.sign(claims(w, **changes), **(header or {"typ": "logout+jwt"}))
    return urllib.parse.urlencode({"logout_token": token})


@check.test
def backchannel_logout(w):
    """the provider posts its own logout token to a web server, which hands it on: the session ends (BL-01, BL-07)"""
    given(w, "background_recheck_max=0s\nend_sessions_grace=0s")
    with session(w, "alice") as t:
        detach(t)
        w.provider.backchannel_logout("alice")
        is_over(t)
        is_gone(w)
    check.contains(world.read("/var/log/cgi.log"), '"POST /logout HTTP/1.1" 200')
    status, text = w.run(LATCHKEY, "show", "alice")
    check.equal(status, 0, text)


@check.test
def logout_tokens_that_are_none(w):
    """what is not a fresh logout token of the provider's for this client ends nothing, and is told nothing
    (BL-02 to BL-05, BL-07, BL-09, BL-10, T17)"""
    given(w, "background_recheck_max=0s\nend_sessions_grace=0s")
    now = int(time.time())
    with session(w, "alice") as t:
        bad = {
            "an ID token": form(w, {"typ": "JWT"}, events=None, nonce="n"),
            "an access token's type": form(w, {"typ": "at+jwt"}),
            "a security event's type": form(w, {"typ": "secevent+jwt"}),
            "a nonce": form(w, nonce="n"),
            "another client": form(w, aud="somebody-else"),
            "another issuer": form(w, iss=w.provider.issuer + "/"),
            "expired": form(w, iat=now - 300, exp=now - 120),
            "no event": form(w, events={}),
            "nobody": form(w, sub=None),
            "another key": form(w, {"kid": "no-such-key"}),
            "not signed": "logout_token=" + w.provider.sign(claims(w)).rsplit(".", 1)[0] + ".",
            "no token": "logout_token=x",
            "nothing": "x=1",
            "empty": "",
            "too long": "logout_token=" + "a" * 200000,
        }
        for what, body in bad.items():
            status, headers, text = post(body)
            check.equal((status, json.loads(text or "{}")), (400, {"error": "invalid_request"}), what)
            check.equal(headers["Cache-Control"], "no-store", what)
        check.equal(post(form(w), "text/plain")[0], 400, "another type")
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(LOGOUT, timeout=60)
            raise AssertionError("a GET went through")
        # Somebody of this issuer whom nobody here knows: done (BL-07), and no session ends.
        check.equal(post(form(w, sub="somebody"))[0], 200, "a stranger")
        is_open(t)
        # Who may bring one: root and logout_user, and nobody else.
        good = w.provider.sign(claims(w), typ="logout+jwt")
        world.write("/tmp/token", good + "\n")
        status, text = w.run("sh", "-c", f"{LATCHKEY} logout-token </tmp/token", user=(1000, 1000))
        check.equal(status, 1, text)
        is_open(t)
        status, text = w.run("sh", "-c", f"{LATCHKEY} logout-token </tmp/token")
        check.equal((status, text), (0, "Logged out: 1 accounts here were meant.\n"), "root")
        is_over(t)
        is_gone(w)
        # BL-05: it counts once; BL-07: and a new one is fine although nobody is logged in any more.
        status, text = w.run("sh", "-c", f"{LATCHKEY} logout-token </tmp/token")
        check.equal(status, 1, text)
        check.contains(text, "used before")
        check.equal(post(form(w))[0], 200, "already logged out")
    # No token is in any log.
    for path in ("/var/log/latchkeyd.log", "/var/log/latchkey-root.log", "/var/log/cgi.err"):
        if os.path.exists(path):
            check.lacks(world.read(path), good.split(".")[2])


@check.test
def one_sign_in_heals_a_logout(w):
    """who has logged out signs in again, and an older token of before does nothing"""
    given(w, "background_recheck_max=0s\nend_sessions_grace=0s")
    now = int(time.time())
    with session(w, "alice") as t:
        check.equal(post(form(w, iat=now - 1000))[0], 200, "an old one")
        time.sleep(1)
        is_open(t)
        t.send("exit\n")
        check.equal(t.finish(), 0, "ssh's status")


@check.test
def forgotten(w):
    """forget ends what Bob has open and detached before his name goes from the map, and nothing of Alice's"""
    given(w)
    with session(w, "alice") as alice, session(w, "bob") as bob:
        uid = uid_of("bob")
        bob.send("(trap '' TERM HUP; setsid sh -c 'sleep 6001; sleep 6002' &) ; echo de''tached\n")
        bob.expect("detached")
        check.eventually(lambda: "sleep 6001 " in processes_of(uid), "his processes")
        status, text = w.run(LATCHKEY, "forget", "bob")
        check.equal((status, processes_of(uid)), (0, []), text)
        is_over(bob)
        check.equal(subprocess.run(["getent", "passwd", "bob"], check=False, stdout=subprocess.DEVNULL).returncode, 2, "his name")
        is_open(alice)
        alice.send("exit\n")
        check.equal(alice.finish(), 0, "ssh's status")


if __name__ == "__main__":
    world.begin()
    with world.World(logoutUri=LOGOUT) as the_world:
        the_world.start()
        WebServer().start()
        check.run(the_world)
