#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The authorization code flow over a real ssh: a person opens the address, signs in, and pastes back where the browser ends. A
real provider, PKCE, pushed requests and the issuer in its answers; the tests are the browser."""
import re
import urllib.parse

import authserver
import check
import world

HERE = "http://127.0.0.1:8123/latchkey"
OPEN = r"Open (https?://\S+)"
PASTE = r"Paste the address that your browser ended at: "


def configured(w, access="method=code", **sections):
    provider = f"issuer={w.provider.issuer}\nclient_id=latchkey\nredirect_uri={HERE}"
    w.reconfigure(**{"provider demo": provider, "access": f"everyone=yes\n{access}", **sections})
    w.provider.clear()


def asked(t):
    """The address that is shown, once the question is there."""
    t.expect(PASTE)
    return re.search(OPEN, t.text)[1]


def pasted(w, *answers):
    """One ssh that is answered by what each of answers makes of the address. Return: status and all that was on the screen."""
    with w.ssh("alice", "id", "-un") as t:
        url = asked(t)
        for i, answer in enumerate(answers):
            if i > 0:
                t.expect(r"Paste [^:]*: ")
            t.send(answer(url) + "\n")
        return t.finish(), t.text


def by(person):
    """What somebody pastes who has signed in."""
    return lambda url: authserver.arrive(url, person, HERE)


def query(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))


def changed(**more):
    """The same with other parameters; None takes one away."""
    def answer(url):
        fields = {**query(by("alice")(url)), **more}
        return f"{HERE}?" + urllib.parse.urlencode({k: v for k, v in fields.items() if v is not None})
    return answer


def refused(w, text, detail, *answers):
    status, screen = pasted(w, *answers)
    check.equal(status != 0, True, screen)
    check.contains(" ".join(screen.split()), text)
    check.contains(w.daemon.log(), detail)


@check.test
def a_login(w):
    """an address, a pasted redirect, a shell; PKCE by S256, and the request pushed, so that the address is short (PK-02, PAR-02)"""
    configured(w)
    status, screen = pasted(w, by("alice"))
    check.equal(status, 0, screen)
    check.contains(screen, "\nalice")
    url = re.search(OPEN, screen)[1]
    check.equal(sorted(query(url)), ["client_id", "request_uri"], "what the address has")
    sent = w.provider.from_helper("token")[-1]["params"]
    check.equal((sent["grant_type"], sent["redirect_uri"], len(sent["code_verifier"])), ("authorization_code", HERE, 43),
                "what was redeemed")
    check.lacks(w.daemon.log(), sent["code"], sent["code_verifier"])


@check.test
def somebody_else(w):
    """who signed in there must be who is asked for here (T1)"""
    configured(w)
    refused(w, "somebody who is not the account", "wrong-account", by("bob"))


@check.test
def of_another_sign_in(w):
    """a redirect of another sign-in, one of another issuer, and one that names none, are an end (IS-01, IS-02)"""
    configured(w)
    with w.ssh("alice", "true") as t:
        other = by("alice")(asked(t))
    refused(w, "of another sign-in", "the address has not this sign-in's state", lambda url: other)
    for iss in ("https://evil.example", None):
        refused(w, "of another sign-in", "does not name the provider as its issuer", changed(iss=iss))
    check.equal(w.provider.from_helper("token"), [], "codes that were redeemed")
    refused(w, "of another sign-in", "invalid_grant", changed(code="nonsense"))


@check.test
def another_verifier(w):
    """a code that was asked for with another challenge is refused by the provider, also with our state (PK-04)"""
    configured(w)
    with w.ssh("alice", "true") as t:
        other = query(by("alice")(asked(t)))["code"]
    refused(w, "of another sign-in", "invalid_grant", changed(code=other))


@check.test
def slips_of_the_hand(w):
    """nothing, garbage, another address and a code alone are asked about again; the third time is the last"""
    configured(w)
    status, screen = pasted(w, lambda url: "", lambda url: "what shall I paste?", by("alice"))
    check.equal(status, 0, screen)
    check.contains(screen, "Nothing arrived", "neither an address nor a code")
    refused(w, "what you typed is wrong", "a code alone", lambda url: url, lambda url: "https://elsewhere.example/?code=x",
            lambda url: query(by("alice")(url))["code"])


@check.test
def a_no(w):
    """whom the provider refuses is not asked again"""
    configured(w)
    w.provider.people(alice={"disabled": True})
    refused(w, "declined at the provider", "access_denied", by("alice"))
    w.provider.people(alice={"disabled": False})


@check.test
def the_usual_way(w):
    """without a method in the section a code to enter goes before an address to paste"""
    configured(w, "")
    with w.ssh("alice", "true") as t:
        t.expect(r"and enter \S+")


if __name__ == "__main__":
    world.begin()
    with world.World(redirectUri=HERE, pushed=True) as the_world:
        the_world.start()
        check.run(the_world)
