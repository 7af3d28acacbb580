# SPDX-License-Identifier: MIT
"""A helper of a later version than any module of today: it refuses every call for its version. The socket is passed to
it as systemd passes sockets."""
import json
import socket

LISTENING = socket.socket(fileno=3)

while True:
    connection, _ = LISTENING.accept()
    with connection:
        pending = b""
        while True:
            data = connection.recv(65536)
            if not data:
                break
            pending += data
            while b"\0" in pending:
                _, pending = pending.split(b"\0", 1)
                connection.sendall(json.dumps({"error": "io.latchkey.VersionMismatch",
                                               "parameters": {"protocol": 9, "minimum": 8}}).encode() + b"\0")
