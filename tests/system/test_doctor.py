#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""latchkey doctor: on a machine that is well it finds nothing; each fault that is planted is named by its check, with a mend
that is right: where it is a command, the command is run, else what it says is done; then the check is clean again."""
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess

import check
import people
import sick_provider
import world

COMMAND = f"{world.PROGRAMS}/latchkey"
TOOLS = "/tools"  # stand in for programs that this world has not: they write down what they were asked
ASKED = "/run/asked"
SSHD = "/etc/ssh/sshd_config"
NSCD = "\tenable-cache\t\tpasswd\t\t{}\n\tenable-cache\t\tgroup\t\t{}\n"
HOME = "/home"


def doctor(w, *words):
    status, text = w.run(COMMAND, "doctor", "--json", *words)
    return status, json.loads(text)


def of_check(findings, name, grades=("fault", "note")):
    return [f for f in findings if f["check"] == name and f["grade"] in grades]


def edit(path, pattern, replacement, count=1):
    text, n = re.subn(pattern, replacement, world.read(path), count=count, flags=re.M)
    assert n, f"{pattern!r} is not in {path}"
    world.write(path, text, os.stat(path).st_mode & 0o7777)


def append(path, text):
    world.write(path, world.read(path) + text, os.stat(path).st_mode & 0o7777)


def run(command):
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)


# --- what stands in for the service manager ------------------------------------------------------------------------------


UNITS = {"latchkeyd.service": "latchkeyd", "latchkey.socket": "latchkeyd", "latchkey-resolve.socket": "latchkeyd",
         "latchkey-fetch.socket": "latchkey-fetch", "latchkey-root.socket": "latchkey-root"}


def make_tools():
    for name in ("systemctl", "pam-auth-update", "timedatectl", "systemd-sysusers"):
        world.write(f"{TOOLS}/{name}", f'#!/bin/sh\necho {name} "$@" >> {ASKED}\n', 0o755)


def obey(w, asked):
    """What the tools were asked to do, done."""
    for line in asked.splitlines():
        words = line.split()
        if words[0] == "systemctl" and words[1] in ("restart", "start"):
            for unit in {UNITS[u] for u in words[2:] if u in UNITS}:
                w.units[unit].restart()
        elif words[0] == "systemctl" and words[1] == "unmask":
            os.unlink(f"/etc/systemd/system/{words[2]}")
        elif words[0] == "systemctl" and words[1] == "enable":
            enable(words[-1])
        elif words[0] == "pam-auth-update":
            w.pam()
        elif words[0] == "systemd-sysusers":
            shutil.copy("/etc/passwd.good", "/etc/passwd")


def enable(unit):
    folder = "multi-user" if unit.endswith(".service") else "sockets"
    os.makedirs(f"/etc/systemd/system/{folder}.target.wants", exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.symlink(f"/etc/systemd/system/{unit}", f"/etc/systemd/system/{folder}.target.wants/{unit}")


def apply(w, findings):
    """Runs the commands that the findings name. Returns whether there was one for each."""
    world.write(ASKED, "")
    for f in findings:
        if "command" not in f:
            return False
        subprocess.run(f["command"], shell=True, check=True, env={"PATH": f"{TOOLS}:{os.environ['PATH']}"})
    obey(w, world.read(ASKED))
    return True


# --- the faults ----------------------------------------------------------------------------------------------------------


class Fault:
    """@plant: breaks it; @check: the row that must name it, @words: in its text; @mend: where the mend is no command, does
    what its words say, @told: that stand there; @grade: of the finding."""

    def __init__(self, check_name, words, plant, mend=None, told="", grade="fault"):
        self.check, self.words, self.plant, self.mend, self.told, self.grade = (check_name, words, plant, mend, told,
                                                                              grade)


def configuration(text):
    def plant(w):
        append(world.CONFIG, text)
    return plant, lambda w: w.configure()


def mode(path, bits):
    return lambda w: os.chmod(path, bits)


def owner(path, uid):
    return lambda w: os.chown(path, uid, uid)


def remove(path):
    return lambda w: shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)


def changed(path, pattern, replacement, count=1):
    return lambda w: edit(path, pattern, replacement, count)


def added(path, text):
    return lambda w: append(path, text)


def pam(service, pattern, replacement):
    """A stack changed, and as the mend says put right by hand."""
    return changed(f"/etc/pam.d/{service}", pattern, replacement)


def restore_pam(w):
    w.pam()


def deaf(path):
    """A socket in whose place stands one that nobody listens at."""
    def plant(w):
        st = os.stat(path)
        os.unlink(path)
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path)
        os.chmod(path, st.st_mode & 0o777)
        os.chown(path, st.st_uid, st.st_gid)
    return plant


def stop(unit):
    return lambda w: w.units[unit].stop()


def sick(fault, tls=False, more=""):
    """A provider with this fault; its mend: none."""
    state = {}

    def plant(w):
        state["provider"] = p = sick_provider.SickProvider(tls)
        p.fault = fault
        w.reconfigure(**{f"provider {world.PROVIDER}": p.section(more)})

    def mend(w):
        state.pop("provider").stop()
        w.reconfigure()
    return plant, mend


def unknown_name(w):
    w.reconfigure(latchkey=None, **{f"provider {world.PROVIDER}": "issuer=https://no-such-host.example\nclient_id=x"})


def closed_port(w):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    w.reconfigure(**{f"provider {world.PROVIDER}": f"issuer=http://127.0.0.1:{port}\nclient_id=x"})


def usual_configuration(w):
    w.reconfigure()


def damaged_map(w):
    with open("/var/lib/latchkey/nss/map", "r+b") as f:
        f.seek(40)
        f.write(b"\xff" * 8)
    with open("/var/lib/latchkey/nss/epoch", "r+b") as f:
        f.seek(8)
        f.write(b"\x77")


def damaged_store(w):
    """Pages behind the first one; the helper, which has it open, finds that on the disk."""
    path = "/var/lib/latchkey/private/store.db"
    w.daemon.restart()  # what was in the log is in the file now
    shutil.copytree("/var/lib/latchkey/private", "/var/lib/latchkey.good")
    size = os.path.getsize(path)
    with open(path, "r+b") as f:
        f.seek(4096)
        f.write(b"\xa5" * (size - 4096))


def restore_store(w):
    w.daemon.stop()
    shutil.rmtree("/var/lib/latchkey/private")
    os.rename("/var/lib/latchkey.good", "/var/lib/latchkey/private")
    os.chown("/var/lib/latchkey/private", *w.daemon_user)
    run(f"chown -R {w.daemon_user[0]}:{w.daemon_user[1]} /var/lib/latchkey/private")
    w.daemon.start()


def collision(w):
    shutil.copy("/etc/passwd", "/etc/passwd.good")
    append("/etc/passwd", "alice:x:1500:1500::/home/alice:/bin/sh\n")


def restore_passwd(w):
    shutil.copy("/etc/passwd.good", "/etc/passwd")


def no_fetch_user(w):
    shutil.copy("/etc/passwd", "/etc/passwd.good")
    edit("/etc/passwd", r"^latchkey-fetch:.*\n", "")


def shared_uid(w):
    shutil.copy("/etc/passwd", "/etc/passwd.good")
    append("/etc/passwd", f"other:x:{w.daemon_user[0]}:1500::/:/bin/sh\n")


def caching(w):
    world.write("/etc/nscd.conf", NSCD.format("yes", "yes"))
    os.makedirs("/run/nscd")
    w.nscd = socket.socket(socket.AF_UNIX)
    w.nscd.bind("/run/nscd/socket")
    w.nscd.listen(8)


def masked(w):
    os.unlink("/etc/systemd/system/latchkey.socket")
    os.symlink("/dev/null", "/etc/systemd/system/latchkey.socket")


def full_disk(w):
    run("mount -t tmpfs -o size=512k,mode=0755 none /var/lib/latchkey/nss")


def empty_disk(w):
    run("umount /var/lib/latchkey/nss")
    w.daemon.restart()


def old_sshd(w):
    shutil.copy("/usr/sbin/sshd", "/sshd.good")
    os.unlink("/usr/sbin/sshd")
    world.write("/usr/sbin/sshd", '#!/bin/sh\n[ "$1" = -V ] && { echo OpenSSH_7.4p1; exit 0; }\nexec /sshd.good "$@"\n',
                0o755)


def new_sshd(w):
    os.unlink("/usr/sbin/sshd")
    shutil.move("/sshd.good", "/usr/sbin/sshd")


def missing_key(w):
    append(world.CONFIG, "[service-account robot]\nkey=/etc/latchkey/robot.pem\n")
    world.write("/etc/latchkey/robot.pem", "")
    os.chown("/etc/latchkey/robot.pem", *w.daemon_user)
    os.chmod("/etc/latchkey/robot.pem", 0o644)


def refused_person(w):
    w.run(COMMAND, "forget", "bob")


LATCHKEY = r"\[success=2 user_unknown=ignore module_unknown=ignore default=die\]"
STORE, NSS = "/var/lib/latchkey/private", "/var/lib/latchkey/nss"
RUN = "/run/latchkey"
NSSWITCH = "/etc/nsswitch.conf"

FAULTS = {
    "unknown key": Fault("configuration", "unknown key", *configuration("[access]\neveryon=yes\n"), "mend that"),
    "nobody is granted": Fault("configuration", "nobody may log in", lambda w: w.configure(access="everyone=no"),
                               lambda w: w.configure(), "[access]"),
    "configuration open to writers": Fault("configuration-files", "written by others", mode(world.CONFIG, 0o666)),
    "configuration of somebody else": Fault("configuration-files", "belongs to uid", owner(world.CONFIG, 1000)),
    "configuration closed to the helper": Fault("configuration-files", "cannot be read", mode(world.CONFIG, 0o600)),
    "no user for the network": Fault("service-users", "no user latchkey-fetch", no_fetch_user),
    "a shared uid": Fault("service-users", "shares the uid", shared_uid, restore_passwd, "uid of its own"),
    "run folder open to writers": Fault("folders", "mode 0777", mode(RUN, 0o777)),
    "state folder closed": Fault("folders", "mode 0700", mode("/var/lib/latchkey", 0o700)),
    "store folder open": Fault("folders", "mode 0755", mode(STORE, 0o755)),
    "store folder of somebody else": Fault("folders", "belongs to uid", owner(STORE, 0)),
    "map folder of somebody else": Fault("folders", "belongs to uid", owner(NSS, 1000)),
    "socket closed to people": Fault("sockets", "mode 0600", mode(RUN + "/io.latchkey", 0o600)),
    "socket of latchkey-root open": Fault("sockets", "mode 0666", mode(RUN + "/root", 0o666)),
    "socket of latchkey-fetch of somebody else": Fault("sockets", "belongs to uid", owner(RUN + "/fetch", 0)),
    "a socket that nobody listens at": Fault("sockets", "nobody listens", deaf(RUN + "/fetch")),
    "a unit that is not enabled": Fault("units", "not enabled", remove("/etc/systemd/system/sockets.target.wants/"
                                                                       "latchkey-fetch.socket"), grade="note"),
    "a masked unit": Fault("units", "masked", masked),
    "a full disk": Fault("space", "full", full_disk, empty_disk, "make room"),
    "an audit file that cannot be written": Fault(
        "audit-file", "cannot write", lambda w: w.reconfigure(latchkey="allow_insecure_loopback=yes\n"
                                                             "audit_file=/var/log/latchkey/audit\naudit_required=yes")),
    "the helper is down": Fault("helper", "does not answer", stop("latchkeyd")),
    "latchkey-root is not there": Fault("root-process", "", stop("latchkey-root")),
    "a damaged store": Fault("store", "clean", damaged_store, restore_store, "from a backup"),
    "no map": Fault("map", "there is no map", remove(NSS + "/map")),
    "a damaged map": Fault("map", "damaged", damaged_map),
    "a map of somebody else": Fault("map", "could have written", owner(NSS + "/map", 1000)),
    "latchkey-fetch is not there": Fault("fetch-process", "", stop("latchkey-fetch")),
    "a name that nobody knows": Fault("names", "Could not resolve", unknown_name, usual_configuration, "resolv.conf"),
    "a port that is closed": Fault("certificates", "cannot be reached", closed_port, usual_configuration, "connect"),
    "a certificate of nobody": Fault("certificates", "TLS", *sick(None, True), "ca_file"),
    "a clock that is wrong": Fault("clock", "behind", *sick("clock"), "set the clock"),
    "another issuer": Fault("discovery", "issuer", *sick("issuer"), "issuer"),
    "no keys": Fault("keys", "keys", *sick("keys"), "jwks_uri"),
    "a client without the device grant": Fault("client", "unauthorized_client", *sick("client"), "device grant"),
    "a key that others can read": Fault("service-accounts", "others than latchkey can read", missing_key,
                                        told="new key"),
    "nsswitch: passwd without latchkey": Fault("nsswitch", "passwd does not name", changed(NSSWITCH, "^(passwd:.*) latchkey", r"\1")),
    "nsswitch: no line for group": Fault("nsswitch", "no line for group", changed(NSSWITCH, "^group:.*\n", "")),
    "nsswitch: cut off": Fault("nsswitch", "ends its search", changed(NSSWITCH, "^passwd: files", "passwd: files [NOTFOUND=return]")),
    "nsswitch: latchkey first": Fault("nsswitch", "before the machine's own", changed(NSSWITCH, "files latchkey", "latchkey files"),
                                      grade="note"),
    "nsswitch: initgroups without latchkey": Fault("nsswitch", "initgroups does not", added(NSSWITCH, "initgroups: files\n")),
    "nscd keeps answers": Fault("nscd", "keeps answers", caching),
    "no NSS module": Fault("nss-module", "does not find", lambda w: run(f"mv {world.PROGRAMS}/lib/libnss_latchkey.so.2 /nss.good; "
                                                                       "ldconfig -X"),
                           lambda w: run(f"mv /nss.good {world.PROGRAMS}/lib/libnss_latchkey.so.2; ldconfig -X"), "ldconfig"),
    "an NSS module that others write": Fault("nss-module", "written by others",
                                             mode(f"{world.PROGRAMS}/lib/libnss_latchkey.so.2", 0o666)),
    "no PAM module": Fault("pam-module", "is not there", pam("sshd", "/sshd/pam_latchkey.so", "/no/pam_latchkey.so"), restore_pam,
                           "path in that line"),
    "sshd does not ask Latchkey": Fault("pam-auth", "is not asked", pam("sshd", "^auth.*pam_latchkey.*\n", "")),
    "a refusal that counts for nothing": Fault("pam-auth", "discarded", pam("sshd", f"^auth {LATCHKEY}", "auth optional")),
    "a refusal that one word overrules": Fault("pam-auth", "authinfo_unavail", pam(
        "sshd", f"^auth {LATCHKEY}", "auth [success=2 user_unknown=ignore authinfo_unavail=ignore default=die]"), restore_pam, "default=die"),
    "a yes that counts for nothing": Fault("pam-auth", "not enough", pam("sshd", "^auth", "auth requisite pam_deny.so\nauth"), restore_pam,
                                           "before pam_unix"),
    "no account line": Fault("pam-account", "is not asked", pam("sshd", "^account.*pam_latchkey.*\n", "")),
    "an account that passes unasked": Fault("pam-account", "unasked", pam("sshd", "^account", "account sufficient pam_unix.so\naccount"),
                                            restore_pam, "before pam_unix"),
    "an account refusal that counts for nothing": Fault("pam-account", "discarded", pam("sshd", f"^account {LATCHKEY}", "account optional")),
    "local accounts locked out": Fault("pam-local", "locked out", pam("sshd", f"^auth {LATCHKEY}", "auth requisite")),
    "nothing makes a home": Fault("pam-session", "makes a home", pam("sshd", "^session.*mkhomedir.*\n", ""), grade="note"),
    "sshd without PAM": Fault("sshd", "UsePAM", changed(SSHD, "UsePAM yes", "UsePAM no")),
    "sshd without keyboard-interactive": Fault("sshd", "cannot show a code", changed(SSHD, "KbdInteractiveAuthentication yes",
                                                                                    "KbdInteractiveAuthentication no")),
    "sshd takes passwords": Fault("sshd", "takes passwords", changed(SSHD, "PasswordAuthentication no", "PasswordAuthentication yes"),
                                  grade="note"),
    "sshd wants keys alone": Fault("sshd", "AuthenticationMethods", added(SSHD, "AuthenticationMethods publickey\n"),
                                   changed(SSHD, "^AuthenticationMethods publickey\n",
                                           "AuthenticationMethods publickey,keyboard-interactive\n"), "keyboard-interactive"),
    "sshd does not wait": Fault("sshd-time", "LoginGraceTime", changed(SSHD, "LoginGraceTime .*", "LoginGraceTime 20")),
    "sshd drops people": Fault("sshd-time", "MaxStartups", changed(SSHD, "MaxStartups .*", "MaxStartups 10:30:100"), grade="note"),
    "sshd's file is broken": Fault("sshd", "does not take", added(SSHD, "UsePAMM yes\n"), changed(SSHD, "^UsePAMM yes\n", ""), "sshd -t"),
    "an old sshd": Fault("sshd-version", "older", old_sshd, new_sshd, "upgrade", grade="note"),
    "a local account of the same name": Fault("collisions", "alice", collision, restore_passwd, "rename"),
    "a home of somebody else": Fault("homes", "belongs to somebody else", owner(f"{HOME}/alice", 1000)),
    "a folder of homes that others write": Fault("homes", "others than root", mode(HOME, 0o777)),
}


def judge(w, name, fault, well):
    fault.plant(w)
    status, findings = doctor(w)
    found = [f for f in of_check(findings, fault.check) if f not in well]
    assert any(fault.words in f["text"] and f["grade"] == fault.grade for f in found), \
        f"{name}: {fault.check} does not say {fault.words!r}: {json.dumps(findings, indent=1)}"
    if fault.grade == "fault":
        check.equal(status, 1, f"{name}: exit status")
    if fault.told:
        assert any(fault.told in f.get("mend", "") for f in found), f"{name}: {fault.told!r} is no mend: {found}"
    if fault.mend:
        fault.mend(w)
    elif not apply(w, found):
        raise AssertionError(f"{name}: no command mends it: {found}")
    status, findings = doctor(w)
    left = [f for f in of_check(findings, fault.check, ("fault", "note", "unseen")) if f not in well]
    check.equal(left, [], f"{name}: after the mend")


def clean_up(w, name):
    """What a mend leaves behind that is right and still not as it was."""
    if name == "nscd keeps answers":
        w.nscd.close()
        shutil.rmtree("/run/nscd")
        os.unlink("/etc/nscd.conf")
    elif name in ("an audit file that cannot be written", "a key that others can read"):
        w.reconfigure()
    elif name.startswith("sshd"):
        w._ssh()
        edit(SSHD, "^LoginGraceTime .*", "LoginGraceTime 600")
    elif name.startswith("nsswitch"):
        world.write(NSSWITCH, w.nsswitch)
    elif "pam" in FAULTS[name].check:
        w.pam()


def lets_in(w, name):
    with w.ssh(name, "id -un") as t:
        people.sign_in(t, name)
        t.expect(name)
        check.equal(t.finish(), 0, "ssh's status")


@check.test
def a_machine_that_is_well(w):
    """a login works: status 0, and no finding is a fault or unseen"""
    lets_in(w, "alice")
    status, findings = doctor(w, "--user", "alice")
    check.equal([f for f in findings if f["grade"] in ("fault", "unseen")], [], "findings")
    check.equal(status, 0, "status")
    rows = re.findall(r'\t\{"([a-z-]+)", check_', world.read("helper/doctor/doctor.c"))
    check.equal(list(dict.fromkeys(f["check"] for f in findings)), rows, "checks")
    check.contains(w.run(COMMAND, "doctor")[1], "A login works.")


@check.test
def each_fault_is_named(w):
    """each planted fault is named, and each mend is right"""
    _, well = doctor(w)
    wrong = []
    for name, fault in FAULTS.items():
        try:
            judge(w, name, fault, well)
        except (AssertionError, RuntimeError) as e:
            wrong.append(f"{name}: {e}")
        clean_up(w, name)
    assert not wrong, "\n".join(wrong)
    assert len(FAULTS) >= 25, len(FAULTS)
    rows = {f["check"] for f in well}
    check.equal(sorted(rows - {f.check for f in FAULTS.values()} - {"user"}), [], "checks without a planted fault")
    status, findings = doctor(w)
    check.equal((status, [f for f in findings if f["grade"] == "fault"]), (0, []), "at the end")


@check.test
def one_person(w):
    """--user: somebody who was forgotten, a local person, somebody new"""
    lets_in(w, "bob")
    w.run(COMMAND, "forget", "bob")
    status, findings = doctor(w, "--user", "bob")
    check.equal(status, 1, "status")
    check.contains(of_check(findings, "user")[0]["text"], "forgotten")
    check.contains(of_check(doctor(w, "--user", world.LOCAL_PERSON)[1], "user")[0]["text"], "local account")
    check.contains(of_check(doctor(w, "--user", "carol")[1], "user")[0]["text"], "not signed in here yet")


@check.test
def files_of_another_machine(w):
    """--root: what files say; no program of it is run, and what could not be looked at is no good (status 3)"""
    run("mkdir -p /other/usr/lib64 /other/bin /other/var/lib && cp -a /etc /home /latchkey /other/ && "
        "cp -a /var/lib/latchkey /other/var/lib && cp -a /latchkey/lib/libnss_latchkey.so.2 /other/usr/lib64 && cp -a /bin/bash /other/bin/")
    status, findings = doctor(w, "--root", "/other")
    check.equal([f for f in findings if f["grade"] == "fault"], [], "faults")
    check.equal(status, 3, "status")
    edit("/other/etc/nsswitch.conf", "^(passwd:.*) latchkey", r"\1")
    status, findings = doctor(w, "--root", "/other")
    check.equal((status, [f["check"] for f in findings if f["grade"] == "fault"]), (1, ["nsswitch"]), "a fault there")


@check.test
def for_ordinary_people(w):
    """nobody but root is told"""
    status, text = w.run(COMMAND, "doctor", user=(1000, 1000))
    check.equal(status, 1, text)
    check.contains(text, "run it as root")


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        the_world.start()
        make_tools()
        edit(SSHD, "^LoginGraceTime .*", "LoginGraceTime 600")
        the_world.nsswitch = world.read(NSSWITCH)
        os.makedirs("/etc/systemd/system", exist_ok=True)
        for a_unit in UNITS:
            shutil.copy(f"packaging/systemd/{a_unit}", "/etc/systemd/system/")
            enable(a_unit)
        check.run(the_world)
