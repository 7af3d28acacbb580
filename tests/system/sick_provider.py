# SPDX-License-Identifier: MIT
"""A provider that has one fault at a time: its clock, its issuer, its keys, what it thinks of the client, its certificate."""
import json
import ssl
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time

import authserver

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
# A point of P-256 that anybody may have.
KEY = {"kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "alg": "ES256",
       "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}


class SickProvider:
    def __init__(self, tls=False):
        self.fault, provider = None, self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return formatdate(time() + (3600 if provider.fault == "clock" else 0), usegmt=True)

            def answer(self, status, value):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.path.endswith("/openid-configuration"):
                    self.answer(200, provider.metadata())
                elif self.path == "/keys":
                    self.answer(200, {"keys": [] if provider.fault == "keys" else [KEY]})
                else:
                    self.answer(404, {})

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                if provider.fault == "client":
                    self.answer(400, {"error": "unauthorized_client", "error_description": "no device grant for you"})
                elif self.path == "/device":
                    self.answer(200, {"device_code": "d" * 40, "user_code": "ABCD-EFGH", "expires_in": 600,
                                      "verification_uri": provider.issuer + "/activate"})
                else:
                    self.answer(400, {"error": "authorization_pending"})

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        port = self.server.server_address[1]
        self.issuer = f"{'https' if tls else 'http'}://localhost:{port}"
        if tls:
            self.folder = authserver.make_authority("/tmp/authority", "localhost")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{self.folder}/cert.pem", f"{self.folder}/key.pem")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def metadata(self):
        claimed = self.issuer + ("/other" if self.fault == "issuer" else "")
        return {"issuer": claimed, "device_authorization_endpoint": self.issuer + "/device",
                "token_endpoint": self.issuer + "/token", "jwks_uri": self.issuer + "/keys",
                "authorization_endpoint": self.issuer + "/authorize"}

    def section(self, more=""):
        return f"issuer={self.issuer}\nclient_id=latchkey\nid_token_algorithms=ES256\n{more}"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
