#!/usr/bin/python3
"""CheckAccount against a running helper whose provider is slow, silent or gone: who waits, for how long, and what becomes of
it when somebody leaves."""
import os
import signal
import sys
import threading

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))

from rig import STRANGER, Rig, run, wait_until
from tiny_provider import TinyProvider, config


class SlowProvider(TinyProvider):
    """Userinfo answers when it may; without a refresh token that is what a re-check asks."""

    def __init__(self):
        super().__init__(interval=1)
        self.asked, self.may_answer, self.status = 0, threading.Event(), 200
        self.may_answer.set()

    def get(self, h):
        if h.path != "/me":
            super().get(h)
            return
        with self.lock:
            self.asked += 1
        self.may_answer.wait(120)
        h.answer(self.status, {"sub": "s-1", "preferred_username": "alice"})

    def close(self):
        self.may_answer.set()
        super().close()


class World:
    def __enter__(self):
        self.provider = SlowProvider()
        self.rig = Rig(config(self.provider).replace("everyone = yes\n", "everyone = yes\nrecheck = 0\n")).start()
        self.rig.wait_log("is ready")
        c = self.rig.client()
        c.call("io.latchkey.Authenticate", more=True, version=1, user="alice", service="sshd")
        assert c.reply()["parameters"]["state"] == "challenge"
        self.provider.approve_last("alice", "s-1")
        assert c.reply()["parameters"]["state"] == "granted"
        self.provider.asked = 0
        return self

    def __exit__(self, *_):
        self.provider.close()
        self.rig.close()

    def begin(self):
        c = self.rig.client()
        c.call("io.latchkey.CheckAccount", version=1, user="alice", service="cron", signed_in=False)
        return c

    def until_asked(self):
        wait_until(lambda: self.provider.asked > 0, self.rig.log)


YES = {"parameters": {}}


def test_many_wait_for_one_answer():
    """R14: a hundred sessions of one account at once are one question."""
    with World() as w:
        w.provider.may_answer.clear()
        waiting = [w.begin() for _ in range(100)]
        w.until_asked()
        # Others are served meanwhile, and the provider's slowness alone ends nothing (C15).
        assert "error" in w.rig.client().ask("io.latchkey.CheckAccount", version=1, user="root", signed_in=False)
        w.provider.may_answer.set()
        assert [c.reply() for c in waiting] == [YES] * 100
        assert w.provider.asked == 1, w.provider.asked


def test_who_leaves_takes_nobody_along():
    """R6, L2: connections end while the provider is asked; the one that stays gets the answer."""
    with World() as w:
        w.provider.may_answer.clear()
        first, stays, last = w.begin(), w.begin(), w.begin()
        w.until_asked()
        first.close()
        last.close()
        w.provider.may_answer.set()
        assert stays.reply() == YES
        assert stays.ask("io.latchkey.CheckAccount", version=1, user="alice", signed_in=True) == YES, "the connection goes on"
        assert w.rig.log().count("decision=account") == 2, w.rig.log()


def test_who_talks_meanwhile_is_cut_off():
    with World() as w:
        w.provider.may_answer.clear()
        c = w.begin()
        w.until_asked()
        c.call("io.latchkey.GetVersion")
        assert c.reply() is None
        w.provider.may_answer.set()
        assert w.begin().reply() == YES


def test_no_answer_is_no_yes():
    """C9: after ten seconds the answer is a no for now, and the next one who comes is not refused for it."""
    with World() as w:
        w.provider.may_answer.clear()
        c = w.begin()
        reply = c.reply()["parameters"]
        assert reply["reason"] == "unavailable", reply
        w.provider.may_answer.set()
        wait_until(lambda: w.begin().reply() == YES, w.rig.log)


def test_helper_dies_in_the_middle():
    """C8: whoever waits sees the connection end, and a new helper answers."""
    with World() as w:
        w.provider.may_answer.clear()
        c = w.begin()
        w.until_asked()
        w.rig.helper.stop(signal.SIGKILL)
        assert c.reply() is None
        w.provider.may_answer.set()
        w.rig.helper.start()
        assert w.begin().reply() == YES


def test_l1_root_alone():
    """L1: nobody else learns by it who may log in, or makes the provider work."""
    with World() as w:
        reply = w.rig.client(STRANGER).ask("io.latchkey.CheckAccount", version=1, user="alice", signed_in=False)
        assert reply["error"] == "io.latchkey.NotPermitted", reply
        assert w.provider.asked == 0


if __name__ == "__main__":
    run([f for name, f in sorted(globals().items()) if name.startswith("test_")])
