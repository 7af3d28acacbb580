#!/usr/bin/python3
"""The audit file of a running helper: what it says of one sign-in from the code to the session, that a person and an
administrator find each other by the reference, and what happens when it cannot be written."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

from rig import PATIENCE, UID, Rig, run
from tiny_provider import TinyProvider, config

REFERENCE = re.compile(r"\(reference ([0-9A-Z]{4}-[0-9A-Z]{4})\)$")


class World:
    def __init__(self, **keys):
        self.folder = tempfile.mkdtemp(prefix="lk-audit-")
        os.chown(self.folder, UID, UID)
        self.file = os.path.join(self.folder, "audit.jsonl")
        self.keys = "".join(f"{k} = {v}\n" for k, v in keys.items())

    def __enter__(self):
        self.provider = TinyProvider(interval=1)
        self.rig = Rig(f"{config(self.provider)}[latchkey]\naudit_file = {self.file}\n{self.keys}").start()
        self.rig.wait_log("is ready")
        return self

    def __exit__(self, *_):
        self.rig.close()
        self.provider.close()
        shutil.rmtree(self.folder)

    def begin(self, name="alice"):
        c = self.rig.client()
        c.call("io.latchkey.Authenticate", more=True, version=1, user=name, service="sshd", rhost="192.0.2.7")
        reply = c.reply()
        assert reply["parameters"].get("state") == "challenge", reply
        return c

    def sign_in(self, approved_as="alice"):
        c = self.begin()
        self.provider.approve_last(approved_as, "s-" + approved_as)
        return c.reply()

    def session(self, **more):
        return self.rig.client().ask("io.latchkey.CheckAccount", version=1, user="alice", service="sshd", **more)

    def events(self):
        with open(self.file, encoding="ascii") as f:
            return [json.loads(line) for line in f]

    def audit(self, *arguments):
        return subprocess.run([self.rig.path("bin", "latchkey"), "audit", "--file", self.file, *arguments], text=True,
                              capture_output=True, check=False, timeout=PATIENCE)


def test_one_reference_for_one_attempt():
    with World() as w:
        granted = w.sign_in()["parameters"]
        assert granted["state"] == "granted", granted
        reference = granted["reference"]
        assert w.session(signed_in=True, reference=reference) == {"parameters": {}}
        assert [(e["decision"], e["result"], e["user"]) for e in w.events() if e["reference"] == reference] == [
            ("attempt", "code-shown", "(unknown)"), ("sign-in", "granted", "alice"), ("account", "granted", "alice")]
        assert w.rig.log().count(f"reference={reference}") == 3
        assert os.stat(w.file).st_mode & 0o7777 == 0o600 and os.stat(w.file).st_uid == UID
        shown = w.audit("--reference", reference.lower())
        assert shown.returncode == 0 and len(shown.stdout.splitlines()) == 3 and not shown.stderr, shown
        # What a caller of another kind says is none of ours.
        assert w.session(signed_in=True, reference="x\nforged") == {"parameters": {}}
        assert REFERENCE.search(f"(reference {w.events()[-1]['reference']})") and w.events()[-1]["reference"] != reference


def test_the_person_reads_it():
    with World() as w:
        denied = w.sign_in("mallory")
        assert denied["error"] == "io.latchkey.Denied", denied
        reference = REFERENCE.search(denied["parameters"]["message"])[1]
        assert denied["parameters"]["reference"] == reference
        # R4: nobody has proved the name.
        assert [(e["result"], e["user"]) for e in w.events() if e["reference"] == reference] == [
            ("code-shown", "(unknown)"), ("wrong-account", "(unknown)")]
        assert "alice" not in open(w.file, encoding="ascii").read()
        other = w.session(signed_in=False)["parameters"]
        assert REFERENCE.search(other["message"])[1] != reference


def test_no_secret_in_it():
    """R13, D7: neither a token nor a code, whatever becomes of it."""
    with World() as w:
        w.sign_in()
        w.sign_in("mallory")
        token = w.provider.token_reply("alice", "s-alice")["id_token"]
        text = open(w.file, encoding="ascii").read()
        for secret in (token[:40], token.split(".")[1][:40], "WDJB-MJHT", *w.provider.polls):
            assert secret not in text, secret


def test_rotated_by_a_rename():
    with World() as w:
        w.sign_in()
        os.rename(w.file, w.file + ".1")
        w.sign_in()
        assert [e["result"] for e in w.events()] == ["code-shown", "granted"]
        assert w.rig.helper.is_alive()


def test_required():
    """C2: nobody gets in whose event is not in the file, and everybody again once it can be written."""
    with World(audit_required="yes") as w:
        assert w.sign_in()["parameters"]["state"] == "granted"
        os.chmod(w.file, 0o644)
        assert w.session(signed_in=True) == {"parameters": {}}, "the open file is still the one with the name"
        os.rename(w.file, w.file + ".1")
        os.mkdir(w.file)
        for reply in (w.sign_in(), w.session(signed_in=True)):
            assert reply["parameters"]["reason"] == "no-store", reply
        assert "nobody is let in" in w.rig.log()
        os.rmdir(w.file)
        assert w.session(signed_in=True) == {"parameters": {}}
        assert [e["decision"] for e in w.events()] == ["gap", "account"], w.events()


def test_not_required():
    with World() as w:
        os.mkdir(w.file + "x")
        os.rename(w.file, w.file + ".1")
        os.rename(w.file + "x", w.file)
        assert w.sign_in()["parameters"]["state"] == "granted"
        assert w.rig.log().count("events are missing") == 1


if __name__ == "__main__":
    run([f for name, f in sorted(globals().items()) if name.startswith("test_")])
