#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""People who are known before they ever came: a directory read in the background, and what it must never do."""
import json
import os

import check
import people
import world
from directory import Directory, Person

COMMAND = f"{world.PROGRAMS}/latchkey"
SECRET = "directory-secret"
SUBJECTS = {name: f"5f0c9a52-6f4e-4f0e-9d57-1b2f60a1c00{n}" for n, name in enumerate(("alice", "bob", "carol", "mallory"), 1)}
NOBODY = (65534, 65534)
KINDS = {"scim": "/scim/v2", "graph": "/v1.0", "keycloak": "/admin/realms/staff"}


def provider(w, kind, **keys):
    lines = {"issuer": w.provider.issuer, "client_id": "latchkey", "scope": "openid profile email groups",
             "directory": kind, "directory_url": w.directory.url + KINDS[kind], "directory_client_id": "latchkey-directory",
             "directory_client_secret_file": "/etc/latchkey/directory.secret", "directory_scope": "people.read",
             "directory_refresh": "60s", **keys}
    return "".join(f"{key}={value}\n" for key, value in lines.items())


def directory_status(w):
    status, text = w.run(COMMAND, "status", "--json")
    check.equal(status, 0, text)
    return json.loads(text)["providers"][0].get("directory", {})


def read_again(w, kind="scim", **keys):
    """Another run of the helper, which reads the directory anew; returns what the status says after that."""
    w.directory.log.clear()
    w.reconfigure(**{f"provider_{world.PROVIDER}": provider(w, kind, **keys)})
    check.eventually(lambda: "last_run" in directory_status(w), "the first run")
    return directory_status(w)


def uid_of(w, name):
    status, text = w.run("id", "-u", name, user=NOBODY)
    return int(text) if status == 0 else None


def state_of(w, name):
    status, text = w.run(COMMAND, "show", name, "--json")
    check.equal(status, 0, text)
    return json.loads(text)["state"]


def on_the_map(w):
    return sorted(w.run("getent", "-s", "latchkey", "passwd")[1].splitlines())


@check.test
def known_before_she_came(w):
    """id alice, by anybody, before Alice's first sign-in; and the same UID after it"""
    w.directory.people = [Person("alice", title="Alice Liddell"), Person("bob"), Person("carol", active=False),
                          Person("root"), Person("Zoe Upper"), Person(world.LOCAL_PERSON)]
    status = read_again(w)
    check.equal((status["people"], status["left_out"], status.get("fault")), (2, 3, None), f"{status}")
    uid = check.eventually(lambda: uid_of(w, "alice"), "alice")
    check.equal(w.run("getent", "passwd", "alice", user=NOBODY)[1].strip(),
                f"alice:x:{uid}:{uid}:Alice Liddell:/home/alice:/bin/bash", "passwd")
    check.equal(uid_of(w, "carol"), None, "carol, who is locked there")
    check.equal(uid_of(w, "root"), 0, "root")
    check.equal(uid_of(w, world.LOCAL_PERSON), 1000, "the local person")
    check.equal(state_of(w, "alice"), "expected", "state")
    check.contains(w.run(COMMAND, "accounts")[1], "expected")
    check.contains(w.run(COMMAND, "status")[1], "(scim): 2 people, 3 left out, as of ")
    check.equal([r["grant"] for r in w.provider.requests("token")], ["client_credentials"], "token requests")

    with w.ssh("alice", "id -u") as t:
        people.sign_in(t, "alice")
        check.equal(int(t.expect(r"\n(\d+)\n")[1]), uid, "the session's UID")
        check.equal(t.finish(), 0, "ssh's status")
    check.equal((state_of(w, "alice"), uid_of(w, "alice")), ("active", uid), "after the first sign-in")


@check.test
def a_key_opens_nothing(w):
    """whoever is expected gets in by no public key, before the first sign-in"""
    w.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
    os.makedirs("/etc/ssh/keys", exist_ok=True)
    world.write("/etc/ssh/keys/bob", world.read("/root/key.pub"))
    w.stop_sshd()
    w.start_sshd(["-o", "AuthorizedKeysFile=/etc/ssh/keys/%u"])
    check.equal(state_of(w, "bob"), "expected", "state")
    options = ("-i", "/root/key", "-o", "PreferredAuthentications=publickey", "-o", "BatchMode=yes")
    status, text = w.run(*w.ssh_command("bob", "echo let-in", tty=False, options=options), env=w.environment())
    check.equal(status, 255, text)
    check.lacks(text, "let-in")
    check.contains(w.daemon.log(), "whoever it is kept for has not signed in yet")


@check.test
def gone_before_he_came(w):
    """Bob leaves the directory before he ever signed in: unknown again, and his number waits for him"""
    uid = uid_of(w, "bob")
    w.directory.people = [p for p in w.directory.people if p.name != "bob"]
    read_again(w)
    check.eventually(lambda: uid_of(w, "bob") is None, "bob to be gone")
    check.equal(state_of(w, "bob"), "withdrawn", "state")
    check.equal(uid_of(w, "alice") is not None, True, "alice, who signed in")
    w.directory.people.append(Person("bob"))
    read_again(w)
    check.equal(check.eventually(lambda: uid_of(w, "bob"), "bob"), uid, "his number")


@check.test
def alice_leaves_the_directory(w):
    """who has signed in is not the directory's any more"""
    before = list(w.directory.people)
    w.directory.people = [p for p in before if p.name != "alice"]
    read_again(w)
    check.equal((state_of(w, "alice"), uid_of(w, "alice") is not None), ("active", True), "alice")
    w.directory.people = before


@check.test
def failures_change_nothing(w):
    """no reply, half a listing, nobody, rubbish: all are known as before, and the status says why"""
    w.directory.people = [Person(f"person{n}") for n in range(120)] + [Person("bob")]
    read_again(w)
    check.eventually(lambda: len(on_the_map(w)) == 122, "all of them")
    lines = on_the_map(w)
    d = w.directory
    try:
        for says, fault_from, fault, total in (
                ("may not read it: no", 1, (403, '{"detail": "no"}'), None), ("HTTP 404", 2, (404, "nothing here"), None),
                ("not JSON", 1, (200, "<html>"), None), ("ends before the number", 0, None, 500),
                ("names nobody", 0, (200, '{"totalResults": 0, "Resources": []}'), None)):
            d.fault_from, d.fault, d.total = fault_from, fault, total
            check.contains(read_again(w).get("fault", ""), says)
            check.equal(on_the_map(w) == lines, True, f"unchanged after {says!r}")
    finally:
        d.honest()
    read_again(w, directory_max=100)
    check.contains(directory_status(w).get("fault", ""), "directory_max")
    check.equal(on_the_map(w) == lines, True, "unchanged by too many")


@check.test
def in_nobodys_way(w):
    """a directory that hangs: lookups, status and sign-ins go on (N6, N7)"""
    w.directory.people = [Person("bob")]
    w.directory.log.clear()
    w.directory.goes_on.clear()
    try:
        w.reconfigure(**{f"provider_{world.PROVIDER}": provider(w, "scim")})
        check.eventually(lambda: w.directory.log, "a request")
        check.equal(uid_of(w, "bob") is not None, True, "bob, from the run before")
        with w.ssh("alice", "echo let-in") as t:
            people.sign_in(t, "alice")
            t.expect(r"\nlet-in")
            check.equal(t.finish(), 0, "ssh's status")
        check.lacks(directory_status(w), "last_success")
    finally:
        w.directory.goes_on.set()


@check.test
def every_kind(w):
    """SCIM, Graph and Keycloak list the same people, also in pages smaller than asked for"""
    w.directory.people = [Person(f"person{n}") for n in range(250)]
    for kind in KINDS:
        for page_max in (1000, 90):
            w.directory.page_max = page_max
            status = read_again(w, kind)
            check.equal((status["kind"], status["people"], status.get("fault")), (kind, 250, None), f"{status}")
    w.directory.page_max = 1000
    check.eventually(lambda: len(on_the_map(w)) == 251, "all of them and alice")


@check.test
def the_token_goes_nowhere_else(w):
    """a link to the next page leads to another server: not followed (N3)"""
    other = Directory([Person("mallory")])
    w.directory.page_max, w.directory.next = 100, other.url + "/v1.0/users"
    status = read_again(w, "graph")
    check.contains(status.get("fault", ""), "leads elsewhere")
    check.equal(other.log, [], "requests to the other server")
    check.equal(uid_of(w, "mallory"), None, "mallory")
    w.directory.page_max = 1000
    w.directory.honest()


@check.test
def kept_for_one_person(w):
    """the directory says which identity Carol is: Mallory, whose token says carol, is refused; Carol is not (T1, I4)"""
    w.directory.people = [Person("carol", SUBJECTS["carol"])]
    read_again(w, "keycloak")
    uid = check.eventually(lambda: uid_of(w, "carol"), "carol")
    w.provider.people(mallory={"preferred_username": "carol"})
    try:
        with w.ssh("carol", "echo let-in") as t:
            people.sign_in(t, "mallory")
            check.equal(t.finish(), 255, "ssh's status")
        check.contains(w.daemon.log(), "result=name-taken")
        check.equal(state_of(w, "carol"), "expected", "state")
    finally:
        w.provider.people(mallory={"preferred_username": "mallory"})
    with w.ssh("carol", "id -u") as t:
        people.sign_in(t, "carol")
        check.equal(int(t.expect(r"\n(\d+)\n")[1]), uid, "her UID")
        check.equal(t.finish(), 0, "ssh's status")


@check.test
def a_directory_that_is_switched_off(w):
    """without directory=, who was expected by it is unknown again; who signed in is not"""
    w.directory.people = [Person("bob")]
    read_again(w)
    check.eventually(lambda: uid_of(w, "bob"), "bob")
    w.reconfigure()
    check.eventually(lambda: uid_of(w, "bob") is None, "bob to be gone")
    check.equal((state_of(w, "bob"), state_of(w, "alice")), ("withdrawn", "active"), "states")


world.begin()
with world.World(directorySecret=SECRET) as the_world:
    the_world.directory = Directory([])
    the_world.start()
    world.write("/etc/latchkey/directory.secret", SECRET + "\n", 0o400)
    os.chown("/etc/latchkey/directory.secret", *the_world.daemon_user)
    check.run(the_world)
