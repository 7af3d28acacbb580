#!/usr/bin/python3
"""latchkeyd by itself: who may ask what, what a bad peer can do, how it starts and ends."""
import array
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

from tiny_provider import TinyProvider, config
from rig import BUILD, PATIENCE, STRANGER, UID, Process, Rig, connect_as, run, wait_until

CONFIG = """
[latchkey]
allow_insecure_loopback = yes
[provider demo]
issuer = http://127.0.0.1:9
client_id = latchkey
[access]
everyone = yes
[limits]
connections_per_uid = 8
codes_per_address = 1000
"""
METHODS = ("Authenticate", "CheckAccount", "GetVersion", "Status", "ListAccounts", "ListRetired", "ShowAccount", "ForgetAccount", "ImportAccounts", "RenameAccount",
           "MoveAccount", "ReleaseName", "RotateKey", "Enroll", "NewSigningKey", "ListSigningKeys", "ShowSigningKey", "RotateSigningKey", "DeleteSigningKey", "GetToken", "LockTokens", "Logout",
           "ListApprovals", "RevokeApprovals", "SetPin", "ClearPin", "OpenBreakGlass", "CloseBreakGlass", "ListBreakGlass")


def version(client):
    return client.ask("io.latchkey.GetVersion")


def test_start_and_end():
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        assert version(rig.client())["parameters"]["protocol"] == 1
        assert rig.helper.stop() == 0


def test_refuses_root_and_missing_sockets():
    done = subprocess.run([os.path.join(BUILD, "latchkeyd")], capture_output=True, check=False)
    assert done.returncode == 1 and b"refuses to run as root" in done.stderr
    rig = Rig(CONFIG)
    alone = Process(rig.helper.argv, UID, [], rig.path("alone.log")).start()
    assert os.waitstatus_to_exitcode(alone.wait()) == 1
    rig.close()


def test_no_network_socket_no_name_lookup():
    """Opens no network socket, and its binary could not ask NSS if it wanted to."""
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        fds = f"/proc/{rig.helper.pid}/fd"
        inodes = {m.group(1) for n in os.listdir(fds)
                  if (m := re.match(r"socket:\[(\d+)\]", os.readlink(f"{fds}/{n}")))}
        for table in ("tcp", "tcp6", "udp", "udp6", "raw"):
            with open(f"/proc/{rig.helper.pid}/net/{table}", encoding="ascii") as f:
                assert not inodes & {line.split()[9] for line in f.readlines()[1:]}, table
    symbols = subprocess.run(["nm", "-D", "--undefined-only", os.path.join(BUILD, "latchkeyd")], capture_output=True,
                             text=True, check=True).stdout
    assert not re.search(r" (getpw|getgr|getaddrinfo|initgroups)", symbols)


def test_l14_memory_is_closed():
    """L14: nobody of the same uid can look into the process, and it leaves no core."""
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        assert os.stat(f"/proc/{rig.helper.pid}/mem").st_uid == 0
        with open(f"/proc/{rig.helper.pid}/limits", encoding="ascii") as f:
            core = next(line for line in f if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"], core


def memory_of(pid):
    """All that a process could have written to, but for the huge maps that a sanitizer reserves."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            if "w" in line.split()[1] and end - start < 1 << 26:
                memory.seek(start)
                yield memory.read(end - start)


def test_l14_no_token_stays():
    """L14, D7: after a sign-in neither process holds a token or device code, not even in memory given back; but for the access
    token, which the helper has ready, once, until the account is forgotten."""
    provider = TinyProvider(interval=1)
    with Rig(config(provider)) as rig:
        rig.wait_log("is ready")
        c = rig.client()
        c.call("io.latchkey.Authenticate", more=True, version=1, user="alice", service="sshd")
        assert c.reply()["parameters"]["state"] == "challenge"
        wait_until(lambda: provider.polls)
        code = list(provider.polls)[0]
        reply = provider.token_reply("alice", "s-1")
        reply |= {"access_token": "access-canary" * 40, "refresh_token": "refresh-canary" * 40}
        provider.approved[code] = reply
        assert c.reply()["parameters"]["state"] == "granted"
        c.close()
        wait_until(lambda: rig.client().ask("io.latchkey.Status")["parameters"]["pending"] == 0)
        access = reply["access_token"].encode()
        secrets = [b"refresh-canary" * 2, reply["id_token"][-60:].encode(), code.encode()]
        memory = b"".join(memory_of(rig.helper.pid))
        assert memory.count(access) == 1 and memory.count(b"access-canary") == 40
        assert "error" not in rig.client().ask("io.latchkey.ForgetAccount", name="alice")
        secrets.append(b"access-canary" * 2)
        for process in (rig.helper, rig.fetch):
            memory = b"".join(memory_of(process.pid))
            assert provider.issuer.encode() in memory or process is rig.fetch
            assert not [s for s in secrets if s in memory], (process.argv[0], [memory.count(s) for s in secrets])
    provider.close()


def test_l1_table_of_peers():
    """L1: everything that is about others or about sign-ins is closed to a stranger."""
    with Rig(CONFIG) as rig:
        for method in METHODS:
            reply = rig.client(STRANGER).ask("io.latchkey." + method, more=method in ("Authenticate", "SetPin", "ListAccounts", "ListRetired"),
                                             version=1, user="alice", name="alice", signed_in=True)
            if method == "GetVersion":
                assert "error" not in reply
            else:
                assert reply == {"error": "io.latchkey.NotPermitted"} or \
                    (reply["error"] == "io.latchkey.NotPermitted" and not reply.get("parameters")), (method, reply)
        assert "error" not in rig.client().ask("io.latchkey.Status")
        assert rig.client().ask("io.latchkey.ListAccounts", more=True)["parameters"] == {"accounts": []}
        assert rig.client().ask("io.latchkey.ListRetired", more=True)["parameters"] == {"retired": []}
        assert rig.client().ask("io.latchkey.ListRetired")["error"] == "org.varlink.service.ExpectedMore"
        for method in ("ShowAccount", "ForgetAccount", "ReleaseName", "ListApprovals", "RevokeApprovals", "ClearPin",
                       "OpenBreakGlass"):
            assert rig.client().ask("io.latchkey." + method, name="alice")["error"] == "io.latchkey.NoSuchAccount"


def test_answers_to_nothing():
    """L1, L6: an answer is worth something on the connection that was asked, and nowhere else."""
    with Rig(CONFIG) as rig:
        for uid in (0, STRANGER):
            c = rig.client(uid) if uid else rig.client()
            assert c.ask("io.latchkey.Answer", more=True, answer="294718")["error"] == "io.latchkey.NothingAsked"
            assert c.ask("io.latchkey.Answer", answer="294718")["error"] == "org.varlink.service.ExpectedMore"
            for bad in (7, None, ["x"]):
                assert c.ask("io.latchkey.Answer", more=True, answer=bad)["error"] == "org.varlink.service.InvalidParameter"
        # Root's modules hand on what programs present; what others type is shorter than any message of theirs may be.
        c = rig.client()
        assert c.ask("io.latchkey.Answer", more=True, answer="x" * 16384)["error"] == "io.latchkey.NothingAsked"
        assert c.ask("io.latchkey.Answer", more=True, answer="x" * 16385)["error"] == "org.varlink.service.InvalidParameter"


def sign_in(rig, provider, name, subject):
    """As sshd would have it done. Returns the account."""
    c = rig.client()
    before = set(provider.polls)
    c.call("io.latchkey.Authenticate", more=True, version=1, user=name, service="sshd")
    assert c.reply()["parameters"]["state"] == "challenge"
    wait_until(lambda: set(provider.polls) - before)
    provider.approved[(set(provider.polls) - before).pop()] = provider.token_reply(name, subject)
    reply = c.reply()
    c.close()
    assert reply["parameters"]["state"] == "granted", reply
    return reply["parameters"]["account"]


def test_r5_attempts_per_uid():
    """R5, L1: a person's own programs may begin sign-ins for that person alone, a few at a time, and claim nothing."""
    provider = TinyProvider(interval=1)
    with Rig(config(provider, attempts_per_uid=2)) as rig:
        rig.wait_log("is ready")
        uid = sign_in(rig, provider, "alice", "s-1")["uid"]

        def begin(c):
            return c.ask("io.latchkey.Authenticate", more=True, version=1, user="alice", service="sshd",
                         rhost="192.0.2.66")["parameters"]

        held = [rig.client(uid) for _ in range(3)]
        assert [begin(c).get("state") for c in held[:2]] == ["challenge"] * 2
        assert begin(held[2])["reason"] == "too-many"
        lines = [x for x in rig.log().splitlines() if "result=too-many" in x]
        assert len(lines) == 1 and f"uid={uid}" in lines[0], lines
        other = rig.client(uid)
        assert other.ask("io.latchkey.Authenticate", more=True, version=1, user="bob")["error"] == \
            "io.latchkey.NotPermitted"
        assert other.ask("io.latchkey.ShowAccount", name="alice")["parameters"]["account"]["uid"] == uid
        held[0].close()
        rig.wait_log("result=cancelled")
        line = [x for x in rig.log().splitlines() if "result=cancelled" in x]
        assert "service=local" in line[0] and "192.0.2.66" not in rig.log(), line
        assert begin(held[2])["state"] == "challenge"
    provider.close()


def test_l1_refusals_are_logged():
    """L1: a call that is not permitted leaves a line with the caller's uid, and a thousand leave only a few."""
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        c = rig.client(STRANGER)
        for _ in range(1000):
            assert c.ask("io.latchkey.Status")["error"] == "io.latchkey.NotPermitted"
        lines = [x for x in rig.log().splitlines() if "result=not-permitted" in x]
        assert len(lines) == 3 and f"uid={STRANGER}" in lines[0] and "io.latchkey.Status" in lines[0], lines
        rig.client(STRANGER + 1).ask("io.latchkey.ForgetAccount", name="alice")
        assert f"uid={STRANGER + 1}" in rig.log() and "alice" not in rig.log()


def test_introspection():
    with Rig(CONFIG) as rig:
        c = rig.client(STRANGER)
        info = c.ask("org.varlink.service.GetInfo")["parameters"]
        assert info["interfaces"] == ["org.varlink.service", "io.latchkey"]
        for interface in info["interfaces"]:
            text = c.ask("org.varlink.service.GetInterfaceDescription", interface=interface)["parameters"]
            with open(f"helper/protocol/{interface}.varlink", encoding="utf-8") as f:
                assert text["description"] == f.read()
        assert c.ask("org.varlink.service.GetInterfaceDescription", interface="x.y")["error"] == \
            "org.varlink.service.InterfaceNotFound"
        assert c.ask("io.latchkey.Nonsense")["error"] == "org.varlink.service.MethodNotFound"


def test_c10_versions():
    """C10: an old helper tells a new module what it speaks, and the reverse."""
    with Rig(CONFIG) as rig:
        for v in (2, 99):
            reply = rig.client().ask("io.latchkey.Authenticate", more=True, version=v, user="alice")
            assert reply["error"] == "io.latchkey.VersionMismatch"
            assert reply["parameters"] == {"protocol": 1, "minimum": 1}
            reply = rig.client().ask("io.latchkey.CheckAccount", version=v, user="alice", signed_in=False)
            assert reply["error"] == "io.latchkey.VersionMismatch"
        for v in (0, -1, "1", None, 1.5):
            reply = rig.client().ask("io.latchkey.Authenticate", more=True, version=v, user="alice")
            assert reply["error"] == "org.varlink.service.InvalidParameter"


def test_r3_names():
    """R1, R3: a name outside the grammar, local or reserved is not ours, and no request leaves for it."""
    names = ["root", "daemon", "nobody", "sshd", "a" * 33, "A", "al ice", "al\nice", "al:ice", "../etc", "%s%n", "$(id)",
             "-rf", "\u0430lice", "a" * 65535, "al\u202eice", "1000", "é"]
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        for name in names:
            reply = rig.client().ask("io.latchkey.Authenticate", more=True, version=1, user=name, service="sshd")
            assert reply["error"] == "io.latchkey.NotOurs", (name[:40], reply)
        assert rig.client().ask("io.latchkey.Authenticate", more=True, version=1, user="")["error"] == \
            "org.varlink.service.InvalidParameter"
        assert all(name not in rig.log() for name in names if len(name) > 5)
        assert rig.client().ask("io.latchkey.Status")["parameters"]["fetch"] != "connected"


def test_provider_down():
    """N7: a provider that cannot be reached is a clear refusal and one line in the log; R4: without the name."""
    with Rig(CONFIG) as rig:
        reply = rig.client().ask("io.latchkey.Authenticate", more=True, version=1, user="alice", service="sshd",
                                 rhost="192.0.2.9")
        assert reply["error"] == "io.latchkey.Denied" and reply["parameters"]["reason"] == "unavailable", reply
        rig.wait_log("result=unavailable")
        line = [x for x in rig.log().splitlines() if "result=unavailable" in x]
        assert len(line) == 1 and "user=(unknown)" in line[0] and "from=192.0.2.9" in line[0], line
        assert "alice" not in rig.log()


def test_d1_cancelled_is_logged():
    """R6, D1: an attempt whose caller goes away leaves one line, with the client's address."""
    silent = socket.create_server(("127.0.0.1", 0))
    with Rig(CONFIG.replace("127.0.0.1:9", f"127.0.0.1:{silent.getsockname()[1]}")) as rig:
        c = rig.client()
        c.call("io.latchkey.Authenticate", more=True, version=1, user="alice", service="sshd", rhost="192.0.2.9")
        asked, _ = silent.accept()  # the provider is being asked; held, since a reset would be an answer
        c.close()
        rig.wait_log("result=cancelled")  # "unavailable", had the provider been waited for
        lines = [x for x in rig.log().splitlines() if "decision=sign-in" in x]
        assert len(lines) == 1 and "from=192.0.2.9" in lines[0], lines
        assert rig.client().ask("io.latchkey.Status")["parameters"]["pending"] == 0
        asked.close()
    silent.close()


def test_c13_log_goes_away():
    """C13: whoever reads the helper's lines may end; the helper goes on."""
    rig = Rig(CONFIG)
    os.mkfifo(rig.helper.log)
    reader = os.open(rig.helper.log, os.O_RDONLY | os.O_NONBLOCK)
    ignored = signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python's own choice would be inherited
    with rig:
        signal.signal(signal.SIGPIPE, ignored)
        version(rig.client())
        os.close(reader)
        assert rig.client(STRANGER).ask("io.latchkey.Status")["error"] == "io.latchkey.NotPermitted"
        assert version(rig.client())["parameters"]["protocol"] == 1


def test_c8_fetch_process_is_gone():
    with Rig(CONFIG) as rig:
        rig.fetch.stop(signal.SIGKILL)
        rig.sockets["fetch"].close()
        reply = rig.client().ask("io.latchkey.Authenticate", more=True, version=1, user="alice", service="sshd")
        assert reply["parameters"]["reason"] == "unavailable", reply


def test_l3_connections_per_uid():
    """L3, L4: a user who holds all connections that one may have takes none from root."""
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        held = [rig.client(STRANGER) for _ in range(8)]
        assert version(held[-1])
        assert rig.client(STRANGER).is_closed()
        assert version(rig.client())
        held[0].close()
        wait_until(lambda: not rig.client(STRANGER).is_closed(0.2))


def test_l4_few_descriptors():
    """L4, C12: with 64 descriptors and more peers than that, sign-ins under way go on, nothing spins, and it recovers."""
    provider = TinyProvider(interval=1)
    rig = Rig(config(provider))
    rig.helper.argv = ["/usr/bin/prlimit", "--nofile=64:64", *rig.helper.argv]
    with rig:
        rig.wait_log("is ready")
        c = rig.client()
        assert version(c)
        held = [rig.client() for _ in range(100)]
        c.call("io.latchkey.Authenticate", more=True, version=1, user="alice", service="sshd")
        assert c.reply()["parameters"]["state"] == "challenge"
        wait_until(lambda: provider.polls)
        provider.approved[list(provider.polls)[0]] = provider.token_reply("alice", "s-1")
        assert c.reply()["parameters"]["state"] == "granted"
        for h in held:
            h.close()
        assert version(rig.client())["parameters"]["protocol"] == 1
    provider.close()


def test_l5_descriptors_are_closed():
    """L5: descriptors that a peer sends along do not stay."""
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        before = len(os.listdir(f"/proc/{rig.helper.pid}/fd"))
        c = rig.client(STRANGER)  # one more, and the helper may have opened one of its own meanwhile
        for _ in range(4):
            fds = array.array("i", [0] * 200)
            message = json.dumps({"method": "io.latchkey.GetVersion"}).encode() + b"\0"
            c.socket.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
            assert "error" not in c.reply()
        assert len(os.listdir(f"/proc/{rig.helper.pid}/fd")) <= before + 3


def test_l6_bad_frames():
    """L6: whatever is no call ends the connection and nothing else."""
    good = json.dumps({"method": "io.latchkey.GetVersion"}).encode()
    bad = [b"\0", b"{}\0", b"[]\0", b"null\0", b"{\0", b"\xff\0", b"{\"method\":1}\0", b"{\"method\":\"\"}\0",
           b"{\"method\":\"a\",\"method\":\"b\"}\0", good[:-1] + b",\"upgrade\":true}\0",
           good[:-1] + b",\"oneway\":true}\0", good[:-1] + b",\"oneway\":true,\"more\":true}\0",
           b"{\"method\":\"a.b\",\"parameters\":[]}\0", b"[" * 100 + b"\0", b"a" * (300 * 1024),
           b"\xef\xbb\xbf" + good + b"\0"]
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        for data in bad:
            c = rig.client()
            try:
                c.send(data)
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert c.is_closed(), data[:60]
        for cut in range(1, len(good)):
            c = rig.client()
            c.send(good[:cut])
            c.close()
        c = rig.client()
        for byte in good + b"\0":
            c.send(bytes([byte]))
        assert "error" not in c.reply()
        assert rig.helper.is_alive()


def test_calls_in_a_row():
    """Calls on one connection are answered in order, also when they arrive together."""
    with Rig(CONFIG) as rig:
        c = rig.client()
        for _ in range(50):
            assert version(c)["parameters"]["protocol"] == 1
            assert c.ask("io.latchkey.ShowAccount", name="x")["error"] == "io.latchkey.NoSuchAccount"
        one = json.dumps({"method": "io.latchkey.GetVersion"}).encode() + b"\0"
        c.send(one * 20)
        assert all("error" not in c.reply() for _ in range(20))
        # far more than the helper keeps for one peer, sent faster than it answers
        sender = threading.Thread(target=c.send, args=(one * 20000,))
        sender.start()
        assert all("error" not in c.reply() for _ in range(20000))
        sender.join()


def test_l3_slow_reader():
    """L3: answers wait for whoever reads late, as calls not taken yet and never as a heap; a stranger's call is short."""
    with Rig(CONFIG) as rig:
        c = rig.client(STRANGER)
        one = json.dumps({"method": "org.varlink.service.GetInterfaceDescription",
                          "parameters": {"interface": "io.latchkey"}}).encode() + b"\0"
        sender = threading.Thread(target=c.send, args=(one * 3000,))
        sender.start()
        for _ in range(5):
            assert version(rig.client())["parameters"]["protocol"] == 1
        with open(f"/proc/{rig.helper.pid}/stat", encoding="ascii") as f:
            before = sum(map(int, f.read().split()[13:15]))
        time.sleep(0.5)
        with open(f"/proc/{rig.helper.pid}/stat", encoding="ascii") as f:
            assert sum(map(int, f.read().split()[13:15])) - before < 20, "the helper spins"
        assert all("description" in c.reply()["parameters"] for _ in range(3000))
        sender.join()
        c.send(b"a" * 20000)
        assert c.is_closed()
        c = rig.client(STRANGER)  # one that never reads goes like one that never asks
        c.socket.settimeout(1)
        try:
            c.send(one * 30000)
        except TimeoutError:
            pass
        hung_up = select.poll()
        hung_up.register(c.socket, 0)
        assert hung_up.poll(PATIENCE * 1000) and rig.log().count("ready") == 1
        assert rig.helper.is_alive()


def resolve(rig, name, uid=0, address="192.0.2.1", magic=0x314b4c52):
    s = connect_as(rig.path("run", "resolve"), uid, socket.SOCK_SEQPACKET)
    s.settimeout(PATIENCE)
    question = struct.pack("=II16s64s", magic, socket.AF_INET, socket.inet_aton(address), name)
    try:
        s.send(question)
        data = s.recv(4096)
    except (ConnectionResetError, BrokenPipeError):
        data = b""
    s.close()
    if not data:
        return None
    magic, status, uid, gid, name, _gecos, home, shell = struct.unpack("=IIII64s128s256s128s", data)
    text = [x.split(b"\0", 1)[0].decode() for x in (name, home, shell)]
    return (status, uid, gid, *text)


def test_resolve():
    """A name that policy could admit has an answer, the same for every asker; all else is not found."""
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        status, uid, gid, name, home, shell = resolve(rig, b"alice")
        assert (status, name, home) == (1, "alice", "/home/alice") and shell.startswith("/")
        assert 0x70000000 <= uid <= 0x7FFFFFFE and uid == gid
        assert resolve(rig, b"alice")[1] == uid
        assert resolve(rig, b"bob")[1] != uid
        for name in (b"root", b"daemon", b"Alice", b"", b"a:b", b"a" * 63, b"x" * 64, b"\xff\xff"):
            status, uid, *rest = resolve(rig, name)
            assert (status, uid) == (2, 0) and not any(rest), name
        assert resolve(rig, b"alice", magic=7) is None


def test_resolve_is_for_root():
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        assert resolve(rig, b"alice", uid=STRANGER) is None
        s = connect_as(rig.path("run", "resolve"), 0, socket.SOCK_SEQPACKET)
        s.send(b"x" * 5000)
        s.settimeout(PATIENCE)
        assert s.recv(100) == b""


def test_resolve_limit():
    """L20, R5: unknown names from one address are counted; another address still has answers."""
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        # one login asks up to three times: the same name again costs nothing
        found = [resolve(rig, b"user%d" % (i // 3))[0] for i in range(150)]
        assert found[:84] == [1] * 84 and found[-1] == 2, found
        assert resolve(rig, b"carol", address="192.0.2.2")[0] == 1


def test_r5_names_from_everywhere():
    """R5: names guessed from a thousand addresses, as every sshd on the internet sees them, leave first logins possible."""
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        for i in range(1400):
            resolve(rig, b"guess%d" % i, address=f"198.51.{i // 250}.{i % 250}")
        wait_until(lambda: resolve(rig, b"carol", address="192.0.2.2")[0] == 1)


def test_i18_nobody():
    """I18: no access section means nobody, and it is said aloud."""
    with Rig(CONFIG.replace("[access]\neveryone = yes\n", "")) as rig:
        rig.wait_log("is ready")
        assert resolve(rig, b"alice")[0] == 2
        reply = rig.client().ask("io.latchkey.Authenticate", more=True, version=1, user="alice", service="sshd")
        assert reply["error"] == "io.latchkey.NotOurs"
        assert "nobody" in rig.log()


def test_bad_configuration():
    """L16 and faults with file and line; --check says the same."""
    rig = Rig(CONFIG + "[accounts]\nuid_minimum = 5\n")
    line = CONFIG.count("\n") + 2
    done = subprocess.run([os.path.join(BUILD, "latchkeyd"), "--check", "--config", rig.config], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 78 and f"{rig.config}:{line}:" in done.stderr and "uid_minimum" in done.stderr, done
    assert os.waitstatus_to_exitcode(rig.helper.start().wait()) == 78
    assert f"{rig.config}:{line}:" in rig.log()
    with open(rig.config, "w", encoding="utf-8") as f:
        f.write(CONFIG)
    done = subprocess.run([os.path.join(BUILD, "latchkeyd"), "--check", "--config", rig.config], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0 and "note:" in done.stdout and "loopback" in done.stdout, done
    os.chmod(rig.config, 0o666)
    done = subprocess.run([os.path.join(BUILD, "latchkeyd"), "--check", "--config", rig.config], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 78, done
    rig.close()


def test_c3_damaged_store():
    """C3: a damaged store is refused with a message and left as it is."""
    rig = Rig(CONFIG)
    store = rig.path("private", "store.db")
    for content in (b"\0" * 4096, os.urandom(8192), b"SQLite format 3\0" + b"\xff" * 4096):
        with open(store, "wb") as f:
            f.write(content)
        os.chown(store, UID, UID)
        os.chmod(store, 0o600)
        assert os.waitstatus_to_exitcode(rig.helper.start().wait()) == 1
        with open(store, "rb") as f:
            assert f.read() == content
    assert "damaged" in rig.log()
    rig.close()


if __name__ == "__main__":
    run([f for name, f in sorted(globals().items()) if name.startswith("test_")])
