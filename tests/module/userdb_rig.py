# SPDX-License-Identifier: MIT
"""latchkey-userdb beside latchkey-root and a map of the test's own, and a namespace in which systemd's client finds it:
userdbctl and libnss_systemd are the ones that packaging/install-dependencies unpacked. Needs root."""
import contextlib
import glob
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile

import rig

PACKAGES = os.path.join(rig.TOP, "build", "packages", "userdb", "usr")
USERDBCTL = os.path.join(PACKAGES, "bin", "userdbctl")
MAP_TOOL = os.path.join(rig.BUILD, "tests/module/nss_map")
SERVICE = "io.latchkey"
CONF = "[accounts]\nuid_min = 1879048192\nuid_max = 2147483646\n" + "".join(
    f"[group {name}]\nclaim_values = {name}\n" for name in ("devs", "ops", "empty", "crowd"))
FIRST = 1879048192
METHOD = "io.systemd.UserDatabase.Get"
# Of a slot of the map: the name stands behind these.
SLOT_UID, SLOT_FLAGS, SLOT_NAME = 0, 12, 16
MARK_LOCAL = 2


def error(name):
    return f"io.systemd.UserDatabase.{name}"


class Rig:
    """@user: of /etc/passwd, whom the process becomes."""

    def __init__(self, user="nobody"):
        self.folder = tempfile.mkdtemp(prefix="lk-userdb-")
        os.chmod(self.folder, 0o755)
        for name in ("state/nss", "userdb", "bin", "lib"):
            os.makedirs(self.path(name), 0o755)
        with open(self.path("latchkey.conf"), "w", encoding="utf-8") as f:
            f.write(CONF)
        # The tree may lie where an ordinary user cannot go.
        shutil.copy(os.path.join(rig.BUILD, "latchkey-userdb"), self.path("bin"))
        # getent cannot load a sanitized one.
        module = "build/release/libnss_latchkey.so.2"
        subprocess.run(["make", "-s", "-C", rig.TOP, "VARIANT=release", module], check=True)
        shutil.copy(os.path.join(rig.TOP, module), self.path("lib"))
        for pattern in ("libnss_systemd.so.2", "systemd/libsystemd-shared-*.so"):
            shutil.copy(glob.glob(f"{PACKAGES}/lib/*/{pattern}")[0], self.path("lib"))
        for view in ("latchkey", "systemd"):
            with open(self.path(f"nsswitch.{view}"), "w", encoding="ascii") as f:
                f.write("".join(f"{db}: files {view}\n" for db in ("passwd", "group", "shadow")))
        self.socket = self.listen(self.path("userdb", SERVICE))
        self.userdb = rig.Process([self.path("bin/latchkey-userdb"), "--state", self.path("state/nss"), "--user", user],
                                  0, [(SERVICE, self.socket)], self.path("userdb.log"))
        root_socket = self.listen(self.path("root"))
        self.root = rig.Process([os.path.join(rig.BUILD, "latchkey-root"), "--config", self.path("latchkey.conf"),
                                 "--state", self.path("state/nss"), "--peer-uid", "0", "--idle", "0"], 0,
                                [("root", root_socket)], self.path("root.log"))

    @staticmethod
    def listen(path):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.bind(path)
        os.chmod(path, 0o666)
        s.listen(256)
        return s

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def log(self):
        with open(self.path("userdb.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def publish(self, text):
        """Lines "user|NAME|UID|GID|GECOS|HOME|SHELL" and "group|NAME|GID|MEMBER,MEMBER"."""
        subprocess.run([MAP_TOOL, "make", self.path("new")], input=text.encode(), check=True)
        run = subprocess.run([MAP_TOOL, "publish", self.path("root"), self.path("new")], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, timeout=60, check=False)
        assert run.returncode == 0, run.stdout

    def patch(self, name, offset, data):
        """What no publisher lets through: bytes in the slot of a user, in a map of root's all the same."""
        path = self.path("state/nss/map")
        with open(path, "rb") as f:
            content = bytearray(f.read())
        at = content.index(name.encode() + b"\0") - SLOT_NAME + offset
        content[at:at + len(data)] = data
        with open(path + ".new", "wb") as f:
            f.write(content)
        os.rename(path + ".new", path)
        with open(self.path("state/nss/epoch"), "r+b") as f:
            f.seek(8)
            counter, = struct.unpack("=Q", f.read(8))
            f.seek(8)
            f.write(struct.pack("=Q", counter + 1))

    def client(self, uid=0):
        return rig.Client(self.path("userdb", SERVICE), uid)

    def command(self, *command, view="systemd"):
        return ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid", "--die-with-parent",
                "--tmpfs", "/var/lib", "--bind", self.path("state"), "/var/lib/latchkey", "--tmpfs", "/run", "--bind",
                self.path("userdb"), "/run/systemd/userdb", "--bind", self.folder, self.folder,
                "--ro-bind", self.path(f"nsswitch.{view}"), "/etc/nsswitch.conf", *command]

    def environment(self):
        return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LD_LIBRARY_PATH": self.path("lib"), "LANG": "C.UTF-8"}

    def ask(self, *command, view="systemd"):
        """(exit status, output) of a program that sees one view, behind the machine's files."""
        run = subprocess.run(self.command(*command, view=view), env=self.environment(), stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, timeout=300, check=False)
        return run.returncode, run.stdout.decode()

    def begin(self, *command):
        return subprocess.Popen(self.command(*command), env=self.environment(), stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL)

    def userdbctl(self, *arguments):
        return self.ask(USERDBCTL, *arguments)

    def __enter__(self):
        self.root.start()
        self.userdb.start()
        return self

    def __exit__(self, *_):
        for process in (self.userdb, self.root):
            if process.is_alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGCONT)
                process.stop(signal.SIGKILL)
        shutil.rmtree(self.folder)
