"""The NSS services that bench_nss.py compares, each in a namespace of its own: what it needs on its disk, how its daemons are
started, and what its lookups are asked of."""
import contextlib
import os
import select
import shutil
import subprocess
import time

import accounts

READY_S = 60

SLAPD_CONF = f"""include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile /run/slapd.pid
sizelimit unlimited
tool-threads 2
database mdb
maxsize 4294967296
suffix "{accounts.LDAP_BASE}"
directory /var/lib/ldap
index objectClass,cn,uid,uidNumber,gidNumber,memberUid eq
"""

NSLCD_CONF = f"""uid root
gid root
uri ldap://127.0.0.1/
base {accounts.LDAP_BASE}
threads 8
nss_min_uid 1000
"""

# Room for all: with the default sizes a part of 100,000 users would not fit into the fast cache.
SSSD_CONF = """[sssd]
domains = bench
services = nss
[nss]
memcache_size_passwd = 64
memcache_size_group = 64
memcache_size_initgroups = 64
memcache_timeout = 86400
entry_cache_nowait_percentage = 0
[domain/bench]
id_provider = proxy
proxy_lib_name = files
auth_provider = none
entry_cache_timeout = 86400
"""


class Neighbour:
    """One service. The commands of lookups.c are asked with ask()."""

    title = None
    service = None
    start = ""  # shell, in the namespace
    visits = False  # has everybody to be asked for before it is warm
    most = None  # it is given no more users than these

    def __init__(self, scratch, build, n):
        self.scratch, self.build = scratch, build
        self.n = n if self.most is None else min(n, self.most)
        self.folder = f"{scratch}/run/{self.title}-{self.n}"
        self.state = f"{scratch}/state/{self.title}-{self.n}"
        self.process = None

    def files(self):
        """Puts whatever the service reads below self.folder; what takes long to make is kept in self.state."""

    def binds(self):
        """(from, to) of what is kept elsewhere"""
        return []

    def kept(self, path, make):
        """Makes what a former run has not made yet."""
        if not os.path.exists(f"{path}.made"):
            shutil.rmtree(path, ignore_errors=True)
            os.makedirs(path)
            make()
            with open(f"{path}.made", "w", encoding="ascii"):
                pass

    def put(self, path, text, mode=0o644):
        path = f"{self.folder}/{path}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, mode)

    def command(self, shell):
        """The shell in the namespace: the scratch root's programs, a network, /dev, /tmp and /run of its own."""
        argv = ["bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--die-with-parent",
                "--ro-bind", f"{self.scratch}/root/usr", "/usr"]
        for name in ("bin", "sbin", "lib", "lib64"):
            argv += ["--symlink", f"usr/{name}", f"/{name}"]
        argv += ["--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run",
                 "--bind", f"{self.folder}/etc", "/etc", "--bind", f"{self.folder}/var", "/var"]
        for source, to in self.binds():
            argv += ["--bind", source, to]
        return argv + ["--ro-bind", f"{self.build}/tests/bench/lookups", "/lookups", "--clearenv",
                       "--setenv", "PATH", "/usr/sbin:/usr/bin", "--chdir", "/", "--", "/bin/bash", "-c", shell]

    def prepare(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(f"{self.folder}/var/log")
        os.makedirs(f"{self.folder}/etc")
        os.symlink("/run", f"{self.folder}/var/run")
        self.put("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n")
        self.put("etc/group", "root:x:0:\n")
        self.put("etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\ninitgroups: files\n")
        shutil.copy(f"{self.scratch}/root/etc/ld.so.cache", f"{self.folder}/etc")
        self.files()

    def open(self):
        """Starts the service and waits until it answers."""
        end = time.monotonic() + READY_S
        with open(f"{self.folder}/log", "wb") as log:
            # nice says when it may not, and goes on
            self.process = subprocess.Popen(
                ["nice", "-n", "-15"] + self.command(f"{self.start}\nexec /lookups {self.service} {self.n}"),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        while self.ask("ready") != ["1"]:
            if time.monotonic() > end:
                raise TimeoutError(f"did not answer within {READY_S} s")
            time.sleep(0.1)

    def ask(self, command, timeout=READY_S):
        """Return: the words of the answer."""
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise EOFError("did not start") from None
        if not select.select([self.process.stdout], [], [], timeout)[0]:
            raise TimeoutError("hung")
        line = self.process.stdout.readline()
        if not line:
            raise EOFError("crashed")
        return line.decode().split()

    def close(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            self.process = None


class Constant(Neighbour):
    title = "constant"
    service = "lkconst"


class Latchkey(Neighbour):
    title = "latchkey"
    service = "latchkey"

    def files(self):
        folder = f"{self.folder}/var/lib/latchkey/nss"
        accounts.description(f"{folder}/description", self.n)
        with open(f"{folder}/description", "rb") as f:
            subprocess.run([f"{self.build}/tests/module/nss_map", "make", f"{folder}/map"], stdin=f, check=True)
        accounts.epoch(folder)


class Files(Neighbour):
    title = "files"
    service = "files"

    def files(self):
        accounts.passwd(f"{self.folder}/etc", self.n)
        accounts.group(f"{self.folder}/etc", self.n)


class Extrausers(Neighbour):
    title = "extrausers"
    service = "extrausers"

    def files(self):
        accounts.passwd(f"{self.folder}/var/lib/extrausers", self.n)
        accounts.group(f"{self.folder}/var/lib/extrausers", self.n)


class Sssd(Neighbour):
    """Its store is filled with everybody at once, since a user takes it some milliseconds otherwise; its daemons then fill
    the fast cache when bench_nss.py has every user asked for."""

    title = "sss"
    service = "sss"
    visits = True
    most = 30000  # more take its store minutes; with fewer it has the easier task
    start = """mount -t tmpfs tmpfs /var/lib/sss/db
cp /kept/cache_bench.ldb /var/lib/sss/db
sssd -i >/var/log/sssd.out 2>&1 &"""

    # what sssd itself makes of an empty store, then the accounts
    fill_shell = """sssd -i & p=$!
for i in {1..100}; do [ -S /var/lib/sss/pipes/nss ] && break; sleep 0.1; done
kill $p; wait $p
ldbadd --nosync -H /var/lib/sss/db/cache_bench.ldb /kept/accounts.ldif && cp /var/lib/sss/db/cache_bench.ldb /kept &&
rm /kept/accounts.ldif"""

    def files(self):
        for name in ("db", "mc", "pipes/private", "pubconf/krb5.include.d", "gpo_cache", "secrets", "keytabs", "deskprofile"):
            os.makedirs(f"{self.folder}/var/lib/sss/{name}")
        os.makedirs(f"{self.folder}/var/log/sssd")
        os.makedirs(f"{self.folder}/etc/sssd/conf.d")
        self.put("etc/sssd/sssd.conf", SSSD_CONF, 0o600)
        self.kept(self.state, self.fill)

    def fill(self):
        accounts.sysdb(f"{self.state}/accounts.ldif", self.n)
        subprocess.run(self.command("mount -t tmpfs tmpfs /var/lib/sss/db\n" + self.fill_shell), check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def binds(self):
        return [(self.state, "/kept")]


class Nslcd(Neighbour):
    title = "nslcd"
    service = "ldap"
    start = """mkdir -p /run/nslcd
slapd -f /etc/ldap/slapd.conf -h ldap://127.0.0.1/
nslcd -n >/var/log/nslcd.out 2>&1 &"""

    def files(self):
        shutil.copytree(f"{self.scratch}/root/etc/ldap/schema", f"{self.folder}/etc/ldap/schema")
        self.put("etc/ldap/slapd.conf", SLAPD_CONF)
        self.put("etc/nslcd.conf", NSLCD_CONF, 0o600)
        os.makedirs(f"{self.folder}/var/lib/ldap")
        self.kept(self.state, self.fill)

    def fill(self):
        accounts.ldif(f"{self.folder}/etc/ldap/accounts.ldif", self.n)
        subprocess.run(self.command("slapadd -q -f /etc/ldap/slapd.conf -l /etc/ldap/accounts.ldif"), check=True)

    def binds(self):
        return [(self.state, "/var/lib/ldap")]


class Userdb(Neighbour):
    title = "userdb"
    service = "systemd"
    most = 10000  # each question about a group reads the folder, four files a user

    def files(self):
        os.makedirs(f"{self.folder}/etc/userdb")
        self.kept(self.state, lambda: accounts.userdb(self.state, self.n))

    def binds(self):
        return [(self.state, "/etc/userdb")]


class Berkeley(Neighbour):
    title = "db"
    service = "db"

    def files(self):
        os.makedirs(f"{self.folder}/var/lib/misc")
        self.kept(self.state, self.fill)

    def fill(self):
        accounts.berkeley(self.state, self.n)
        subprocess.run(self.command("cd /var/lib/misc; for d in passwd group; do makedb -o $d.db $d.txt; rm $d.txt; done"),
                       check=True)

    def binds(self):
        return [(self.state, "/var/lib/misc")]


ALL = (Constant, Latchkey, Files, Sssd, Nslcd, Extrausers, Userdb, Berkeley)
