#!/usr/bin/python3
"""The command "latchkey" against a running helper: what an administrator and a person see, and what each may ask."""
import json
import os
import re
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

from rig import PATIENCE, STRANGER, Rig, run
from tiny_provider import TinyProvider, config


def granted(c):
    while (reply := c.reply())["parameters"].get("state") != "granted":
        assert "error" not in reply, reply
    return reply["parameters"]["account"]


class World:
    """A helper, a provider and one person who has signed in."""

    def __enter__(self):
        self.provider = TinyProvider(interval=1)
        self.rig = Rig(config(self.provider)).start()
        self.rig.wait_log("is ready")
        return self

    def __exit__(self, *_):
        self.rig.close()
        self.provider.close()

    def begin(self, name, subject):
        """A sign-in that is approved and not yet granted."""
        c = self.rig.client()
        c.call("io.latchkey.Authenticate", more=True, version=1, user=name, service="sshd")
        while (reply := c.reply())["parameters"].get("state") != "challenge":
            assert "error" not in reply, reply
        self.provider.approve_last(name, subject)
        return c

    def sign_in(self, name="alice", subject="s-1"):
        return granted(self.begin(name, subject))

    def command(self, *arguments, uid=0, **more):
        return subprocess.run([self.rig.path("bin", "latchkey"), "--socket", self.rig.path("run", "io.latchkey"),
                               *arguments], text=True, cwd="/", user=uid, group=uid, extra_groups=[],
                              capture_output=True, check=False, timeout=PATIENCE, **more)


def test_status():
    with World() as w:
        done = w.command("status")
        assert done.returncode == 0 and "0.1.0" in done.stdout and w.provider.issuer in done.stdout, done
        status = json.loads(w.command("--json", "status").stdout)
        assert status["accounts"] == 0 and status["pending"] == 0 and status["providers"][0]["name"] == "tiny", status


def test_accounts():
    with World() as w:
        assert json.loads(w.command("--json", "accounts").stdout) == []
        account = w.sign_in()
        w.sign_in("bob", "s-2")
        done = w.command("accounts")
        assert done.returncode == 0 and "alice" in done.stdout and "bob" in done.stdout, done
        listed = json.loads(w.command("--json", "accounts").stdout)
        assert [a["name"] for a in listed] == ["alice", "bob"] and listed[0] == account, listed
        done = w.command("show", "alice")
        assert done.returncode == 0 and str(account["uid"]) in done.stdout and "s-1" in done.stdout, done
        done = w.command("show", "carol")
        assert done.returncode == 1 and done.stderr and not done.stdout, done


def test_more_accounts_than_a_page():
    with World() as w:
        for c in [w.begin(f"u{i:02}", f"s-{i}") for i in range(70)]:
            granted(c)
        listed = json.loads(w.command("--json", "accounts").stdout)
        assert [a["name"] for a in listed] == [f"u{i:02}" for i in range(70)], listed
        assert len({a["uid"] for a in listed}) == 70


def test_forget():
    """I6, I9: a forgotten name stays taken, and is no name of ours any more."""
    with World() as w:
        account = w.sign_in()
        done = w.command("forget", "alice")
        assert done.returncode == 0, done
        assert w.command("forget", "alice").returncode == 1
        assert json.loads(w.command("--json", "show", "alice").stdout)["state"] == "forgotten"
        reply = w.rig.client().ask("io.latchkey.Authenticate", more=True, version=1, user="alice", service="sshd")
        assert reply["error"] == "io.latchkey.NotOurs", reply
        assert w.rig.log().count("decision=forget") == 1
        assert w.sign_in("bob", "s-2")["uid"] != account["uid"]


def test_l1_others_and_owner():
    """L1: a stranger is refused everything; the account's own uid may look at itself and try a sign-in."""
    with World() as w:
        uid = w.sign_in()["uid"]
        for verb in (["status"], ["accounts"], ["show", "alice"], ["forget", "alice"], ["try", "alice"]):
            done = w.command(*verb, uid=STRANGER)
            assert done.returncode == 1 and done.stderr and not done.stdout, (verb, done)
        assert w.command("show", "alice", uid=uid).returncode == 0
        assert w.command("accounts", uid=uid).returncode == 1
        assert w.command("forget", "alice", uid=uid).returncode == 1


def test_try():
    """A sign-in in the terminal without sshd, by root and by the person."""
    with World() as w:
        uid = w.sign_in()["uid"]
        for who in (0, uid):
            w.provider.polls.clear()
            child = subprocess.Popen([w.rig.path("bin", "latchkey"), "--socket", w.rig.path("run", "io.latchkey"),
                                      "try", "alice"], text=True, cwd="/", user=who, group=who, extra_groups=[], stdout=subprocess.PIPE,
                                     stderr=subprocess.STDOUT)
            seen = ""
            while "WDJB-MJHT" not in seen:
                line = child.stdout.readline()
                assert line, seen
                seen += line
            w.provider.approve_all("alice", "s-1")
            seen += child.stdout.read()
            assert child.wait(PATIENCE) == 0 and re.search(r"/go\b", seen), seen


def test_helper_is_gone():
    with World() as w:
        w.rig.helper.stop()
        w.rig.sockets["io.latchkey"].close()
        done = w.command("status")
        assert done.returncode == 3 and done.stderr and not done.stdout, done


def test_inspect_real_token():
    """A token of the provider, judged with its keys in a file; and the same with one byte changed."""
    with World() as w:
        token = w.provider.token_reply("alice", "s-1")["id_token"]
        keys = w.rig.path("keys.json")
        with open(keys, "w", encoding="ascii") as f:
            json.dump({"keys": [w.provider.jwk]}, f)
        judge = ["inspect", "--jwks", keys, "--issuer", w.provider.issuer, "--audience", "latchkey", "-"]
        assert w.command(*judge, input=token).returncode == 0
        assert w.command(*judge, input=token[:-3] + ("AAA" if token[-3:] != "AAA" else "BBB")).returncode == 1
        judge[6] = "somebody-else"
        assert w.command(*judge, input=token).returncode == 1
        assert w.command("inspect").returncode == 2


if __name__ == "__main__":
    run([f for name, f in sorted(globals().items()) if name.startswith("test_")])
