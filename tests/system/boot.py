# SPDX-License-Identifier: MIT
"""A world whose process 1 is systemd: "make install" into a /usr of its own, sysusers, tmpfiles, and the units as they are
shipped with their whole sandbox, between journald, the system bus and logind. Nothing of the machine's can be written:
root, /dev, /run and the control group are the world's own, /proc/sys is read-only, and rights over kernel, clock and
power are gone.

Executed (by the above, through unshare) it is process 1 of namespaces within the world's, and becomes systemd.
"""
import contextlib
import os
import shutil
import subprocess

import check
import enter
import world

MS_SHARED = 1 << 20
GROUPS = "/groups"
HERE = "/sys/fs/cgroup"
# One hierarchy, or several; of those the ones that systemd puts its units into, and whose limits our units set.
SEVERAL = [name for name in ("unified", "systemd", "pids", "memory", "devices") if os.path.isdir(f"{HERE}/{name}")]
HIERARCHIES = [""] if os.path.exists(f"{HERE}/cgroup.controllers") else SEVERAL
WITHOUT = "sys_boot,sys_module,sys_time,sys_rawio,syslog,wake_alarm,audit_control"
# What would speak to the machine's kernel, or wait for hardware.
MASKED = """dev-hugepages.mount dev-mqueue.mount getty.target kmod-static-nodes.service
proc-sys-fs-binfmt_misc.automount sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount
sys-kernel-tracing.mount systemd-binfmt.service systemd-firstboot.service systemd-initctl.socket
systemd-journald-audit.socket systemd-machine-id-commit.service systemd-modules-load.service
systemd-pcrphase-sysinit.service systemd-pcrphase.service systemd-random-seed.service systemd-remount-fs.service
systemd-repart.service systemd-sysctl.service systemd-tmpfiles-clean.timer systemd-tmpfiles-setup-dev.service
systemd-udev-trigger.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udevd.service
systemd-update-utmp-runlevel.service systemd-update-utmp.service""".split()
ENABLED = ["latchkey.socket", "latchkey-resolve.socket", "latchkey-fetch.socket", "latchkey-root.socket",
           "latchkey-userdb.socket", "latchkeyd.service", "ssh.service"]
SSH_UNIT = f"""[Service]
ExecStart={enter.SSH_SERVER} -D -e
Environment=LANG=C
KillMode=process
[Install]
WantedBy=multi-user.target
"""


def mount_groups(folder):
    for name in HIERARCHIES:
        os.makedirs(f"{folder}/{name}", exist_ok=True)
        if name in ("", "unified"):
            enter.mount("cgroup2", f"{folder}/{name}", "cgroup2")
        else:
            enter.mount("cgroup", f"{folder}/{name}", "cgroup", 0, "none,name=systemd" if name == "systemd" else name)


def become_systemd():
    enter.mount("proc", "/proc", "proc", enter.MS_NOSUID | enter.MS_NODEV | enter.MS_NOEXEC)
    for path in filter(os.path.exists, ("/proc/sys", "/proc/sysrq-trigger")):
        enter.bind(path, path)
    if HIERARCHIES != [""]:
        enter.mount("tmpfs", HERE, "tmpfs", 0, "mode=0755")
    mount_groups(HERE)
    # systemd leaves this to whoever makes a container, and credentials reach no unit without it.
    enter.mount(None, "/", None, MS_SHARED | enter.MS_REC)
    os.execve("/usr/bin/setpriv", ["setpriv", "--bounding-set", ",".join(f"-{name}" for name in WITHOUT.split(",")),
                                   "/lib/systemd/systemd", "--log-target=journal"],
              {"container": "latchkey-test", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})


def groups_for(group):
    """Where it lies, below those that this process is in: limits that others have set count for it, too."""
    found = []
    for line in world.read("/proc/self/cgroup").splitlines():
        number, controllers, path = line.split(":", 2)
        names = ("", "unified") if number == "0" else [c.removeprefix("name=") for c in controllers.split(",")]
        found += [os.path.normpath(f"{GROUPS}/{name}/{path}/{group}") for name in HIERARCHIES if name in names]
    return found


class Unit:
    """One of systemd's, by the calls of units.Unit."""

    def __init__(self, machine, name):
        self.machine, self.name = machine, name
        self.log_path = f"/var/log/{name}.log"  # never there: all of it is in the journal

    def start(self):
        self.machine.done("systemctl", "start", self.name)

    def stop(self):
        self.machine.done("systemctl", "stop", self.name)

    def restart(self):
        self.machine.done("systemctl", "restart", self.name)

    def log(self):
        return self.machine.done("journalctl", "--no-pager", "-u", self.name)


class Machine(world.World):
    enabled = ENABLED

    def __init__(self, **options):
        super().__init__(**options)
        self.group, self.folders = f"latchkey-test-{os.urandom(8).hex()}", []
        self.process, self.leader = None, None

    # --- making it -------------------------------------------------------------------------------------------------

    def _users(self):
        """Without the helper's: sysusers makes them."""
        super()._users()
        for path in ("/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"):
            kept = [line for line in world.read(path).splitlines() if not line.startswith("latchkey")]
            world.write(path, "".join(line + "\n" for line in kept), os.stat(path).st_mode & 0o777)

    def pam(self, options=""):
        shutil.rmtree("/etc/pam.d")
        for name, text in world.PAM_STACKS.items():
            more = "session optional pam_systemd.so\n" if name == "sshd" else ""
            world.write(f"/etc/pam.d/{name}", text.format(module="pam_latchkey.so", options=options).lstrip() + more)
        world.write("/etc/pam.d/systemd-user", "account required pam_permit.so\nsession optional pam_systemd.so\n")

    def _own_usr(self):
        os.mkdir("/over")
        enter.mount("tmpfs", "/over", "tmpfs", 0, "mode=0755")
        for name in ("upper", "work"):
            os.mkdir(f"/over/{name}")
        enter.mount("overlay", "/usr", "overlay", 0, "lowerdir=/usr,upperdir=/over/upper,workdir=/over/work")
        if not os.path.exists(enter.SSH_SERVER):
            shutil.copy(f"{enter.TOP}/build/packages/openssh{enter.SSH_SERVER}", enter.SSH_SERVER)

    def _install(self):
        self.here("make", "-s", "-C", enter.TOP, "install", "DESTDIR=")
        self.here("ldconfig", "-X")
        self.here("systemd-sysusers")

    def _system(self):
        shutil.rmtree("/etc/systemd/system", ignore_errors=True)
        world.write("/etc/systemd/system/ssh.service", SSH_UNIT)
        for name in MASKED:
            os.symlink("/dev/null", f"/etc/systemd/system/{name}")
        os.symlink("/lib/systemd/system/multi-user.target", "/etc/systemd/system/default.target")
        world.write("/etc/systemd/journald.conf", "[Journal]\nStorage=volatile\nReadKMsg=no\nRateLimitBurst=0\n")
        world.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
        world.write("/etc/fstab", "")
        self.here("systemctl", "enable", *self.enabled, env={**os.environ, "SYSTEMD_OFFLINE": "1"})

    def make(self):
        if not os.path.exists(enter.INSIDE):
            raise RuntimeError("outside, this would change the machine")
        os.unlink("/dev/log")  # journald's
        enter.mount("tmpfs", "/run", "tmpfs", enter.MS_NOSUID | enter.MS_NODEV, "mode=0755")
        os.mkdir("/run/sshd")
        self._own_usr()
        self._users()
        self._etc()
        self._ssh()
        self._install()
        self._system()
        for name in ("latchkey-root", "latchkey-fetch", "latchkeyd", "latchkey-userdb"):
            self.units[name] = Unit(self, name)
        return self

    # --- running it ------------------------------------------------------------------------------------------------

    def here(self, *argv, **more):
        status, text = self.run(*argv, **more)
        check.equal(status, 0, f"{argv}: {text}")
        return text

    def inside(self, *argv):
        """The command line that does this among systemd's processes."""
        return ["nsenter", "-t", self.leader, "-m", "-p", "-C", "--", *argv]

    def done(self, *argv):
        """Inside, and it must succeed. Return: what it says."""
        return self.here(*self.inside(*argv))

    def _find_leader(self):
        with contextlib.suppress(OSError):
            for pid in world.read(f"/proc/{self.process.pid}/task/{self.process.pid}/children").split():
                if world.read(f"/proc/{pid}/comm") == "systemd\n":
                    self.leader = pid
        return self.leader

    def _is_up(self):
        if self.process.poll() is not None:
            raise RuntimeError("systemd has ended")
        return self._find_leader() and self.run(*self.inside("systemctl", "is-system-running"))[1].strip() in (
            "running", "degraded")

    def boot(self, script=os.path.abspath(__file__)):
        """@script: what becomes systemd, as process 1."""
        mount_groups(GROUPS)
        self.folders = groups_for(self.group)
        own = "".join(f"mkdir {f}; echo 0 > {f}/cgroup.procs; " for f in self.folders)
        with open("/var/log/boot.log", "ab") as log:
            self.process = subprocess.Popen(
                ["bash", "-ec", f"{own} exec unshare --mount --pid --cgroup --propagation private --fork --kill-child "
                                f"/usr/bin/python3 {script}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        check.eventually(self._is_up, "an end of the start")

    def start(self):
        self.make()
        self.provider.start()
        self.configure()
        self.boot()
        check.eventually(lambda: os.path.exists("/var/lib/latchkey/nss/map"), "the first map")
        return self

    def _remove_groups(self):
        for folder in (f for top in self.folders for f, _, _ in os.walk(top, topdown=False)):
            with contextlib.suppress(OSError):  # still somebody's
                os.rmdir(folder)
        return not any(map(os.path.exists, self.folders))

    def stop(self):
        self.provider.stop()
        if self.process:
            self.process.kill()
            self.process.wait()
            check.eventually(self._remove_groups, "an end of the control groups")

    def report(self):
        journal = self.run(*self.inside("journalctl", "--no-pager", "-b"))[1] if self.leader else ""
        return journal + (world.read("/var/log/boot.log") if self.process else "")


if __name__ == "__main__":
    become_systemd()
