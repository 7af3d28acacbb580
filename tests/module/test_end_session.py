#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""latchkey-root's verb "end-session" against real processes of several people, in a process namespace of its own: all
of hers end, however they hide, and nobody else's. Threats L1, L8, I17 and a taken-over latchkeyd. Needs root."""
import ctypes
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import rig

INSIDE = "LK_END_SESSION_INSIDE"
MAP_TOOL = os.path.join(rig.BUILD, "tests/module/nss_map")
ALICE, BOB = 1879048193, 1879048194
OLGA, PETE, TWIN = 1000, 1001, 1002
LATCHKEYD = 61990
END, END_NOW = 2, 3
DONE, REFUSED, FAILED, STRUCK = 1, 2, 3, 4
MAGIC = 0x31504b4c
PASSWD = f"""root:x:0:0::/root:/bin/sh
latchkey:x:{LATCHKEYD}:{LATCHKEYD}::/:/bin/false
olga:x:{OLGA}:{OLGA}::/home/olga:/bin/sh
pete:x:{PETE}:{PETE}::/home/pete:/bin/sh
twin:x:{TWIN}:{TWIN}::/home/twin:/bin/sh
"""
CONF = "[accounts]\nuid_min = 1879048192\nuid_max = 2147483646\n"
PEOPLE = f"user|alice|{ALICE}|{ALICE}||/home/alice|/bin/sh\nuser|bob|{BOB}|{BOB}||/home/bob|/bin/sh\n"
LIBC = ctypes.CDLL(None, use_errno=True)


class Root(rig.Process):
    """latchkey-root with a map, and a machine of two files."""

    def __init__(self, conf=CONF, people=PEOPLE, environment=None):
        self.folder = tempfile.mkdtemp(prefix="lk-end-")
        os.chmod(self.folder, 0o755)
        for name in ("etc", "nss", "var/lib/systemd/linger"):
            os.makedirs(self.path(name), 0o755)
        self.write("etc/passwd", PASSWD)
        self.write("etc/group", "root:x:0:\n")
        self.write("latchkey.conf", conf)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path("root"))
        os.chmod(self.path("root"), 0o666)
        self.listener.listen(16)
        super().__init__([os.path.join(rig.BUILD, "latchkey-root"), "--config", self.path("latchkey.conf"), "--state",
                          self.path("nss"), "--root", self.folder, "--peer-uid", "0", "--idle", "0"], 0,
                         [("root", self.listener)], self.path("log"))
        self.environment.update({"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent", **(environment or {})})
        self.start()
        self.publish(people)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(name), 0o644)

    def log_text(self):
        with open(self.path("log"), encoding="utf-8") as f:
            return f.read()

    def publish(self, people):
        subprocess.run([MAP_TOOL, "make", self.path("new")], input=people.encode(), check=True)
        done = subprocess.run([MAP_TOOL, "publish", self.path("root"), self.path("new")], stdout=subprocess.PIPE,
                              check=True)
        assert done.stdout.startswith(b"1 "), done.stdout

    def ask(self, verb, uid, fds=()):
        """Status, number and reason of the answer; None where the connection just ends."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.connect(self.path("root"))
            socket.send_fds(s, [struct.pack("=IIQ", MAGIC, verb, uid)], fds)
            answer = b""
            while len(answer) < 256 and (more := s.recv(256)):
                answer += more
        if not answer:
            return None
        _, status, n, reason = struct.unpack("=IIQ240s", answer)
        return status, n, reason.split(b"\0")[0].decode("ascii")

    def end(self, uid, verb=END_NOW):
        """Strokes until nobody is left, as latchkeyd does it."""
        rig.wait_until(lambda: self.ask(verb, uid)[0] == DONE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.listener.close()


def become(uid, effective=None, saved=None):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid if effective is None else effective, uid if saved is None else saved)


def start(uid, code, **kwargs):
    """A process of @uid that runs Python code; returns it when it has said that it is ready."""
    p = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, preexec_fn=lambda: become(uid), **kwargs)
    assert p.stdout.readline() == b"ready\n"
    return p


SLEEP = "import time; print('ready', flush=True); time.sleep(1000)"


def alive(uid):
    """Process ids of everybody whose real or saved uid this is, but for those that only wait to be reaped."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/status", encoding="utf-8") as f:
                fields = dict(line.split(":\t", 1) for line in f if ":\t" in line)
        except (FileNotFoundError, ProcessLookupError):
            continue
        uids = fields["Uid"].split()
        if str(uid) in (uids[0], uids[2]) and (fields["State"][0] not in "ZX" or int(fields["Threads"]) > 1):
            found.append(int(pid))
    return found


def test_only_hers():
    """I17: whoever is gone at the provider has no process left here; other people, system users and root keep theirs"""
    others = [start(uid, SLEEP) for uid in (BOB, OLGA, PETE, LATCHKEYD, 65534, ALICE + 1000)]
    with Root() as root:
        hers = [start(ALICE, SLEEP) for _ in range(3)]
        assert root.ask(END, ALICE) == (STRUCK, 3, "alice, SIGTERM for 3 processes")
        root.end(ALICE, END)
        assert [p.wait(rig.PATIENCE) for p in hers] == [-signal.SIGTERM] * 3
        assert root.ask(END_NOW, ALICE) == (DONE, 0, "alice, SIGKILL for 0 processes")
        assert [p.poll() for p in others] == [None] * len(others)
        assert root.is_alive()
    for p in others:
        p.kill()
        p.wait()


def test_however_they_hide():
    """Detached, daemonised, deaf, stopped, called like a thread of the kernel's, without a first thread, and by nohup"""
    codes = {
        "its own session": "import os; os.setsid();" + SLEEP,
        "daemonised": "import os,sys; r,w=os.pipe()\nif os.fork(): os.read(r,1); print('ready',flush=True); sys.exit()\n"
                      "os.setsid()\nif os.fork(): os._exit(0)\nos.chdir('/'); os.write(w,b'x'); [os.close(i) for i in "
                      "(0,1,2)]\nimport time; time.sleep(1000)",
        "deaf": "import signal\nfor s in (1,2,15): signal.signal(s, signal.SIG_IGN)\n" + SLEEP,
        "stopped": "import os,signal; print('ready',flush=True); os.kill(os.getpid(), signal.SIGSTOP)",
        "called like the kernel's": "import ctypes; ctypes.CDLL(None).prctl(15, b'kworker/0:1\\nUid:', 0, 0, 0)\n"
                                    + SLEEP,
        "without a first thread": "import ctypes,threading,time\nt=threading.Thread(target=time.sleep,args=(1000,))\n"
                                  "t.start()\nprint('ready',flush=True)\nctypes.CDLL(None).syscall(60, 0)",
        "nohup": "import os; print('ready',flush=True); os.execvp('nohup', ['nohup', 'sleep', '1000'])",
    }
    with Root() as root:
        hers = {name: start(ALICE, code, stderr=subprocess.DEVNULL) for name, code in codes.items()}
        rig.wait_until(lambda: len(alive(ALICE)) == len(codes))
        before = root.ask(END, ALICE)
        assert before[:2] == (STRUCK, len(codes)), before
        # The deaf one and the stopped one stay; SIGTERM waits for the latter.
        rig.wait_until(lambda: len(alive(ALICE)) in (2, 3))
        assert hers["deaf"].poll() is None
        root.end(ALICE)
        assert alive(ALICE) == []
        for p in hers.values():
            p.wait(rig.PATIENCE)


def test_setuid_programs():
    """Real or saved uid decides, as for kill(2): a setuid program of hers ends, and a daemon of root's that only acts
    in her name at this moment does not"""
    def run(real, effective, saved):
        pid = os.fork()
        if pid == 0:
            try:
                os.setresuid(real, effective, saved)
                time.sleep(1000)
            finally:
                os._exit(1)
        return pid

    with Root() as root:
        hers = [run(ALICE, 0, 0), run(0, 0, ALICE), run(ALICE, BOB, BOB)]
        impersonator = run(0, ALICE, 0)
        rig.wait_until(lambda: len(alive(ALICE)) == 3)
        root.end(ALICE)
        for pid in hers:
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
        assert os.waitpid(impersonator, os.WNOHANG) == (0, 0)
        os.kill(impersonator, signal.SIGKILL)
        os.waitpid(impersonator, 0)


FORK_BOMB = """
import os, signal
for s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print('ready', flush=True)
while True:
    try:
        if os.fork() == 0: os.setsid()
    except OSError: pass
"""
RUNNER = """
import os, signal, time
for s in (1, 2, 15): signal.signal(s, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print('ready', flush=True)
while True:
    if os.fork(): os._exit(0)
"""


def test_fork_bomb():
    """One that forks as fast as it can, up to a limit, and one that runs away from a walk through /proc: its process is a
    new one each time"""
    import resource

    def limited():
        resource.setrlimit(resource.RLIMIT_NPROC, (150, 150))
        become(ALICE)

    with Root() as root:
        bystander = start(BOB, SLEEP)
        bomb = subprocess.Popen([sys.executable, "-c", FORK_BOMB], stdout=subprocess.PIPE, preexec_fn=limited)
        assert bomb.stdout.readline() == b"ready\n"
        rig.wait_until(lambda: len(alive(ALICE)) >= 100)
        root.end(ALICE)
        assert alive(ALICE) == []
        runner = start(ALICE, RUNNER)
        runner.wait(rig.PATIENCE)
        root.end(ALICE)
        # None escaped: nothing of hers comes up again.
        time.sleep(0.2)
        assert alive(ALICE) == []
        assert bystander.poll() is None
        bystander.kill()
        bystander.wait()
        bomb.wait(rig.PATIENCE)


def test_own_user_namespace():
    """What she runs under other ids in a user namespace of hers, as containers do, ends as well"""
    code = """
import ctypes, os, time
ctypes.CDLL(None).unshare(0x10000000)
print('ready', flush=True)
while open('/proc/self/uid_map').read() == '': time.sleep(0.01)
os.setresuid(5, 5, 5)
time.sleep(1000)
"""
    with Root() as root:
        p = start(ALICE, code)
        with open(f"/proc/{p.pid}/uid_map", "w", encoding="ascii") as f:
            f.write(f"0 {ALICE} 1\n1 300000 100\n")
        rig.wait_until(lambda: p.pid in alive(300004))
        root.end(ALICE)
        assert p.wait(rig.PATIENCE) == -signal.SIGKILL


def test_root_shell_on_her_terminal():
    """What sudo made root's is no process of hers any more, but it loses its terminal: the kernel hangs it up when the
    process that holds the other end goes"""
    holder = """
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp('sleep', ['sleep', '1000'])
os.setresuid(%d, %d, %d)
print('ready', pid, flush=True)
time.sleep(1000)
""" % (ALICE, ALICE, ALICE)
    with Root() as root:
        p = subprocess.Popen([sys.executable, "-c", holder], stdout=subprocess.PIPE)
        shell = int(p.stdout.readline().split()[1])
        assert shell in alive(0) and shell not in alive(ALICE)
        root.end(ALICE)
        assert p.wait(rig.PATIENCE) == -signal.SIGKILL
        rig.wait_until(lambda: shell not in alive(0))


def test_who_may_be_ended():
    """A latchkeyd in a stranger's hands can name any number: root, system users, local users, groups' numbers and people
    who are not on the map are refused, and nothing happens to them"""
    conf = CONF + "[local-account olga]\nsubject = o\n[local-account twin]\nsubject = t\n"
    people = PEOPLE + f"local|olga|{OLGA}|{OLGA}\nlocal|twin|{TWIN}|{TWIN}\n"
    with Root(conf, people) as root:
        bystanders = {uid: start(uid, SLEEP) for uid in (LATCHKEYD, PETE, TWIN, ALICE, ALICE + 7)}
        for uid in (0, 1, 999, LATCHKEYD, PETE, 65534, ALICE + 7, 0xffffffff, 0xfffffffe, 1 << 32, (1 << 32) + ALICE,
                    (1 << 64) - 1):
            for verb in (END, END_NOW):
                status, n, reason = root.ask(verb, uid)
                assert (status, n) == (REFUSED, 0) and "uid" in reason, (uid, status, reason)
        # Her number was given to a local user, or to a local group, since the map was published.
        root.write("etc/passwd", PASSWD + f"eve:x:{ALICE}:{ALICE}::/:/bin/sh\n")
        assert root.ask(END_NOW, ALICE)[0] == REFUSED
        root.write("etc/passwd", PASSWD)
        root.write("etc/group", f"root:x:0:\nstaff:x:{ALICE}:\n")
        assert root.ask(END_NOW, ALICE)[0] == REFUSED
        root.write("etc/group", "root:x:0:\n")
        # A local account that belongs to somebody, if it has its number alone, and as long as root says so.
        root.write("etc/passwd", PASSWD + f"twin2:x:{TWIN}:{TWIN}::/:/bin/sh\n")
        assert root.ask(END_NOW, TWIN)[0] == REFUSED
        root.write("etc/passwd", PASSWD.replace(f"twin:x:{TWIN}", f"twin:x:{TWIN + 5}"))
        assert root.ask(END_NOW, TWIN)[0] == REFUSED
        root.write("etc/passwd", PASSWD)
        assert root.is_alive() and [p.poll() for p in bystanders.values()] == [None] * len(bystanders)
        root.end(TWIN)
        assert bystanders.pop(TWIN).wait(rig.PATIENCE) == -signal.SIGKILL
        olga = start(OLGA, SLEEP)
        root.write("latchkey.conf", CONF)
        assert root.ask(END_NOW, OLGA)[0] == REFUSED
        root.write("latchkey.conf", "[accounts]\nuid_min = none\n")
        assert root.ask(END_NOW, OLGA)[0] == FAILED
        assert olga.poll() is None
        # Nobody at all while there is no map, or one that others could have written.
        os.chmod(root.path("nss/map"), 0o666)
        assert root.ask(END_NOW, ALICE)[0] == REFUSED
        os.unlink(root.path("nss/map"))
        assert root.ask(END_NOW, ALICE)[0] == REFUSED
        assert bystanders[ALICE].poll() is None
        for p in (olga, *bystanders.values()):
            p.kill()
            p.wait()


def test_questions():
    """L1, L5, L6: another caller, descriptors that belong to no such question, verbs that there are not"""
    with Root() as root:
        victim = start(ALICE, SLEEP)
        null = os.open("/dev/null", os.O_RDONLY)
        assert root.ask(END_NOW, ALICE, [null]) is None
        assert root.ask(END_NOW, ALICE, [null] * 3) is None
        assert root.ask(1, ALICE) is None
        assert root.ask(0, ALICE) is None
        assert root.ask(4, ALICE) is None
        pid = os.fork()
        if pid == 0:
            try:
                become(LATCHKEYD)
                os._exit(0 if root.ask(END_NOW, ALICE) is None else 1)
            except ConnectionError:
                os._exit(0)
            finally:
                os._exit(2)
        assert os.waitpid(pid, 0)[1] == 0
        os.close(null)
        assert victim.poll() is None and root.is_alive()
        victim.kill()
        victim.wait()


def test_idle_capabilities():
    """Nothing is in effect but in the child that needs it, and nothing but that one can ever be"""
    with Root() as root:
        root.ask(END_NOW, ALICE)
        with open(f"/proc/{root.pid}/status", encoding="ascii") as f:
            fields = dict(line.split(":\t", 1) for line in f)
        assert int(fields["CapEff"], 16) == 0 and int(fields["CapBnd"], 16) == 0
        assert int(fields["CapPrm"], 16) == 1 << 7  # CAP_SETUID
        assert fields["Uid"].split() == ["0"] * 4


def test_without_capabilities():
    """Where the unit takes them away, the answer says so, and nobody is signalled"""
    with Root() as root:
        root.stop()
        program, root.argv = root.argv, ["/usr/bin/setpriv", "--bounding-set=-setuid", "--inh-caps=-all"]
        root.argv += program
        # setpriv's bounding set counts from the next program on: LISTEN_PID stays, since it is the same process.
        root.start()
        victim = start(ALICE, SLEEP)
        status, _, reason = root.ask(END_NOW, ALICE)
        assert status == FAILED and "Operation not permitted" in reason, (status, reason)
        assert victim.poll() is None
        victim.kill()
        victim.wait()


def test_lingering():
    """The file that logind goes by is removed, hers alone; a link in its place is not followed"""
    with Root() as root:
        for name in ("alice", "bob"):
            root.write("var/lib/systemd/linger/" + name, "")
        root.end(ALICE)
        assert os.listdir(root.path("var/lib/systemd/linger")) == ["bob"]
        # The folder is a link: the stroke goes out all the same, and the answer says what is wrong.
        os.rename(root.path("var/lib/systemd/linger"), root.path("elsewhere"))
        os.symlink(root.path("elsewhere"), root.path("var/lib/systemd/linger"))
        victim = start(BOB, SLEEP)
        status, _, reason = root.ask(END_NOW, BOB)
        assert status == FAILED and "lingering" in reason, (status, reason)
        assert victim.wait(rig.PATIENCE) == -signal.SIGKILL
        assert os.listdir(root.path("elsewhere")) == ["bob"]


BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="method_call"/>
<allow send_type="method_return"/><allow send_type="error"/><allow send_type="signal"/><allow eavesdrop="false"/>
</policy></busconfig>
"""


class Logind:
    """A system bus of the test's own, and a logind on it that gives that answer."""

    def __init__(self, root, answer):
        self.address = "unix:path=" + root.path("bus")
        root.write("bus.conf", BUS.format(path=root.path("bus")))
        self.bus = subprocess.Popen(["dbus-daemon", "--config-file=" + root.path("bus.conf"), "--nofork", "--nopidfile",
                                     "--print-address"], stdout=subprocess.PIPE)
        assert self.bus.stdout.readline()
        self.stub = subprocess.Popen([os.path.join(rig.BUILD, "tests/module/login1_stub"), answer],
                                     stdout=subprocess.PIPE, env={"DBUS_SYSTEM_BUS_ADDRESS": self.address})
        assert self.stub.stdout.readline() == b"ready\n"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for p in (self.stub, self.bus):
            p.kill()
            p.wait()


def with_logind(root, answer):
    """Starts both, and latchkey-root anew where it finds the bus."""
    logind = Logind(root, answer)
    root.stop()
    root.environment["DBUS_SYSTEM_BUS_ADDRESS"] = logind.address
    root.start()
    return logind


def test_logind():
    """logind is asked for the same person, by a caller that it believes without polkit; what it says changes nothing of
    the stroke"""
    for answer in ("ok", "no-such-user", "denied"):
        with Root() as root, with_logind(root, answer) as logind:
            victim = start(ALICE, SLEEP)
            assert root.ask(END, ALICE)[0] == STRUCK
            assert logind.stub.stdout.readline() == f"terminate {ALICE} 1\n".encode()
            assert victim.wait(rig.PATIENCE) == -signal.SIGTERM
            if answer == "denied":
                rig.wait_until(lambda: "logind does not end the sessions" in root.log_text())
            text = root.log_text()
            assert ("logind does not end" in text) == (answer == "denied") and "\033" not in text, text


def test_logind_that_hangs():
    """Neither the stroke nor the next publication waits for it, and the one who waits ends by itself"""
    with Root() as root, with_logind(root, "hang") as logind:
        victim = start(ALICE, SLEEP)
        assert root.ask(END_NOW, ALICE)[0] == STRUCK
        assert victim.wait(rig.PATIENCE) == -signal.SIGKILL
        root.publish(PEOPLE)
        assert root.ask(END_NOW, ALICE)[0] == DONE
        for _ in range(2):
            assert logind.stub.stdout.readline() == f"terminate {ALICE} 1\n".encode()
        programs = lambda: [pid for pid in alive(0) if os.path.exists(f"/proc/{pid}/exe") and
                            os.readlink(f"/proc/{pid}/exe").endswith("/latchkey-root")]
        rig.wait_until(lambda: programs() == [root.pid])


def main():
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--pid", "--mount", "--ipc", "--fork", "--mount-proc", "--kill-child",
                              "/usr/bin/python3", os.path.abspath(__file__)])
    assert os.getpid() == 1, "outside, a mistake would end the machine's processes"
    rig.run([f for name, f in sorted(globals().items()) if name.startswith("test_") and callable(f)])


if __name__ == "__main__":
    main()
