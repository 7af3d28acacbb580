#!/usr/bin/python3
"""latchkeyd under a service manager: readiness, watchdog, the journal with its fields. Runs with a /run of its own."""
import os
import signal
import socket
import sys

from rig import PATIENCE, TOP, Rig, run, wait_until

CONFIG = """
[latchkey]
allow_insecure_loopback = yes
log = {log}
[provider demo]
issuer = http://127.0.0.1:9
client_id = latchkey
[access]
everyone = yes
"""
JOURNAL = "/run/systemd/journal/socket"


def datagram_socket(path):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.exists(path):
        os.unlink(path)
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    os.chmod(path, 0o666)
    s.settimeout(PATIENCE)
    return s


class Service:
    """The helper with a notification socket, and a watchdog when asked for."""

    def __init__(self, log="stderr", watchdog_s=None):
        self.rig = Rig(CONFIG.format(log=log))
        self.notify = datagram_socket(self.rig.path("run", "notify"))
        self.rig.helper.environment = {"NOTIFY_SOCKET": self.rig.path("run", "notify")}
        if watchdog_s:
            self.rig.helper.environment["WATCHDOG_USEC"] = str(int(watchdog_s * 1e6))
        self.rig.start()

    def await_message(self, wanted):
        while True:
            if wanted in self.notify.recv(4096).decode().splitlines():
                return

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.notify.close()
        self.rig.close()


def test_ready_and_stopping():
    with Service() as s:
        s.await_message("READY=1")
        assert "error" not in s.rig.client().ask("io.latchkey.GetVersion")
        os.kill(s.rig.helper.pid, signal.SIGTERM)
        s.await_message("STOPPING=1")
        assert s.rig.helper.wait() == 0


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as f:
        return f.read().rsplit(")", 1)[1].split()[0]


def test_c15_watchdog():
    """C15: the loop itself feeds the watchdog, also while a provider hangs; a stopped loop does not."""
    listener = socket.create_server(("127.0.0.1", 0))  # accepts nothing: a provider that takes and never answers
    port = listener.getsockname()[1]
    with Service(watchdog_s=1) as s:
        s.await_message("READY=1")
        s.await_message("WATCHDOG=1")
        s.rig.helper.stop()
        with open(s.rig.config, "w", encoding="utf-8") as f:
            f.write(CONFIG.format(log="stderr").replace(":9\n", f":{port}\n"))
        s.rig.helper.start()
        s.await_message("READY=1")
        c = s.rig.client()
        c.call("io.latchkey.Authenticate", more=True, version=1, user="alice", service="sshd")
        for _ in range(4):
            s.await_message("WATCHDOG=1")
        os.kill(s.rig.helper.pid, signal.SIGSTOP)
        wait_until(lambda: state_of(s.rig.helper.pid) == "T")
        s.notify.settimeout(0.1)
        try:
            while True:
                s.notify.recv(4096)
        except TimeoutError:
            pass
        s.notify.settimeout(2)
        try:
            raise AssertionError(s.notify.recv(4096))
        except TimeoutError:
            pass
        os.kill(s.rig.helper.pid, signal.SIGCONT)
        c.close()
    listener.close()


def journal_entry(data):
    """Fields of one entry in the journal's native protocol, as far as they hold no line feed."""
    return dict(line.split("=", 1) for line in data.decode().splitlines() if "=" in line)


def test_journal_fields():
    """One entry for a decision, with fields that a search can name; N17: no field begins a line of its own."""
    journal = datagram_socket(JOURNAL)
    with Service(log="journal") as s:
        s.await_message("READY=1")
        reply = s.rig.client().ask("io.latchkey.Authenticate", more=True, version=1, user="alice",
                                   service="sshd\nMESSAGE=forged", rhost="192.0.2.9")
        assert reply["error"] == "io.latchkey.Denied", reply
        entry = {}
        while entry.get("LATCHKEY_DECISION") != "sign-in":
            entry = journal_entry(journal.recv(65536))
        assert entry["LATCHKEY_RESULT"] == "unavailable" and entry["LATCHKEY_SOURCE"] == "192.0.2.9", entry
        assert entry["LATCHKEY_USER"] == "(unknown)" and entry["PRIORITY"] == "5", entry
        assert entry["MESSAGE"].startswith("decision=sign-in") and "\n" not in entry["MESSAGE"], entry
        assert entry["LATCHKEY_SERVICE"] == "sshd?MESSAGE=forged", entry
        assert "decision=" not in s.rig.log()
    journal.close()


def test_c13_journal_that_does_not_read():
    """C13: a journal whose queue is full delays nobody."""
    journal = datagram_socket(JOURNAL)
    with Service(log="journal") as s:
        s.await_message("READY=1")
        for _ in range(60):
            c = s.rig.client()
            assert c.ask("io.latchkey.CheckAccount", version=1, user="alice", signed_in=False)["error"]
            c.close()
        assert s.rig.helper.is_alive()
    journal.close()


def test_no_journal():
    """Where there is none, lines go to stderr and nothing is lost."""
    if os.path.exists(JOURNAL):
        os.unlink(JOURNAL)
    with Service(log="journal") as s:
        s.await_message("READY=1")
        s.rig.wait_log("is ready")


if __name__ == "__main__":
    if "LK_INSIDE" not in os.environ:
        os.execvp("bwrap", ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/run",
                            "--bind", TOP, TOP, "--die-with-parent", "--setenv", "LK_INSIDE", "1", sys.executable,
                            os.path.abspath(__file__)])
    run([f for name, f in sorted(globals().items()) if name.startswith("test_")])
