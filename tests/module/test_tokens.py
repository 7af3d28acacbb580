#!/usr/bin/python3
"""Tokens for a person's own programs: who gets which, when they are locked, and how a sign-in ends. With a provider that rotates
refresh tokens and takes revocations."""
import json
import os
import signal
import sqlite3
import subprocess
import sys
import urllib.parse

from rig import PATIENCE, STRANGER, TOP, UID, Rig, run, wait_until
from test_daemon import memory_of

sys.path.insert(0, os.path.join(TOP, "tests", "bench"))
from tiny_provider import TinyProvider, b64  # noqa: E402

CONFIG = """
[latchkey]
allow_insecure_loopback = yes
log = stderr
{latchkey}
[provider tiny]
issuer = {issuer}
client_id = latchkey
scope = openid offline_access api:read api:write
revocation_endpoint = {issuer}/revoke
{provider}
[access]
everyone = yes
[limits]
codes_per_address = 10000
"""
RULES = """token_scopes = api:read api:write
token_audiences = https://api.example/v1
git_hosts = git.example git.example:8443"""


TYPE = "urn:ietf:params:oauth:token-type:"
EXCHANGED = {"access_token": "atCANARYexchanged", "token_type": "Bearer", "issued_token_type": TYPE + "access_token",
             "expires_in": 60, "refresh_token": "rtCANARYexchanged"}


class Provider(TinyProvider):
    """Its refresh tokens are good for one use; tokens begin with a word that nothing else has in it."""

    def __init__(self):
        super().__init__(interval=1)
        self.grants = {}  # refresh token -> (name, subject)
        self.refreshes, self.revoked = [], []
        self.revoke_status = 200
        self.exchanges = []
        self.exchange_reply = (200, EXCHANGED)

    def new_tokens(self, name, subject):
        refresh = "rtCANARY" + b64(os.urandom(24))
        self.grants[refresh] = (name, subject)
        return {**self.token_reply(name, subject), "access_token": "atCANARY" + b64(os.urandom(24)), "refresh_token": refresh}

    def post(self, h, form):
        if h.path == "/revoke":
            self.revoked.append(form)
            if self.revoke_status == 200:
                self.grants.pop(form["token"], None)
            h.answer(self.revoke_status, {})
        elif form.get("grant_type") == "urn:ietf:params:oauth:grant-type:token-exchange":
            self.exchanges.append(form)
            h.answer(*self.exchange_reply)
        elif form.get("grant_type") == "refresh_token":
            self.refreshes.append(form)
            who = self.grants.pop(form["refresh_token"], None)
            h.answer(*((200, self.new_tokens(*who)) if who else (400, {"error": "invalid_grant"})))
        else:
            super().post(h, form)


class Host:
    """A helper, its provider, and people who sign in."""

    def __init__(self, rules=RULES, latchkey=""):
        self.provider = Provider()
        self.rig = Rig(CONFIG.format(issuer=self.provider.issuer, provider=rules, latchkey=latchkey))

    def __enter__(self):
        self.rig.start()
        self.rig.wait_log("is ready")
        return self

    def __exit__(self, *_):
        self.rig.close()
        self.provider.close()

    def sign_in(self, name, subject):
        c = self.rig.client()
        before = set(self.provider.polls)
        c.call("io.latchkey.Authenticate", more=True, version=1, user=name, service="sshd")
        assert c.reply()["parameters"]["state"] == "challenge"
        wait_until(lambda: set(self.provider.polls) - before)
        self.provider.approved[(set(self.provider.polls) - before).pop()] = self.provider.new_tokens(name, subject)
        reply = c.reply()
        c.close()
        assert reply["parameters"]["state"] == "granted", reply
        return reply["parameters"]["account"]["uid"]

    def ask(self, method, uid, **parameters):
        c = self.rig.client(uid)
        reply = c.ask("io.latchkey." + method, **parameters)
        c.close()
        return reply

    def token(self, uid, **parameters):
        reply = self.ask("GetToken", uid, **parameters)
        assert "error" not in reply, reply
        token = reply["parameters"]["access_token"]
        assert token.startswith("atCANARY") and reply["parameters"]["token_type"] == "Bearer", reply
        return token

    def refused(self, uid, reason, method="GetToken", **parameters):
        reply = self.ask(method, uid, **parameters)
        assert reply.get("error") == "io.latchkey.Denied" and reply["parameters"]["reason"] == reason, reply

    def restart(self):
        self.rig.helper.stop()
        os.unlink(self.rig.path("latchkeyd.log"))
        self.rig.helper.start()
        self.rig.wait_log("is ready")

    def latchkey(self, uid, *arguments, text=None):
        return subprocess.run([self.rig.path("bin", "latchkey"), *arguments, "--socket", self.rig.path("run", "io.latchkey")],
                              input=text, capture_output=True, text=True, check=False, user=uid, group=uid,
                              extra_groups=[], cwd="/")


def test_l1_t1_own_tokens_only():
    """L1, T1: whose the token is follows from the peer's uid, whatever the message says; root gets none."""
    with Host() as h:
        alice, bob = h.sign_in("alice", "s-1"), h.sign_in("bob", "s-2")
        first = h.token(alice)
        assert h.token(bob) != first
        assert h.ask("GetToken", alice, name="bob")["error"] == "io.latchkey.NoSuchAccount"
        assert h.token(alice, name="alice")
        for method in ("GetToken", "LockTokens", "Logout"):
            assert h.ask(method, STRANGER, name="alice")["error"] == "io.latchkey.NotPermitted"
            assert h.ask(method, UID)["error"] == "io.latchkey.NotPermitted"
        assert h.ask("GetToken", 0, name="alice")["error"] == "io.latchkey.NotPermitted"
        assert h.ask("LockTokens", 0)["error"] == "org.varlink.service.InvalidParameter"


def test_root_by_its_own_word():
    with Host(latchkey="root_may_have_tokens = yes") as h:
        h.sign_in("alice", "s-1")
        assert h.token(0, name="alice")
        assert h.ask("GetToken", 0)["error"] == "org.varlink.service.InvalidParameter"
        assert h.ask("GetToken", 0, name="nobody")["error"] == "io.latchkey.NoSuchAccount"
        assert "granted-to-root" in h.rig.log()


def test_oa13_scopes_and_audiences():
    """OA-13, TX-02: what may be asked for is root's to say, and stands in the question to the provider."""
    with Host() as h:
        alice = h.sign_in("alice", "s-1")
        h.token(alice, scope="api:read")
        assert h.provider.refreshes[-1]["scope"] == "api:read"
        h.token(alice)
        assert h.provider.refreshes[-1]["scope"] == "api:read api:write"
        h.token(alice, audience="https://api.example/v1")
        assert h.provider.refreshes[-1]["resource"] == "https://api.example/v1" and "scope" not in h.provider.refreshes[-1]
        n = len(h.provider.refreshes)
        h.refused(alice, "not-handed-out", scope="api:read openid")
        h.refused(alice, "not-handed-out", audience="https://api.example/v2")
        h.refused(alice, "not-handed-out", git_host="evil.example")
        for bad in ({"scope": "a\"b"}, {"scope": " a"}, {"scope": "a  b"}, {"audience": "no-uri"}, {"audience": "https://a/#f"},
                    {"scope": "x" * 1025}, {"scope": 7}):
            assert h.ask("GetToken", alice, **bad)["error"] == "org.varlink.service.InvalidParameter", bad
        assert len(h.provider.refreshes) == n


def test_unset_means_none():
    """I18: without token_scopes nothing is handed out; with "all" the token of the whole grant, and it is not fetched each time."""
    with Host(rules="") as h:
        alice = h.sign_in("alice", "s-1")
        h.refused(alice, "not-handed-out")
        assert "token_scopes is not set" in h.rig.log()
    with Host(rules="token_scopes = all") as h:
        alice = h.sign_in("alice", "s-1")
        assert len({h.token(alice) for _ in range(5)}) == 1
        assert not h.provider.refreshes
        h.refused(alice, "not-handed-out", audience="https://api.example/v1")


def test_lock():
    """Nothing is handed out until the next sign-in, over a restart too; the account itself goes on."""
    with Host() as h:
        alice, bob = h.sign_in("alice", "s-1"), h.sign_in("bob", "s-2")
        assert "error" not in h.ask("LockTokens", alice)
        h.refused(alice, "locked")
        assert h.token(bob)
        h.restart()
        h.refused(alice, "locked")
        assert h.sign_in("alice", "s-1") == alice
        assert h.token(alice)
        done = h.latchkey(alice, "lock")
        assert done.returncode == 0 and done.stdout.startswith("Locked"), done
        done = h.latchkey(alice, "token")
        assert done.returncode == 1 and done.stdout == "" and "refused (locked)" in done.stderr, done
        assert "error" not in h.ask("LockTokens", 0, name="bob")
        h.refused(bob, "locked")


def test_rev_logout():
    """REV-02, REV-06: the refresh token of now is revoked, and everything of the grant is dead here at once."""
    with Host() as h:
        alice = h.sign_in("alice", "s-1")
        h.token(alice)
        current = list(h.provider.grants)
        done = h.latchkey(alice, "logout")
        assert done.returncode == 0 and "at the provider" in done.stdout, done
        assert [(f["token"], f["token_type_hint"], f["client_id"]) for f in h.provider.revoked] == \
            [(current[0], "refresh_token", "latchkey")]
        assert not h.provider.grants
        h.refused(alice, "sign-in-needed")
        assert h.ask("Logout", alice)["parameters"]["result"] == "nothing"
        assert len(h.provider.revoked) == 1
        h.restart()
        h.refused(alice, "sign-in-needed")
        h.sign_in("alice", "s-1")
        assert h.token(alice)


def test_logout_where_the_provider_cannot():
    """REV-04: what could not be revoked is dead here all the same, and it is said."""
    with Host() as h:
        alice = h.sign_in("alice", "s-1")
        h.provider.revoke_status = 401
        done = h.latchkey(alice, "logout")
        assert done.returncode == 1 and "could not be told" in done.stdout, done
        h.refused(alice, "sign-in-needed")
        assert "revocation" in h.rig.log()
        bob = h.sign_in("bob", "s-2")
        h.provider.close()
        assert h.ask("Logout", bob)["parameters"]["result"] == "delayed"
        h.refused(bob, "sign-in-needed")
        h.provider.close = lambda: None


def test_rev_after_a_restart():
    """REV-04, REV-06: what the provider could not hear of is told after a restart, and only then it is gone from the store."""
    with Host() as h:
        alice, bob = h.sign_in("alice", "s-1"), h.sign_in("bob", "s-2")
        current = list(h.provider.grants)
        h.provider.revoke_status = 401
        assert h.ask("Logout", alice)["parameters"]["result"] == "delayed"
        assert "error" not in h.ask("ForgetAccount", 0, name="bob")
        wait_until(lambda: len(h.provider.revoked) == 2)
        h.provider.revoked.clear()
        h.provider.revoke_status = 200
        h.restart()
        wait_until(lambda: len(h.provider.revoked) == 2)
        assert sorted(f["token"] for f in h.provider.revoked) == sorted(current)
        h.refused(alice, "sign-in-needed")
        wait_until(lambda: h.rig.log().count("decision=revocation result=done") == 2)
        h.rig.helper.stop()
        with sqlite3.connect(h.rig.path("private", "store.db")) as db:
            assert db.execute("SELECT count(*) FROM pending_revocation").fetchone() == (0,)


def test_logout_goes_on_without_its_caller():
    with Host() as h:
        alice = h.sign_in("alice", "s-1")
        h.rig.fetch.stop()
        c = h.rig.client(alice)
        c.call("io.latchkey.Logout")
        wait_until(lambda: h.ask("GetToken", alice).get("error"))
        c.close()
        h.rig.fetch.start()
        h.refused(alice, "sign-in-needed")
        assert "error" not in h.ask("Status", 0)


def test_forget_revokes():
    with Host() as h:
        alice = h.sign_in("alice", "s-1")
        current = list(h.provider.grants)
        assert "error" not in h.ask("ForgetAccount", 0, name="alice")
        wait_until(lambda: h.provider.revoked)
        assert h.provider.revoked[0]["token"] == current[0]
        assert h.ask("GetToken", alice)["error"] == "io.latchkey.NotPermitted"


def test_tx_exchange():
    """TX-01 to TX-03, I18: the person's own token is shown for another one, as far as root's configuration goes."""
    with Host(RULES + "\ntoken_exchange = access-token jwt") as h:
        alice = h.sign_in("alice", "s-1")
        done = h.latchkey(alice, "token", "--exchange", "--json", "--audience", "https://api.example/v1", "--resource",
                          "https://api.example/v1", "--requested-token-type", "access-token")
        assert json.loads(done.stdout) == {"access_token": "atCANARYexchanged", "token_type": "Bearer", "expires_in": 60,
                                           "issued_token_type": TYPE + "access_token"}, done
        own = h.provider.exchanges[0].pop("subject_token")
        assert own.startswith("atCANARY") and len(own) == 8 + 32  # of the whole grant
        assert h.provider.exchanges == [{
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "resource": "https://api.example/v1",
            "audience": "https://api.example/v1", "requested_token_type": TYPE + "access_token",
            "subject_token_type": TYPE + "access_token", "client_id": "latchkey"}]
        assert h.latchkey(alice, "token", "--exchange", "--header").stdout == "Authorization: Bearer atCANARYexchanged\n"
        assert h.provider.exchanges[-1]["scope"] == "api:read api:write"
        log = h.rig.log()
        assert 'detail="exchange, audience https://api.example/v1"' in log and "CANARY" not in log

        # no bearer token: for whoever reads JSON, and in no header
        h.provider.exchange_reply = (200, {**EXCHANGED, "token_type": "N_A", "issued_token_type": TYPE + "jwt"})
        done = h.latchkey(alice, "token", "--exchange", "--header")
        assert done.returncode == 1 and done.stdout == "" and "Bearer" in done.stderr, done
        assert json.loads(h.latchkey(alice, "token", "--exchange", "--json").stdout)["token_type"] == "N_A"

        n = len(h.provider.exchanges)
        h.refused(alice, "not-handed-out", exchange=True, audience="https://api.example/v2")
        h.refused(alice, "not-handed-out", exchange=True, resource="https://api.example/v2")
        h.refused(alice, "not-handed-out", exchange=True, scope="openid")
        h.refused(alice, "not-handed-out", exchange=True, requested_token_type="id-token")
        for bad in ({"exchange": 1}, {"resource": "https://api.example/v1"}, {"requested_token_type": "jwt"},
                    {"exchange": True, "resource": "no-uri"}, {"exchange": True, "requested_token_type": "refresh-token"},
                    {"exchange": True, "git_host": "git.example"}):
            assert h.ask("GetToken", alice, **bad)["error"] == "org.varlink.service.InvalidParameter", bad
        assert h.latchkey(alice, "token", "--resource", "https://api.example/v1").returncode == 2
        assert len(h.provider.exchanges) == n
        assert h.ask("GetToken", STRANGER, exchange=True)["error"] == "io.latchkey.NotPermitted"


def test_tx_exchange_refused():
    """TX-03, TX-05: what was not asked for, and every no, is handed to nobody and ends nothing."""
    with Host(RULES + "\ntoken_exchange = access-token") as h:
        alice = h.sign_in("alice", "s-1")
        for reply, reason in (
                ((400, {"error": "invalid_target"}), "not-handed-out"),
                ((400, {"error": "invalid_grant"}), "not-handed-out"),
                ((400, {"error": "unauthorized_client"}), "configuration"),
                ((503, {}), "unavailable"),
                ((200, {**EXCHANGED, "issued_token_type": TYPE + "jwt"}), "not-handed-out"),
                ((200, {**EXCHANGED, "issued_token_type": TYPE + "refresh_token"}), "not-handed-out"),
                ((200, {k: v for k, v in EXCHANGED.items() if k != "issued_token_type"}), "unavailable")):
            h.provider.exchange_reply = reply
            h.refused(alice, reason, exchange=True)
        assert h.token(alice)
        assert "error" not in h.ask("LockTokens", alice)
        h.refused(alice, "locked", exchange=True)
    with Host() as h:
        alice = h.sign_in("alice", "s-1")
        h.refused(alice, "not-handed-out", exchange=True)
        assert not h.provider.exchanges


def test_command():
    with Host() as h:
        alice = h.sign_in("alice", "s-1")
        done = h.latchkey(alice, "token")
        assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("atCANARY"), done
        done = h.latchkey(alice, "token", "--header", "--scope", "api:read")
        assert done.stdout.startswith("Authorization: Bearer atCANARY") and done.stdout.count("\n") == 1, done
        done = h.latchkey(alice, "token", "--json", "--audience", "https://api.example/v1")
        assert '"token_type":"Bearer","expires_in":' in done.stdout, done
        for wrong in (("token", "a", "b"), ("lock", "--scope", "x"), ("git-credential",)):
            assert h.latchkey(alice, *wrong).returncode == 2, wrong
        assert h.latchkey(STRANGER, "token").returncode == 1


def test_git_credential():
    """Only for hosts that root named, over HTTPS, and without a word for all others."""
    with Host() as h:
        alice = h.sign_in("alice", "s-1")

        def get(text, *more):
            done = h.latchkey(alice, "git-credential", "get", *more, text=text)
            return dict(line.split("=", 1) for line in done.stdout.splitlines()), done
        answer, done = get("protocol=https\nhost=git.example\npath=a.git\n\n")
        assert done.returncode == 0 and done.stderr == "", done
        assert answer["username"] == "oauth2" and answer["password"].startswith("atCANARY"), answer
        assert int(answer["password_expiry_utc"]) > 1700000000
        answer, _ = get("capability[]=authtype\nprotocol=https\nhost=GIT.example:8443\nusername=al\n", "--scope", "api:read")
        assert answer["authtype"] == "Bearer" and answer["credential"].startswith("atCANARY") and "password" not in answer
        assert h.provider.refreshes[-1]["scope"] == "api:read"
        answer, _ = get("protocol=https\nhost=git.example\nusername=al\n")
        assert answer["username"] == "al"
        n = len(h.provider.refreshes)
        for quiet in ("protocol=http\nhost=git.example\n", "protocol=https\nhost=evil.example\n", "protocol=https\n", "",
                      "protocol=https\nhost=git.example:443\n", "protocol=ssh\nhost=git.example\n",
                      "protocol=https\nhost=git.example.evil\n"):
            answer, done = get(quiet)
            assert (answer, done.returncode, done.stderr) == ({}, 0, ""), (quiet, done)
        for text in ("no equals sign\n", "a=" + "x" * 5000 + "\n", "a=b\n" * 300):
            assert get(text)[1].returncode == 1, text[:20]
        for operation in ("store", "erase", "later"):
            done = h.latchkey(alice, "git-credential", operation, text="protocol=https\nhost=git.example\npassword=x\n")
            assert (done.returncode, done.stdout) == (0, ""), done
        assert len(h.provider.refreshes) == n
        h.ask("LockTokens", alice)
        answer, done = get("protocol=https\nhost=git.example\n")
        assert answer == {} and "refused (locked)" in done.stderr, done


def test_git_itself():
    """git asks as it asks any helper."""
    with Host() as h:
        alice = h.sign_in("alice", "s-1")
        helper = f"!{h.rig.path('bin', 'latchkey')} git-credential --socket {h.rig.path('run', 'io.latchkey')}"
        home = h.rig.path("home")
        os.mkdir(home)
        os.chown(home, alice, alice)
        done = subprocess.run(["git", "-c", "credential.helper=", "-c", f"credential.helper={helper}", "credential", "fill"],
                              input="protocol=https\nhost=git.example\n\n", capture_output=True, text=True, check=False,
                              user=alice, group=alice, extra_groups=[], cwd="/",
                              env={"HOME": home, "PATH": os.environ["PATH"], "GIT_TERMINAL_PROMPT": "0"})
        assert "password=atCANARY" in done.stdout or "credential=atCANARY" in done.stdout, done


def await_copies(h, tokens, in_helper):
    """A reply may be out before it is wiped."""
    def counts():
        return [b"".join(memory_of(p.pid)).count(t.encode()) for p in (h.rig.helper, h.rig.fetch) for t in tokens]
    wait_until(lambda: counts() == in_helper + [0] * len(tokens), counts)


def test_l14_one_copy():
    """L14, D7: a token that is ready is in the helper's memory once, however often it was handed out, and the refresh token not
    at all; after a logout neither is there, not even in memory given back. The process on the network keeps none."""
    with Host(rules="token_scopes = all") as h:
        alice = h.sign_in("alice", "s-1")
        token = h.token(alice)
        assert {h.token(alice) for _ in range(20)} == {token}
        refresh = list(h.provider.grants)[0]
        await_copies(h, [token, refresh], [1, 0])
        assert h.ask("Logout", alice)["parameters"]["result"] == "revoked"
        await_copies(h, [token, refresh], [0, 0])
    with Host() as h:
        alice = h.sign_in("alice", "s-1")
        tokens = list(h.provider.grants) + [h.token(alice, scope="api:read")] + list(h.provider.grants)
        await_copies(h, tokens, [0] * 3)


def files_below(folder):
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    yield path, f.read()


def test_l14_r13_nowhere_at_rest():
    """L14, R13, C14: after sign-ins, refreshes, hand-outs and a rotation of the key no token is in the state folder, a log, an
    environment or a command line; and no core file can be made of the processes that have one in memory."""
    with Host() as h:
        alice = h.sign_in("alice", "s-1")
        tokens = [h.token(alice) for _ in range(3)] + list(h.provider.grants)
        assert h.latchkey(0, "rotate-key").returncode == 0
        h.rig.wait_log("the old one is gone")
        tokens += [h.token(alice)] + list(h.provider.grants)
        looked_at = 0
        for path, data in files_below(h.rig.folder):
            if "/bin/" in path:
                continue
            looked_at += 1
            assert b"CANARY" not in data, path
            assert not [t for t in tokens if urllib.parse.quote(t).encode() in data or t.encode() in data], path
        assert looked_at >= 6, looked_at
        with open(h.rig.path("private", "vault.key"), "rb") as f:
            key = f.read().strip()
        for process in (h.rig.helper, h.rig.fetch):
            for name in ("environ", "cmdline"):
                with open(f"/proc/{process.pid}/{name}", "rb") as f:
                    data = f.read()
                assert b"CANARY" not in data and key not in data, (process.argv, name)
            # its memory holds live tokens: nobody but root gets at it, and it leaves none of it behind
            assert os.stat(f"/proc/{process.pid}/mem").st_uid == 0
            with open(f"/proc/{process.pid}/limits", encoding="ascii") as f:
                limit = next(line for line in f if line.startswith("Max core file size"))
            assert limit.split()[4:6] == ["0", "0"], limit
            seen = subprocess.run([sys.executable, "-c",
                                   "import ctypes,sys;l=ctypes.CDLL(None,use_errno=True);"
                                   "sys.exit(l.ptrace(16,int(sys.argv[1]),0,0)==0)", str(process.pid)],
                                  user=process.uid, group=process.uid, extra_groups=[], check=False)
            assert seen.returncode == 0, "its own user could trace it"
            os.kill(process.pid, signal.SIGSEGV)
            status = process.wait(PATIENCE)
            assert os.WTERMSIG(status) == signal.SIGSEGV and not os.WCOREDUMP(status), status


if __name__ == "__main__":
    run([f for name, f in sorted(globals().items()) if name.startswith("test_")])
