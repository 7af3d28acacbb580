# SPDX-License-Identifier: MIT
"""A runner for scripts of system tests: one function a test, one world for all, one closing line."""
import glob
import os
import re
import sys
import time
import traceback

from patience import PATIENCE

_tests = []


def test(function):
    """Marks a function as a test; it is called with the world."""
    _tests.append(function)
    return function


def contains(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f"{part!r} is missing in:\n{text}")


def lacks(text, *parts):
    for part in parts:
        if part in text:
            raise AssertionError(f"{part!r} stands in:\n{text}")


def equal(got, wanted, what=""):
    if got != wanted:
        raise AssertionError(f"{what}: {got!r} where {wanted!r} was expected")


def eventually(condition, what, timeout=PATIENCE):
    """Waits until @condition holds; returns its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(0.05)


def comes_to_rest(value, what, seconds=2.5):
    """Waits until @value has been the same for @seconds; what was under way at the beginning may still arrive."""
    def is_at_rest():
        before = value()
        time.sleep(seconds)
        return value() == before
    eventually(is_at_rest, what)


def logged(world, *parts):
    """Waits until the system log has all of these; it is collected while the tests run."""
    for part in parts:
        eventually(lambda part=part: part in world.system_log.text, f"{part!r} in the system log")


def sanitizer_reports(world):
    """What the sanitizers said in any process of the world, as one text."""
    paths = glob.glob("/var/log/sanitizer*") + [u.log_path for u in world.units.values()]
    found = []
    for path in paths:
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="backslashreplace") as f:
                found += [line for line in f if re.search(r"Sanitizer|runtime error:|^ +#\d+ ", line)]
    return "".join(found)


def run(world):
    """All tests, or those named on the command line; exits with the result."""
    wanted = [t for t in _tests if len(sys.argv) < 2 or t.__name__ in sys.argv[1:]]
    failed = 0
    for function in wanted:
        start = time.monotonic()
        logs = {u.name: len(u.log()) for u in world.units.values()}
        lines = len(world.system_log.lines)
        try:
            world.provider.clear()
            function(world)
            result = "ok  "
        except Exception:  # pylint: disable=broad-except
            failed += 1
            result = "FAIL"
            traceback.print_exc(file=sys.stdout)
            for unit in world.units.values():
                print(f"--- {unit.name}\n{unit.log()[logs[unit.name]:]}")
            print("--- system log\n" + "\n".join(world.system_log.lines[lines:]))
        words = (function.__doc__ or function.__name__).strip().splitlines()[0]
        print(f"  {result} {words} ({time.monotonic() - start:.1f} s)", flush=True)
    reports = sanitizer_reports(world)
    if reports:
        failed += 1
        print(f"{reports}\n  FAIL reports of the sanitizers")
    print(f"{len(wanted) - failed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed else 0)
