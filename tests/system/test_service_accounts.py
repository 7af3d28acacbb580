#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Accounts that no person is behind: su, cron and units (PAMName= of systemd, by pamtester) open while a real provider grants a
token by the JWT bearer grant, and are refused when it does not; their tokens, their keys, and whose they are not."""
import base64
import json
import os
import re
import subprocess
import time
import urllib.request

import check
import enter
import people
import world

COMMAND = f"{world.PROGRAMS}/latchkey"
KEYS = "/var/lib/latchkey/private/keys"
CRON = ("/usr/sbin/cron", os.path.join(enter.TOP, "build/packages/cron/usr/sbin/cron"))
MAIL_UID = 451  # of an account of the system that is a service account
SUBJECTS = {"borg": "svc-1", "mailer": "svc-2", "deploy": "svc-3", "agent": "latchkey-service"}


def make_key(w, name, *how):
    path = f"{KEYS}/{name}.pem"
    if os.path.exists(path):
        os.unlink(path)
    subprocess.run(["openssl", "genpkey", "-out", path, *(how or ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))],
                   check=True, capture_output=True)
    os.chmod(path, 0o600)
    os.chown(path, *w.daemon_user)
    return subprocess.run(["openssl", "pkey", "-in", path, "-pubout"], check=True, capture_output=True, text=True).stdout


def section(name="borg", **more):
    keys = {"subject": name, "identity_subject": SUBJECTS[name], "key": name, "services": "su cron borg-unit", **more}
    return "\n".join(f"{k}={v}" for k, v in keys.items() if v is not None)


def given(w, latchkey="", recheck=0, ends="no", **sections):
    """The helper's configuration with these service accounts: NAME=section(...)"""
    w.provider.clear()
    w.reconfigure(**{f"provider {world.PROVIDER}": f"issuer={w.provider.issuer}\nclient_id=latchkey",
                     "latchkey": f"allow_insecure_loopback=yes\nend_sessions={ends}\n{latchkey or 'background_recheck_max=0s'}",
                     "access": f"everyone=yes\nrecheck={recheck}",
                     **{f"service-account {name}": text for name, text in sections.items()}})


def disabled(w, name="borg", is_so=True):
    w.provider.people(**{name: {"disabled": is_so}})


def by_su(w, name="borg"):
    return w.run("su", "-s", "/bin/sh", name, "-c", "echo let-in")


def by_unit(w, name="borg"):
    """What systemd does for PAMName=."""
    return w.run("pamtester", "borg-unit", name, "acct_mgmt", "setcred(PAM_ESTABLISH_CRED)", "open_session", "close_session")


def by_cron(w, name="borg"):
    """A job that is due when cron starts. Return: has it run."""
    ran = "/tmp/cron-ran"
    for path in ("/run/crond.reboot", "/run/crond.pid", ran):
        if os.path.exists(path):
            os.unlink(path)
    crontab = f"/var/spool/cron/crontabs/{name}"
    world.write(crontab, f"SHELL=/bin/sh\n@reboot id -un > {ran}.new; mv {ran}.new {ran}\n", 0o600)
    os.chown(crontab, uid_of(name), -1)
    mark = len(w.system_log.lines)
    daemon = subprocess.Popen([next(c for c in CRON if os.path.exists(c)), "-f"], stdin=subprocess.DEVNULL)
    try:
        check.eventually(lambda: os.path.exists(ran) or any("cron:account" in line and "refused" in line
                                                            for line in w.system_log.lines[mark:]), "cron's decision")
        return os.path.exists(ran)
    finally:
        daemon.terminate()
        daemon.wait()
        os.unlink(crontab)


def uid_of(name="borg"):
    fields = subprocess.run(["getent", "passwd", name], capture_output=True, text=True, check=True).stdout.split(":")
    return int(fields[2])


def ways(w, name="borg"):
    return {"su": by_su(w, name) == (0, "let-in\n"), "unit": by_unit(w, name)[0] == 0, "cron": by_cron(w, name)}


ALL, NONE = dict.fromkeys(("su", "unit", "cron"), True), dict.fromkeys(("su", "unit", "cron"), False)


def token(w, *arguments, name="borg", uid=None):
    uid = uid_of(name) if uid is None else uid
    return w.run(COMMAND, "token", *arguments, user=(uid, uid))


def asked(w):
    return [r for r in w.provider.from_helper("token") if "assertion" in r]


def claims_of(jwt):
    payload = jwt.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@check.test
def while_it_is_granted(w):
    """su, a cron job and a unit open; disabled at the provider they are refused; enabled again they open, without anybody's doing"""
    given(w, borg=section())
    check.equal(ways(w), ALL, "granted")
    disabled(w)
    try:
        check.equal(ways(w), NONE, "disabled")
        check.contains(w.daemon.log(), "the account is disabled")
        status, text = token(w)
        check.equal(status, 1, text)
    finally:
        disabled(w, is_so=False)
    time.sleep(2.1)  # for how long a no counts by itself
    check.equal(ways(w), ALL, "granted again")


@check.test
def an_account_of_the_system(w):
    """one of /etc/passwd with a number of the system is a service account as well; its line stays what NSS says (I1)"""
    given(w, mailer=section("mailer"))
    check.equal(uid_of("mailer"), MAIL_UID)
    check.equal(ways(w, "mailer"), ALL, "granted")
    check.equal(token(w, name="mailer")[0], 0, "its token")
    disabled(w, "mailer")
    try:
        check.equal(ways(w, "mailer"), NONE, "disabled")
    finally:
        disabled(w, "mailer", is_so=False)


@check.test
def within_one_recheck(w):
    """what the provider said counts for recheck, and then it is asked again"""
    given(w, borg=section())
    check.equal(by_su(w), (0, "let-in\n"))
    given(w, recheck=3, borg=section())
    disabled(w)
    try:
        check.equal(by_su(w), (0, "let-in\n"), "of a moment ago")
        check.equal(asked(w), [], "questions")
        check.eventually(lambda: by_su(w)[0] != 0, "refused within one re-check")
    finally:
        disabled(w, is_so=False)
    check.eventually(lambda: by_su(w)[0] == 0, "good again")


@check.test
def what_is_shown(w):
    """AS-03, AS-04: iss, sub, aud, a short life, iat, and a jti of its own each time; no secret besides"""
    given(w, borg=section(scope="openid groups"))
    for _ in range(3):
        check.equal(by_su(w)[0], 0)
    seen = [claims_of(r["assertion"]) for r in asked(w)]
    check.equal(len(seen), 3, "questions")
    check.equal(len({c["jti"] for c in seen}), 3, "jti")
    for c in seen:
        check.equal((c["iss"], c["sub"], c["aud"]), ("latchkey", "borg", w.provider.issuer))
        check.equal(0 < c["exp"] - c["iat"] <= 300, True, f"{c}")
    for r in asked(w):
        check.equal(r["params"]["scope"], "openid groups")
        check.equal(set(k for k, v in r["params"].items() if v), {"grant_type", "assertion", "scope", "client_id"} & set(r["params"]))


@check.test
def whose_token_it_is(w):
    """an ID token that comes along must be the account's: identity_subject"""
    given(w, borg=section(scope="openid"))
    check.equal(by_su(w)[0], 0)
    given(w, deploy=section("deploy", subject="borg", key="borg", scope="openid"))
    check.equal(by_su(w, "deploy")[0] != 0, True)
    check.contains(w.daemon.log(), "another identity's than the service account's")


@check.test
def not_for_everything(w):
    """services and nothing else; no person gets in by its name, whatever [access] says (I4, I18)"""
    given(w, borg=section(services="cron"))
    check.equal(by_su(w)[0] != 0, True, "su")
    check.equal(by_unit(w)[0] != 0, True, "unit")
    check.contains(w.daemon.log(), "services of the service account does not name this one")
    check.equal(asked(w), [], "the provider was asked in vain")
    check.equal(by_cron(w), True, "cron")
    given(w, borg=section(services=None))
    check.equal(ways(w), NONE)
    check.equal(w.provider.from_helper("device"), [], "codes")


@check.test
def tokens(w):
    """the service's own uid gets its token, which is good there, and nobody else does (L1)"""
    given(w, borg=section(scope="openid"))
    status, text = token(w)
    check.equal(status, 0, text)
    said = subprocess.run(["curl", "-sS", "-H", "@-", f"{w.provider.issuer}/me"], input=f"Authorization: Bearer {text}",
                          capture_output=True, text=True, check=True).stdout
    check.equal(json.loads(said)["sub"], "svc-1")
    check.equal(w.run(COMMAND, "token")[0], 1, "root")
    check.equal(token(w, uid=MAIL_UID)[0], 1, "another account")
    check.equal(token(w, uid=1000)[0], 1, "a person")
    check.lacks(w.daemon.log(), text.strip())
    script = (f'curl -sS -H @"$LATCHKEY_TOKEN_FILE" {w.provider.issuer}/me; cat "$LATCHKEY_TOKEN_FILE" "$LATCHKEY_TOKEN_FILE"; '
              'echo "$@"; tr "\\0" "\\n" < /proc/self/environ; echo x > "$LATCHKEY_TOKEN_FILE"; exit 7')
    status, said = token(w, "--header", "--exec", "sh", "-c", script, "sh", "--json", "-h")
    check.equal(status, 7, said)
    check.contains(said, '"sub":"svc-1"', "--json -h", "LATCHKEY_TOKEN_FILE=/dev/fd/")
    check.equal(said.count("Authorization: Bearer"), 2, "read twice, and not from the environment")
    check.equal(token(w, "--exec", "/nonexistent")[0], 1, "no such command")
    check.equal(token(w, "--exec")[0], 2, "no command")


@check.test
def ready_and_renewed_once(w):
    """a token is there before anybody asks, is renewed at two thirds of its life, and once for any number of askers"""
    w.provider.settings(accessTokenTtl=9)
    try:
        given(w, "background_recheck_min=1s\nbackground_recheck_max=1h", borg=section())
        check.eventually(lambda: len(asked(w)) == 1, "the first, unasked")
        first = token(w)[1]
        check.equal(len(asked(w)), 1, "it was ready")
        check.eventually(lambda: len(asked(w)) >= 2, "renewed")
        times = [r["time"] / 1000 for r in asked(w)]
        check.equal(times[1] - times[0] < 9, True, f"before its end: {times}")
        check.eventually(lambda: token(w)[1] != first, "the new one is handed out")
    finally:
        w.provider.settings(accessTokenTtl=3600)
    given(w, borg=section())  # nothing in the background
    uid = uid_of()
    many = [subprocess.Popen(["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", COMMAND, "token"],
                             stdout=subprocess.PIPE) for _ in range(20)]
    check.equal(len({p.communicate()[0] for p in many}), 1, "one token for all")
    check.equal(len(asked(w)), 1, "questions")


@check.test
def sessions_end(w):
    """with a session open the provider is asked in the background, and its no ends what runs"""
    w.provider.settings(accessTokenTtl=4)
    try:
        given(w, "end_sessions_grace=0s\nbackground_recheck_min=1s\nbackground_recheck_max=2s", ends="yes", borg=section())
        with subprocess.Popen(["su", "-s", "/bin/sh", "borg", "-c", "exec sleep 300"], stdin=subprocess.DEVNULL) as session:
            check.eventually(lambda: w.run("pgrep", "-u", str(uid_of()), "sleep")[0] == 0, "the session")
            disabled(w)
            check.eventually(lambda: session.poll() is not None, "its end")
    finally:
        disabled(w, is_so=False)
        w.provider.settings(accessTokenTtl=3600)


@check.test
def clocks(w):
    """AS-06: ten minutes off in either direction: refused with the clock's name, no session ends, and it is not asked in a loop"""
    given(w, borg=section())
    check.eventually(lambda: by_su(w)[0] == 0, "granted")
    for offset, words in ((600, r"clock is \d+ s behind the provider's"), (-600, r"clock is \d+ s ahead of the provider's")):
        w.provider.clear()
        w.provider.settings(clockOffset=offset)
        try:
            mark = len(w.daemon.log())
            check.equal(by_su(w)[0] != 0, True, f"{offset}")
            check.equal(bool(re.search(words, w.daemon.log()[mark:])), True, w.daemon.log()[mark:])
            check.equal(len(asked(w)), 1, "questions")
        finally:
            w.provider.settings(clockOffset=0)
        check.eventually(lambda: by_su(w)[0] == 0, "the clock is right again")


@check.test
def neither_yes_nor_no(w):
    """5xx, a cut connection and nonsense are no yes: refused now, good again by itself"""
    given(w, borg=section())
    for kind, more in (("reply", {"status": 503}), ("close", {}), ("reply", {"body": "<html>"}),
                       ("reply", {"status": 200, "body": {"access_token": 7}})):
        w.provider.fault("token", kind, **more)
        check.equal(by_su(w)[0] != 0, True, f"{kind} {more}")
        w.provider.clear()
        check.eventually(lambda: by_su(w)[0] == 0, f"after {kind} {more}")


@check.test
def keys(w):
    """R13: the key is nobody's but the helper's; one that others can read is refused; one that was rotated counts at once"""
    given(w, borg=section())
    check.equal(by_su(w)[0], 0)
    path = f"{KEYS}/borg.pem"
    check.equal(w.run("cat", path, user=(uid_of(), uid_of()))[0] != 0, True, "read by the service")
    secret = world.read(path).splitlines()[1]
    check.lacks(w.daemon.log() + w.system_log.text, secret)
    os.chmod(path, 0o644)
    try:
        mark = len(w.daemon.log())
        check.equal(by_su(w)[0] != 0, True, "a key that others can read")
        check.contains(w.daemon.log()[mark:], "the key of the service account cannot be used")
    finally:
        os.chmod(path, 0o600)
    check.eventually(lambda: by_su(w)[0] == 0, "private again")
    old = world.read(path)
    public = make_key(w, "borg", "-algorithm", "RSA")
    check.equal(by_su(w)[0] != 0, True, "a key that the provider does not know")
    w.provider.people(borg={"keys": [public]})
    time.sleep(2.1)
    check.equal(by_su(w)[0], 0, "the provider knows it, and nothing was restarted")
    world.write(path, old, 0o600)
    os.chown(path, *w.daemon_user)
    check.equal(by_su(w)[0] != 0, True, "the old key")
    w.provider.people(borg={"keys": [subprocess.run(["openssl", "pkey", "-in", path, "-pubout"], check=True,
                                                      capture_output=True, text=True).stdout]})
    time.sleep(2.1)
    check.equal(by_su(w)[0], 0)


@check.test
def a_client_of_its_own(w):
    """client credentials with the account's key (AS-01, AS-02); without a token no session"""
    given(w, agent=section("agent", subject=None, identity_subject=None, grant="client-credentials", client_id="latchkey-service"))
    check.equal(by_su(w, "agent"), (0, "let-in\n"))
    check.equal([r["grant"] for r in w.provider.from_helper("token")], ["client_credentials"])
    check.equal(token(w, name="agent")[0], 0)
    w.provider.fault("token", "reply", status=401, body={"error": "invalid_client"})
    check.equal(by_su(w, "agent")[0] != 0, True, "the client is gone")
    check.contains(w.daemon.log(), "the client is gone there, or this key is not known")


class Stub:
    """tests/system/stub-provider.mjs, with one service account of its dialect."""

    def __init__(self, dialect, **service):
        self.process = subprocess.Popen(["node", os.path.join(enter.TOP, "tests/system/stub-provider.mjs")], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        facts = json.loads(self.process.stdout.readline())
        self.issuer, self.control, self.service = facts["issuer"], facts["control"], service
        self.set(dialect=dialect, service=service)

    def _ask(self, path, body=None):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.control + path, body and json.dumps(body).encode(), timeout=60) as reply:
            return json.load(reply)

    def set(self, **scenario):
        self._ask("", scenario)

    def forms(self):
        return [q["form"] for q in self._ask("/log") if "assertion" in q["form"]]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


@check.test
def salesforce(w):
    """Salesforce: its audience, window, certificate, no scope, no refresh token, and each of its refusals for what it is"""
    make_key(w, "crm", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    certificate = subprocess.run(["openssl", "req", "-x509", "-key", f"{KEYS}/crm.pem", "-subj", "/CN=crm", "-days", "2"], check=True,
                                 capture_output=True, text=True).stdout
    with Stub("salesforce", client="3MVG9", subject="crm@example.com", certificate=certificate) as stub:
        w.reconfigure(**{f"provider {world.PROVIDER}": f"issuer={stub.issuer}\nclient_id=3MVG9\ndialect=salesforce",
                         "latchkey": "allow_insecure_loopback=yes\nend_sessions=no\nbackground_recheck_max=0s",
                         "access": "everyone=yes\nrecheck=0",
                         "service-account crm": "subject=crm@example.com\nkey=crm\nservices=su"})
        check.equal(by_su(w, "crm"), (0, "let-in\n"))
        check.equal(token(w, name="crm")[1].startswith("00D"), True, "its token")
        form = stub.forms()[-1]
        claims = claims_of(form["assertion"])
        check.equal((claims["iss"], claims["sub"], claims["aud"]), ("3MVG9", "crm@example.com", stub.issuer))
        check.equal(claims["exp"] - claims["iat"] <= 180, True, f"{claims}")
        check.equal(set(form) - {"client_id"}, {"grant_type", "assertion"})
        mark = len(w.daemon.log())
        for word, text, is_no, says in (
                ("invalid_grant", "user hasn't approved this consumer", True, "pre-authorize the app"),
                ("invalid_app_access", "user is not admin approved to access this app", True, "approved users only"),
                ("inactive_user", "user is inactive", True, "inactive_user"),
                ("invalid_grant", "ip restricted or invalid login hours", True, "ip restricted"),
                ("invalid_grant", "no valid scopes defined", False, "give the app a scope"),
                ("invalid_client", "invalid client credentials", False, "certificate")):
            stub.set(service={**stub.service, "error": word, "text": text})
            check.eventually(lambda says=says: by_su(w, "crm")[0] != 0 and says in w.daemon.log()[mark:], f"{word} {text}")
            check.equal("result=refused" in w.daemon.log()[mark:], is_no, w.daemon.log()[mark:])
            stub.set(service=stub.service)
            check.eventually(lambda: by_su(w, "crm")[0] == 0, f"after {word} {text}")
            mark = len(w.daemon.log())
        for change, says in (({"subject": "other@example.com"}, "subject must be the username"),
                             ({"client": "other"}, "client_id must be the consumer key"),
                             ({"certificate": other_certificate(w)}, "is this key's certificate the one that the app has?")):
            stub.set(service={**stub.service, **change})
            check.eventually(lambda says=says: by_su(w, "crm")[0] != 0 and says in w.daemon.log()[mark:], f"{change}")
        stub.set(service=stub.service, date_s=600)
        check.eventually(lambda: by_su(w, "crm")[0] != 0 and "s behind the provider's" in w.daemon.log()[mark:], "a clock that is behind")
        stub.set(date_s=-600)
        check.eventually(lambda: by_su(w, "crm")[0] != 0 and "s ahead of the provider's" in w.daemon.log()[mark:], "a clock that is ahead")
        stub.set(date_s=0)
        check.eventually(lambda: by_su(w, "crm")[0] == 0, "good again")


def other_certificate(w):
    make_key(w, "other", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
    return subprocess.run(["openssl", "req", "-x509", "-key", f"{KEYS}/other.pem", "-subj", "/CN=other", "-days", "2"], check=True,
                          capture_output=True, text=True).stdout


@check.test
def nothing_to_ask(w):
    """grant=none: cron, su and units are refused, and the provider is not asked"""
    given(w, borg=section(grant="none", key=None))
    check.equal(ways(w), NONE)
    check.equal(asked(w), [])
    check.contains(w.daemon.log(), "the provider is never asked")


@check.test
def somebody_has_the_name(w):
    """a name that a person holds is not taken, and from then on nobody gets in by it (I4, I6)"""
    given(w)
    with w.ssh("bob", "echo let-in") as t:
        people.sign_in(t, "bob")
        check.equal(t.finish(), 0, t.text)
    SUBJECTS["bob"] = "svc-9"
    w.provider.people(borg={"disabled": False})
    given(w, bob=section("bob", subject="borg", key="borg", services="su sshd"))
    check.contains(w.daemon.log(), "[service-account bob] counts for nothing: the name is another identity's")
    check.equal(by_su(w, "bob")[0] != 0, True)
    check.contains(w.daemon.log(), "the name is held by another identity than the service account's")


def main():
    world.begin()
    with world.World() as w:
        w.make()
        os.mkdir(KEYS, 0o700)
        os.chown(KEYS, *w.daemon_user)
        public = {name: make_key(w, name) for name in SUBJECTS}
        w.provider.options["serviceKey"] = public["agent"]
        with open("/etc/passwd", "a", encoding="utf-8") as f:
            f.write(f"mailer:x:{MAIL_UID}:{MAIL_UID}::/:/usr/sbin/nologin\n")
        with open("/etc/group", "a", encoding="utf-8") as f:
            f.write(f"mailer:x:{MAIL_UID}:\n")
        with open("/etc/shadow", "a", encoding="utf-8") as f:
            f.write("mailer:*:19000:0:99999:7:::\n")
        for name in ("cron", "borg-unit"):
            world.write(f"/etc/pam.d/{name}", world.PAM_STACKS["su"].replace("auth sufficient pam_rootok.so", "").format(
                module=f"{world.PROGRAMS}/pam_latchkey.so", options="").lstrip())
        w.provider.start()
        w.provider.people(**{name: {"sub": SUBJECTS[name], "keys": [public[name]], "groups": []} for name in SUBJECTS})
        w.configure()
        for unit in w.units.values():
            unit.start()
        w.start_sshd()
        check.run(w)


main()
