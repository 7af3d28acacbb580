#!/usr/bin/python3
"""What an administrator does to accounts, with the command, a helper, latchkey-root and a provider: names and numbers of one
person never become another's. Needs root."""
import csv
import io
import json
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

import test_command
from rig import Rig, run
from test_command import granted
from tiny_provider import TinyProvider, config

MIGRATED = "migrated_ids = 20000-20999"


class World(test_command.World):
    def __init__(self, accounts=MIGRATED, provider="", limits=None):
        self.accounts, self.more, self.limits = accounts, provider, limits or {}

    def __enter__(self):
        self.provider = TinyProvider(interval=1)
        text = config(self.provider, **self.limits).replace("[access]", f"{self.more}\n[access]")
        self.rig = Rig(f"{text}[accounts]\n{self.accounts}\n").start()
        self.rig.wait_log("is ready")
        return self

    def good(self, *arguments, **more):
        done = self.command(*arguments, **more)
        assert done.returncode == 0 and not done.stderr, done
        return done.stdout

    def bad(self, *arguments, **more):
        done = self.command(*arguments, **more)
        assert done.returncode == 1 and done.stderr, done
        return done.stderr

    def show(self, name):
        return json.loads(self.good("show", name, "--json"))

    def refused(self, name, subject, **claims):
        """The reason why this sign-in is refused."""
        c = self.begin(name, subject, **claims)
        while "error" not in (reply := c.reply()):
            assert reply["parameters"]["state"] == "waiting", reply
        assert reply["error"] == "io.latchkey.Denied", reply
        return reply["parameters"]["reason"]

    def begin(self, name, subject, asked=None, **claims):
        c = self.rig.client()
        c.call("io.latchkey.Authenticate", more=True, version=1, user=asked or name, service="sshd")
        while (reply := c.reply())["parameters"].get("state") != "challenge":
            assert "error" not in reply, reply
        self.provider.approve_last(name, subject, **claims)
        return c


def test_pin():
    with World() as w:
        assert "Pinned alice to UID 20001" in w.good("accounts", "pin", "alice", "--uid", "20001")
        assert "has UID 20001 already" in w.good("accounts", "pin", "alice", "--uid", "20001")
        assert w.show("alice")["state"] == "expected" and "subject" not in w.show("alice")
        w.good("accounts", "pin", "bob", "--uid", "20002", "--gid", "20003", "--subject", "s-2", "--home", "/home/robert",
               "--shell", "/bin/sh", "--provider", "tiny")
        assert w.sign_in("alice", "s-1")["uid"] == 20001
        bob = w.sign_in("bob", "s-2")
        assert (bob["uid"], bob["gid"], bob["home"]) == (20002, 20003, "/home/robert"), bob
        for words in (["carol", "--uid", "0"], ["carol", "--uid", "x"]):
            assert w.command("accounts", "pin", *words).returncode == 2
        assert "outside uid_min" in w.bad("accounts", "pin", "carol", "--uid", "999")
        assert "outside uid_min" in w.bad("accounts", "pin", "carol", "--uid", "21000")
        assert "another account" in w.bad("accounts", "pin", "carol", "--uid", "20001")
        assert "another account" in w.bad("accounts", "pin", "carol", "--uid", "20003")
        assert "subject has another" in w.bad("accounts", "pin", "carol", "--uid", "20005", "--subject", "s-2")
        assert "local or reserved" in w.bad("accounts", "pin", "root", "--uid", "20005")
        assert "no provider is called" in w.bad("accounts", "pin", "carol", "--uid", "20005", "--provider", "x")
        assert "outside what [accounts]" in w.bad("accounts", "pin", "carol", "--uid", "20005", "--home", "/srv/x")
        assert w.command("accounts", "pin", "carol", "--uid", "20005", uid=61992).returncode == 1
        assert len(json.loads(w.good("accounts", "--json"))) == 2


def test_import_export_compare():
    """All of a file or none of it; what one host exports another imports, and then both agree."""
    with World() as w, World() as other:
        people = w.rig.path("people.csv")

        def write(text):
            with open(people, "w", encoding="utf-8") as f:
                f.write(text)

        write("name,uid,gecos\nalice,20001,\"Alice, A.\"\nbob,20002,\ncarol,999,\n")
        assert f"{people}:4: " in w.bad("accounts", "import", people)
        write("name,uid,gecos\nalice,20001,\nbob,20001,\n")
        assert f"{people}:3: " in w.bad("accounts", "import", people)
        assert json.loads(w.good("accounts", "--json")) == []
        write("name,uid,gecos\nalice,20001,\"Alice, A.\"\nbob,20002,\n")
        assert "Imported 2 accounts, 0 were there already." in w.good("accounts", "import", people)
        assert "Imported 0 accounts, 2 were there already." in w.good("accounts", "import", people)
        assert json.loads(w.good("accounts", "import", "-", "--json", input="name,uid\nalice,20001\n")) == {"imported": 0}
        w.sign_in("alice", "s-1")
        w.sign_in("dave", "s-4")
        w.good("forget", "dave")

        exported = w.good("accounts", "export")
        rows = {r["name"]: r for r in csv.DictReader(io.StringIO(exported))}
        assert rows["alice"]["uid"] == "20001" and rows["alice"]["subject"] == "s-1", rows
        assert rows["dave"]["state"] == "forgotten" and rows["bob"]["state"] == "expected", rows
        as_json = w.good("accounts", "export", "--format", "json")
        assert [a["name"] for a in json.loads(as_json)] == ["alice", "bob", "dave"]
        assert as_json == w.good("accounts", "export", "--json")
        for name, text in (("a.csv", exported), ("a.json", as_json)):
            with open(w.rig.path(name), "w", encoding="utf-8") as f:
                f.write(text)
        # of another host: its provider has another address here, and the same name
        said = other.good("accounts", "import", w.rig.path("a.csv"))
        assert "Imported 2 accounts" in said and "1 that are forgotten, withdrawn or local" in said, said
        assert "0 accounts, 2 were" in other.good("accounts", "import", w.rig.path("a.json"))
        assert other.show("alice")["subject"] == "s-1"
        with open(w.rig.path("b.csv"), "w", encoding="utf-8") as f:
            f.write(other.good("accounts", "export"))
        assert "No name has two" in w.good("accounts", "compare", w.rig.path("a.json"), w.rig.path("b.csv"))
        other.good("accounts", "move", "bob", "--uid", "20009")
        with open(w.rig.path("b.csv"), "w", encoding="utf-8") as f:
            f.write(other.good("accounts", "export"))
        done = w.command("accounts", "compare", w.rig.path("a.json"), w.rig.path("b.csv"))
        assert done.returncode == 1 and "bob: UID 20002 in" in done.stdout and "20009 in" in done.stdout, done


def test_i6_rename_and_release():
    """I6: renamed at the provider: same UID, new name; the old name is nobody's until root says so."""
    with World() as w:
        account = w.sign_in("alice", "s-1")
        renamed = granted(w.begin("aliceb", "s-1"))
        assert renamed["uid"] == account["uid"] and renamed["home"] == "/home/alice", renamed
        assert w.refused("aliceb", "s-1", asked="alice") == "renamed"
        assert w.refused("alice", "s-9") == "name-taken"
        assert "latchkey accounts release NAME" in w.rig.log()
        assert w.refused("aliceb", "s-9") == "name-taken"
        w.good("accounts", "rename", "aliceb", "alicec")
        assert w.show("alicec")["uid"] == account["uid"]
        assert "an account has this name" in w.bad("accounts", "release", "alicec")
        assert "there is no account" in w.bad("accounts", "release", "nobody-there")
        assert "Released alice" in w.good("accounts", "release", "alice")
        new = w.sign_in("alice", "s-9")
        assert new["uid"] != account["uid"], new
        w.good("forget", "alicec")
        w.good("accounts", "release", "alicec")
        assert w.sign_in("alicec", "s-1")["uid"] not in (account["uid"], new["uid"])


def test_i6_i9_retired():
    """I6, I9: what nobody gets again can be looked at: names and numbers, who had them, since when; in pages, and by root alone."""
    with World() as w:
        assert json.loads(w.good("accounts", "retired", "--json")) == []
        account = w.sign_in("alice", "s-1")
        w.good("accounts", "rename", "alice", "aliceb")
        w.good("accounts", "pin", "bob", "--uid", "20001", "--gid", "20002")
        w.good("accounts", "move", "bob", "--uid", "20003")
        w.good("forget", "bob")  # whom nobody ever was: retired at once, name and numbers
        w.sign_in("carol", "s-3")
        w.good("forget", "carol")  # a tombstone among the accounts
        retired = json.loads(w.good("accounts", "retired", "--json"))
        since = [r.pop("since") for r in retired]
        assert all(1500000000 < s < 1 << 40 for s in since), since
        assert retired == [{"kind": "name", "name": "alice", "id": account["uid"], "account": "aliceb"},
                           {"kind": "name", "name": "bob", "id": 20003},
                           {"kind": "id", "name": "bob", "id": 20001}, {"kind": "id", "name": "bob", "id": 20002},
                           {"kind": "id", "name": "bob", "id": 20003}], retired
        lines = w.good("accounts", "retired").splitlines()
        assert lines[0].split() == ["RETIRED", "NAME", "ID", "NOW", "CALLED", "SINCE"] and len(lines) == 6, lines
        assert lines[1].split()[:4] == ["name", "alice", str(account["uid"]), "aliceb"], lines
        assert w.command("accounts", "retired", uid=61992).returncode == 1
        w.good("accounts", "release", "bob")
        w.good("accounts", "release", "carol")
        retired = json.loads(w.good("accounts", "retired", "--json"))
        assert [r["name"] for r in retired if r["kind"] == "name"] == ["alice"], retired
        assert "carol" in [r["name"] for r in retired if r["kind"] == "id"], retired
        # more than one page of either kind
        people = w.rig.path("people.csv")
        with open(people, "w", encoding="utf-8") as f:
            f.write("name,uid\n" + "".join(f"u{i:03},{20100 + i}\n" for i in range(300)))
        w.good("accounts", "import", people)
        for i in range(300):
            reply = w.rig.client().ask("io.latchkey.ForgetAccount", name=f"u{i:03}")
            assert "error" not in reply, reply
        everything = json.loads(w.good("accounts", "retired", "--json"))
        assert [r["name"] for r in everything if r["kind"] == "name"] == ["alice"] + [f"u{i:03}" for i in range(300)]
        ids = [r["id"] for r in everything if r["kind"] == "id"]
        assert ids == sorted(set(ids)) and len(ids) == len(retired) - 1 + 300, len(ids)


def test_move():
    """The old number is nobody's any more; files are not touched, and the command says so."""
    with World() as w:
        account = w.sign_in("alice", "s-1")
        said = w.good("accounts", "move", "alice", "--uid", "20007")
        assert f"chown -hR --from={account['uid']} 20007:20007 /home/alice" in said, said
        moved = w.sign_in("alice", "s-1")
        assert (moved["uid"], moved["gid"]) == (20007, 20007), moved
        assert "another account" in w.bad("accounts", "pin", "bob", "--uid", str(account["uid"]))
        assert w.bad("accounts", "move", "alice", "--uid", str(account["uid"]))
        assert "decision=move" in w.rig.log()


def test_i12_uid_claim():
    """I12: a number that only the token tells, within root's ranges, and nobody else's."""
    with World(provider="uid_claim = uidNumber\ngid_claim = gidNumber") as w:
        for uid in (0, 999, 21000, "x", -1, 61990):
            assert w.refused("alice", "s-1", uidNumber=uid, gidNumber=20001) == "configuration"
        # this provider has no userinfo that could tell it
        assert w.refused("alice", "s-1", gidNumber=20001) == "provider-error"
        account = granted(w.begin("alice", "s-1", uidNumber="20001", gidNumber=20500))
        assert (account["uid"], account["gid"]) == (20001, 20500), account
        assert w.refused("bob", "s-2", uidNumber=20001, gidNumber=20002) == "configuration"
        assert w.refused("bob", "s-2", uidNumber=20002, gidNumber=20500) == "configuration"
        assert w.refused("alice", "s-1", uidNumber=20003, gidNumber=20500) == "configuration"
        assert granted(w.begin("alice", "s-1", uidNumber=20001, gidNumber=20500))["uid"] == 20001


def test_i10_parallel_first_sign_ins():
    """I10: a hundred people come for the first time at the same moment."""
    with World(accounts="uid_min = 500000\nuid_max = 500119") as w:
        waiting = [w.begin(f"u{i:03}", f"s-{i}") for i in range(100)]
        uids = [granted(c)["uid"] for c in waiting]
        assert len(set(uids)) == 100 and min(uids) >= 500000 and max(uids) <= 500119, sorted(uids)


def test_i9_restored_backup():
    """I9: after a rename, a move, an import or a release an older store is refused."""
    with World() as w:
        store = w.rig.path("private", "store.db")
        w.sign_in("alice", "s-1")
        for change in (["accounts", "pin", "bob", "--uid", "20001"], ["accounts", "rename", "bob", "rob"],
                       ["accounts", "move", "rob", "--uid", "20002"], ["accounts", "release", "bob"]):
            assert w.rig.helper.stop() == 0
            with open(store, "rb") as f:
                before = f.read()
            w.rig.helper.start()
            w.good(*change)
            assert w.rig.helper.stop() == 0
            with open(store, "rb") as f:
                after = f.read()
            with open(store, "r+b") as f:
                f.truncate(0)
                f.write(before)
            w.rig.helper.start()
            assert w.rig.helper.wait() != 0, change
            with open(store, "r+b") as f:
                f.truncate(0)
                f.write(after)
            w.rig.helper.start()
            w.good("status")


if __name__ == "__main__":
    run([f for name, f in sorted(globals().items()) if name.startswith("test_") and callable(f)])
