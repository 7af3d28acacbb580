# SPDX-License-Identifier: MIT
"""What a robot has on its side: keys, tokens that are made by hand, and a CI system that publishes its keys."""
import base64
import http.server
import json
import os
import subprocess
import threading
import time

import world


def new_key(path, *options):
    subprocess.run(["openssl", "genpkey", "-quiet", "-out", path, *options], check=True)
    os.chmod(path, 0o600)
    return path


def rsa(path, bits=2048):
    return new_key(path, "-algorithm", "RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}")


def ec(path):
    return new_key(path, "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")


def public(path):
    return subprocess.run(["openssl", "pkey", "-in", path, "-pubout"], check=True, capture_output=True, text=True).stdout


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(key, claims, **header):
    """Signed by an RSA key, whatever it says: RS256."""
    text = ".".join(url64(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT", **header}, claims))
    signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), check=True,
                            capture_output=True).stdout
    return f"{text}.{url64(signed)}"


def jwk(key, kid):
    modulus = subprocess.run(["openssl", "rsa", "-in", key, "-noout", "-modulus"], check=True, capture_output=True,
                             text=True).stdout.strip().split("=")[1]
    return {"kty": "RSA", "kid": kid, "use": "sig", "e": "AQAB", "n": url64(bytes.fromhex(modulus))}


class Ci:
    """An issuer of workload tokens, as GitHub Actions and GitLab CI are: discovery, keys and nothing else."""

    def __init__(self, key):
        self.keys, self.requests = [jwk(key, "ci-1")], []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                outer.requests.append(self.path)
                document = {"/.well-known/openid-configuration": {
                    "issuer": outer.issuer, "jwks_uri": outer.issuer + "/jwks",
                    "subject_types_supported": ["public", "pairwise"], "response_types_supported": ["id_token"],
                    "id_token_signing_alg_values_supported": ["RS256"], "scopes_supported": ["openid"]},
                    "/jwks": {"keys": outer.keys}}.get(self.path)
                body = json.dumps(document).encode()
                self.send_response(200 if document else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def claims(self, **more):
        now = int(time.time())
        return {"iss": self.issuer, "aud": "workstation", "sub": "repo:acme/site:ref:refs/heads/main", "iat": now,
                "nbf": now - 5, "exp": now + 300, "jti": os.urandom(16).hex(), "repository": "acme/site",
                "ref": "refs/heads/main", "environment": "production", **more}


def write_askpass(path, text):
    """An askpass that says what the test wants it to say."""
    world.write(path, f"#!/bin/sh\n{text}\n", 0o755)
    return path
