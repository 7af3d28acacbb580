"""The smallest authorization server that a sign-in needs, so that what a benchmark sees is ours: discovery, one RS256 key,
device codes that are approved when the benchmark says so. It notes when each reply left."""
import base64
import http.server
import json
import os
import subprocess
import tempfile
import threading
import time
import urllib.parse


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TinyProvider:
    def __init__(self, interval=5, refreshes=False):
        """@refreshes: sign-ins bring a refresh token, which rotates and is good once"""
        self.interval = interval
        self.refreshes = refreshes
        self.families = {}  # refresh token -> (name, subject)
        self.spans = []     # (begin, end) of each refresh here
        self.stolen = 0     # tokens that came again
        self.folder = tempfile.mkdtemp(prefix="lk-tiny-")
        self.key = os.path.join(self.folder, "key.pem")
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True, stderr=subprocess.DEVNULL)
        modulus = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"], check=True,
                                 capture_output=True, text=True).stdout.strip().split("=")[1]
        self.jwk = {"kty": "RSA", "kid": "k1", "use": "sig", "alg": "RS256", "e": "AQAB", "n": b64(bytes.fromhex(modulus))}
        self.lock = threading.Lock()
        self.polls = {}  # device code -> times of its polls, from the reply of the start on
        self.approved = {}  # device code -> the ready token reply
        self.counts = {}
        self.sent = {}  # path -> when its last reply left
        self.early = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def log_message(self, *_):
                pass

            def answer(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                self.wfile.flush()

            def do_GET(self):
                outer.get(self)

            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.post(self, dict(urllib.parse.parse_qsl(form)))

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 512
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self, path):
        with self.lock:
            self.counts[path] = self.counts.get(path, 0) + 1

    def get(self, h):
        self.count(h.path)
        if h.path == "/.well-known/openid-configuration":
            h.answer(200, {"issuer": self.issuer, "token_endpoint": self.issuer + "/token",
                           "device_authorization_endpoint": self.issuer + "/device",
                           "userinfo_endpoint": self.issuer + "/me", "jwks_uri": self.issuer + "/jwks",
                           "authorization_endpoint": self.issuer + "/auth", "response_types_supported": ["code"],
                           "subject_types_supported": ["public"],
                           "id_token_signing_alg_values_supported": ["RS256"]})
        elif h.path == "/jwks":
            h.answer(200, {"keys": [self.jwk]})
        else:
            h.answer(404, {})

    def post(self, h, form):
        self.count(h.path)
        if h.path == "/device":
            code = b64(os.urandom(16))
            with self.lock:
                self.polls[code] = []
            h.answer(200, {"device_code": code, "user_code": "WDJB-MJHT", "verification_uri": self.issuer + "/go",
                           "expires_in": 600, "interval": self.interval})
            with self.lock:
                self.polls[code].append(time.monotonic())
            return
        if form.get("grant_type") == "refresh_token":
            self.refresh(h, form["refresh_token"])
            return
        code = form.get("device_code", "")
        now = time.monotonic()
        with self.lock:
            times = self.polls.setdefault(code, [])
            if times and now - times[-1] < self.interval:
                self.early += 1
            times.append(now)
            reply = self.approved.pop(code, None)
        if reply is None:
            h.answer(400, {"error": "authorization_pending"})
            return
        h.answer(200, reply)
        self.sent["token"] = time.monotonic()

    def refresh(self, h, token):
        begin = time.monotonic()
        with self.lock:
            person = self.families.pop(token, None)
            self.stolen += person is None
        if person is None:
            h.answer(400, {"error": "invalid_grant"})
            return
        reply = self.token_reply(*person)
        end = time.monotonic()
        h.answer(200, reply)
        with self.lock:
            self.spans.append((begin, end))

    def token_reply(self, name, subject, **more):
        now = int(time.time())
        claims = {"iss": self.issuer, "sub": subject, "aud": "latchkey", "iat": now, "exp": now + 600,
                  "preferred_username": name, "name": name, **more}
        text = b64(json.dumps({"alg": "RS256", "kid": "k1"}).encode()) + "." + b64(json.dumps(claims).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=text.encode(), check=True,
                                   capture_output=True).stdout
        reply = {"access_token": "at", "token_type": "Bearer", "expires_in": 600, "id_token": text + "." + b64(signature)}
        if self.refreshes:
            reply["refresh_token"] = b64(os.urandom(16))
            with self.lock:
                self.families[reply["refresh_token"]] = (name, subject)
        return reply

    def approve_last(self, name, subject, **claims):
        reply = self.token_reply(name, subject, **claims)
        with self.lock:
            self.approved[list(self.polls)[-1]] = reply

    def approve_all(self, name, subject):
        reply = self.token_reply(name, subject)
        with self.lock:
            for code in self.polls:
                self.approved[code] = reply

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        os.unlink(self.key)
        os.rmdir(self.folder)


def config(provider, **limits):
    lines = "".join(f"{k} = {v}\n" for k, v in limits.items())
    return (f"[latchkey]\nallow_insecure_loopback = yes\n[provider tiny]\nissuer = {provider.issuer}\n"
            f"client_id = latchkey\nscope = openid\n[access]\neveryone = yes\n[limits]\ncodes_per_address = 10000\n{lines}")


def pss_kib(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as f:
        for line in f:
            if line.startswith("Pss:"):
                return int(line.split()[1])
    raise AssertionError("no Pss")
