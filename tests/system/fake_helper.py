# SPDX-License-Identifier: MIT
"""A helper of a later version than any module of today. It says from which version on it bears callers, and refuses
every sign-in with a text that names the caller's version. The socket is passed to it as systemd passes sockets."""
import json
import socket
import sys

LISTENING = socket.socket(fileno=3)
VERSIONS = {"protocol": 9, "minimum": int(sys.argv[1])}


def answer(call):
    if call["method"] == "io.latchkey.GetVersion":
        return {"parameters": {"release": "9.0", **VERSIONS}}
    version = call["parameters"].get("version", 0)
    if version < VERSIONS["minimum"]:
        return {"error": "io.latchkey.VersionMismatch", "parameters": VERSIONS}
    return {"error": "io.latchkey.Denied",
            "parameters": {"reason": "denied", "message": f"spoken to in version {version}"}}


while True:
    connection, _ = LISTENING.accept()
    with connection:
        pending = b""
        while data := connection.recv(65536):
            pending += data
            while b"\0" in pending:
                frame, pending = pending.split(b"\0", 1)
                connection.sendall(json.dumps(answer(json.loads(frame))).encode() + b"\0")
