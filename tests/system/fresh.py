# SPDX-License-Identifier: MIT
"""A Debian as it is before anybody has configured Latchkey: its packages' own files in /etc, an sshd, a local person, and
"make install"."""
import hashlib
import os
import shutil
import subprocess

import boot
import enter
import units
import world

LIBEXEC = "/usr/libexec/latchkey"
# What the machine knows and the world does not: debconf's templates and what pam-auth-update remembers.
STATE = {"/var/lib/pam": "pam", "/var/cache/debconf": "debconf"}
TEMPLATES = "/var/lib/dpkg/info/libpam-runtime.templates"
KEPT = f"{enter.TOP}/build/fresh"
NSSWITCH = """# /etc/nsswitch.conf
passwd:         files
group:          files
shadow:         files
gshadow:        files

hosts:          files
networks:       files
"""
NSCD = "\tenable-cache\t\tpasswd\t\tyes\n\tenable-cache\t\tgroup\t\tyes\n\tenable-cache\t\thosts\t\tyes\n"
KEY = "/root/.ssh/id_ed25519"
EVERYTHING = ("/etc", "/var/lib/pam")


def begin():
    """Before the namespaces: what lies where they do not reach."""
    if not os.path.exists(enter.INSIDE):
        shutil.rmtree(KEPT, ignore_errors=True)
        for path, name in STATE.items():
            shutil.copytree(path, f"{KEPT}/{name}")
        shutil.copy(TEMPLATES, KEPT)
    world.begin()


def command(w, *more, client="latchkey"):
    """The command line that sets this host up for the world's provider."""
    return ["latchkey", "setup", "--issuer", w.provider.issuer, "--client-id", client, "--provider", "demo", "--everyone",
            "--scope", "openid profile email groups offline_access", *more]


def snapshot():
    """Every file that set-up could change: content, mode, owner."""
    found = {}
    for top in EVERYTHING:
        for folder, folders, names in os.walk(top):
            for name in names + folders:
                path = f"{folder}/{name}"
                st = os.lstat(path)
                content = b""
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as f:
                        content = f.read()
                found[path] = (hashlib.sha256(content).hexdigest(), st.st_mode, st.st_uid, st.st_gid)
    return found


def differs(before):
    after = snapshot()
    return sorted(p for p in before.keys() | after.keys() if before.get(p) != after.get(p))


class Fresh(boot.Machine):
    """Without systemd as process 1: the helper's units are started by the test."""

    def pam(self, options=""):
        """As the packages have it, and openssh-server's file, which is unpacked only."""
        unpacked = f"{enter.TOP}/build/packages/openssh/etc/pam.d/sshd"
        if os.path.exists(unpacked):
            shutil.copy(unpacked, "/etc/pam.d/sshd")
        for path, name in STATE.items():
            shutil.copytree(f"{KEPT}/{name}", path)
        os.makedirs(os.path.dirname(TEMPLATES))
        shutil.copy(f"{KEPT}/{os.path.basename(TEMPLATES)}", TEMPLATES)

    def _ssh(self):
        super()._ssh()
        text = world.read("/etc/ssh/sshd_config").replace("KbdInteractiveAuthentication yes\n", "")
        text = text.replace("PasswordAuthentication no\n", "").replace("LoginGraceTime 120\n", "")
        world.write("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nKbdInteractiveAuthentication no\n" + text)
        os.mkdir("/etc/ssh/sshd_config.d")
        os.mkdir(os.path.dirname(KEY), 0o700)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY], check=True)
        shutil.copy(f"{KEY}.pub", "/root/.ssh/authorized_keys")

    def _etc(self):
        super()._etc()
        world.write("/etc/nsswitch.conf", NSSWITCH)
        world.write("/etc/nscd.conf", NSCD)

    def make(self):
        if not os.path.exists(enter.INSIDE):
            raise RuntimeError("outside, this would change the machine")
        self._own_usr()
        self._users()
        self._etc()
        self._ssh()
        self._install()
        self.here("systemd-tmpfiles", "--create", "/usr/lib/tmpfiles.d/latchkey.conf")
        people = {f[0]: (int(f[2]), int(f[3])) for f in (line.split(":") for line in
                                                         world.read("/etc/passwd").splitlines())}
        for unit in units.latchkey(LIBEXEC, people["latchkey"], people["latchkey-fetch"]):
            unit.environment["ASAN_OPTIONS"] = "detect_leaks=0"
            self.units[unit.name] = unit
        return self

    def start(self):
        self.make()
        self.provider.start()
        return self

    def stop(self):
        world.World.stop(self)

    def report(self):
        return world.World.report(self)


class Booted(Fresh):
    """The same with systemd as process 1, whose units of ours nobody has enabled."""
    enabled = ["ssh.service"]

    def make(self):
        return boot.Machine.make(self)

    def start(self):
        super().start()
        self.boot()
        return self

    def stop(self):
        boot.Machine.stop(self)

    def report(self):
        return boot.Machine.report(self)
