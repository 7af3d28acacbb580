"""A helper of its own for one test: latchkeyd, latchkey-fetch and latchkey-root as separate users, with sockets that root
made, below a temporary folder. Nothing of the machine is touched. Needs root."""
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("LK_BUILD", os.path.join(TOP, "build", "release"))
UID = 61990  # of latchkeyd; no entry in any passwd file is needed
FETCH_UID = 61991
STRANGER = 61992
# Seconds after which something will not come any more. A busy machine takes its time.
PATIENCE = 60

LIBC = ctypes.CDLL(None, use_errno=True)


class Process:
    """One program started the way a service manager does: user, descriptors, names, an empty environment."""

    def __init__(self, argv, uid, sockets, log):
        self.argv, self.uid, self.sockets, self.log = argv, uid, sockets, log
        self.environment = {}
        self.pid = None

    def start(self):
        pid = os.fork()
        if pid:
            self.pid = pid
            return self
        try:
            out = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            null = os.open("/dev/null", os.O_RDONLY)
            high = [os.dup(s.fileno()) for _, s in self.sockets]
            high = [fcntl_dup_above(fd, 40 + i) for i, fd in enumerate(high)]
            os.dup2(null, 0)
            os.dup2(out, 1)
            os.dup2(out, 2)
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
                os.set_inheritable(3 + i, True)
            os.closerange(3 + len(high), 1024)
            os.chdir("/")
            os.setgroups([])
            os.setresgid(self.uid, self.uid, self.uid)
            os.setresuid(self.uid, self.uid, self.uid)
            env = {"LISTEN_FDS": str(len(high)), "LISTEN_PID": str(os.getpid()),
                   "LISTEN_FDNAMES": ":".join(n for n, _ in self.sockets), **self.environment}
            for key in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
                if key in os.environ:
                    env[key] = os.environ[key]
            os.execve(self.argv[0], self.argv, env)
        finally:
            os._exit(127)

    def stop(self, sig=signal.SIGTERM):
        if self.pid is None:
            return None
        os.kill(self.pid, sig)
        return self.wait()

    def wait(self, timeout=PATIENCE):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = None
                return status
            time.sleep(0.01)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.pid = None
        raise AssertionError(f"{self.argv[0]} did not end")

    def is_alive(self):
        if self.pid is None:
            return False
        pid, _ = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            self.pid = None
        return pid == 0


def fcntl_dup_above(fd, at_least):
    import fcntl
    return fcntl.fcntl(fd, fcntl.F_DUPFD, at_least)


class Rig:
    def __init__(self, config):
        self.folder = tempfile.mkdtemp(prefix="lk-rig-")
        os.chmod(self.folder, 0o755)
        self.config = self.path("latchkey.conf")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(config)
        os.chmod(self.config, 0o644)
        for name, uid, mode in (("private", UID, 0o700), ("nss", 0, 0o755), ("run", 0, 0o755)):
            os.mkdir(self.path(name))
            os.chown(self.path(name), uid, uid)
            os.chmod(self.path(name), mode)
        # The tree may lie where the helper's user cannot go.
        os.mkdir(self.path("bin"), 0o755)
        for program in ("latchkeyd", "latchkey-fetch", "latchkey-root", "latchkey", "latchkey-command"):
            shutil.copy(os.path.join(BUILD, program), self.path("bin", program))
        self.sockets = {}
        for name, kind, uid, mode in (("io.latchkey", socket.SOCK_STREAM, 0, 0o666),
                                      ("resolve", socket.SOCK_SEQPACKET, 0, 0o666),
                                      ("fetch", socket.SOCK_STREAM, UID, 0o600),
                                      ("root", socket.SOCK_STREAM, UID, 0o600)):
            s = socket.socket(socket.AF_UNIX, kind)
            path = self.path("run", name)
            s.bind(path)
            os.chown(path, uid, uid)
            os.chmod(path, mode)
            s.listen(128)
            self.sockets[name] = s
        self.helper = self.process("latchkeyd", UID, ("io.latchkey", "resolve"),
                                   "--config", self.config, "--store", self.path("private", "store.db"),
                                   "--fetch-socket", self.path("run", "fetch"),
                                   "--root-socket", self.path("run", "root"))
        self.fetch = self.process("latchkey-fetch", FETCH_UID, ("fetch",), "--peer-uid", str(UID))
        self.root = self.process("latchkey-root", 0, ("root",), "--peer-uid", str(UID), "--config", self.config,
                                 "--state", self.path("nss"))

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def process(self, program, uid, names, *arguments):
        return Process([self.path("bin", program), *arguments], uid, [(n, self.sockets[n]) for n in names],
                       self.path(program + ".log"))

    def start(self):
        for p in (self.root, self.fetch, self.helper):
            p.start()
        return self

    def log(self, program="latchkeyd"):
        try:
            with open(self.path(program + ".log"), encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, text, program="latchkeyd"):
        wait_until(lambda: text in self.log(program), lambda: self.log(program))

    def client(self, uid=0):
        return Client(self.path("run", "io.latchkey"), uid)

    def close(self):
        for p in (self.helper, self.fetch, self.root):
            if p.is_alive():
                p.stop(signal.SIGKILL)
        for s in self.sockets.values():
            s.close()
        shutil.rmtree(self.folder)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()


def wait_until(condition, describe=lambda: ""):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"never came: {describe()}")
        time.sleep(0.01)


def connect_as(path, uid, kind=socket.SOCK_STREAM):
    """Connects with another uid: peer credentials are those of the moment of connect(), of this thread alone."""
    result = {}

    def run():
        # The raw system call changes this thread only; Python's os.seteuid() would change all of them.
        if uid and LIBC.syscall(117, uid, uid, uid) != 0:
            result["error"] = OSError(ctypes.get_errno(), "setresuid")
            return
        s = socket.socket(socket.AF_UNIX, kind)
        try:
            s.connect(path)
            result["socket"] = s
        except OSError as e:
            result["error"] = e

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if "error" in result:
        raise result["error"]
    return result["socket"]


class Client:
    def __init__(self, path, uid=0):
        self.socket = connect_as(path, uid)
        self.socket.settimeout(PATIENCE)
        self.buffer = b""

    def send(self, data):
        self.socket.sendall(data)

    def call(self, method, more=False, **parameters):
        message = {"method": method, "parameters": parameters}
        if more:
            message["more"] = True
        self.send(json.dumps(message).encode() + b"\0")

    def reply(self, timeout=PATIENCE):
        """The next reply, or None when the connection has ended."""
        self.socket.settimeout(timeout)
        while b"\0" not in self.buffer:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.buffer += data
        frame, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(frame)

    def ask(self, method, more=False, **parameters):
        self.call(method, more, **parameters)
        return self.reply()

    def is_closed(self, timeout=PATIENCE):
        self.socket.settimeout(timeout)
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()


def run(tests):
    """Runs functions one by one and closes with the line that tests/run counts."""
    import sys
    import traceback
    failed = []
    for test in tests:
        try:
            test()
            print(f"ok   {test.__name__}", flush=True)
        except Exception:  # every fault of a test is a failure of it
            failed.append(test.__name__)
            print(f"FAIL {test.__name__}", flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"{len(tests) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)
