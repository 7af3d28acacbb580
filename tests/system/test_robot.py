#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A robot comes over SSH, unattended, through OpenSSH's own client: it shows an assertion that it has signed, or the ID token of
its CI system, and is in as long as it is believed."""
import os
import re
import shutil
import subprocess
import time

import check
import robot
import world

HOST = "workstation"  # as the helper calls it; ssh calls it localhost
KEY, OLD, BIG, CI_KEY = "/root/robot.pem", "/root/old.pem", "/root/big.pem", "/root/ci.pem"
KEYS, CONFIG = "/etc/latchkey/robot.keys", "/root/.config/latchkey/assert.conf"
HELPERS_KEYS = "/var/lib/latchkey/private/keys"
ASKPASS, UID = f"{world.PROGRAMS}/latchkey-askpass", 1890


def section(w, **more):
    """The usual one, or with other lines; ci: what is told to a CI system's tokens."""
    lines = {"subject": "deploy", "identity_subject": "svc-3", "key": "deploy", "services": "sshd", "assertion_keys": KEYS, "workload_issuer": w.ci.issuer,
             "workload_audience": HOST, "workload_subject": "repo:acme/site:*", "workload_claims": "environment=production"}
    lines.update(more)
    w.reconfigure(**{"service-account deploy": "\n".join(f"{k}={v}" for k, v in lines.items() if v is not None),
                     f"provider {world.PROVIDER}": f"issuer={w.provider.issuer}\nclient_id=latchkey",
                     "access": "everyone=yes\nrecheck=0"})


def register(*keys):
    world.write(KEYS, "".join(robot.public(k) for k in keys))


def robots_own(text=f"[assert]\nkey={KEY}\n[host localhost]\nhost={HOST}\n"):
    world.write(CONFIG, text, 0o600)


def come(w, *command, askpass=ASKPASS, name="deploy", options=(), **env):
    """Plain ssh without a terminal. Returns status and all that was said."""
    environment = {**w.environment(), "PATH": f"{world.PROGRAMS}:/usr/bin:/bin", "SSH_ASKPASS": askpass,
                   "SSH_ASKPASS_REQUIRE": "force", **env}
    done = subprocess.run(w.ssh_command(name, *(command or ("id -un",)), tty=False, options=options), env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120,
                          start_new_session=True, check=False)
    return done.returncode, done.stdout.decode("utf-8", "backslashreplace")


def let_in(w, **more):
    status, text = come(w, **more)
    check.equal((status, text), (0, "deploy\n"), "ssh")


def kept_out(w, *words, log=(), **more):
    """Refused; the robot reads @words, the administrator @log."""
    before = len(w.daemon.log())
    status, text = come(w, **more)
    check.equal(status, 255, text)
    check.lacks(text, "deploy\n")
    check.contains(" ".join(text.split()), *words)
    check.eventually(lambda: all(word in w.daemon.log()[before:] for word in log), f"{log} in the log")


def by_hand(w, path, claims, key=KEY, **header):
    """An askpass that signs other claims than latchkey assert would: it writes them with the nonce of the question."""
    maker = f"""#!/usr/bin/python3
import re, sys
sys.path.insert(0, {os.path.dirname(os.path.abspath(__file__))!r})
import robot
nonce = re.search(r"nonce (\\S+) ", sys.argv[1]).group(1)
claims = {claims!r}
claims.setdefault("nonce", nonce)
print(robot.jwt({key!r}, claims, **{header!r}))
"""
    world.write(path, maker, 0o755)
    return path


def claims_of_now(**more):
    now = int(time.time())
    return {"iss": "deploy", "sub": "deploy", "aud": HOST, "iat": now, "exp": now + 120, "jti": os.urandom(8).hex(), **more}


@check.test
def unattended(w):
    """plain ssh is in, again and again: each time another question and another assertion, and none is in a log"""
    for _ in range(2):
        let_in(w)
    check.contains(w.daemon.log(), 'detail="by assertion"')
    check.lacks(w.daemon.log() + w.system_log.text, "eyJ")
    status, text = come(w, "printenv SSH_CONNECTION && whoami")
    check.equal(status, 0, text)


@check.test
def granted(w):
    """who is there is one thing: the provider is asked each time, and disabled there the robot is refused, whatever it signs"""
    def grants():
        return [r for r in w.provider.from_helper("token") if "assertion" in r]
    w.provider.clear()
    let_in(w)
    check.equal(len(grants()), 1, "requests")
    w.provider.people(deploy={"disabled": True})
    try:
        kept_out(w, "does not let your account in any more", log=["the account is disabled"])
    finally:
        w.provider.people(deploy={"disabled": False})
    # nobody signs in to heal it: the provider's next yes does, as soon as it is asked again
    check.eventually(lambda: come(w)[0] == 0, "granted again")
    w.provider.clear()
    kept_out(w, "not believed", askpass=robot.write_askpass("/root/forged", "echo a.b.c"))
    check.equal(grants(), [], "requests for somebody who proves nothing")


@check.test
def handed_on(w):
    """assertion_to_provider: the robot's assertion is the grant's own, good for the provider, and this host needs no key"""
    own = f"[assert]\nkey={KEY}\nissuer=latchkey\nsubject=deploy\n[host localhost]\nhost={HOST}\n"
    section(w, key=None, assertion_to_provider="yes")
    robots_own(own)
    kept_out(w, "not believed", log=["its audience is not this host"])
    robots_own(own + f"audience={w.provider.issuer}\n")
    w.provider.clear()
    let_in(w)
    check.equal(len(w.provider.from_helper("token")), 1, "requests")
    let_in(w)
    w.provider.people(deploy={"disabled": True})
    try:
        kept_out(w, "does not let your account in any more")
    finally:
        w.provider.people(deploy={"disabled": False})
    section(w)
    robots_own()
    check.eventually(lambda: come(w)[0] == 0, "granted again")


@check.test
def in_parts(w):
    """an RSA key of 4096 bits makes more than ssh hands on at once: the parts of one assertion, one process for each"""
    register(BIG)
    issuer = "https://robots.example.com/deployments/production/site"
    section(w, assertion_issuer=issuer)
    robots_own(f"[assert]\nkey={BIG}\nissuer={issuer}\n[host localhost]\nhost={HOST}\n")
    let_in(w)
    check.equal(os.listdir("/root/.cache/latchkey"), [], "what is left of it")
    check.equal(os.stat("/root/.cache/latchkey").st_mode & 0o777, 0o700, "the folder")
    register(KEY, CI_KEY)
    section(w)
    robots_own()
    # What ssh does to long answers: whole, whole, and cut or nothing at all, as it happens to close the pipe.
    for length, log in ((1000, "it is nothing that this account accepts"), (1022, "it is nothing that this account accepts"),
                        (1100, "")):
        askpass = robot.write_askpass("/root/long", f"head -c {length} /dev/zero | tr '\\0' a; echo")
        kept_out(w, askpass=askpass, log=[log])


@check.test
def parts_that_do_not_fit(w):
    """one that is missing, doubled, out of order or without end: refused"""
    for script in ("case $1 in *'(part 1)'*) echo 1/3:abc;; *) echo 3/3:abc;; esac", "echo 1/2:abc", "echo 2/2:abc",
                   "case $1 in *'(part 1)'*) echo 1/3:abc;; *) echo 2/2:abc;; esac"):
        kept_out(w, "not believed", askpass=robot.write_askpass("/root/parts", script), log=["a part is missing"])
    n = 'n=$(echo "$1" | sed "s/.*(part //; s/).*//")'
    kept_out(w, "not believed", log=["too long"],
             askpass=robot.write_askpass("/root/parts", n + "; echo \"$n/20:$(head -c 990 /dev/zero | tr '\\0' a)\""))


@check.test
def garbage(w):
    """INT-06: whatever else may be said there, and nothing of it is in a log"""
    for text in ("hunter2hunter2", "e30.e30.", "a b c", "\\033[2J", "{}", "x" * 900):
        kept_out(w, "not believed", askpass=robot.write_askpass("/root/garbage", f"printf '{text}\\n'"))
    check.lacks(w.daemon.log() + w.system_log.text, "hunter2", "x" * 100)


@check.test
def a_person(w):
    """somebody at that prompt: Enter brings a sentence that helps, and the name of no person is asked"""
    with w.ssh("deploy", "id") as t:
        t.expect(r"\(deploy@localhost\) Latchkey: signed assertion for deploy on workstation, nonce [A-Za-z0-9_-]{22} \(part 1\): ")
        t.send("\n")
        t.expect("this is a service account")
        check.contains(" ".join(t.text.split()), "latchkey assert", "SSH_ASKPASS")


@check.test
def claims(w):
    """T16: for another host, another account, another question: refused, and the log says which"""
    for other, log in (({"aud": "db1"}, "its audience is not this host"), ({"aud": [HOST, "db1"]}, "not this host alone"),
                       ({"sub": "backup"}, "its subject is another one"), ({"iss": "backup"}, "it is from another issuer"),
                       ({"nonce": "A" * 22}, "its nonce is not the one"), ({"exp": int(time.time()) + 900}, "longer than may be"),
                       ({"jti": None}, "its jti is missing")):
        made = {k: v for k, v in claims_of_now(**other).items() if v is not None}
        kept_out(w, "not believed", askpass=by_hand(w, "/root/other", made, key=CI_KEY), log=[log])
    let_in(w, askpass=by_hand(w, "/root/good", claims_of_now(), key=CI_KEY))


@check.test
def clocks(w):
    """AS-06: ten minutes off, in either direction: the robot reads of clocks, and the log of by how much"""
    for off, log in ((-600, "s behind this host's"), (600, "s ahead of this host's")):
        now = int(time.time()) + off
        askpass = by_hand(w, "/root/clock", claims_of_now(iat=now, exp=now + 120), key=CI_KEY)
        kept_out(w, "the clocks of this host and of whoever made what was presented differ", askpass=askpass, log=[log])


@check.test
def replay(w):
    """a jti counts once, also for the next helper; the same with a forged signature does not use it up"""
    again = claims_of_now(jti="once", exp=int(time.time()) + 280)
    kept_out(w, "not believed", askpass=by_hand(w, "/root/forged", again, key=OLD + ".rsa"), log=["its signature is wrong"])
    let_in(w, askpass=by_hand(w, "/root/once", again, key=CI_KEY))
    kept_out(w, "not believed", askpass="/root/once", log=["it was used before"])
    w.daemon.kill_and_wait_back()
    kept_out(w, "not believed", askpass="/root/once", log=["it was used before"])


@check.test
def rotated(w):
    """a key that is not registered any more lets nobody in from that moment; the new one does"""
    register(OLD, CI_KEY)
    kept_out(w, "not believed", log=["a key that is not registered"])
    robots_own(f"[assert]\nkey={OLD}\n[host localhost]\nhost={HOST}\n")
    let_in(w)
    register(KEY, CI_KEY)
    kept_out(w, "not believed", log=["a key that is not registered"])
    robots_own()
    let_in(w)
    os.chmod(KEYS, 0o666)
    kept_out(w, "not set up correctly", log=["assertion_keys"])
    os.chmod(KEYS, 0o644)


@check.test
def relayed(w):
    """a host that asks in the name of another gets no answer, and neither does a question that is none of Latchkey's"""
    for own in (f"[assert]\nkey={KEY}\n", f"[assert]\nkey={KEY}\n[host localhost]\nhost=db1\n"):
        robots_own(own)
        kept_out(w, "no answer", "this is a service account", log=["nothing was presented"])
    robots_own()
    for question in ("Password: ", "(deploy@localhost) Password: ", f"Latchkey: signed assertion for deploy on {HOST}, nonce "
                     f"{'A' * 22} (part 1): ", f"(root@localhost) Latchkey: signed assertion for deploy on {HOST}, nonce "
                     f"{'A' * 22} (part 1): ", "Are you sure you want to continue connecting (yes/no/[fingerprint])? ", ""):
        status, text = w.run(f"{world.PROGRAMS}/latchkey", "assert", "--", question)
        check.equal(status != 0, True, text)
        check.lacks(text, "eyJ")
    # Nor does ssh ask for anybody whose version puts no host in front: the server could write one there.
    world.write("/root/old-ssh", "#!/bin/sh\necho OpenSSH_8.4p1 >&2\n", 0o755)
    status, text = w.run("sh", "-c", f"{ASKPASS} \"(deploy@{HOST}) Latchkey: signed assertion for deploy on {HOST}, nonce "
                         f"{'A' * 22} (part 1): \"; true", env={**w.environment(), "PATH": f"{world.PROGRAMS}:/usr/bin:/bin"})
    check.contains(text, "OpenSSH 8.5 or later")
    let_in(w)


@check.test
def workload(w):
    """the ID token of a CI system, long and in parts: once, for this host, from that repository"""
    token = "/root/ci.jwt"
    robots_own(f"[host localhost]\nhost={HOST}\ntoken_file={token}\n")

    def mint(**more):
        world.write(token, robot.jwt(CI_KEY, w.ci.claims(**more), kid="ci-1") + "\n", 0o600)
    mint(padding="x" * 9000)
    let_in(w)
    check.contains(w.daemon.log(), 'detail="by workload token"')
    kept_out(w, "not believed", log=["it was used before"])
    w.daemon.restart()
    kept_out(w, "not believed", log=["it was used before"])
    for more, log in (({"sub": "repo:acme/other:ref:refs/heads/main"}, "its subject is another one"),
                      ({"environment": "staging"}, "a claim that it must have"),
                      ({"exp": int(time.time()) - 100, "iat": int(time.time()) - 400}, "it has expired")):
        mint(**more)
        kept_out(w, "not believed", log=[log])
    mint(aud="https://elsewhere.example")  # the robot itself hands on none that is for somebody else
    kept_out(w, "the token's audience is not workstation", log=["nothing was presented"])
    # the CI system has another key now: fetched once
    w.ci.keys = [robot.jwk(OLD + ".rsa", "ci-2")]
    world.write(token, robot.jwt(OLD + ".rsa", w.ci.claims(), kid="ci-2"), 0o600)
    let_in(w)
    robots_own()


@check.test
def keys_from_a_url(w):
    """the robot's keys are at a URL: fetched once for many, and once more for a key that is not known"""
    w.ci.keys = [robot.jwk(CI_KEY, "r-1")]
    section(w, assertion_keys=None, assertion_jwks_uri=f"{w.ci.issuer}/jwks")
    w.ci.requests.clear()
    for _ in range(2):
        let_in(w, askpass=by_hand(w, "/root/url", claims_of_now(), key=CI_KEY, kid="r-1"))
    check.equal(w.ci.requests, ["/jwks"], "requests")
    for _ in range(2):
        kept_out(w, "not believed", askpass=by_hand(w, "/root/url", claims_of_now(), key=CI_KEY, kid="r-2"))
    check.equal(w.ci.requests, ["/jwks"] * 2, "requests, however many ask")
    section(w)


@check.test
def bounds(w):
    """from, services and accepts are looked at before anything is asked"""
    for more, log in (({"from": "192.0.2.0/24"}, "from of the service account"), ({"services": "cron"}, "services of the"),
                      ({"accepts": "workload"}, "nothing that this account accepts")):
        section(w, **more)
        kept_out(w, log=[log])
    section(w)
    let_in(w)


if __name__ == "__main__":
    world.begin()
    with world.World() as the_world:
        robot.ec(KEY)
        robot.ec(OLD)
        robot.rsa(OLD + ".rsa")
        robot.rsa(BIG, 4096)
        robot.rsa(CI_KEY)
        the_world.ci = robot.Ci(CI_KEY)
        the_world.start()
        os.mkdir(HELPERS_KEYS, 0o700)
        robot.ec(f"{HELPERS_KEYS}/deploy.pem")
        for path in (HELPERS_KEYS, f"{HELPERS_KEYS}/deploy.pem"):
            os.chown(path, *the_world.daemon_user)
        the_world.provider.people(deploy={"sub": "svc-3", "groups": [], "keys": [
            robot.public(f"{HELPERS_KEYS}/deploy.pem"), robot.public(KEY)]})
        shutil.copy(os.path.join(world.enter.TOP, "packaging", "latchkey-askpass"), ASKPASS)
        os.chmod(ASKPASS, 0o755)
        for path, line in (("passwd", f"deploy:x:{UID}:{UID}::/home/deploy:/bin/sh"), ("group", f"deploy:x:{UID}:")):
            world.write(f"/etc/{path}", world.read(f"/etc/{path}") + line + "\n")
        os.mkdir("/home/deploy")
        os.chown("/home/deploy", UID, UID)
        register(KEY, CI_KEY)
        robots_own()
        section(the_world)
        check.eventually(lambda: b"deploy" in open("/var/lib/latchkey/nss/map", "rb").read(), "a map with the mark")
        check.run(the_world)
