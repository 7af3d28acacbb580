# SPDX-License-Identifier: MIT
"""A Debian as it is before anybody has configured Latchkey: its packages' own files in /etc, an sshd, a local person, and
"make install". Without systemd as process 1; the helper's units are started by the test."""
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


def begin():
    """Before the namespaces: what lies where they do not reach."""
    if not os.path.exists(enter.INSIDE):
        shutil.rmtree(KEPT, ignore_errors=True)
        for path, name in STATE.items():
            shutil.copytree(path, f"{KEPT}/{name}")
        shutil.copy(TEMPLATES, KEPT)
    world.begin()


class Fresh(boot.Machine):
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

    def make(self):
        if not os.path.exists(enter.INSIDE):
            raise RuntimeError("outside, this would change the machine")
        self._own_usr()
        self._users()
        self._etc()
        world.write("/etc/nsswitch.conf", NSSWITCH)
        world.write("/etc/nscd.conf", NSCD)
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
