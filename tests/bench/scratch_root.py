"""A Debian tree of its own, below the build folder, with the services that bench_nss.py compares: packages are fetched by
apt-get with the machine's sources and unpacked, not installed, so nothing of the machine changes. Kept for the next run."""
import hashlib
import os
import shutil
import subprocess

PACKAGES = ["base-files", "bash", "coreutils", "ldb-tools", "libc-bin", "libnss-db", "libnss-extrausers", "libnss-ldapd",
            "libnss-sss", "libnss-systemd", "nslcd", "slapd", "sssd-common", "sssd-proxy", "systemd"]


def run(argv, log, **more):
    subprocess.run(argv, check=True, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **more)


def apt(folder):
    """apt-get with lists, archives and a status of its own: it sees a machine on which nothing is installed."""
    for name in ("state/lists/partial", "cache/archives/partial"):
        os.makedirs(f"{folder}/{name}", exist_ok=True)
    with open(f"{folder}/status", "w", encoding="ascii"):
        pass
    return ["apt-get", "-q", "-y", "--no-install-recommends", "-o", f"Dir::State={folder}/state",
            "-o", f"Dir::State::status={folder}/status", "-o", f"Dir::Cache={folder}/cache",
            "-o", "APT::Sandbox::User=root", "-o", "Debug::NoLocking=1"]


def unpack(archives, root, log):
    for name in ("bin", "sbin", "lib", "lib64"):
        os.makedirs(f"{root}/usr/{name}", exist_ok=True)
        os.symlink(f"usr/{name}", f"{root}/{name}")
    for name in sorted(os.listdir(archives)):
        if name.endswith(".deb"):
            # not dpkg -x, which would replace the links above
            with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", f"{archives}/{name}"], stdout=subprocess.PIPE,
                                  stderr=log) as tar:
                subprocess.run(["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", root], stdin=tar.stdout,
                               stderr=log, check=True)
            if tar.returncode != 0:
                raise OSError(f"{name} cannot be unpacked")


def make(scratch):
    """The tree at scratch/root. Return: None, or why there is none."""
    root, mark = f"{scratch}/root", f"{scratch}/root.made"
    want = hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()
    if os.path.exists(mark):
        with open(mark, encoding="ascii") as f:
            if f.read() == want:
                return None
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return "not a Debian machine"
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(scratch, exist_ok=True)
    with open(f"{scratch}/root.log", "wb") as log:
        try:
            command = apt(f"{scratch}/apt")
            # A source that cannot be reached may be one that nothing is needed from.
            subprocess.run(command + ["update"], check=False, stdout=log, stderr=log)
            run(command + ["--download-only", "install"] + PACKAGES, log)
            unpack(f"{scratch}/apt/cache/archives", root, log)
        except (subprocess.CalledProcessError, OSError) as e:
            return f"{e}; see {scratch}/root.log"
    shutil.rmtree(f"{scratch}/apt")
    with open(mark, "w", encoding="ascii") as f:
        f.write(want)
    return None


def add_modules(scratch, modules):
    """Puts our modules where the loader finds them as quickly as the others'."""
    libraries = os.path.dirname(next(os.path.join(d, f) for d, _, files in os.walk(f"{scratch}/root/usr/lib")
                                     for f in files if f == "libnss_files.so.2"))
    for module in modules:
        shutil.copy(module, libraries)
    subprocess.run(["ldconfig", "-r", f"{scratch}/root"], check=True)
