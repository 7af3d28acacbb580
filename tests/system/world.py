# SPDX-License-Identifier: MIT
"""A machine to try Latchkey on: its own users, PAM stacks, NSS order, sshd, helper and authorization server, all of
them real, inside the namespaces that enter.py makes.

    import world
    world.begin()                      # from here on we are inside
    with world.World() as w:
        w.start()
        with w.ssh("alice") as t: ...
"""
import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time

import authserver
import enter
import terminal
import units
from patience import PATIENCE

BUILD = os.environ.get("LK_BUILD") or os.path.join(enter.TOP, "build", "release")
PLAIN = os.path.join(enter.TOP, "build", "release")
MODULES = ("pam_latchkey.so", "libnss_latchkey.so.2")
PROGRAMS = "/latchkey"
CONFIG = "/etc/latchkey/latchkey.conf"
LOCAL_PERSON, LOCAL_PASSWORD = "olga", "correct horse"
PROVIDER = "demo"

# As pam-auth-update makes them of the profile that is installed with Latchkey: where the helper refuses, the module
# ends the stack, so that an account of ours never falls through to pam_unix; for every other name it steps aside.
_AUTH = """
auth [success=2 user_unknown=ignore module_unknown=ignore default=die] {module} {options}
auth [success=1 default=ignore] pam_unix.so nullok
auth requisite pam_deny.so
auth required pam_permit.so
"""
_ACCOUNT = """
account [success=2 user_unknown=ignore module_unknown=ignore default=die] {module} {options}
account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so
account requisite pam_deny.so
account required pam_permit.so
"""
_SESSION = """
session required pam_unix.so
session [success=ignore default=1] {module} {options}
session optional pam_mkhomedir.so umask=0077
"""
PAM_STACKS = {
    "sshd": _AUTH + "account required pam_nologin.so" + _ACCOUNT + _SESSION,
    "login": "auth requisite pam_nologin.so" + _AUTH + _ACCOUNT + _SESSION,
    "sudo": _AUTH + _ACCOUNT + "session required pam_unix.so\n",
    "su": "auth sufficient pam_rootok.so" + _AUTH + _ACCOUNT + _SESSION,
    "other": "auth required pam_deny.so\naccount required pam_deny.so\nsession required pam_deny.so\n",
}


def sanitized(build):
    return os.path.basename(build) == "sanitize"


def begin(network=True):
    """Fetch and build what needs the machine itself, then continue in namespaces of our own."""
    if not os.path.exists(enter.INSIDE):
        authserver.install_modules()
        if sanitized(BUILD):
            # For programs that cannot load the sanitizers before everything else.
            subprocess.run(["make", "-s", "-C", enter.TOP, "VARIANT=release", *(f"build/release/{m}" for m in MODULES)],
                           check=True)
    enter.enter(network)


def sanitizers():
    """The libraries that must come first in a program that loads a sanitized module."""
    return " ".join(subprocess.run(["cc", f"-print-file-name={name}"], check=True, capture_output=True,
                                   text=True).stdout.strip() for name in ("libasan.so", "libubsan.so"))


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def read(path):
    with open(path, encoding="utf-8", errors="backslashreplace") as f:
        return f.read()


class SystemLog:
    """/dev/log: what modules and login programs tell the administrator."""

    def __init__(self):
        self.lines = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        while True:
            self.lines.append(self._socket.recv(65536).decode("utf-8", "backslashreplace"))

    @property
    def text(self):
        return "\n".join(self.lines)


class World:
    """@build: where the programs are; @options: of the authorization server.
    @residents: with a local person whose password is known, and people who may use sudo; never where somebody else can
    reach the SSH server, since root of this world is root of the machine."""

    def __init__(self, build=None, log=None, ssh_port=22, residents=True, **options):
        self.build = build or BUILD
        self.ssh_port, self.residents = ssh_port, residents
        self.provider = authserver.AuthServer(**options)
        self.units, self.sshd, self.visitors = {}, None, []
        self.system_log = SystemLog()
        self.say = log or (lambda text: None)

    # --- making it -------------------------------------------------------------------------------------------------

    def _users(self):
        """System users of the machine stay, people do not; the helper's two users are new."""
        keep = [line.split(":") for line in read("/etc/passwd").splitlines()]
        keep = [f for f in keep if (int(f[2]) < 1000 or f[0] == "nobody") and not f[0].startswith("latchkey")]
        groups = [line.split(":") for line in read("/etc/group").splitlines()]
        groups = [g for g in groups if int(g[2]) < 1000 or g[0] == "nogroup"]
        taken = {int(f[2]) for f in keep} | {int(g[2]) for g in groups}
        free = [i for i in range(999, 100, -1) if i not in taken]
        if not any(f[0] == "sshd" for f in keep):
            keep.append(["sshd", "x", str(free.pop()), "65534", "", "/run/sshd", "/usr/sbin/nologin"])
        self.daemon_user, self.fetch_user = (free[0], free[0]), (free[1], free[1])
        for name, (uid, gid) in (("latchkey", self.daemon_user), ("latchkey-fetch", self.fetch_user)):
            keep.append([name, "x", str(uid), str(gid), "", "/nonexistent", "/usr/sbin/nologin"])
            groups.append([name, "x", str(gid), ""])
        secrets = {}
        if self.residents:
            keep.append([LOCAL_PERSON, "x", "1000", "1000", "Olga", f"/home/{LOCAL_PERSON}", "/bin/bash"])
            groups.append([LOCAL_PERSON, "x", "1000", ""])
            hashed = subprocess.run(["openssl", "passwd", "-6", LOCAL_PASSWORD], check=True, capture_output=True)
            secrets[LOCAL_PERSON] = hashed.stdout.decode().strip()
            shutil.copytree("/etc/skel", f"/home/{LOCAL_PERSON}")
            subprocess.run(["chown", "-R", "1000:1000", f"/home/{LOCAL_PERSON}"], check=True)
        write("/etc/passwd", "".join(":".join(f) + "\n" for f in keep))
        write("/etc/group", "".join(":".join(g[:3] + [""]) + "\n" for g in groups))
        write("/etc/shadow", "".join(f"{f[0]}:{secrets.get(f[0], '*')}:19000:0:99999:7:::\n" for f in keep), 0o640)
        write("/etc/gshadow", "".join(f"{g[0]}:*::\n" for g in groups), 0o640)

    def _install(self):
        """The programs go where everybody can reach them, whatever the build folder's rights are."""
        os.mkdir(PROGRAMS)
        for name in ("latchkeyd", "latchkey-fetch", "latchkey-root", "latchkey", "latchkey-command"):
            shutil.copy(f"{self.build}/{name}", PROGRAMS)
        # A sanitized module works in sshd alone, which is started with the sanitizers loaded first. All other programs
        # have the plain ones.
        modules = PLAIN if sanitized(self.build) else self.build
        os.mkdir(f"{PROGRAMS}/sshd")
        os.mkdir(f"{PROGRAMS}/lib")
        shutil.copy(f"{modules}/pam_latchkey.so", PROGRAMS)
        shutil.copy(f"{self.build}/pam_latchkey.so", f"{PROGRAMS}/sshd")
        shutil.copy(f"{modules}/libnss_latchkey.so.2", f"{PROGRAMS}/lib")
        write("/etc/ld.so.conf.d/000-latchkey.conf", f"{PROGRAMS}/lib\n")
        subprocess.run(["/sbin/ldconfig", "-X"], check=True, stderr=subprocess.DEVNULL)
        for path, mode, owner in (("/run/latchkey", 0o755, 0), ("/var/lib/latchkey", 0o711, 0),
                                  ("/var/lib/latchkey/nss", 0o755, 0),
                                  ("/var/lib/latchkey/private", 0o700, self.daemon_user[0])):
            os.mkdir(path)
            os.chmod(path, mode)
            os.chown(path, owner, owner)

    def pam(self, options=""):
        """Write the PAM stacks, with these words behind the module's path."""
        shutil.rmtree("/etc/pam.d")
        for name, text in PAM_STACKS.items():
            folder = f"{PROGRAMS}/sshd" if name == "sshd" else PROGRAMS
            write(f"/etc/pam.d/{name}", text.format(module=f"{folder}/pam_latchkey.so", options=options).lstrip())

    def configure(self, text=None, **sections):
        """The helper's configuration: whole, or the usual one with other lines for single sections ("access"="...")."""
        usual = {
            # No question that nobody in the test has asked.
            "latchkey": "allow_insecure_loopback=yes\nbackground_recheck_max=0s",
            f"provider {PROVIDER}": f"issuer={self.provider.issuer}\nclient_id=latchkey\n"
                                    "scope=openid profile email groups offline_access",
            "access": "everyone=yes",
            # All come from one address here.
            "limits": "codes_per_address=10000",
        }
        usual.update({k.replace("_", " "): v for k, v in sections.items()})
        if text is None:
            text = "".join(f"[{name}]\n{lines}\n\n" for name, lines in usual.items() if lines is not None)
        write(CONFIG, text)

    def _etc(self):
        write("/etc/nsswitch.conf", "passwd: files latchkey\ngroup: files latchkey\nshadow: files latchkey\n"
                                    "hosts: files\nnetworks: files\nprotocols: files\nservices: files\n")
        for path in ("/etc/resolv.conf", "/etc/hosts", "/etc/hostname"):
            if os.path.lexists(path):
                os.unlink(path)
        write("/etc/hosts", f"127.0.0.1 localhost {enter.HOST} idp.example\n::1 localhost\n")
        write("/etc/hostname", enter.HOST + "\n")
        write("/etc/resolv.conf", "")
        shutil.rmtree("/etc/sudoers.d", ignore_errors=True)
        may = (LOCAL_PERSON, "alice") if self.residents else ()
        write("/etc/sudoers", "Defaults !lecture\n" + "".join(f"{name} ALL=(ALL:ALL) ALL\n" for name in may), 0o440)
        for name in ("/etc/securetty", "/etc/motd", "/etc/legal"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
        for name in ("wtmp", "btmp", "lastlog"):
            write(f"/var/log/{name}", "", 0o600 if name == "btmp" else 0o644)
        write("/run/utmp", "")
        self.pam()

    def _ssh(self):
        shutil.rmtree("/etc/ssh", ignore_errors=True)
        os.mkdir("/etc/ssh")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/host_key"], check=True)
        write("/etc/ssh/sshd_config", f"""Port {self.ssh_port}
ListenAddress 127.0.0.1
HostKey /etc/ssh/host_key
UsePAM yes
KbdInteractiveAuthentication yes
PasswordAuthentication no
PermitRootLogin prohibit-password
LoginGraceTime 120
MaxStartups 200
LogLevel VERBOSE
PidFile none
PrintMotd no
PrintLastLog no
AcceptEnv LANG LC_*
""")
        key = read("/etc/ssh/host_key.pub")
        write("/etc/ssh/ssh_known_hosts", "".join(f"{h} {key}" for h in (
            "localhost", f"[localhost]:{self.ssh_port}", "127.0.0.1", f"[127.0.0.1]:{self.ssh_port}")))
        write("/etc/ssh/ssh_config", f"Host *\n  Port {self.ssh_port}\n  AddressFamily inet\n  IdentityAgent none\n"
                                     "  CheckHostIP no\n  StrictHostKeyChecking yes\n  SendEnv LANG LC_*\n")

    def make(self):
        if not os.path.exists(enter.INSIDE):
            raise RuntimeError("outside, this would change the machine")
        self._users()
        self._etc()
        self._install()
        self._ssh()
        for unit in units.latchkey(PROGRAMS, self.daemon_user, self.fetch_user):
            # The leak check would need to trace a process that forbids it.
            unit.environment["ASAN_OPTIONS"] = "detect_leaks=0"
            self.units[unit.name] = unit
        return self

    # --- running it ------------------------------------------------------------------------------------------------

    @property
    def daemon(self):
        return self.units["latchkeyd"]

    @property
    def fetch(self):
        return self.units["latchkey-fetch"]

    @property
    def root(self):
        return self.units["latchkey-root"]

    def start_sshd(self, options=()):
        """@options: of sshd's command line. Returns when it accepts connections."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}
        if sanitized(self.build):
            environment.update(LD_PRELOAD=sanitizers(), ASAN_OPTIONS="detect_leaks=0:log_path=/var/log/sanitizer")
        with open("/var/log/sshd.log", "ab") as log:
            self.sshd = subprocess.Popen([enter.SSH_SERVER, "-D", "-e", *options], stdout=log, stderr=log,
                                         stdin=subprocess.DEVNULL, start_new_session=True, env=environment)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.ssh_port), 1):
                return
            if self.sshd.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError("sshd does not start:\n" + read("/var/log/sshd.log"))

    def start(self):
        self.make()
        self.say("authorization server")
        self.provider.start()
        self.configure()
        self.say("helper")
        for unit in self.units.values():
            unit.start()
        self.say("sshd")
        self.start_sshd()
        return self

    def stop_sshd(self):
        if self.sshd and self.sshd.poll() is None:
            self.sshd.terminate()
            self.sshd.wait(PATIENCE)

    def reconfigure(self, **sections):
        """Another configuration, and a helper that has read it."""
        self.configure(**sections)
        self.daemon.restart()

    def stop(self):
        self.stop_sshd()
        for unit in reversed(self.units.values()):
            unit.stop()
        self.provider.stop()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and not issubclass(kind, (SystemExit, KeyboardInterrupt)):
            print(self.report(), flush=True)
        self.stop()

    def report(self):
        """Everything an administrator could look at, for a test that failed."""
        parts = [f"--- {u.name}\n{u.log()}" for u in self.units.values()]
        parts.append("--- sshd\n" + (read("/var/log/sshd.log") if self.sshd else ""))
        parts.append("--- system log\n" + self.system_log.text)
        return "\n".join(parts)

    # --- people ----------------------------------------------------------------------------------------------------

    @staticmethod
    def environment(**more):
        return {"PATH": "/usr/bin:/bin", "HOME": "/root", "TERM": "xterm", "LANG": "C.UTF-8", **more}

    def ssh_command(self, name, *command, tty=True, options=()):
        return ["ssh", *(["-tt"] if tty else ["-T"]), *options, "-l", name, "localhost", *command]

    def ssh(self, name, *command, columns=80, rows=24, options=(), **env):
        """An OpenSSH client on a terminal."""
        return terminal.Terminal(self.ssh_command(name, *command, options=options), self.environment(**env), columns,
                                 rows)

    @staticmethod
    def run(*argv, user=None, timeout=120, **kwargs):
        """A command's output and status; @user: (uid, gid)."""
        if user:
            argv = ["setpriv", f"--reuid={user[0]}", f"--regid={user[1]}", "--clear-groups", *argv]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              timeout=timeout, check=False, **kwargs)
        return done.returncode, done.stdout.decode("utf-8", "backslashreplace")
