# SPDX-License-Identifier: MIT
"""The authorization server as a child process, with its control port; and its visitors."""
import json
import os
import select
import subprocess
import urllib.request
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import enter
from patience import PATIENCE

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = os.path.join(enter.TOP, "build", "npm")


def make_authority(folder, name):
    """A private CA and a server certificate for @name: files ca.pem, cert.pem and key.pem."""
    os.makedirs(folder, exist_ok=True)

    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=folder)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"]
    openssl("req", "-x509", *curve, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Private CA",
            "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", "-x509", *curve, "-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", f"/CN={name}",
            "-CA", "ca.pem", "-CAkey", "ca.key", "-addext", f"subjectAltName=DNS:{name}",
            "-addext", "basicConstraints=critical,CA:FALSE")
    os.chmod(f"{folder}/ca.pem", 0o644)
    return folder


def trust(certificate):
    """Lets Chromium of this world's root trust a CA."""
    store = os.path.expanduser("~/.pki/nssdb")
    os.makedirs(store, exist_ok=True)
    for command in (["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "private", "-i", certificate]):
        subprocess.run(["certutil", "-d", f"sql:{store}", *command], check=True, capture_output=True)


def install_modules():
    """Needs the network once; to be called where there is one."""
    subprocess.run([os.path.join(HERE, "npm-install")], check=True, stdout=subprocess.DEVNULL)


def _load_visit():
    loader = SourceFileLoader("approve_http", os.path.join(HERE, "approve-http"))
    module = module_from_spec(spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


_http = _load_visit()
visit, arrive = _http.visit, _http.arrive


class AuthServer:
    def __init__(self, log="/var/log/provider.log", **options):
        self.options, self.log_path, self.process = options, log, None
        self.issuer = self.control = None

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                ["node", f"{MODULES}/provider/server.mjs", json.dumps(self.options)], stdout=subprocess.PIPE,
                stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        if not select.select([self.process.stdout], [], [], PATIENCE)[0]:
            raise RuntimeError("the authorization server does not start")
        line = self.process.stdout.readline()
        if not line:
            with open(self.log_path, encoding="utf-8") as f:
                raise RuntimeError("the authorization server ended:\n" + f.read())
        facts = json.loads(line)
        self.issuer, self.control = facts["issuer"], facts["control"]
        # A restart keeps the address, which the helper's configuration names.
        self.options["port"] = int(self.issuer.rsplit(":", 1)[1])
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)

    def _ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.control + path, data, timeout=PATIENCE) as reply:
            return json.load(reply)

    def requests(self, at=None):
        """Requests that clients made (pages for people left out), oldest first."""
        kinds = (at,) if at else ("discovery", "jwks", "device", "token", "userinfo", "registration", "revocation", "other")
        return [r for r in self._ask("/requests") if r["at"] in kinds]

    def from_helper(self, at=None):
        """The helper's only: no page is among them, and no visitor."""
        kinds = (at,) if at else ("discovery", "jwks", "device", "token", "userinfo")
        return [r for r in self._ask("/requests") if r["at"] in kinds]

    def clear(self):
        self._ask("/clear", {})

    def fault(self, at, kind, **more):
        self._ask("/fault", {"at": at, "kind": kind, **more})

    def rotate(self):
        self._ask("/rotate", {})

    def settings(self, **values):
        self._ask("/settings", values)

    def pushes(self):
        """What is on people's own devices: each with id, sub and message."""
        return self._ask("/pushes")

    def answer(self, **how):
        """The person answers the last push: deny=True, or acr, amr and age of the sign-in."""
        self._ask("/answer", how)

    def messages(self, takes):
        """Which binding messages the provider takes."""
        self._ask("/messages", {"takes": takes})

    def sign(self, claims, **header):
        """A token of whatever kind, by the key that signs now."""
        return self._ask("/sign", {"claims": claims, "header": header})["token"]

    def mint(self, person, scope, **more):
        """An access token of that person's, as if it had been given to a program elsewhere."""
        return self._ask("/mint", {"person": person, "scope": scope, **more})["token"]

    def foreign(self, token, person):
        """A token of another server that this one exchanges for one of @person."""
        self._ask("/foreign", {"token": token, "person": person})

    def backchannel_logout(self, person):
        """The provider's own logout token goes to the logoutUri that it was started with."""
        return self._ask("/backchannel-logout", {"person": person})

    def people(self, **claims):
        self._ask("/people", claims)


def browse(url, person, code=None, deny=False, picture=None, timeout=2 * PATIENCE):
    """The same visit in headless Chromium; returns what it says about it."""
    options = {"url": url, "person": person, "code": code, "deny": deny, "picture": picture}
    run = subprocess.run(["node", f"{MODULES}/browser/approve.mjs", json.dumps(options)], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=timeout, check=False)
    try:
        return json.loads(run.stdout.decode().strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {"outcome": "failed", "error": run.stderr.decode("utf-8", "replace")}
