# SPDX-License-Identifier: MIT
"""Speaks to the helper's socket byte by byte, as any program on the machine can. As a script, for other users:

    python3 varlink.py METHOD '{"parameter": ...}' [more]     prints each reply as one line of JSON
"""
import json
import socket
import sys

PATH = "/run/latchkey/io.latchkey"


class Varlink:
    def __init__(self, path=PATH, timeout=90):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.rest = b""

    def send(self, method, more=False, **parameters):
        call = {"method": method, "parameters": parameters}
        if more:
            call["more"] = True
        self.socket.sendall(json.dumps(call).encode() + b"\0")

    def receive(self):
        """The next reply, or None when the helper has closed the connection."""
        while b"\0" not in self.rest:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.rest += data
        frame, self.rest = self.rest.split(b"\0", 1)
        return json.loads(frame)

    def call(self, method, **parameters):
        self.send(method, **parameters)
        return self.receive()

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def main():
    with Varlink() as v:
        v.send(sys.argv[1], more="more" in sys.argv[3:], **json.loads(sys.argv[2]))
        while True:
            reply = v.receive()
            if reply is None:
                return
            print(json.dumps(reply), flush=True)
            if not reply.get("continues"):
                return


if __name__ == "__main__":
    main()
