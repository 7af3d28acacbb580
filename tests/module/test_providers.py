#!/usr/bin/python3
"""Two providers at once, through the real helper: which one a name selects, and that neither can speak for the other."""
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

from rig import Rig, run
from tiny_provider import TinyProvider

CONFIG = """
[latchkey]
allow_insecure_loopback = yes
[provider one]
issuer = {0}
client_id = latchkey
name_prefix = one-
[provider two]
issuer = {1}
client_id = latchkey
name_prefix = two-
[access]
everyone = yes
[limits]
codes_per_address = 1000
"""


class World:
    def __enter__(self):
        self.one, self.two = TinyProvider(interval=1), TinyProvider(interval=1)
        self.rig = Rig(CONFIG.format(self.one.issuer, self.two.issuer)).start()
        self.rig.wait_log("is ready")
        return self

    def __exit__(self, *_):
        self.rig.close()
        self.one.close()
        self.two.close()

    def sign_in(self, user, provider, claim, subject, reply_of=None):
        """The account, or the reason of the refusal."""
        c = self.rig.client()
        c.call("io.latchkey.Authenticate", more=True, version=1, user=user, service="sshd")
        while (reply := c.reply()).get("parameters", {}).get("state") != "challenge":
            if "error" in reply:
                return reply.get("parameters", {}).get("reason", reply["error"])
        assert reply["parameters"]["challenge"]["verification_uri"].startswith(provider.issuer), reply
        if reply_of:
            with provider.lock:
                for code in provider.polls:
                    provider.approved[code] = reply_of
        else:
            provider.approve_all(claim, subject)
        while (reply := c.reply())["parameters"].get("state") != "granted":
            if "error" in reply:
                return reply["parameters"]["reason"]
        return reply["parameters"]["account"]


def test_name_selects_provider():
    with World() as w:
        one = w.sign_in("one-alice", w.one, "alice", "s-1")
        assert one["provider"] == "one" and one["issuer"] == w.one.issuer, one
        assert not w.two.counts
        # I8: the same subject from another issuer is another identity
        two = w.sign_in("two-alice", w.two, "alice", "s-1")
        assert two["provider"] == "two" and two["uid"] != one["uid"], two
        assert w.sign_in("alice", w.one, "alice", "s-1") == "io.latchkey.NotOurs"
        assert w.sign_in("three-alice", w.one, "alice", "s-1") == "io.latchkey.NotOurs"


def test_t1_neither_speaks_for_the_other():
    """T1, T15: a claim that makes the other's name is not that account; a token of the other is no token."""
    with World() as w:
        assert w.sign_in("one-alice", w.one, "bob", "s-2") == "wrong-account"
        assert w.sign_in("two-bob", w.two, "bob", "s-2", w.one.token_reply("bob", "s-2")) == "token-invalid"
        # signed by one's key, yet naming two as its issuer
        name, w.one.issuer = w.one.issuer, w.two.issuer
        forged = w.one.token_reply("bob", "s-2")
        w.one.issuer = name
        assert w.sign_in("two-bob", w.two, "bob", "s-2", forged) == "token-invalid"
        assert w.sign_in("two-bob", w.two, "bob", "s-2")["name"] == "two-bob"


def test_one_is_down():
    """A provider that cannot be reached stops its own people only."""
    with World() as w:
        w.one.server.shutdown()
        w.one.server.server_close()
        assert w.sign_in("one-alice", w.one, "alice", "s-1") == "unavailable"
        assert w.sign_in("two-alice", w.two, "alice", "s-1")["name"] == "two-alice"


def test_provider_taken_away():
    """An account whose provider is not configured any more is nobody's: the other cannot take it over."""
    with World() as w:
        w.sign_in("one-alice", w.one, "alice", "s-1")
        w.rig.helper.stop()
        with open(w.rig.config, encoding="utf-8") as f:
            text = f.read()
        head, rest = text.split("[provider one]")
        two = rest[rest.index("[provider two]"):].replace("name_prefix = two-", "name_prefix = one-")
        with open(w.rig.config, "w", encoding="utf-8") as f:
            f.write(head + two)
        w.rig.helper.start()
        assert w.sign_in("one-alice", w.two, "alice", "s-1") == "io.latchkey.NotOurs"
        check = w.rig.client().ask("io.latchkey.CheckAccount", version=1, user="one-alice", service="sshd",
                                   signed_in=True)
        assert check["parameters"]["reason"] == "not-allowed", check


if __name__ == "__main__":
    run([f for name, f in sorted(globals().items()) if name.startswith("test_")])
