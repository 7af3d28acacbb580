# SPDX-License-Identifier: MIT
"""A stand-in for a transmitter of Shared Signals: an event stream that is polled, RFC 8936, on loopback."""
import http.server
import json
import threading

TOKEN = "stream-token-4711"


class Transmitter:
    def __init__(self):
        self.sets, self.acks, self.faults, self.questions, self.refused = {}, [], {}, 0, 0
        self.lock = threading.Lock()
        self.keeps = False  # sends again what was acknowledged, as one whose memory is poor
        transmitter = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                good = self.headers["Authorization"] == f"Bearer {TOKEN}" and self.path == "/poll"
                answer = transmitter.answer(body) if good else {}
                text = json.dumps(answer).encode()
                self.send_response(200 if good else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)
                transmitter.refused += not good

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_address[1]}/poll"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, question):
        with self.lock:
            self.questions += 1
            self.acks += question.get("ack", [])
            self.faults.update(question.get("setErrs", {}))
            if not self.keeps:
                for jti in [*question.get("ack", []), *question.get("setErrs", {})]:
                    self.sets.pop(jti, None)
            due = list(self.sets)[:question.get("maxEvents", 100)]
            return {"sets": {jti: self.sets[jti] for jti in due}, "moreAvailable": len(due) < len(self.sets)}

    def send(self, jti, token):
        with self.lock:
            self.sets[jti] = token

    def forget(self):
        with self.lock:
            self.sets.clear()
