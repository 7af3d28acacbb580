# SPDX-License-Identifier: MIT
"""Runs a script in a world of its own: private mounts, processes, network and host name, a root made of tmpfs with the
machine's programs bound into it read-only. Whatever the script does to /etc, /run, /var, /home or /dev stays there and
is gone with its last process.

    import enter
    enter.enter()          # the script starts again inside; what follows runs there, as root

Executed (by the above, through unshare) it is process 1 of the new namespaces: builds the root, starts the script,
reaps orphans, and ends with the script.
"""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INSIDE = "/.world"  # only the root that is made here has it
HOST = "workstation"

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC = 1, 2, 4, 8, 32, 4096, 16384
MS_UNBINDABLE, MS_PRIVATE = 1 << 17, 1 << 18

# Top-level folders that the world has for itself; all others are the machine's, read-only.
PRIVATE = ("boot", "dev", "etc", "home", "lost+found", "media", "mnt", "proc", "root", "run", "srv", "sys", "tmp",
           "var")
SSH_SERVER, MACHINE = "/usr/sbin/sshd", "/machine-sbin"
DEVICES = ("full", "null", "random", "tty", "urandom", "zero")


def enter(network=True):
    """Start again inside; @network: with a network namespace of its own, where nothing but loopback exists."""
    if os.path.exists(INSIDE):
        return
    if os.geteuid() != 0:
        sys.exit(f"{sys.argv[0]}: needs root, for namespaces of its own")
    kinds = ["--mount", "--pid", "--ipc", "--uts", "--propagation", "private", "--fork", "--kill-child"]
    command = ["unshare", *kinds, *(["--net"] if network else []), "/usr/bin/python3", os.path.abspath(__file__)]
    sys.stdout.flush()
    os.execvp(command[0], command + [os.path.abspath(sys.argv[0]), *sys.argv[1:]])


_libc = ctypes.CDLL(None, use_errno=True)


def mount(source, target, kind=None, flags=0, data=None):
    encode = lambda text: None if text is None else os.fsencode(text)
    if _libc.mount(encode(source), encode(target), encode(kind), ctypes.c_ulong(flags), encode(data)) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"mount {target}: {os.strerror(error)}")


def bind(source, target, read_only=True):
    mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        # The flags that the original carries must be repeated, or the kernel refuses.
        kept = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
        mount(None, target, None, MS_REMOUNT | MS_BIND | MS_RDONLY | kept)


def private_dev(dev):
    mount("tmpfs", dev, "tmpfs", MS_NOSUID, "mode=0755")
    for name in DEVICES:
        open(f"{dev}/{name}", "w").close()
        mount(f"/dev/{name}", f"{dev}/{name}", None, MS_BIND)
    for name in ("pts", "shm"):
        os.mkdir(f"{dev}/{name}")
    mount("devpts", f"{dev}/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5")
    mount("tmpfs", f"{dev}/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    for link, to in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"),
                     ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")):
        os.symlink(to, f"{dev}/{link}")


def show(root, path, read_only):
    """Bind a path of the machine to where it is, unless it lies in a folder that is bound already."""
    target = root + path
    os.makedirs(target, exist_ok=True)
    bind(path, target, read_only)


def add_ssh_server(root):
    """Where no SSH server is installed, the unpacked one stands where one would: the NSS module knows it by its path."""
    unpacked = os.path.join(TOP, "build", "packages", "openssh", SSH_SERVER.lstrip("/"))
    if os.path.exists(SSH_SERVER) or not os.path.exists(unpacked):
        return
    folder = os.path.dirname(SSH_SERVER)
    os.mkdir(root + MACHINE)
    bind(folder, root + MACHINE)
    mount("tmpfs", root + folder, "tmpfs", 0, "mode=0755")
    for name in os.listdir(root + MACHINE):
        path = f"{root}{MACHINE}/{name}"
        os.symlink(os.readlink(path) if os.path.islink(path) else f"{MACHINE}/{name}", f"{root}{folder}/{name}")
    shutil.copy(unpacked, root + SSH_SERVER)


def build_root(root):
    mount("tmpfs", root, "tmpfs", 0, "mode=0755")
    mount(None, root, None, MS_UNBINDABLE)  # or it would contain itself
    open(root + INSIDE, "w").close()
    for name in sorted(os.listdir("/")):
        path = "/" + name
        if os.path.islink(path):
            os.symlink(os.readlink(path), root + path)
        elif name in PRIVATE:
            os.mkdir(root + path)
        elif os.path.isdir(path):
            show(root, path, True)
    add_ssh_server(root)
    private_dev(root + "/dev")
    mount("proc", root + "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
    bind("/sys", root + "/sys")
    subprocess.run(["cp", "-a", "/etc/.", root + "/etc/"], check=True)

    for name, mode in (("tmp", 0o1777), ("root", 0o700), ("var/tmp", 0o1777), ("var/lib", 0o755), ("var/log", 0o755),
                       ("var/mail", 0o755), ("var/spool", 0o755), ("var/cache", 0o755), ("run/sshd", 0o755),
                       ("run/lock", 0o1777), ("run/user", 0o755)):
        os.makedirs(f"{root}/{name}", exist_ok=True)
        os.chmod(f"{root}/{name}", mode)
    os.symlink("/run", root + "/var/run")
    if os.path.isdir("/var/cache/fontconfig"):
        show(root, "/var/cache/fontconfig", True)
    show(root, TOP, False)
    node = shutil.which("node")
    prefix = os.path.dirname(os.path.dirname(os.path.realpath(node))) if node else "/"
    if prefix.split("/")[1] in PRIVATE:
        show(root, prefix, True)


def become_init(command):
    root = os.path.join(TOP, "build", "world")
    os.makedirs(root, exist_ok=True)
    build_root(root)
    os.chdir(root)
    subprocess.run(["/sbin/pivot_root", ".", "."], check=True)
    subprocess.run(["umount", "--lazy", "."], check=True)
    os.chdir("/")
    mount(None, "/", None, MS_PRIVATE)
    socket.sethostname(HOST)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=False)

    environment = {k: v for k, v in os.environ.items() if k.startswith("LK_") or k in ("TERM", "DEMO_APPROVE")}
    environment.update(PATH=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin", HOME="/root", USER="root",
                       LOGNAME="root", LANG="C.UTF-8", SHELL="/bin/bash", PYTHONDONTWRITEBYTECODE="1",
                       PYTHONPATH=os.path.dirname(os.path.abspath(__file__)))
    child = os.fork()
    if child == 0:
        os.chdir(TOP)
        os.execve("/usr/bin/python3", ["python3", *command], environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what Ctrl-C means is for the script to say
    while True:
        pid, status = os.wait()
        if pid == child:
            return os.waitstatus_to_exitcode(status) & 0xFF


if __name__ == "__main__":
    sys.exit(become_init(sys.argv[1:]))
