#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The way in as it is in production: HTTPS by name with a private CA, no test switch in the configuration."""
import authserver
import check
import people
import terminal
import world

NAME, FOLDER = "idp.example", "/etc/authority"
PROVIDER = "issuer={issuer}\nclient_id=latchkey\nscope=openid profile email groups\n"


def settings(w, ca):
    return {"latchkey": None, "provider demo": PROVIDER.format(issuer=w.provider.issuer) + ca}


@check.test
def with_private_ca(w):
    """HTTPS with ca_file: QR reader, Chromium that trusts the CA, shell"""
    w.reconfigure(**settings(w, f"ca_file={FOLDER}/ca.pem"))
    check.lacks(w.run(f"{world.PROGRAMS}/latchkeyd", "--check")[1], "insecure")
    with terminal.Screen(w.ssh_command("alice")) as s:
        s.expect(people.QUESTION)
        s.picture("/tmp/tls.png")
        url = terminal.read_qr("/tmp/tls.png")
        check.equal(url, f"{w.provider.issuer}/device?user_code={people.Challenge(s.text).code}", "address")
        check.contains(url, f"https://{NAME}:")
        check.equal(authserver.browse(url, "alice").get("outcome"), "approved", "browser")
        s.enter()
        s.expect(r"alice@workstation:~\$")


@check.test
def without_the_ca(w):
    """a certificate of a CA that the host does not trust: refused, whatever the environment says (N4, L10)"""
    w.reconfigure(**settings(w, ""))
    w.fetch.environment.update(SSL_CERT_FILE=f"{FOLDER}/ca.pem", CURL_CA_BUNDLE=f"{FOLDER}/ca.pem")
    w.fetch.restart()
    try:
        mark = len(w.daemon.log())
        with w.ssh("alice", "echo let-in", options=["-o", "NumberOfPasswordPrompts=1"]) as t:
            check.equal(t.finish(), 255, "ssh's status")
        check.contains(" ".join(t.text.split()), "the provider cannot be reached")
        check.contains(w.daemon.log()[mark:], "result=unavailable", "certificate")
        check.equal(w.provider.from_helper(), [], "requests")
    finally:
        w.fetch.environment.clear()
        w.fetch.restart()


@check.test
def plain_http_needs_the_switch(w):
    """an issuer with http:// is refused by the configuration check"""
    w.configure(**{"latchkey": None, "provider demo": PROVIDER.format(issuer="http://127.0.0.1:9400")})
    try:
        status, text = w.run(f"{world.PROGRAMS}/latchkeyd", "--check")
        check.equal(status, 78, "--check")
        check.contains(text, "issuer")
    finally:
        w.configure(**settings(w, f"ca_file={FOLDER}/ca.pem"))


if __name__ == "__main__":
    world.begin()
    authserver.make_authority(FOLDER, NAME)
    authserver.trust(f"{FOLDER}/ca.pem")
    with world.World(name=NAME, cert=f"{FOLDER}/cert.pem", key=f"{FOLDER}/key.pem") as the_world:
        the_world.start()
        check.run(the_world)
