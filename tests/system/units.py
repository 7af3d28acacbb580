# SPDX-License-Identifier: MIT
"""Starts Latchkey's programs as systemd would: sockets made by root, descriptors handed over by name, users of their
own, readiness by notification, a restart when one dies, and one that runs only while it is needed."""
import fcntl
import os
import select
import signal
import socket
import subprocess
import threading
import time

from patience import PATIENCE

RUNTIME = "/run/latchkey"
FIRST_FD = 3
AWAY_FD = 100  # where sockets wait, above the numbers that the programs expect


class Socket:
    """A listening socket below /run/latchkey or @folder, made by root and given to whoever may open it."""

    def __init__(self, name, kind, mode, uid=0, folder=RUNTIME):
        self.name, self.kind, self.mode, self.uid = name, kind, mode, uid
        self.path, self.fd = f"{folder}/{name}", -1

    def open(self):
        with socket.socket(socket.AF_UNIX, self.kind) as s:
            s.bind(self.path)
            os.chmod(self.path, self.mode)
            os.chown(self.path, self.uid, -1)
            s.listen(4096)
            self.fd = fcntl.fcntl(s.fileno(), fcntl.F_DUPFD_CLOEXEC, AWAY_FD)

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            os.unlink(self.path)
            self.fd = -1


class Unit:
    """One program with its sockets, and a thread that watches over it."""

    def __init__(self, name, argv, sockets, user=None, on_demand=False, notifies=False):
        self.name, self.argv, self.sockets = name, argv, sockets
        self.user, self.on_demand, self.notifies = user, on_demand, notifies
        self.log_path = f"/var/log/{name}.log"
        self.environment = {}
        self.process, self.ready, self.starts = None, threading.Event(), 0
        self._wanted, self._thread, self._changed = False, None, threading.Condition()

    # The shell renumbers the sockets and becomes the program, so that LISTEN_PID is the program's own id.
    def _command(self):
        numbers = range(FIRST_FD, FIRST_FD + len(self.sockets))
        moves = " ".join(f"{n}<&{s.fd} {s.fd}<&-" for n, s in zip(numbers, self.sockets))
        drop = []
        if self.user:
            uid, gid = self.user
            drop = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "--no-new-privs",
                    "--inh-caps=-all", "--bounding-set=-all", "--"]
        return ["bash", "-c", f'exec {moves}; export LISTEN_PID=$$; exec "$@"', self.name, *drop, *self.argv]

    def _spawn(self):
        environment = {"PATH": "/usr/bin:/bin", "LISTEN_FDS": str(len(self.sockets)),
                       "LISTEN_FDNAMES": ":".join(s.name for s in self.sockets), **self.environment}
        notify = None
        if self.notifies:
            path = f"/run/notify.{self.name}"
            if os.path.exists(path):
                os.unlink(path)
            notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            notify.bind(path)
            os.chmod(path, 0o666)
            environment["NOTIFY_SOCKET"] = path
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment, cwd="/", pass_fds=[s.fd for s in self.sockets],
                                            start_new_session=True)
        self.starts += 1
        if notify:
            threading.Thread(target=self._listen, args=(notify, self.process), daemon=True).start()
        else:
            self.ready.set()

    def _listen(self, notify, process):
        with notify:
            notify.settimeout(0.2)
            while process.poll() is None:
                try:
                    if b"READY=1" in notify.recv(4096).split(b"\n"):
                        self.ready.set()
                except TimeoutError:
                    pass

    def _watch(self):
        while self._wanted:
            if self.on_demand and not select.select([s.fd for s in self.sockets], [], [], 0.2)[0]:
                continue
            if not self._wanted:
                break
            self._spawn()
            status = self.process.wait()
            self.ready.clear()
            if self._wanted and not (self.on_demand and status == 0):
                time.sleep(0.1)

    def start(self, timeout=PATIENCE):
        for s in self.sockets:
            s.open()
        self._wanted = True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        if not self.on_demand:
            self.wait_ready(timeout)

    def wait_ready(self, timeout=PATIENCE):
        if not self.ready.wait(timeout):
            raise RuntimeError(f"{self.name} is not ready:\n{self.log()}")

    def stop(self):
        """Unit and sockets, as after systemctl stop of both."""
        self._wanted = False
        self.send(signal.SIGTERM)
        if self._thread:
            self._thread.join(PATIENCE)
            if self._thread.is_alive():
                self.send(signal.SIGKILL)
                self._thread.join(PATIENCE)
        for s in self.sockets:
            s.close()
        self.ready.clear()

    def restart(self):
        self.stop()
        self.start()

    def send(self, number):
        """A signal to the program itself; returns its process id or None."""
        process = self.process
        if process is None or process.poll() is not None:
            return None
        process.send_signal(number)
        return process.pid

    def kill_and_wait_back(self, timeout=PATIENCE):
        """Kills the program as a fault would, and waits until the watcher has replaced it."""
        starts = self.starts
        self.ready.clear()
        self.send(signal.SIGKILL)
        end = time.monotonic() + timeout
        while self.starts == starts and time.monotonic() < end:
            time.sleep(0.02)
        self.wait_ready(timeout)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="backslashreplace") as f:
                return f.read()
        except FileNotFoundError:
            return ""


def latchkey(programs, daemon_user, fetch_user):
    """The units, in the order in which they are started."""
    stream, packet = socket.SOCK_STREAM, socket.SOCK_SEQPACKET
    uid = daemon_user[0]
    return [
        Unit("latchkey-root", [f"{programs}/latchkey-root", "--peer-user", "latchkey"],
             [Socket("root", stream, 0o600, uid)], on_demand=True),
        Unit("latchkey-fetch", [f"{programs}/latchkey-fetch", "--peer-user", "latchkey"],
             [Socket("fetch", stream, 0o600, uid)], user=fetch_user),
        Unit("latchkeyd", [f"{programs}/latchkeyd"],
             [Socket("io.latchkey", stream, 0o666), Socket("resolve", packet, 0o666)], user=daemon_user, notifies=True),
    ]
