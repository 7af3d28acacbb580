#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Tokens for tokens, with a real provider: a person's own exchanged for one of a service (TX-01 to TX-05), and what a robot shows at
the door, which the provider is asked about (INT-01 to INT-07) or exchanges (TX-07)."""
import json
import os
import subprocess

import check
import people
import world

COMMAND = f"{world.PROGRAMS}/latchkey"
SCOPE = "openid profile email offline_access"
SECRET, SECRET_FILE = "s3cret-of-the-client", "/etc/latchkey/client.secret"
ALICE = "5f0c9a52-6f4e-4f0e-9d57-1b2f60a1c001"
CAROL = "5f0c9a52-6f4e-4f0e-9d57-1b2f60a1c003"  # the robot, as the provider knows it
ASKPASS, UID = "/root/askpass", 1891


def given(w, person="token_exchange=access-token\ntoken_audiences=billing https://api.example/v1", **robot):
    """@person: lines about people's tokens; @robot: what is told to the robot's section."""
    lines = {"grant": "none", "subject": CAROL, "services": "sshd", "accepts": "access-token exchange",
             "token_scope": "ssh:login", "exchange_issuer": "https://other.example", **robot}
    w.reconfigure(**{f"provider {world.PROVIDER}": f"issuer={w.provider.issuer}\nclient_id=latchkey\nclient_auth=basic\n"
                     f"client_secret_file={SECRET_FILE}\nscope={SCOPE}\ntoken_scopes=all\n{person}",
                     "access": "everyone=yes\nrecheck=0",
                     "service-account deploy": "\n".join(f"{k}={v}" for k, v in lines.items() if v is not None)})


def own_secret(w, secret=SECRET):
    world.write(SECRET_FILE, secret + "\n", 0o400)
    os.chown(SECRET_FILE, *w.daemon_user)


def ids(name):
    fields = subprocess.run(["getent", "passwd", name], capture_output=True, text=True, check=True).stdout.split(":")
    return int(fields[2]), int(fields[3])


def command(w, *arguments, name="alice"):
    return w.run(COMMAND, *arguments, user=ids(name))


def userinfo(w, token):
    done = subprocess.run(["curl", "-sS", "-H", "@-", "-w", "\n%{http_code}", f"{w.provider.issuer}/me"],
                          input=f"Authorization: Bearer {token}\n", capture_output=True, text=True, check=True)
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(body or "{}")


def come(w, token):
    """The robot, with plain ssh and an askpass that says @token."""
    world.write(ASKPASS, f"#!/bin/sh\nprintf '%s\\n' '{token}'\n", 0o700)
    environment = {**w.environment(), "SSH_ASKPASS": ASKPASS, "SSH_ASKPASS_REQUIRE": "force"}
    done = subprocess.run(w.ssh_command("deploy", "id", "-un", tty=False), env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, start_new_session=True, check=False)
    return done.returncode, done.stdout.decode("utf-8", "backslashreplace")


def let_in(w, token, log):
    before = len(w.daemon.log())
    status, text = come(w, token)
    check.equal((status, text), (0, "deploy\n"), "ssh")
    check.contains(w.daemon.log()[before:], log)
    check.lacks(w.daemon.log() + w.system_log.text, token)


def kept_out(w, token, log):
    before = len(w.daemon.log())
    status, text = come(w, token)
    check.equal(status, 255, text)
    check.lacks(text, "deploy\n")
    check.eventually(lambda: log in w.daemon.log()[before:], f"{log} in the log")
    check.lacks(w.daemon.log() + w.system_log.text, token)


@check.test
def for_a_service(w):
    """alice's own token is exchanged, and what she gets is another one that is hers; her own stays where it is (TX-01 to TX-04)"""
    given(w)
    with w.ssh("alice", "true") as t:
        people.sign_in(t, "alice")
        check.equal(t.finish(), 0, "ssh's status")
    status, own = command(w, "token")
    check.equal(status, 0, own)
    for more in (["--audience", "billing"], ["--resource", "https://api.example/v1", "--scope", "openid email"],
                 ["--requested-token-type", "access-token"]):
        status, text = command(w, "token", "--exchange", "--json", *more)
        check.equal(status, 0, text)
        said = json.loads(text)
        check.equal((said["token_type"], said["issued_token_type"]),
                    ("Bearer", "urn:ietf:params:oauth:token-type:access_token"), "what it is")
        check.equal(said["access_token"] != own.strip(), True, "another token")
        check.equal(userinfo(w, said["access_token"])[1]["sub"], ALICE, "whose it is")
        check.lacks(w.daemon.log(), said["access_token"])


@check.test
def not_for_everything(w):
    """what root does not name, and what the provider does not know, is handed to nobody (TX-02, TX-05, I18)"""
    for more, log in ((["--audience", "payroll"], "not in token_audiences"),
                      (["--requested-token-type", "id-token"], "not in token_exchange")):
        status, text = command(w, "token", "--exchange", *more)
        check.equal(status, 1, text)
        check.contains(text, "not-handed-out")
        check.contains(w.daemon.log(), log)
    given(w, "token_exchange=access-token\ntoken_audiences=all")
    status, text = command(w, "token", "--exchange", "--audience", "payroll")
    check.equal(status, 1, text)
    check.contains(w.daemon.log(), "invalid_target")
    given(w, "")
    status, text = command(w, "token", "--exchange")
    check.equal(status, 1, text)
    check.contains(w.daemon.log(), "token_exchange is not set")
    given(w)


@check.test
def an_access_token(w):
    """the robot shows an opaque token, and the provider says whose it is and what for (INT-01 to INT-03)"""
    let_in(w, w.provider.mint("carol", "openid ssh:login"), 'detail="by access token of client latchkey"')
    kept_out(w, w.provider.mint("carol", "openid"), "it has another scope")
    kept_out(w, w.provider.mint("bob", "openid ssh:login"), "it is a token of somebody else")
    kept_out(w, "x" * 43, "the token is not active")
    kept_out(w, "hunter2hunter2", "too short")
    given(w, token_clients="somebody-else")
    kept_out(w, w.provider.mint("carol", "openid ssh:login"), "issued to another client")
    given(w, token_audience="https://host.example")
    kept_out(w, w.provider.mint("carol", "openid ssh:login"), "meant for another service")
    given(w, token_acr="urn:strong")
    kept_out(w, w.provider.mint("carol", "openid ssh:login"), "not of the kind that is wanted")


@check.test
def ended(w):
    """one that was revoked, or is over, is none (INT-02), and a yes is kept where root says so, no longer than that (INT-05)"""
    given(w)
    token = w.provider.mint("carol", "openid ssh:login")
    let_in(w, token, "by access token")
    revoke(w, token)
    kept_out(w, token, "the token is not active")
    given(w, token_cache="5m")
    token = w.provider.mint("carol", "openid ssh:login")
    let_in(w, token, "by access token")
    revoke(w, token)
    w.provider.clear()
    let_in(w, token, "by access token")
    check.equal([r for r in w.provider.requests() if "introspection" in r["path"]], [], "what the provider was asked")
    w.daemon.restart()
    kept_out(w, token, "the token is not active")


def revoke(w, token):
    done = subprocess.run(["curl", "-sS", "-f", "-u", f"latchkey:{SECRET}", "-d", f"token={token}",
                           f"{w.provider.issuer}/token/revocation"], capture_output=True, text=True, check=False)
    check.equal(done.returncode, 0, done.stderr)


@check.test
def our_own_credentials(w):
    """INT-04: where this host may not ask, the token is not at fault: the log says what is"""
    own_secret(w, "another")
    given(w)
    kept_out(w, w.provider.mint("carol", "openid ssh:login"), "this client may not ask")
    check.contains(w.daemon.log(), "configuration")
    own_secret(w)


@check.test
def another_providers(w):
    """the robot shows a token of another provider; the account's own exchanges it, and it must be the robot's (TX-07, T1)"""
    given(w)
    foreign = w.provider.sign({"iss": "https://other.example", "sub": "ci"})
    kept_out(w, foreign, "subject_token is not valid")
    w.provider.foreign(foreign, "bob")
    kept_out(w, foreign, "it is a token of somebody else")
    w.provider.foreign(foreign, "carol")
    let_in(w, foreign, 'detail="by token exchange"')
    third = w.provider.sign({"iss": "https://third.example", "sub": "ci"})
    w.provider.foreign(third, "carol")
    kept_out(w, third, "it is nothing that this account accepts")
    given(w, accepts="exchange", token_scope=None, exchange_issuer=None, exchange_token_type="access-token")
    w.provider.foreign("opaque-token-of-another-provider", "carol")
    let_in(w, "opaque-token-of-another-provider", "by token exchange")


if __name__ == "__main__":
    world.begin()
    with world.World(clientSecret=SECRET) as the_world:
        the_world.start()
        own_secret(the_world)
        for path, line in (("passwd", f"deploy:x:{UID}:{UID}::/home/deploy:/bin/sh"), ("group", f"deploy:x:{UID}:")):
            world.write(f"/etc/{path}", world.read(f"/etc/{path}") + line + "\n")
        os.mkdir("/home/deploy")
        os.chown("/home/deploy", UID, UID)
        given(the_world)
        check.eventually(lambda: b"deploy" in open("/var/lib/latchkey/nss/map", "rb").read(), "a map with the mark")
        check.run(the_world)
