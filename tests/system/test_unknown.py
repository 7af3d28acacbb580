#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The first login of somebody whom this host has never seen: who gets the short-lived answer and who does not, what others
see of it, how many there are, and what a cache in front makes of it. With the real sshd, login, su, nscd and useradd."""
import contextlib
import json
import os
import re
import socket
import struct
import subprocess
import threading

import check
import enter
import people
import world

USER = 12345  # somebody ordinary
KEY = ["-i", "/root/key"]
LOGIN = "/usr/bin/login"
NSCD = next((p for p in ("/usr/sbin/nscd", f"{enter.TOP}/build/packages/nscd/usr/sbin/nscd") if os.path.exists(p)), None)


def login_program(*names, address=None):
    """What a login program of root hears about these names, one line each: the probe in the place of login(1).
    @address: of the client whose connection it inherits."""
    script = f'mount --bind {world.PROGRAMS}/probe {LOGIN} && exec {LOGIN} name "$@"'
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        fds = []
        if address:
            client = stack.enter_context(socket.create_connection(listener.getsockname(), source_address=(address, 0)))
            fds = [stack.enter_context(listener.accept()[0]).fileno(), client.fileno()]
        # Where sshd has it: below the standard ones nothing else is a connection.
        place = f"exec 4<&{fds[0]}; " if fds else ""
        done = subprocess.run(["unshare", "--mount", "sh", "-c", place + script, "sh", *names], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, pass_fds=fds[:1], check=True)
    return done.stdout.decode().splitlines()


def uid_of(line):
    return int(line.split(":")[2])


class Recorder:
    """Stands at the helper's socket and notes the names that it is asked for; nobody is found."""

    def __init__(self, w):
        self.world, self.asked = w, []

    def _serve(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            with connection:
                question = connection.recv(200)
                self.asked.append(struct.unpack("=II16s64s", question)[3].rstrip(b"\0").decode())
                connection.send(struct.pack("=IIII576s", 0x314B4C52, 2, 0, 0, b""))

    def __enter__(self):
        self.world.daemon.stop()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind("/run/latchkey/resolve")
        os.chmod("/run/latchkey/resolve", 0o666)
        self.listener.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        os.unlink("/run/latchkey/resolve")
        self.world.daemon.start()


def accounts(w):
    return json.loads(w.run(f"{world.PROGRAMS}/latchkey", "accounts", "--json")[1])


def tries_a_password(w, name):
    """An SSH login of somebody who is not ours: no sign-in is offered, and an empty password opens nothing."""
    with w.ssh(name, "echo let-in", options=["-o", "NumberOfPasswordPrompts=1"]) as t:
        t.expect(r"Password: ?$")
        t.send("\n")
        check.equal(t.finish(), 255, "ssh's status")
        check.lacks(t.text, "Approve", "let-in")


RANDOM_NAMES = """
import pwd, random, string
for _ in range(1000):
    name = "".join(random.choices(string.ascii_lowercase, k=10))
    try:
        pwd.getpwnam(name)
    except KeyError:
        continue
    raise SystemExit(f"{name} was found")
"""


@check.test
def a_thousand_random_names(w):
    """a thousand names by anybody, root included: no request on the network, no record, no question to the helper (L20)"""
    before = accounts(w)
    for user in (None, (USER, USER)):
        check.equal(w.run("python3", "-c", RANDOM_NAMES, user=user), (0, ""), f"names looked up by {user}")
    check.equal(w.provider.from_helper(), [], "requests")
    check.equal(accounts(w), before, "accounts")
    with Recorder(w) as r:
        for user in (None, (USER, USER)):
            check.equal(w.run("python3", "-c", RANDOM_NAMES, user=user), (0, ""), f"names looked up by {user}")
        check.equal(r.asked, [], "names that the helper was asked for")


@check.test
def who_asks(w):
    """login programs of root ask; a user's program that calls itself sshd, setuid su under that name, sshd run by somebody
    else, and all of root's other programs do not"""
    fake = "/tmp/sshd"
    w.run("cp", "/usr/bin/getent", fake)
    os.chmod(fake, 0o755)
    user = (USER, USER)
    with Recorder(w) as r:
        for name, who, command in (
                ("own", user, [fake, "passwd", "stranger"]),
                ("renamed", user, ["bash", "-c", "exec -a /usr/sbin/sshd getent passwd stranger"]),
                ("own-of-root", None, [fake, "passwd", "stranger"]),
                ("renamed-of-root", None, ["bash", "-c", "exec -a /usr/sbin/sshd getent passwd stranger"]),
                ("su", user, ["su", "stranger", "-c", "true"]),
                ("su-renamed", user, ["bash", "-c", "exec -a /usr/sbin/sshd su stranger -c true"]),
                ("su-of-root", None, ["su", "stranger", "-c", "true"]),
                ("sshd-by-user", user, [enter.SSH_SERVER, "-T", "-C", "user=stranger,host=h,addr=192.0.2.1"]),
                ("login-by-user", user, [LOGIN, "stranger"]),
                ("id", None, ["id", "stranger"]), ("ls", None, ["ls", "-l", "/home"]),
                ("sudo", None, ["sudo", "-u", "stranger", "true"]),
                ("getent", None, ["getent", "passwd", "stranger"])):
            w.run("setsid", "--wait", *command, user=who)
            check.equal(r.asked, [], f"names asked for by {name}")
        check.equal(login_program("stranger"), ["0"], "the answer of a recorder")
        check.equal(r.asked, ["stranger"], "a login program of root")
        tries_a_password(w, "stranger")
        check.equal(set(r.asked), {"stranger"}, "sshd")
        asked = len(r.asked)
        tries_a_password(w, "Stranger")
        tries_a_password(w, "root")
        check.equal(len(r.asked), asked, "names that policy could not admit, and local ones")


@check.test
def what_others_see(w):
    """while sshd holds the answer, id, getent, ls, find and useradd see nobody; a local user made meanwhile wins (L23)"""
    with w.ssh("carol", "echo let-in") as t:
        challenge = people.await_challenge(t)
        uid = str(uid_of(login_program("carol")[0]))
        world.write("/tmp/of-carol", "")
        os.chown("/tmp/of-carol", int(uid), int(uid))
        for user in (None, (USER, USER)):
            check.equal(w.run("id", "carol", user=user)[0], 1, "id")
            for key in ("carol", uid):
                for database in ("passwd", "group"):
                    check.equal(w.run("getent", database, key, user=user), (2, ""), f"getent {database} {key}")
            for database in ("passwd", "group", "shadow"):
                check.lacks(w.run("getent", database, user=user)[1], "carol", uid)
            check.contains(w.run("ls", "-l", "/tmp/of-carol", user=user)[1], f" {uid} {uid} ")
            check.contains(w.run("find", "/tmp/of-carol", "-user", "carol", user=user)[1], "is not the name of a known")
        check.equal([a for a in accounts(w) if a["name"] == "carol"], [], "records")
        status, text = w.run("/usr/sbin/useradd", "-M", "carol")
        check.equal(status, 0, text)
        people.approve(challenge, "carol")
        t.send("\n")
        check.equal(t.finish(), 255, "ssh's status")
        check.lacks(t.text, "let-in")
    try:
        check.equal([a for a in accounts(w) if a["name"] == "carol"], [], "records")
        check.equal(uid_of(w.run("getent", "passwd", "carol")[1]) < 60000, True, "useradd's number")
    finally:
        check.equal(w.run("/usr/sbin/userdel", "carol")[0], 0, "userdel")


@check.test
def so_many_a_minute(w):
    """answers for one client address are counted and come back by themselves; other clients still have theirs (L20, R5)"""
    starts = w.daemon.starts
    names = [f"guess{i}" for i in range(60)]
    heard = login_program(*names, address="127.0.0.2")
    found = [line != "0" for line in heard]
    check.equal(30 <= sum(found) < 45 and found[:30] == [True] * 30, True, f"answers to one client: {found}")
    check.equal(login_program("guess-of-another", address="127.0.0.3") != ["0"], True, "an answer to another client")
    check.equal(login_program("guess0", address="127.0.0.2"), heard[:1], "the same name once more")
    check.eventually(lambda: login_program("guess-later", address="127.0.0.2") != ["0"], "an answer to the first one")
    check.equal(w.daemon.starts, starts, "starts of the helper")
    check.equal(w.provider.from_helper(), [], "requests")


@check.test
def names_that_collide(w):
    """two unknown names whose numbers would be the same get two (I10, I11)"""
    w.reconfigure(accounts="uid_min=70000\nuid_max=70001")
    # Its own map names the range, without which nobody is answered for.
    check.eventually(lambda: login_program("first") != ["0"], "an answer from the new range")
    try:
        def alone(name):
            w.daemon.restart()
            return uid_of(login_program(name)[0])
        wanted = alone("first")
        other = next(name for name in (f"other{i}" for i in range(40)) if alone(name) == wanted)
        w.daemon.restart()
        uids = [uid_of(line) for line in login_program("first", other)]
        check.equal(sorted(uids), [70000, 70001], "both together")
        check.equal(login_program("one-too-many"), ["0"], "when all numbers are promised")
    finally:
        w.reconfigure()
        # No answer at all while the published map still has the other range.
        check.eventually(lambda: re.match(r"first:x:\d{10}:", login_program("first")[0]), "the usual range")


@check.test
def number_in_the_token(w):
    """uid_claim: the token alone tells the number, so the first login is stored and told to connect again; nothing of it
    opens the same connection, and the second login is the provider's number"""
    w.provider.people(alice={"uidNumber": 1900000001})
    w.reconfigure(**{f"provider {world.PROVIDER}": f"issuer={w.provider.issuer}\nclient_id=latchkey\nuid_claim=uidNumber\n"
                                                   "scope=openid profile email groups",
                     "access": "everyone=yes\nsign_in_age=1h"})
    world.write("/etc/ssh/keys/alice", world.read("/root/key.pub"))
    try:
        placeholder = uid_of(login_program("alice")[0])
        check.equal(placeholder != 1900000001, True, "the placeholder's number")
        order = [*KEY, "-o", "PreferredAuthentications=keyboard-interactive,publickey"]
        with w.ssh("alice", "echo let-in", options=order) as t:
            people.sign_in(t, "alice")
            check.equal(t.finish(), 255, f"ssh's status:\n{t.text}")
            check.contains(" ".join(t.text.split()), "onnect again")
            check.lacks(t.text, "let-in")
        check.equal([a["uid"] for a in accounts(w) if a["name"] == "alice"], [1900000001], "what is stored")
        check.equal(uid_of(w.run("getent", "passwd", "alice")[1]), 1900000001, "the name service")
        check.equal(w.run(*w.ssh_command("alice", "true", tty=False, options=[*KEY, "-o", "BatchMode=yes"]))[0], 255,
                    "a key alone: that was no sign-in")
        with w.ssh("alice", "id -u; stat -c %u:%g:%a ~") as t:
            people.sign_in(t, "alice")
            check.equal(t.finish(), 0, f"ssh's status:\n{t.text}")
            check.contains(t.text, "1900000001\n1900000001:1900000001:700\n")
        # The number that sshd held is nobody else's: a session of the first connection would have had it.
        check.equal(w.run("getent", "passwd", str(placeholder)), (2, ""), "the placeholder's number")
    finally:
        w.reconfigure()


class Nscd:
    """The real nscd, with its passwd and group caches on or off."""

    def __init__(self, w, cached):
        self.world, self.cached = w, cached

    def __enter__(self):
        word = "yes" if self.cached else "no"
        for folder in ("/run/nscd", "/var/cache/nscd", "/var/db/nscd"):
            os.makedirs(folder, exist_ok=True)
        world.write("/etc/nscd.conf", "paranoia no\n" + "".join(
            f"enable-cache {name} {word}\npositive-time-to-live {name} 600\nnegative-time-to-live {name} 20\n"
            f"check-files {name} no\nshared {name} yes\npersistent {name} no\n" for name in ("passwd", "group")) +
            "".join(f"enable-cache {name} no\n" for name in ("hosts", "services", "netgroup")))
        self.log = open("/var/log/nscd.log", "ab")
        self.process = subprocess.Popen([NSCD, "-d"], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)
        check.eventually(lambda: os.path.exists("/var/run/nscd/socket"), "nscd's socket")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()
        if os.path.exists("/var/run/nscd/socket"):
            os.unlink("/var/run/nscd/socket")


@check.test
def nscd_without_its_caches(w):
    """nscd runs with passwd and group caches off, as it must: a first login works, and no stranger hears of it"""
    with Nscd(w, cached=False):
        with w.ssh("bob", "echo let-in; id -un") as t:
            challenge = people.await_challenge(t)
            check.equal(w.run("getent", "passwd", "bob", user=(USER, USER)), (2, ""), "for a stranger")
            people.approve(challenge, "bob")
            t.send("\n")
            check.equal(t.finish(), 0, f"ssh's status:\n{t.text}")
            check.contains(t.text, "let-in\nbob")
        check.equal(w.run("getent", "passwd", "bob", user=(USER, USER))[0], 0, "an account")


@check.test
def nscd_with_its_caches(w):
    """with the caches on nscd does the asking and is no login program: nobody hears of a stranger, sshd neither, so that
    first logins fail; and who is forgotten is still answered for"""
    with Nscd(w, cached=True):
        tries_a_password(w, "mallory")
        for user in (None, (USER, USER)):
            check.equal(w.run("getent", "passwd", "mallory", user=user), (2, ""), f"for {user}")
        check.equal(w.provider.from_helper(), [], "requests")
        check.equal(w.run("getent", "passwd", "bob", user=(USER, USER))[0], 0, "an account, from now on in the cache")
        check.equal(w.run(f"{world.PROGRAMS}/latchkey", "forget", "bob")[0], 0, "forget")
        check.equal(w.run("getent", "passwd", "bob")[0], 0, "nscd, about somebody who is no more")
        with w.ssh("bob", "echo let-in", options=["-o", "NumberOfPasswordPrompts=1"]) as t:
            with contextlib.suppress(Exception):
                t.expect(r"Password: ?$", 20)
                t.send("\n")
            check.equal(t.finish() != 0, True, "ssh's status")
            check.lacks(t.text, "Approve", "let-in")
    check.equal(w.run("getent", "passwd", "bob")[0], 2, "without nscd")
    with w.ssh("mallory", "echo let-in") as t:
        people.sign_in(t, "mallory")
        check.equal(t.finish(), 0, "mallory, without nscd")


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        the_world.run("cp", f"{the_world.build}/tests/module/nss_probe", f"{world.PROGRAMS}/probe")
        the_world.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
        the_world.sshd.terminate()
        the_world.sshd.wait(5)
        the_world.start_sshd(["-o", "AuthorizedKeysFile=/etc/ssh/keys/%u"])
        check.run(the_world)
