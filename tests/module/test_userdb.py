#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""latchkey-userdb and its callers: systemd's client sees what the NSS module sees, for every account and group; raw
requests of every kind; limits; and what one that hangs costs. Threats I14, I15, L3, L5, L6, L11, L20. Needs root."""
import json
import os
import re
import signal
import socket
import stat
import struct
import subprocess
import time

import rig
from userdb_rig import FIRST, MARK_LOCAL, METHOD, SERVICE, SLOT_FLAGS, SLOT_UID, Rig, error

TALKER, OTHER = 61993, 61994
LARGE = 1500  # members: more than a record holds
CROWD = [f"member{i}" for i in range(LARGE)]
PEOPLE = f"""user|alice|{FIRST + 1}|{FIRST + 1}|Alice Example|/home/alice|/bin/bash
user|bob|{FIRST + 2}|{FIRST + 2}|Robert Long, whose full name does not fit where the other names do, and that is so|/home/bob|/bin/sh
user|carol.c@corp|{FIRST + 3}|{FIRST + 9001}|Zoë Ünï \U0001F511 "quoted" \\ 'x' & <y>|/home/carol.c@corp|/usr/bin/zsh
user|_dave-7|{FIRST + 4}|{FIRST + 4}||/home/_dave-7|/bin/sh
user|a2345678901234567890123456789012|{FIRST + 5}|{FIRST + 5}| spaces |/home/x|/bin/sh
group|devs|{FIRST + 9001}|alice,bob
group|ops|{FIRST + 9002}|bob,_dave-7
group|empty|{FIRST + 9003}|
group|crowd|{FIRST + 9004}|{",".join(CROWD)}
""" + "".join(f"user|{name}|{FIRST + 100 + i}|{FIRST + 100 + i}|One of many|/home/{name}|/bin/sh\n"
              for i, name in enumerate(CROWD))


def names(kind):
    return [line.split("|")[1] for line in PEOPLE.splitlines() if line.startswith(kind)]


def ids(kind):
    return [line.split("|")[2] for line in PEOPLE.splitlines() if line.startswith(kind)]


def get(client, method, more=False, **parameters):
    return client.ask(METHOD + method, more, **{"service": SERVICE, **parameters})


def everything(client, method, **parameters):
    """All replies to a call with more; the last one is the one without continues."""
    replies = [get(client, method, True, **parameters)]
    while replies[-1].get("continues"):
        replies.append(client.reply())
    return [r["parameters"] for r in replies]


def documents(text):
    """The JSON texts that stand one behind the other."""
    found = []
    while text := text.lstrip():
        document, end = json.JSONDecoder().raw_decode(text)
        found.append(document)
        text = text[end:]
    return found


# --- one view -------------------------------------------------------------------------------------------------------------


def records(view, rig_, database, keys=()):
    """Lines of getent, with the members of groups in one order."""
    _, text = rig_.ask("getent", "-s", view, database, *keys)
    lines = [line.split(":") for line in text.splitlines()]
    if database == "group":
        lines = [f[:3] + [",".join(sorted(f[3].split(",")))] for f in lines]
    return sorted(":".join(f) for f in lines)


def test_both_views_say_the_same():
    """I14: NSS over the map, and nss-systemd over the socket: each account and group by name, by id, and all of them"""
    with Rig() as r:
        r.publish(PEOPLE)
        people, groups = names("user"), names("group") + names("user")
        for database, keys in (("passwd", people), ("passwd", ids("user")), ("group", groups),
                               ("group", ids("group") + ids("user")), ("passwd", []), ("group", [])):
            ours = records("latchkey", r, database, keys)
            theirs = records("systemd", r, database, keys)
            if not keys:
                # Enumerating, nss-systemd adds its own two, and loses a group that glibc's first buffer does not hold.
                theirs = [line for line in theirs if line.split(":")[2] not in ("0", "65534")]
                ours = [line for line in ours if len(line) < 1024]
            assert len(ours) >= len(keys) - 1 and len(ours) > 5, (database, len(ours))
            assert ours == theirs, (database, keys, [line[:80] for line in set(ours) ^ set(theirs)])
        for name in people[:8]:
            assert r.ask("id", name, view="systemd") == r.ask("id", name, view="latchkey"), name
            status, text = r.ask("id", name)
            assert status == 0 and f"({name})" in text, text
        assert f"({'ops'})" in r.ask("id", "bob")[1] and "devs" in r.ask("groups", "bob")[1]
        # A password that nothing matches, and an account that has not ended.
        for view, password in (("latchkey", "*"), ("systemd", "!*")):
            assert r.ask("getent", "-s", view, "shadow", "alice") == (0, f"alice:{password}:::::::\n"), view


def test_userdbctl():
    """What the administrator's tool shows: records, memberships, the service they come from"""
    with Rig() as r:
        r.publish(PEOPLE)
        for name in names("user")[:8]:
            status, text = r.userdbctl("--output=json", "user", name)
            assert status == 0, (name, text)
            record = json.loads(text)
            passwd = r.ask("getent", "-s", "latchkey", "passwd", name)[1].rstrip("\n").split(":")
            assert [record["userName"], "x", str(record["uid"]), str(record["gid"]), record["realName"],
                    record["homeDirectory"], record["shell"]] == passwd, record
            # Nothing but who somebody is: no password, no capability, no limit.
            assert set(record) == {"userName", "uid", "gid", "realName", "homeDirectory", "shell", "disposition",
                                   "service"}, record
            assert (record["disposition"], record["service"]) == ("regular", SERVICE)
        record = json.loads(r.userdbctl("--output=json", "group", "devs")[1])
        assert record == {"groupName": "devs", "gid": FIRST + 9001, "members": ["alice", "bob"],
                          "disposition": "regular", "service": SERVICE}, record
        assert "members" not in json.loads(r.userdbctl("--output=json", "group", "crowd")[1])
        pairs = {(m["user"], m["group"]) for m in documents(
            r.userdbctl("--output=json", "users-in-group", "devs", "ops")[1])}
        assert pairs == {("alice", "devs"), ("bob", "devs"), ("bob", "ops"), ("_dave-7", "ops")}, pairs
        assert len(documents(r.userdbctl("--output=json", "users-in-group", "crowd")[1])) == LARGE
        services = r.userdbctl("services", "--no-legend")[1]
        assert re.search(rf"{SERVICE}\s+yes", services), services
        assert r.userdbctl("user", "nobody-here")[0] != 0


def test_never_answered_for():
    """I14, I15: marks of local accounts, ids below the floor, system names: as the NSS module, not at all"""
    with Rig() as r:
        r.publish(PEOPLE)
        c = r.client(TALKER)
        for key in ({"userName": "root"}, {"uid": 0}, {"userName": "daemon"}, {"uid": 65534}, {"uid": 999},
                    {"userName": "nobody"}, {"userName": "Alice"}, {"userName": "alice "}):
            assert get(c, "UserRecord", **key) == {"error": error("NoRecordFound"), "parameters": {}}, key
        for key in ({"groupName": "root"}, {"gid": 27}, {"groupName": "sudo"}, {"groupName": "carol.c@corp"}):
            assert get(c, "GroupRecord", **key)["error"] == error("NoRecordFound"), key
        assert get(c, "UserRecord", userName="alice")["parameters"]["record"]["uid"] == FIRST + 1
        for offset, data in ((SLOT_FLAGS, bytes([MARK_LOCAL])), (SLOT_UID, struct.pack("=I", 500)),
                             (SLOT_UID, struct.pack("=I", 65534))):
            r.publish(PEOPLE)
            r.patch("alice", offset, data)
            for method, key in (("UserRecord", {"userName": "alice"}), ("UserRecord", {"uid": FIRST + 1}),
                                ("UserRecord", {"uid": 500}), ("GroupRecord", {"groupName": "alice"}),
                                ("GroupRecord", {"gid": FIRST + 1})):
                assert get(c, method, **key)["error"] == error("NoRecordFound"), (offset, data, key)
            assert get(c, "Memberships", True, userName="alice")["error"] == error("NoRecordFound")
            found = [p["record"]["userName"] for p in everything(c, "UserRecord")]
            assert "alice" not in found and "bob" in found
            for view in ("latchkey", "systemd"):
                assert r.ask("getent", "-s", view, "passwd", "alice") == (2, ""), (view, offset)


# --- requests -------------------------------------------------------------------------------------------------------------


def test_answers():
    """Every outcome of the three methods, by its name"""
    with Rig() as r:
        c = r.client(TALKER)
        # Nothing was ever published.
        assert get(c, "UserRecord", userName="alice")["error"] == error("NoRecordFound")
        assert get(c, "UserRecord", True)["error"] == error("NoRecordFound")
        r.publish(PEOPLE)
        alice = get(c, "UserRecord", userName="alice", uid=FIRST + 1)
        assert "continues" not in alice and alice["parameters"]["incomplete"] is False
        assert get(c, "UserRecord", True, uid=FIRST + 1) == alice
        for method, parameters, expected in (
                ("UserRecord", {"userName": "alice", "uid": FIRST + 2}, "ConflictingRecordFound"),
                ("UserRecord", {"userName": "nobody-here", "uid": FIRST + 2}, "ConflictingRecordFound"),
                ("GroupRecord", {"groupName": "devs", "gid": FIRST + 1}, "ConflictingRecordFound"),
                ("UserRecord", {"userName": "alice", "uidMin": FIRST + 2}, "NonMatchingRecordFound"),
                ("UserRecord", {"userName": "alice", "dispositionMask": ["system"]}, "NonMatchingRecordFound"),
                ("GroupRecord", {"gid": FIRST + 9001, "gidMax": 5}, "NonMatchingRecordFound"),
                ("Memberships", {"userName": "alice", "groupName": "ops"}, "NoRecordFound"),
                ("UserRecord", {"userName": "alice", "service": "io.systemd.Multiplexer"}, "BadService"),
                ("UserRecord", {"userName": "alice", "service": None}, "BadService")):
            assert get(c, method, **parameters) == {"error": error(expected), "parameters": {}}, parameters
        assert c.ask(METHOD + "UserRecord", userName="alice")["error"] == error("BadService")
        for method, parameters in (("UserRecord", {}), ("GroupRecord", {}), ("Memberships", {}),
                                   ("Memberships", {"userName": "bob"}), ("Memberships", {"groupName": "ops"})):
            assert get(c, method, **parameters)["error"] == "org.varlink.service.ExpectedMore", parameters
        for method, bad, value in (("UserRecord", "uid", -1), ("UserRecord", "uid", "0"), ("UserRecord", "gid", 5),
                                   ("UserRecord", "fuzzyNames", ["a"]), ("Memberships", "uid", 1)):
            assert get(c, method, **{bad: value}) == {"error": "org.varlink.service.InvalidParameter",
                                                      "parameters": {"parameter": bad}}
        assert c.ask("io.systemd.UserDatabase.SetUserRecord")["error"] == "org.varlink.service.MethodNotFound"
        assert get(c, "Memberships", userName="bob", groupName="ops")["parameters"] == {"userName": "bob",
                                                                                       "groupName": "ops"}
        assert [p["groupName"] for p in everything(c, "Memberships", userName="_dave-7")] == ["ops"]
        assert len(everything(c, "Memberships")) == LARGE + 4
        assert len(everything(c, "GroupRecord")) == len(PEOPLE.splitlines()) - 1  # carol has no private group
        info = c.ask("org.varlink.service.GetInfo")["parameters"]
        assert info["interfaces"] == ["org.varlink.service", "io.systemd.UserDatabase"], info
        text = c.ask("org.varlink.service.GetInterfaceDescription", interface="io.systemd.UserDatabase")
        assert "method GetMemberships(" in text["parameters"]["description"]


def test_l6_bad_frames():
    """L6: whatever is no call ends the connection and nothing else"""
    with Rig() as r:
        r.publish(PEOPLE)
        whole = json.dumps({"method": METHOD + "UserRecord", "parameters": {"userName": "alice", "service": SERVICE},
                            "more": True}).encode()
        for end in range(len(whole)):
            c = r.client(TALKER)
            c.send(whole[:end] + b"\0")
            assert c.is_closed(), whole[:end]
            c.close()
            c = r.client(TALKER)
            c.send(whole[:end])
            c.close()
        for frame in (b"[]\0", b"{}\0", b"\0", b"\xff\0", b'{"method":"a.B","method":"a.B"}\0', b" " * 16385,
                      b'{"method":"a.B","upgrade":true}\0', b'{"method":"' + b"a" * 9000 + b'.B"}\0',
                      b'{"method":"a.B","parameters":' + b"[" * 40 + b"]" * 40 + b"}\0",
                      whole[:-1] + b',"oneway":true}\0', whole[:-1].replace(b"true", b"false") + b',"oneway":true}\0'):
            c = r.client(TALKER)
            c.send(frame)
            assert c.is_closed(), frame[:60]
            c.close()
        # Descriptors that come along are closed, and the call is answered.
        c = r.client(TALKER)
        before = len(os.listdir(f"/proc/{r.userdb.pid}/fd"))
        for _ in range(20):
            socket.send_fds(c.socket, [whole + b"\0"], [0, 1, 2])
            assert c.reply()["parameters"]["record"]["userName"] == "alice"
        assert len(os.listdir(f"/proc/{r.userdb.pid}/fd")) <= before
        # Who talks while a listing runs is cut off.
        c.call(METHOD + "UserRecord", True, service=SERVICE)
        assert c.reply()["continues"] is True
        c.call(METHOD + "UserRecord", True, service=SERVICE)
        while c.reply() is not None:
            pass
        assert r.userdb.is_alive() and r.client().ask("org.varlink.service.GetInfo") is not None


def test_a_listing_is_one_map():
    """What is published meanwhile neither loses nor doubles anybody, and the next listing has it"""
    with Rig() as r:
        many = "".join(f"user|u{i}|{FIRST + i}|{FIRST + i}||/home/u{i}|/bin/sh\n" for i in range(20000))
        r.publish(many)
        c = r.client(TALKER)
        c.call(METHOD + "UserRecord", True, service=SERVICE)
        found = [c.reply()["parameters"]["record"]["userName"]]
        r.publish(PEOPLE)
        assert get(r.client(), "UserRecord", userName="alice")["parameters"]["record"]["uid"] == FIRST + 1
        reply = {"continues": True}
        while reply.get("continues"):
            reply = c.reply()
            found.append(reply["parameters"]["record"]["userName"])
        assert len(found) == 20000 and set(found) == {f"u{i}" for i in range(20000)}
        assert len(everything(c, "UserRecord")) == len(names("user"))
        r.userdb.stop(signal.SIGTERM)


def test_map_that_is_not_believed():
    """L15: a map that others could have written is ServiceNotAvailable, said once in the log, and mended by itself"""
    with Rig() as r:
        r.publish(PEOPLE)
        c = r.client(TALKER)
        path = r.path("state/nss")
        os.chmod(path, 0o777)
        fresh = Rig()
        fresh.userdb.argv[2] = path
        with fresh:
            f = fresh.client(TALKER)
            for parameters in ({"userName": "alice"}, {}):
                assert get(f, "UserRecord", True, **parameters)["error"] == error("ServiceNotAvailable")
            assert fresh.ask("getent", "-s", "systemd", "passwd", "alice") == (2, "")
            os.chmod(path, 0o755)
            assert get(f, "UserRecord", userName="alice")["parameters"]["record"]["uid"] == FIRST + 1
            assert fresh.log().count("damaged or could have been written") == 1, fresh.log()
            assert fresh.log().count("can be read again") == 1, fresh.log()
        assert get(c, "UserRecord", userName="alice")["parameters"]["record"]["uid"] == FIRST + 1


# --- limits ---------------------------------------------------------------------------------------------------------------


def test_l3_connections():
    """L3: one who holds all connections that a user may have takes none from root or from others"""
    with Rig() as r:
        r.publish(PEOPLE)
        held = [r.client(TALKER) for _ in range(64)]
        assert all(get(c, "UserRecord", userName="alice") is not None for c in held)
        assert r.client(TALKER).is_closed()
        for uid in (OTHER, 0):
            assert get(r.client(uid), "UserRecord", userName="alice") is not None, uid
        for c in held:
            c.close()
        rig.wait_until(lambda: not r.client(TALKER).is_closed(timeout=0.2))


def test_l3_slow_reader():
    """L3: who asks for all and reads nothing is dropped, and costs little memory until then"""
    with Rig() as r:
        r.publish("".join(f"user|u{i}|{FIRST + i}|{FIRST + i}||/home/u{i}|/bin/sh\n" for i in range(20000)))
        readers = [r.client(TALKER) for _ in range(60)]
        for c in readers:
            c.call(METHOD + "UserRecord", True, service=SERVICE)
        assert get(r.client(OTHER), "UserRecord", userName="u7") is not None
        with open(f"/proc/{r.userdb.pid}/status", encoding="ascii") as f:
            size = int(re.search(r"^RssAnon:\s+(\d+) kB", f.read(), re.M)[1])
        assert "sanitize" in rig.BUILD or size < 16384, f"{size} kB for {len(readers)} readers"
        rig.wait_until(lambda: len(os.listdir(f"/proc/{r.userdb.pid}/fd")) < 30)
        # What was in flight arrives, then the end comes before the last reply.
        last = None
        while (reply := readers[0].reply()) is not None:
            last = reply
        assert last["continues"] is True
        assert get(r.client(TALKER), "UserRecord", userName="u7") is not None


# --- the process ----------------------------------------------------------------------------------------------------------


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(re.findall(r"^(\w+):\t(.*)$", f.read(), re.M))


def test_privileges():
    """L11: nothing of root is left when the first question is answered, and without a user it does not serve"""
    with Rig() as r:
        r.publish(PEOPLE)
        assert get(r.client(), "UserRecord", userName="alice") is not None
        status = status_of(r.userdb.pid)
        assert set(status["Uid"].split()) == {"65534"} and set(status["Gid"].split()) == {"65534"}, status
        assert status["Groups"].strip() == "" and status["NoNewPrivs"] == "1", status
        assert all(int(status[c], 16) == 0 for c in ("CapEff", "CapPrm", "CapInh", "CapAmb")), status
        assert os.stat(f"/proc/{r.userdb.pid}/mem").st_uid == 0, "not dumpable: its memory is nobody's"
    for user in ("root", "no-such-user-here"):
        r = Rig(user)
        with r:
            assert os.waitstatus_to_exitcode(r.userdb.wait()) == 1
            assert "not in /etc/passwd, or is root" in r.log(), r.log()
    program = os.path.join(rig.BUILD, "latchkey-userdb")
    for arguments in ([], ["--nothing"], ["stray"], ["--user", "nobody"]):
        run = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        assert run.returncode == 1, (arguments, run)
    assert subprocess.run([program, "--help"], stdout=subprocess.PIPE, check=False).returncode == 0


def test_ready_and_watchdog():
    """L20: it says that it is ready, and that it lives for as long as it does, so that one that hangs is replaced"""
    with Rig() as r:
        r.userdb.stop(signal.SIGKILL)
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(r.path("notify"))
        os.chmod(r.path("notify"), 0o666)
        notify.settimeout(rig.PATIENCE)
        r.userdb.environment = {"NOTIFY_SOCKET": r.path("notify"), "WATCHDOG_USEC": "200000"}
        r.userdb.start()
        heard = b""
        while b"READY=1" not in heard or heard.count(b"WATCHDOG=1") < 3:
            heard += notify.recv(4096) + b"\n"
        r.userdb.stop(signal.SIGTERM)
        while b"STOPPING=1" not in heard:
            heard += notify.recv(4096) + b"\n"


def test_one_that_hangs():
    """L20: systemd's client waits 45 seconds for a process that hangs, for every name that is not local, and then
    answers "not found" itself; it goes on at once when the process does, or when it ends"""
    with Rig() as r:
        r.publish(PEOPLE)
        assert r.ask("getent", "-s", "systemd", "passwd", "alice")[0] == 0
        os.kill(r.userdb.pid, signal.SIGSTOP)
        rig.wait_until(lambda: status_of(r.userdb.pid)["State"].startswith("T"))
        waiting = [r.begin("getent", "passwd", "alice"), r.begin("id", "no-such-name"), r.begin("id", "daemon")]
        assert r.ask("getent", "passwd", "root")[0] == 0, "the files' own do not wait"
        time.sleep(3)  # far more than an answer takes
        assert [p.poll() for p in waiting] == [None] * 3
        os.kill(r.userdb.pid, signal.SIGCONT)
        assert [p.wait(60) for p in waiting] == [0, 1, 0]
        assert b"Alice Example" in waiting[0].stdout.read()
        # Nobody wakes it: the client gives up by itself.
        os.kill(r.userdb.pid, signal.SIGSTOP)
        waiting = [r.begin("getent", "passwd", "alice"), r.begin("id", "no-such-name")]
        assert [p.wait(250) for p in waiting] == [2, 1]
        # It is killed, as its watchdog has it, and its connections with it.
        waiting = [r.begin("getent", "passwd", "alice")]
        os.kill(r.userdb.pid, signal.SIGCONT)
        os.kill(r.userdb.pid, signal.SIGSTOP)
        time.sleep(1)
        r.userdb.stop(signal.SIGKILL)
        r.userdb.start()
        assert waiting[0].wait(120) in (0, 2)
        # The socket is gone, as after the end of both units: nothing is asked and nothing waits.
        os.unlink(r.path("userdb", SERVICE))
        assert r.ask("getent", "passwd", "alice") == (2, "")
        assert r.ask("id", "daemon")[0] == 0


if __name__ == "__main__":
    assert stat.S_ISREG(os.stat(os.path.join(rig.BUILD, "latchkey-userdb")).st_mode)
    rig.run([f for name, f in sorted(globals().items()) if name.startswith("test_") and callable(f)])
