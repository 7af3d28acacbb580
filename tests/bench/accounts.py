"""The accounts that every service of the comparison is given, each in the form it reads: users u0, u1, ... with a private
group each, 32 groups g0... of the first fifty users, ten groups m0... of 25 others each."""
import json
import os
import struct

FIRST_UID = 0x70000000
FIRST_GID = 0x7F000000
IN_GROUPS = 50
LDAP_BASE = "dc=bench"


def groups():
    """(name, gid, members) of the groups with members"""
    for i in range(32):
        yield f"g{i}", FIRST_GID + i, [f"u{u}" for u in range(IN_GROUPS)]
    for i in range(10):
        yield f"m{i}", FIRST_GID + 100 + i, [f"u{IN_GROUPS + i + k}" for k in range(25)]


def users(n):
    """(name, uid); n is at least 100, since groups() names so many"""
    for i in range(n):
        yield f"u{i}", FIRST_UID + i


def put(path, lines):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="ascii") as f:
        f.writelines(lines)
    os.rename(path + ".new", path)


def passwd_line(name, uid):
    return f"{name}:x:{uid}:{uid}:One of many:/home/{name}:/bin/sh\n"


def passwd(folder, n):
    put(f"{folder}/passwd", (passwd_line(*u) for u in users(n)))


def group(folder, n):
    def lines():
        for name, gid in users(n):
            yield f"{name}:x:{gid}:\n"
        for name, gid, members in groups():
            yield f"{name}:x:{gid}:{','.join(members)}\n"
    put(f"{folder}/group", lines())


def description(path, n):
    """What tests/module/nss_map makes a map of."""
    def lines():
        for name, uid in users(n):
            yield f"user|{name}|{uid}|{uid}|One of many|/home/{name}|/bin/sh\n"
        for name, gid, members in groups():
            yield f"group|{name}|{gid}|{','.join(members)}\n"
    put(path, lines())


def epoch(folder):
    """The counter beside a map, of the map's own version."""
    with open(f"{folder}/map", "rb") as f:
        version = struct.unpack("=II", f.read(8))[1]
    with open(f"{folder}/epoch", "wb") as f:
        f.write(struct.pack("=4sIQ", b"LKEP", version, 1).ljust(4096, b"\0"))


def ldif(path, n):
    def lines():
        yield f"dn: {LDAP_BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: bench\no: bench\n\n"
        for name, uid in users(n):
            yield (f"dn: cn={name},{LDAP_BASE}\nobjectClass: posixGroup\nobjectClass: posixAccount\ncn: {name}\nuid: {name}\n"
                   f"uidNumber: {uid}\ngidNumber: {uid}\ngecos: One of many\nhomeDirectory: /home/{name}\n"
                   "loginShell: /bin/sh\n\n")
        for name, gid, members in groups():
            yield f"dn: cn={name},{LDAP_BASE}\nobjectClass: posixGroup\ncn: {name}\ngidNumber: {gid}\n"
            yield from (f"memberUid: {m}\n" for m in members)
            yield "\n"
    put(path, lines())


def sysdb(path, n):
    """SSSD's own store, as it would be after everybody was asked for once."""
    def times(i):
        # each its own: SSSD's indexes take quadratic time where many have the same
        return (f"isPosix: TRUE\ncreateTimestamp: 1700000000\nlastUpdate: {1700000000 - i}\n"
                f"dataExpireTimestamp: {4102444800 + i}\n")

    def lines():
        for i, (name, uid) in enumerate(users(n)):
            yield (f"dn: name={name}@bench,cn=users,cn=bench,cn=sysdb\nobjectCategory: user\nname: {name}@bench\n"
                   f"uidNumber: {uid}\ngidNumber: {uid}\nfullName: One of many\ngecos: One of many\n"
                   f"homeDirectory: /home/{name}\nloginShell: /bin/sh\ninitgrExpireTimestamp: 4102444800\n{times(2 * i)}\n")
            yield (f"dn: name={name}@bench,cn=groups,cn=bench,cn=sysdb\nobjectCategory: group\nname: {name}@bench\n"
                   f"gidNumber: {uid}\n{times(2 * i + 1)}\n")
        for i, (name, gid, members) in enumerate(groups()):
            yield (f"dn: name={name}@bench,cn=groups,cn=bench,cn=sysdb\nobjectCategory: group\nname: {name}@bench\n"
                   f"gidNumber: {gid}\n{times(2 * n + i)}")
            yield from (f"member: name={m}@bench,cn=users,cn=bench,cn=sysdb\n" for m in members)
            yield "\n"
    put(path, lines())


def berkeley(folder, n):
    """Input of libnss-db's makedb: by name, by id, by number."""
    def lines(of):
        for i, (name, number, line) in enumerate(of):
            yield f".{name} {line}={number} {line}0{i} {line}"
    put(f"{folder}/passwd.txt", lines((name, uid, passwd_line(name, uid)) for name, uid in users(n)))
    put(f"{folder}/group.txt", lines([(name, gid, f"{name}:x:{gid}:\n") for name, gid in users(n)] +
                                     [(name, gid, f"{name}:x:{gid}:{','.join(m)}\n") for name, gid, m in groups()]))


def userdb(folder, n):
    """Drop-in records of systemd's userdb."""
    def record(name, content):
        with open(f"{folder}/{name}", "w", encoding="ascii") as f:
            json.dump(content, f)

    for name, uid in users(n):
        record(f"{name}.user", {"userName": name, "uid": uid, "gid": uid, "realName": "One of many",
                                "homeDirectory": f"/home/{name}", "shell": "/bin/sh", "disposition": "regular"})
        os.symlink(f"{name}.user", f"{folder}/{uid}.user")
        record(f"{name}.group", {"groupName": name, "gid": uid})
        os.symlink(f"{name}.group", f"{folder}/{uid}.group")
    for name, gid, members in groups():
        record(f"{name}.group", {"groupName": name, "gid": gid})
        os.symlink(f"{name}.group", f"{folder}/{gid}.group")
        for member in members:
            record(f"{member}:{name}.membership", {})  # an empty file would count as masked
