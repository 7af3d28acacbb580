#!/usr/bin/python3
"""The key of what is kept of sign-ins, as the running helper deals with it: made once, never replaced in silence, changed on
request."""
import os
import re
import stat
import subprocess

from rig import STRANGER, UID, Rig, run, wait_until

CONFIG = """
[latchkey]
allow_insecure_loopback = yes
log = stderr
[provider demo]
issuer = http://127.0.0.1:9
client_id = latchkey
[access]
everyone = yes
"""
LINE = re.compile(r"[0-9a-f]{64}\n")


def key_file(rig):
    return rig.path("private", "vault.key")


def read(path):
    with open(path, encoding="ascii") as f:
        return f.read()


def write(path, text, mode=0o600, uid=UID):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)
    os.chown(path, uid, uid)
    os.chmod(path, mode)


def latchkey(rig, *arguments):
    return subprocess.run([rig.path("bin", "latchkey"), *arguments, "--socket", rig.path("run", "io.latchkey")],
                          capture_output=True, text=True, check=False)


def restart(rig):
    rig.helper.stop()
    os.unlink(rig.path("latchkeyd.log"))
    rig.helper.start()
    rig.wait_log("is ready")


def test_made_once():
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        assert "a new key for what is kept of sign-ins lies in " + key_file(rig) in rig.log()
        first = read(key_file(rig))
        assert LINE.fullmatch(first)
        info = os.stat(key_file(rig))
        assert (stat.S_IMODE(info.st_mode), info.st_uid) == (0o600, UID)
        restart(rig)
        assert "vault.key" not in rig.log() and "sealed" not in rig.log(), rig.log()
        assert read(key_file(rig)) == first


def test_c3_l15_unusable_file():
    """C3, L15: a key file that is there and cannot be used is said aloud and left alone; people sign in all the same."""
    link = object()
    for text, mode, uid, why in (("x", 0o600, UID, "there is no key in it"), ("0" * 64 + "\n", 0o640 | 4, UID, "others"),
                                 ("0" * 64 + "\n", 0o600, STRANGER, "this user may not look there"), (link, 0, 0, "no file")):
        rig = Rig(CONFIG)
        if text is link:
            os.symlink("/dev/null", key_file(rig))
        else:
            write(key_file(rig), text, mode, uid)
        with rig:
            rig.wait_log("is ready")
            assert re.search(f"vault.key cannot be used: .*{why}.*; nothing is kept of sign-ins", rig.log()), rig.log()
            done = latchkey(rig, "rotate-key")
            assert done.returncode == 1 and "there is no key that could be changed" in done.stderr, done
            if text is not link:
                assert read(key_file(rig)) == text
            assert "error" not in rig.client().ask("io.latchkey.Status")


def test_rotate():
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        first = read(key_file(rig))
        done = latchkey(rig, "rotate-key")
        assert (done.returncode, done.stderr) == (0, ""), done
        rig.wait_log("the old one is gone")
        second = read(key_file(rig))
        assert LINE.fullmatch(second) and second != first
        for secret in (first, second):
            assert secret.strip() not in rig.log() + done.stdout
        restart(rig)
        assert "vault.key" not in rig.log() and "sealed" not in rig.log(), rig.log()


def test_rotation_ends_at_the_next_start():
    """C1: what was killed between a new key and the end of the old one goes on at the next start."""
    with Rig(CONFIG) as rig:
        rig.wait_log("is ready")
        first = read(key_file(rig))
        rig.helper.stop()
        write(key_file(rig), "ab" * 32 + "\n" + first)
        rig.helper.start()
        rig.wait_log("the old one is gone")
        assert read(key_file(rig)) == "ab" * 32 + "\n"


def test_credential():
    """C14: a credential seals, and no file is made or left; one that is no key is said aloud, and nothing takes its place."""
    rig = Rig(CONFIG)
    os.mkdir(rig.path("credentials"))
    write(rig.path("credentials", "latchkey.key"), "cd" * 32 + "\n", 0o440, 0)
    os.chown(rig.path("credentials", "latchkey.key"), 0, UID)
    write(key_file(rig), "ab" * 32 + "\n")
    rig.helper.environment = {"CREDENTIALS_DIRECTORY": rig.path("credentials")}
    with rig:
        wait_until(lambda: not os.path.exists(key_file(rig)), rig.log)
        done = latchkey(rig, "rotate-key")
        assert done.returncode == 1 and "a credential of the service manager" in done.stderr, done
        write(rig.path("credentials", "latchkey.key"), "nonsense", 0o444, 0)
        restart(rig)
        assert "credential latchkey.key cannot be used: there is no key in it" in rig.log(), rig.log()
        os.chmod(rig.path("credentials"), 0o700)  # root's: another service's, say
        restart(rig)
        assert f"this user may not look there; nothing is kept of sign-ins ({rig.path('credentials')})" in rig.log(), rig.log()
        assert not os.path.exists(key_file(rig))


if __name__ == "__main__":
    run([f for name, f in sorted(globals().items()) if name.startswith("test_")])
