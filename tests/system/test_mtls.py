#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A client that proves itself by its TLS certificate (RFC 8705; ML-01 to ML-03) against the real provider: of an authority that the
provider trusts, or registered there itself."""
import os
import subprocess

import authserver
import check
import people
import world
from varlink import Varlink

NAME, FOLDER, TLS = "idp.example", "/etc/authority", "/etc/latchkey/tls"


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=FOLDER)


def make_client(name, *authority):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", f"{name}.key",
            "-out", f"{name}.crt", "-days", "2", "-subj", "/CN=workstation", *authority)


def place(w, name, mode=0o400):
    """What latchkey-fetch is to show from now on."""
    os.makedirs(TLS, exist_ok=True)
    for kind in ("crt", "key"):
        path = f"{TLS}/host.{kind}"
        world.write(path, world.read(f"{FOLDER}/{name}.{kind}"), mode if kind == "key" else 0o644)
        os.chown(path, *w.fetch_user)


def configure(w, more=""):
    w.reconfigure(**{"latchkey": None, "access": "everyone=yes\nrecheck=0s", "provider demo":
                     f"issuer={w.provider.issuer}\nclient_id=latchkey-mtls\nca_file={FOLDER}/ca.pem\n"
                     "scope=openid profile email groups offline_access\nclient_auth=mtls\n"
                     f"client_certificate={TLS}/host.crt\nclient_key={TLS}/host.key\n{more}"})


def refused(w):
    """Nobody gets in; returns what the log says about it."""
    mark = len(w.daemon.log())
    with w.ssh("alice", "echo let-in", options=["-o", "NumberOfPasswordPrompts=1"]) as t:
        check.equal(t.finish(), 255, "ssh's status")
    return w.daemon.log()[mark:]


def sign_in_and_out(w):
    """Code, polls, re-check and revocation: all of it by the certificate."""
    configure(w)
    w.provider.clear()
    with w.ssh("alice", "true") as t:
        people.sign_in(t, "alice", ca=f"{FOLDER}/ca.pem")
        check.equal(t.finish(), 0, "ssh's status")
    with Varlink() as v:
        reply = v.call("io.latchkey.CheckAccount", version=1, user="alice", service="sshd", signed_in=False)
        check.equal("error" in reply, False, str(reply))
    check.contains(w.run(f"{world.PROGRAMS}/latchkey", "logout", "alice")[1], "at the provider")
    seen = [r for at in ("device", "token", "revocation") for r in w.provider.requests(at)]
    check.equal({r["auth"] for r in seen}, {w.provider.options["mtls"]}, "methods")
    check.equal({r["at"] for r in seen}, {"device", "token", "revocation"}, "endpoints")
    check.equal({r.get("alias") for r in seen}, {True}, "ML-02: where they were sent")
    check.equal({r.get("error") for r in seen} - {None, "authorization_pending"}, set(), "errors")


@check.test
def whole_login(w):
    """ML-01 to ML-03: code, polls, re-check and revocation by the certificate, at the aliases, and nothing else proves it"""
    place(w, "host")
    sign_in_and_out(w)


@check.test
def the_host_itself(w):
    """client credentials by the certificate, for a directory"""
    w.provider.clear()
    configure(w, f"directory=scim\ndirectory_scope=people.read\ndirectory_refresh=60s\ndirectory_url={w.provider.issuer}/scim\n")
    check.eventually(lambda: [(r["grant"], r["auth"], r["alias"], r["status"]) for r in w.provider.requests("token")][:1]
                     == [("client_credentials", w.provider.options["mtls"], True, 200)], "a token of the host's own")
    configure(w)


@check.test
def another_certificate(w):
    """one that the provider does not know: refused as a client, and the log says so"""
    place(w, "other")
    w.provider.clear()
    check.contains(refused(w), "provider says invalid_client: ")
    place(w, "host")


@check.test
def a_key_that_others_can_read(w):
    """refused before anything is sent, and the key's bytes are in no log"""
    place(w, "host", 0o644)
    w.provider.clear()
    log = refused(w)
    check.contains(log, "client key: others can read it")
    check.equal(w.provider.from_helper("device"), [], "requests")
    check.lacks(log + w.fetch.log(), world.read(f"{FOLDER}/host.key").splitlines()[1])
    place(w, "host")


@check.test
def not_for_latchkeyd(w):
    """the key is latchkey-fetch's alone: the process that decides cannot read it"""
    check.equal(w.run("cat", f"{TLS}/host.key", user=w.daemon_user)[0], 1, "latchkeyd's user")
    check.equal(w.run("cat", f"{TLS}/host.key", user=w.fetch_user)[0], 0, "latchkey-fetch's user")


@check.test
def self_signed(w):
    """self_signed_tls_client_auth: no authority, the provider knows this very certificate"""
    w.provider.stop()
    w.provider.options.update(mtls="self_signed_tls_client_auth", clientCertificate=f"{FOLDER}/self.crt")
    w.provider.start()
    place(w, "self")
    sign_in_and_out(w)
    place(w, "host")
    w.daemon.restart()
    check.contains(refused(w), "provider says invalid_client: ")


if __name__ == "__main__":
    world.begin()
    authserver.make_authority(FOLDER, NAME)
    make_client("host", "-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE")
    make_client("other")
    make_client("self")
    with world.World(name=NAME, cert=f"{FOLDER}/cert.pem", key=f"{FOLDER}/key.pem", mtls="tls_client_auth",
                     clientCa=f"{FOLDER}/ca.pem") as the_world:
        the_world.start()
        check.run(the_world)
