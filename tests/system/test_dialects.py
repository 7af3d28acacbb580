#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sign-ins by the real flow and a real latchkey-fetch against tests/system/stub-provider.mjs: each documented dialect,
and the faults that no honest provider commits. Threats N3, N9, N13 to N20, T2, T4, T13 to T18, T21, D3 to D6."""
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "module"))
import fetch_bench as bench  # noqa: E402

STUB = os.path.join(HERE, "stub-provider.mjs")
FLOW = os.path.join(bench.BUILD, "tests", "system", "oauth_flow")
TENANT = "11111111-2222-3333-4444-555555555555"
DONE, DENIED, EXPIRED = "done", "denied by the person", "not approved in time"
UNREACHABLE, BAD = "provider cannot be reached", "reply outside the specification"
CLIENT, REFUSED, INVALID = "client refused by the provider", "refused by the provider", "token not valid"
THROTTLED = "throttled by the provider"


class Case:
    def __init__(self, name, outcome, says="", dialect="generic", flow=(), check=None, **scenario):
        self.name, self.outcome, self.says, self.dialect, self.check = name, outcome, says, dialect, check
        self.flow = list(flow)
        self.scenario = {"dialect": dialect, **scenario}


def subject(expected):
    def check(result, _):
        assert result["subject"] == expected, result
    return check


def asked(path, times):
    def check(_, log):
        found = [q for q in log if q["path"] == path]
        assert len(found) == times, f"{path}: {len(found)} requests where {times} were expected"
    return check


def groups(*expected):
    def check(result, log):
        assert result.get("groups") == list(expected), result
        assert not any("graph.windows.net" in str(q) or "elsewhere" in q["path"] for q in log), log
    return check


def no_secret_at_start(_, log):
    posts = [q for q in log if q["method"] == "POST"]
    assert "client_secret" not in posts[0]["form"], posts[0]
    assert all(q["form"]["client_secret"] == "s3cret" for q in posts[1:]), posts


def claims(**values):
    return {"claims": values}


def fault(path, **values):
    return {path: values}


GRAPH = "/v1.0/me/checkMemberGroups"
GROUP_IDS = [f"{i:08x}-0000-0000-0000-000000000000" for i in range(45)]
OVERAGE = {"_claim_names": {"groups": "src1"},
           "_claim_sources": {"src1": {"endpoint": "http://127.0.0.1:1/elsewhere/getMemberObjects"}}}
ASKS = [f"tenant={TENANT}", f"group_check=BASE{GRAPH}", "groups=" + ",".join(GROUP_IDS)]
SECRET = {"id": "client", "secret": "s3cret"}
CANARY = {"headers": {"Location": "http://127.0.0.1:1/stolen"}}
CASES = [
    # dialects
    Case("generic", DONE, check=subject("alice-1")),
    Case("generic, secret by basic", DONE, client=SECRET, flow=["auth=basic", "secret=s3cret"]),
    Case("generic, secret by post", DONE, client=SECRET, flow=["auth=post", "secret=s3cret"]),
    Case("generic, wrong secret", CLIENT, "invalid_client", client=SECRET, flow=["auth=basic", "secret=other"]),
    Case("entra", DONE, dialect="entra", flow=[f"tenant={TENANT}"],
         check=subject(f"{TENANT}/aaaaaaaa-0000-0000-0000-000000000001")),
    Case("entra, another tenant", INVALID, dialect="entra", flow=["tenant=22222222"]),
    Case("entra, no tenants", BAD, "tenants", dialect="entra"),
    Case("entra, declined", DENIED, "authorization_declined", dialect="entra", polls=["denied"],
         flow=[f"tenant={TENANT}"]),
    Case("entra, too many groups for a token", DONE, dialect="entra", flow=ASKS, token=claims(**OVERAGE),
         groups=[GROUP_IDS[3], GROUP_IDS[44], "ffffffff-0000-0000-0000-000000000000"],
         check=groups(GROUP_IDS[3], GROUP_IDS[44])),
    Case("entra, three questions for 45 groups", DONE, dialect="entra", flow=ASKS, token=claims(**OVERAGE),
         check=asked(GRAPH, 3)),
    Case("entra, groups in the token: nothing is asked", DONE, dialect="entra", flow=ASKS,
         token=claims(groups=[GROUP_IDS[1]]), check=asked(GRAPH, 0)),
    Case("entra, Graph refuses", BAD, "groups: HTTP 403", dialect="entra", flow=ASKS, token=claims(**OVERAGE),
         faults={GRAPH: {"status": 403, "body": '{"error":{"code":"Authorization_RequestDenied"}}'}}),
    Case("entra, Graph redirects", BAD, "groups", dialect="entra", flow=ASKS, token=claims(**OVERAGE),
         faults={GRAPH: {"status": 307, "body": "", "headers": {"Location": "http://127.0.0.1:1/stolen"}}}),
    Case("entra, Graph is down at the last question", UNREACHABLE, "groups", dialect="entra", flow=ASKS,
         token=claims(**OVERAGE), faults={GRAPH: [{}, {}, {"status": 503, "body": ""}]}),
    Case("google", DONE, dialect="google", client=SECRET, flow=["auth=post", "secret=s3cret"],
         check=no_secret_at_start),
    Case("okta", DONE, dialect="okta"),
    Case("auth0, pending is 403", DONE, dialect="auth0"),
    Case("auth0, slow_down is 429", DONE, dialect="auth0", polls=["slow_down", "done"]),
    Case("auth0, expired", EXPIRED, dialect="auth0", polls=["expired"]),
    Case("keycloak", DONE, dialect="keycloak"),
    Case("github", DONE, dialect="github", flow=["userinfo=BASE/user"], check=subject("583231")),
    Case("github, form-encoded", DONE, dialect="github", flow=["userinfo=BASE/user"], form=True),
    Case("github, token_expired", EXPIRED, dialect="github", flow=["userinfo=BASE/user"], polls=["expired"]),
    Case("gitlab", DONE, dialect="gitlab"),
    Case("authentik", DONE, dialect="authentik"),
    Case("authentik, refusal looks pending", EXPIRED, dialect="authentik", polls=["denied"], flow=["lifetime=4"]),
    Case("dex, pending is 401", DONE, dialect="dex"),
    Case("salesforce", DONE, dialect="salesforce"),
    # token exchange
    Case("exchange", DONE, exchange={"takes": ["st-1"]}, flow=["exchange=st-1"], check=subject("alice-1")),
    Case("exchange of an unknown token", CLIENT, "user hasn't approved", exchange={"takes": []}, flow=["exchange=st-1"]),
    Case("exchange brings another kind", BAD, "not of the kind", exchange={"takes": ["st-1"]}, flow=["exchange=st-1"],
         reply={"issued_token_type": "urn:ietf:params:oauth:token-type:jwt"}),
    Case("exchange that is not for this client", CLIENT, "unsupported_grant_type", flow=["exchange=st-1"]),
    Case("salesforce, exchange by a handler", DONE, dialect="salesforce", exchange={"takes": ["st-1"], "handler": "MyHandler"},
         flow=["exchange=st-1", "handler=MyHandler"], check=subject("alice-1")),
    Case("salesforce, exchange without its handler", REFUSED, dialect="salesforce",
         exchange={"takes": ["st-1"], "handler": "MyHandler"}, flow=["exchange=st-1"]),
    Case("salesforce, exchange not approved", CLIENT, "user hasn't approved", dialect="salesforce", exchange={"takes": []},
         flow=["exchange=st-1"]),
    # the poll
    Case("denied", DENIED, polls=["pending", "denied"]),
    Case("expired", EXPIRED, polls=["expired"]),
    Case("invalid_grant", REFUSED, polls=["unknown_code"]),
    Case("html while polling", DONE, polls=[{"status": 503, "body": "<html>", "type": "text/html"}, "done"]),
    Case("connection breaks while polling", DONE, faults={"/token": [{"cut": 10}]}),
    Case("pending for ever", EXPIRED, polls=["pending"], flow=["lifetime=5"]),
    Case("token endpoint hangs", UNREACHABLE, faults=fault("/token", hang=True), flow=["lifetime=4"]),
    Case("token endpoint redirects", BAD, "redirects are not followed",
         faults=fault("/token", status=307, body="", **CANARY)),
    Case("tokens with an error", REFUSED, reply={"error": "nope"}),
    Case("token_type", BAD, "token_type", reply={"token_type": "mac"}),
    # the start
    Case("throttled at the start", THROTTLED, faults=fault("/device", status=429, body='{"error":"slow_down"}')),
    Case("device endpoint is down", UNREACHABLE, faults=fault("/device", status=500, body="")),
    Case("someone else's page", BAD, "verification_uri", start={"verification_uri": "https://evil.example/"}),
    Case("escape in the code", BAD, "user_code", start={"user_code": "A\u001b[2J"}),
    Case("no lifetime", BAD, "expires_in", start={"expires_in": None}),
    # discovery and keys
    Case("other issuer", BAD, "issuer", issuer="https://evil.example"),
    Case("discovery is html", BAD, faults=fault("/.well-known/openid-configuration", status=200, body="<html>")),
    Case("discovery redirects", BAD, faults=fault("/.well-known/openid-configuration", status=302, body="", **CANARY)),
    Case("discovery is down", UNREACHABLE, faults=fault("/.well-known/openid-configuration", status=503, body="")),
    Case("keys are null", BAD, faults=fault("/jwks", status=200, body='{"keys":null}')),
    Case("keys are down", UNREACHABLE, faults=fault("/jwks", status=500, body="")),
    # tokens
    Case("no ID token", INVALID, "no ID token", reply={"id_token": None}),
    Case("forged signature", INVALID, token={"forged": True}),
    Case("alg none", INVALID, token={"alg": "none"}),
    Case("algorithm that is not configured", INVALID, token={"alg": "ES256"}),
    Case("algorithm that is", DONE, token={"alg": "ES256"}, flow=["algorithm=ES256"]),
    Case("unknown kid: one look", INVALID, token={"header": {"kid": "zz"}}, check=asked("/jwks", 2)),
    Case("kid that is a path", INVALID, token={"header": {"kid": "../../dev/null"}}),
    Case("wrong audience", INVALID, token=claims(aud="other")),
    Case("wrong issuer", INVALID, token=claims(iss="https://evil.example")),
    Case("wrong azp", INVALID, token=claims(azp="other")),
    Case("expired token", INVALID, token=claims(exp=1700000000)),
    Case("token without exp", INVALID, token=claims(exp=None)),
    Case("at_hash of another token", INVALID, token=claims(at_hash="AAAAAAAAAAAAAAAAAAAAAA")),
    Case("provider's clock is behind", INVALID, "clock is", date_s=-1800),
    Case("provider's clock is ahead", INVALID, "clock is", date_s=1800),
    # userinfo
    Case("name from userinfo", DONE, token=claims(preferred_username=None), check=asked("/userinfo", 1)),
    Case("nothing is asked in vain", DONE, check=asked("/userinfo", 0)),
    Case("signed userinfo", DONE, token=claims(preferred_username=None), signed_userinfo=True),
    Case("userinfo of another", INVALID, token=claims(preferred_username=None), userinfo={"sub": "bob-2"}),
    Case("userinfo redirects", BAD, token=claims(preferred_username=None),
         faults=fault("/userinfo", status=302, body="", **CANARY)),
    Case("userinfo is down", UNREACHABLE, token=claims(preferred_username=None),
         faults=fault("/userinfo", status=500, body="")),
]


class Stub:
    def __init__(self, folder, scenario):
        path = os.path.join(folder, "scenario.json")
        with open(path, "w", encoding="utf-8") as f:
            json.dump(scenario, f)
        self.process = subprocess.Popen([STUB, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.issuer, self.control = ready["issuer"], ready["control"]
        self.base = self.control[:-len("/control")]

    def log(self):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.control + "/log") as reply:
            return json.load(reply)

    def change(self, **members):
        request = urllib.request.Request(self.control, json.dumps(members).encode())
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def start_flow(fetch, stub, dialect, flow):
    arguments = [a.replace("BASE", stub.base) for a in flow]
    return subprocess.Popen([FLOW, fetch.path, dialect, stub.issuer, *arguments], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def finish_flow(process):
    out, errors = process.communicate(timeout=180)
    assert process.returncode == 0, f"exit {process.returncode}: {errors}"
    return json.loads(out.splitlines()[-1])


def try_case(fetch, case):
    folder = tempfile.mkdtemp(prefix="lk-stub-")
    try:
        with Stub(folder, case.scenario) as stub:
            result = finish_flow(start_flow(fetch, stub, case.dialect, case.flow))
            log = stub.log()
        assert result["outcome"] == case.outcome, result
        assert case.says in result["detail"], result
        assert not any(q["early"] for q in log), "polled too early"
        assert not any("at-" in q["path"] or "s3cret" in q["path"] for q in log), "a secret in a URL"
        if case.check is not None:
            case.check(result, log)
    finally:
        shutil.rmtree(folder)


def rotated_in_mid_flow(fetch):
    """N15: keys change between discovery and the signature; one look finds the new one."""
    folder = tempfile.mkdtemp(prefix="lk-stub-")
    try:
        with Stub(folder, {"polls": ["pending"]}) as stub:
            process = start_flow(fetch, stub, "generic", [])
            assert json.loads(process.stdout.readline())["user_code"] == "WDJB-MJHT"
            stub.change(rotate=True, publish="new", polls=["done"])
            result = finish_flow(process)
            assert result["outcome"] == DONE, result
            asked("/jwks", 2)(result, stub.log())
    finally:
        shutil.rmtree(folder)


def main():
    bench.enter_sandbox()
    for program in (FLOW, STUB):
        assert os.access(program, os.X_OK), f"{program} is missing"
    jobs = [(c.name, lambda c=c: try_case(fetch, c)) for c in CASES]
    jobs.append(("key rotated in mid flow", lambda: rotated_in_mid_flow(fetch)))
    passed, lock = [], threading.Lock()
    fetch = bench.Fetch()

    def attempt(job):
        name, run = job
        try:
            run()
            with lock:
                passed.append(name)
        except Exception as e:  # each case is told, whatever became of it
            print(f"FAIL {name}: {type(e).__name__} {e}", flush=True)

    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(attempt, jobs))
    finally:
        fetch.stop()
    print(f"{len(passed)} passed, {len(jobs) - len(passed)} failed")
    return 0 if len(passed) == len(jobs) else 1


if __name__ == "__main__":
    sys.exit(main())
