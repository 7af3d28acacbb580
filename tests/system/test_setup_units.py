#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""latchkey setup where systemd is process 1: one command from an installation to a login, and back."""
import check
import fresh
import people

UNITS = ("latchkey.socket", "latchkey-resolve.socket", "latchkey-fetch.socket", "latchkey-root.socket", "latchkeyd.service")


def set_up(w, *more):
    return w.run(*w.inside(*fresh.command(w, "--yes", *more)))


@check.test
def one_command(w):
    """the helper is enabled and started, PAM follows, sshd reads its configuration anew, and alice is in"""
    w.before = fresh.snapshot()
    status, text = set_up(w)
    check.equal(status, 0, text)
    check.contains(text, "systemctl enable --now latchkeyd.service", "Starting the helper.", "Writing /etc/pam.d/common-auth",
                   "ssh.service reads its configuration anew.", "Done.")
    for unit in UNITS:
        w.done("systemctl", "is-enabled", unit)
        w.done("systemctl", "is-active", unit)
    with w.ssh("alice") as t:
        people.sign_in(t, "alice")
        t.expect(r"alice@workstation:~\$")


@check.test
def again(w):
    """a second time changes nothing; another answer reaches the helper, and only what it is about changes"""
    before = fresh.snapshot()
    started = w.done("systemctl", "show", "--value", "-p", "MainPID", "latchkeyd")
    status, text = set_up(w)
    check.equal(status, 0, text)
    check.contains(text, "There is nothing to change.")
    check.equal(fresh.differs(before), [])
    check.equal(w.done("systemctl", "show", "--value", "-p", "MainPID", "latchkeyd"), started)
    status, text = set_up(w, "--users", "bob")
    check.equal(status, 0, text)
    check.equal(fresh.differs(before), ["/etc/latchkey/latchkey.conf"])
    check.equal(w.done("systemctl", "show", "--value", "-p", "MainPID", "latchkeyd") != started, True, "a restart")


@check.test
def a_helper_that_does_not_start(w):
    """PAM is not enabled where the helper cannot start, and the way back is open"""
    check.equal(w.run(*w.inside("latchkey", "setup", "--undo", "--yes"))[0], 0)
    w.done("systemctl", "mask", "--runtime", "latchkeyd.service")
    try:
        status, text = set_up(w)
        check.equal(status, 1, text)
        check.contains(text, "run it again to go on, or --undo")
        check.lacks(text, "Writing /etc/pam.d")
    finally:
        w.done("systemctl", "unmask", "--runtime", "latchkeyd.service")
    status, text = w.run(*w.inside("latchkey", "setup", "--undo", "--yes"))
    check.equal(status, 0, text)


@check.test
def back(w):
    """everything is as it was, and our units are neither enabled nor running"""
    check.equal(fresh.differs(w.before), [])
    for unit in UNITS:
        check.equal(w.run(*w.inside("systemctl", "is-enabled", unit))[1].strip(), "disabled", unit)
        check.equal(w.run(*w.inside("systemctl", "is-active", unit))[1].strip(), "inactive", unit)


if __name__ == "__main__":
    fresh.begin()
    with fresh.Booted() as machine:
        machine.start()
        check.run(machine)
