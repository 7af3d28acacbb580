# SPDX-License-Identifier: MIT
"""What the tests of latchkey-fetch share: a private network namespace, certificates, servers that misbehave, and the
wire spoken by hand. Nothing outside a scratch folder is written and nothing leaves loopback."""
import base64
import json
import os
import resource
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("LK_BUILD", os.path.join(TOP, "build", "release"))
IS_ROOT = os.getuid() == 0
IS_SANITIZED = os.environ.get("LK_VARIANT") == "sanitize"
FETCH_UID = 64001
OTHER_UID = 64002
# Seconds after which something will not come any more. Less than a request may be given, so that what ends with its
# request's time counts as not ended.
PATIENCE = 20
LONGEST_MS = 30000

HOSTS = """127.0.0.1 localhost
::1 localhost
127.0.0.1 idp.test evil.test cn.test proxy.test
::1 dual.test
127.0.0.1 dual.test
""" + "".join(f"127.1.{i // 250}.{i % 250 + 1} many.test\n" for i in range(1000))


def enter_sandbox():
    """Run this program again with loopback only, its own hosts file and a name server that never answers."""
    if os.environ.get("LK_IN_SANDBOX"):
        return
    work = tempfile.mkdtemp(prefix="latchkey-fetch-")
    os.chmod(work, 0o755)
    # The tree may lie where other users cannot go.
    shutil.copy(os.path.join(BUILD, "latchkey-fetch"), work)
    for name, text in (("hosts", HOSTS), ("resolv.conf", "nameserver 127.0.0.1\n"),
                       ("nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")):
        with open(os.path.join(work, name), "w", encoding="ascii") as f:
            f.write(text)
    command = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-net", "--unshare-pid",
               "--die-with-parent", "--setenv", "LK_IN_SANDBOX", work]
    for name in ("hosts", "resolv.conf", "nsswitch.conf"):
        command += ["--ro-bind", os.path.join(work, name), os.path.realpath(os.path.join("/etc", name))]
    try:
        code = subprocess.run(command + ["--"] + sys.argv, check=False).returncode
    finally:
        shutil.rmtree(work, ignore_errors=True)
    sys.exit(code)


WORK = os.environ.get("LK_IN_SANDBOX", "/nonexistent")


def path(name):
    return os.path.join(WORK, name)


# --- certificates -----------------------------------------------------------------------------------------------------

CA_CONFIG = """[ca]
default_ca = this
[this]
database = {dir}/index
new_certs_dir = {dir}
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
email_in_dn = no
[any]
commonName = supplied
"""


def openssl(*args):
    subprocess.run(["openssl", *args], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make_ca(name):
    folder = path(name)
    os.mkdir(folder, 0o755)
    with open(os.path.join(folder, "config"), "w", encoding="ascii") as f:
        f.write(CA_CONFIG.format(dir=folder))
    with open(os.path.join(folder, "index"), "w", encoding="ascii"):
        pass
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", f"{folder}/key.pem", "-out", path(name + ".pem"))


def make_certificate(name, ca, host, alternatives, start="20200101000000Z", end="20400101000000Z"):
    """A server certificate; @alternatives like "DNS:a,IP:127.0.0.1", or "" for none. The pair lands in NAME.pem."""
    folder = path(ca)
    key, request, certificate = (os.path.join(folder, f"{name}.{kind}") for kind in ("key", "csr", "crt"))
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={host}",
            "-keyout", key, "-out", request)
    extensions = os.path.join(folder, f"{name}.ext")
    with open(extensions, "w", encoding="ascii") as f:
        f.write("basicConstraints = CA:FALSE\n")
        if alternatives:
            f.write(f"subjectAltName = {alternatives}\n")
    openssl("ca", "-batch", "-notext", "-config", f"{folder}/config", "-cert", path(ca + ".pem"),
            "-keyfile", f"{folder}/key.pem", "-in", request, "-out", certificate, "-startdate", start, "-enddate", end,
            "-extfile", extensions)
    with open(path(name + ".pair"), "w", encoding="ascii") as out:
        for part in (key, certificate):
            with open(part, encoding="ascii") as f:
                out.write(f.read())


def make_certificates():
    make_ca("ca")
    make_ca("evil-ca")
    make_certificate("idp", "ca", "idp.test", "DNS:idp.test,DNS:dual.test")
    make_certificate("ip", "ca", "other.test", "IP:127.0.0.1")
    make_certificate("expired", "ca", "idp.test", "DNS:idp.test", "20200101000000Z", "20200201000000Z")
    make_certificate("future", "ca", "idp.test", "DNS:idp.test", "20390101000000Z", "20400101000000Z")
    make_certificate("wrong-host", "ca", "idp.test", "DNS:other.test")
    make_certificate("cn-only", "ca", "cn.test", "")
    make_certificate("partial-wildcard", "ca", "x.test", "DNS:i*.test")
    make_certificate("top-wildcard", "ca", "x.test", "DNS:*")
    make_certificate("name-for-ip", "ca", "127.0.0.1", "DNS:127.0.0.1")
    make_certificate("evil", "evil-ca", "idp.test", "DNS:idp.test")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            "/CN=idp.test", "-addext", "subjectAltName=DNS:idp.test", "-keyout", path("self.key"), "-out",
            path("self.crt"))
    with open(path("self-signed.pair"), "w", encoding="ascii") as out:
        for part in ("self.key", "self.crt"):
            with open(path(part), encoding="ascii") as f:
                out.write(f.read())


# --- servers ----------------------------------------------------------------------------------------------------------

class Server:
    """A TCP server on loopback; @serve(connection) runs in a thread for each connection."""

    def __init__(self, serve, pair=None, address="127.0.0.1", tls_max=None, backlog=256, client_ca=None):
        self.serve = serve
        self.n_connections = 0
        self.connections = set()  # copies of their descriptors
        self.open_most = 0
        self.seen = []
        self.lock = threading.Lock()
        self.context = None
        if pair is not None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if tls_max is not None:
                self.context.set_ciphers("ALL:@SECLEVEL=0")
                self.context.minimum_version = ssl.TLSVersion.TLSv1
                self.context.maximum_version = tls_max
            self.context.load_cert_chain(path(pair + ".pair"))
            if client_ca is not None:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(path(client_ca + ".pem"))
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.listener = socket.create_server((address, 0), family=family, backlog=backlog)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=(connection,), daemon=True).start()

    def handle(self, connection):
        number = os.dup(connection.fileno())
        with self.lock:
            self.n_connections += 1
            self.connections.add(number)
        self.open_most = max(self.open_most, self.open_now())
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.serve(self, connection)
        except (OSError, ssl.SSLError):
            pass
        finally:
            with self.lock:
                self.connections.remove(number)
            os.close(number)
            connection.close()

    def open_now(self):
        """Connections that the other side has not ended, whether or not a thread here has noticed."""
        ended = select.poll()
        with self.lock:
            for number in self.connections:
                ended.register(number, select.POLLRDHUP)
            return len(self.connections) - len(ended.poll(0))

    def stop(self):
        # A thread that waits in accept() would otherwise take one more.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def read_request(connection):
    """(head, body) of one request, or None at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, body = data.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n")[1:]:
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    while len(body) < length:
        body += connection.recv(65536)
    return head.decode("ascii"), body


def serve_bytes(reply):
    """Answers every request with these bytes and hangs up."""
    def serve(server, connection):
        request = read_request(connection)
        if request is not None:
            server.seen.append(request)
            connection.sendall(reply)
    return serve


def serve_body(body, extra=b"", status=b"200 OK"):
    """Answers all requests of a connection in the ordinary way."""
    def serve(server, connection):
        while True:
            request = read_request(connection)
            if request is None:
                return
            server.seen.append(request)
            connection.sendall(b"HTTP/1.1 " + status + b"\r\n" + extra +
                               b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return serve


def serve_then(head, endless, pause=0.0):
    """Sends @head, then @endless again and again until the other side has had enough."""
    def serve(server, connection):
        request = read_request(connection)
        if request is None:
            return
        server.seen.append(request)
        connection.sendall(head)
        while True:
            connection.sendall(endless)
            if pause:
                time.sleep(pause)
    return serve


def serve_nothing(server, connection):
    """Takes the request and stays silent until the other side goes."""
    request = read_request(connection)
    if request is not None:
        server.seen.append(request)
        connection.recv(1)


# --- latchkey-fetch ---------------------------------------------------------------------------------------------------

class Fetch:
    """One latchkey-fetch on a listening socket, and one connection to it."""
    count = 0

    def __init__(self, args=None, environment=None, limits=(), before_exec=None, n_sockets=1, listen=True, uid=None,
                 connected=False):
        Fetch.count += 1
        self.path = path(f"fetch.{Fetch.count}")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        os.chmod(self.path, 0o666)
        if listen:
            self.listener.listen(64)
        self.args = args if args is not None else ["--peer-uid", str(os.getuid())]
        self.environment = dict(environment or {})
        self.limits = limits
        self.before_exec = before_exec
        self.n_sockets = n_sockets
        self.uid = FETCH_UID if uid is None else uid
        self.stderr = path(f"stderr.{Fetch.count}")
        self.connection = self.connect() if connected else None
        self.answers = {}
        self.buffer = b""
        self.pending = None
        self.last_id = 0
        self.pid = self.start()

    def start(self):
        pid = os.fork()
        if pid:
            return pid
        try:
            self.become()
        except BaseException:  # the child must never run on as a second test program
            traceback.print_exc()
        os._exit(127)

    def become(self):
        null = os.open("/dev/null", os.O_RDWR)
        errors = os.open(self.stderr, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        for target, source in ((0, null), (1, null), (2, errors)):
            os.dup2(source, target)
        copies = [os.dup(self.listener.fileno()) for _ in range(self.n_sockets)]
        keep = [os.dup2(fd, 40 + i) for i, fd in enumerate(copies)]
        for i, fd in enumerate(keep):
            os.dup2(fd, 3 + i, inheritable=True)
        os.closerange(3 + self.n_sockets, 64)
        if self.before_exec is not None:
            self.before_exec()
        for what, value in self.limits:
            resource.setrlimit(what, (value, value))
        if IS_ROOT and self.uid != 0:
            os.setgroups([])
            os.setgid(self.uid)
            os.setuid(self.uid)
        environment = {"ASAN_OPTIONS": "detect_leaks=0"}
        environment.update(self.environment)
        environment["LISTEN_PID"] = str(os.getpid())
        environment["LISTEN_FDS"] = str(self.n_sockets)
        os.execve(path("latchkey-fetch"), ["latchkey-fetch"] + self.args, environment)

    def wait(self, at_most=PATIENCE):
        """Its exit code; None when it had to be killed."""
        deadline = time.monotonic() + at_most
        pid, status = 0, 0
        while pid == 0 and time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            time.sleep(0 if pid else 0.01)
        if pid == 0:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self.pid = None
        return os.waitstatus_to_exitcode(status) if pid else None

    def errors(self):
        with open(self.stderr, encoding="utf-8", errors="replace") as f:
            return f.read()

    def stop(self):
        if self.connection is not None:
            self.connection.close()
        code = None
        if self.pid is not None:
            os.kill(self.pid, signal.SIGTERM)
            code = self.wait()
            assert code == 0, (code, self.errors())
        self.listener.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None and self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
            print(self.errors())
        self.stop()

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.path)
        connection.settimeout(3 * PATIENCE)
        return connection

    def send(self, data):
        if self.connection is None:
            self.connection = self.connect()
        self.connection.sendall(data)

    def ask(self, url, body=None, headers=(), timeout_ms=LONGEST_MS, profile=None, method=None, **settings):
        self.last_id += 1
        head = {"start": self.last_id, "url": url, "timeout_ms": timeout_ms}
        if profile is None:
            profile = dict({"name": "main", "ca_file": path("ca.pem")}, **settings)
        head["profile"] = profile
        if method is not None:
            head["method"] = method
        if headers:
            head["headers"] = list(headers)
        if body is not None:
            head["body"] = len(body)
        message = json.dumps(head).encode("utf-8") + b"\0"
        if body:
            message += base64.urlsafe_b64encode(body).rstrip(b"=") + b"\0"
        self.send(message)
        return self.last_id

    def ask_at_once(self, n, *args, **options):
        """The same request @n times, in one write."""
        parts = []
        self.send = parts.append
        numbers = [self.ask(*args, **options) for _ in range(n)]
        del self.send
        self.send(b"".join(parts))
        return numbers

    def cancel(self, *numbers):
        self.send(b"".join(b'{"cancel":%d}\0' % number for number in numbers))

    def take_frame(self, frame):
        if self.pending is not None:
            answer, self.pending = self.pending, None
            answer["content"] = base64.urlsafe_b64decode(frame + b"=" * (-len(frame) % 4))
            assert len(answer["content"]) == answer["body"]
        else:
            answer = json.loads(frame)
            if answer.get("body"):
                self.pending = answer
                return
            answer["content"] = b""
        assert answer["id"] not in self.answers, "answered twice"
        self.answers[answer["id"]] = answer

    def wait_for(self, number):
        while number not in self.answers:
            data = self.connection.recv(1 << 20)
            assert data, "latchkey-fetch hung up"
            *frames, self.buffer = (self.buffer + data).split(b"\0")
            for frame in frames:
                self.take_frame(frame)
        return self.answers.pop(number)

    def get(self, url, **options):
        return self.wait_for(self.ask(url, **options))

    # --- seen from outside

    def status(self, name):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            for line in f:
                if line.startswith(name + ":"):
                    return line.split(":", 1)[1].strip()
        return None

    def high_water_kib(self):
        return int(self.status("VmHWM").split()[0])

    def reset_high_water(self):
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as f:
            f.write("5")

    def pss_kib(self):
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="ascii") as f:
            for line in f:
                if line.startswith("Pss:"):
                    return int(line.split()[1])
        return 0

    def descriptors(self):
        folder = f"/proc/{self.pid}/fd"
        return {int(fd): os.readlink(os.path.join(folder, fd)) for fd in os.listdir(folder)}


def wait_until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def bytes_on_the_way(port):
    """What was sent on connections of this port and has not been read."""
    total = 0
    with open("/proc/net/tcp", encoding="ascii") as f:
        for line in f.readlines()[1:]:
            _, mine, other, state, queues, *_ = line.split()
            if state != "0A" and f":{port:04X}" in (mine[8:], other[8:]):
                total += sum(int(queue, 16) for queue in queues.split(":"))
    return total


def run_all(tests):
    passed = failed = 0
    for test in tests:
        start = time.monotonic()
        try:
            test()
            passed += 1
            print(f"  ok   {test.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception:  # each test stands alone
            failed += 1
            print(f"  FAIL {test.__name__}", flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
