# SPDX-License-Identifier: MIT
"""A Debian of its own, as debootstrap unpacks it, whose process 1 is its own systemd; and Latchkey's packages for it. The
world around it has the authorization server and the SSH client, and loopback is all the network that there is.

    import debian
    debian.begin()                     # packages, and an archive of Debian; then inside
    with debian.Debian() as d:
        d.start()
        d.done("apt-get", ...)

Executed (by the above, through unshare) it is process 1 of namespaces within the world's, and becomes that systemd.
"""
import glob
import hashlib
import os
import shutil
import subprocess
import threading

import boot
import check
import enter
import world

STORE = f"{enter.TOP}/build/debian"
ROOT = "/srv/debian"  # of the world
SIZE = "1500m"
PASSWORDS = {"root": "battery staple", world.LOCAL_PERSON: world.LOCAL_PASSWORD}
MAKER = f"{enter.TOP}/tests/system/make-debian"
FIRST, SECOND = f"{STORE}/first", f"{STORE}/second"


def call(*argv, **more):
    """It must succeed; what it says is shown when it does not."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False, **more)
    text = done.stdout.decode("utf-8", "backslashreplace")
    if done.returncode != 0:
        raise RuntimeError(f"{argv}: {done.returncode}\n{text}")
    return text


def packages(folder):
    found = sorted(glob.glob(f"{folder}/*.deb"))
    if len(found) != 3:
        raise RuntimeError(f"not three packages: {found}")
    return found


def build_packages(folder, *variables):
    call("make", "-s", "-C", enter.TOP, "deb", *variables)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    for path in packages(f"{enter.TOP}/build/deb"):
        shutil.copy(path, folder)


def archive():
    """It depends on how it is made and on what the packages want."""
    wants = "".join(call("dpkg-deb", "-f", p, "Package", "Depends", "Recommends") for p in packages(FIRST))
    return f"{STORE}/base-{hashlib.sha256((wants + world.read(MAKER)).encode()).hexdigest()[:16]}.tar"


def prepare():
    """Two builds of the packages, the second a rebuild with a higher version; and the Debian to try them in, which takes two
    minutes and an archive the first time."""
    release = call("make", "-s", "-C", enter.TOP, "release").strip()
    build_packages(FIRST)
    faults = []

    def make_archive():
        tar = archive()
        if os.path.exists(tar):
            return
        for old in glob.glob(f"{STORE}/base-*"):
            shutil.rmtree(old) if os.path.isdir(old) else os.unlink(old)
        try:
            call(MAKER, tar, *packages(FIRST))
        except RuntimeError as e:
            faults.append(e)
    thread = threading.Thread(target=make_archive)
    thread.start()
    build_packages(SECOND, f"RELEASE={release}+1")
    thread.join()
    if faults:
        raise faults[0]


def begin():
    if not os.path.exists(enter.INSIDE):
        prepare()
    world.begin()


def become_its_systemd():
    enter.bind(ROOT, ROOT, read_only=False)
    enter.mount("/sys", f"{ROOT}/sys", None, enter.MS_BIND | enter.MS_REC)
    enter.private_dev(f"{ROOT}/dev")
    enter.mount("proc", f"{ROOT}/proc", "proc")  # umount looks there
    os.chdir(ROOT)
    call("pivot_root", ".", ".")
    call("umount", "--lazy", ".")
    os.chdir("/")
    call("umount", "/proc")
    boot.become_systemd()


class Debian(boot.Machine):
    def below(self, path):
        """Where one of its files lies for us."""
        return ROOT + path

    def _people(self):
        call("chroot", ROOT, "useradd", "-m", "-s", "/bin/bash", world.LOCAL_PERSON)
        for name, password in PASSWORDS.items():
            hashed = call("openssl", "passwd", "-6", password).strip()
            call("chroot", ROOT, "usermod", "-p", hashed, name)
        call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/root/key")
        world.write(self.below("/root/.ssh/authorized_keys"), world.read("/root/key.pub"), 0o600)

    def _client(self):
        """SSH from the world around."""
        shutil.rmtree("/etc/ssh", ignore_errors=True)
        key = world.read(self.below("/etc/ssh/ssh_host_ed25519_key.pub"))
        world.write("/etc/ssh/ssh_known_hosts", f"localhost {key}")
        world.write("/etc/ssh/ssh_config", "Host *\n  AddressFamily inet\n  IdentityAgent none\n  CheckHostIP no\n"
                                           "  StrictHostKeyChecking yes\n")

    def make(self):
        if not os.path.exists(enter.INSIDE):
            raise RuntimeError("outside, this would change the machine")
        os.mkdir(ROOT)
        enter.mount("tmpfs", ROOT, "tmpfs", 0, f"mode=0755,size={SIZE}")
        call("tar", "-C", ROOT, "-xf", archive())
        for name in boot.MASKED:
            os.symlink("/dev/null", self.below(f"/etc/systemd/system/{name}"))
        world.write(self.below("/etc/systemd/journald.conf"), "[Journal]\nStorage=volatile\nReadKMsg=no\nRateLimitBurst=0\n")
        world.write(self.below("/etc/hostname"), enter.HOST + "\n")
        world.write(self.below("/etc/hosts"), f"127.0.0.1 localhost {enter.HOST}\n")
        world.write(self.below("/etc/resolv.conf"), "")
        self._people()
        self._client()
        for folder in (FIRST, SECOND):
            shutil.copytree(folder, self.below(f"/root/{os.path.basename(folder)}"))
        for name in ("latchkey-root", "latchkey-fetch", "latchkeyd", "latchkey-userdb"):
            self.units[name] = boot.Unit(self, name)
        return self

    def start(self):
        self.make()
        self.provider.start()
        self.boot(os.path.abspath(__file__))
        check.eventually(lambda: self.run(*self.inside("systemctl", "is-active", "ssh"))[0] == 0, "its SSH server")
        return self

    def install(self, folder):
        """As an administrator does: what is wanted besides comes by itself."""
        return self.done("sh", "-c", f"cd /root/{os.path.basename(folder)} && DEBIAN_FRONTEND=noninteractive exec "
                                     "apt-get -q -y install ./*.deb")


if __name__ == "__main__":
    become_its_systemd()
