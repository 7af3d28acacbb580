#!/usr/bin/python3
"""Lookups through glibc, service by service, side by side: this module, a module that returns one fixed record, files, and
the neighbours, each with its own daemons and the same accounts. Read the ratios: ns depend on machine and moment.

usage: bench_nss.py [USERS...]      LK_BUILD names the build folder; needs root

Services take turns, round by round, so that whatever disturbs the machine disturbs all of them. What is asked for is
drawn at random from all users, except that the first fifty are in 32 groups each and stand for everybody there. Nothing
here fails: a service that cannot start says so in its column."""
import os
import statistics
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import aims
import neighbours
import scratch_root

SIZES = (100, 10000, 100000, 1000000)
ALL_UP_TO = 100000  # beyond it, this module and the constant one alone
ROUNDS = 7
MS = 60  # a third of it to warm up
SLOW_NS = 5e6  # a lookup that takes longer gets fewer rounds
VISIT_S = 90
FRESH = 15
QUESTIONS = {"getpwnam": "getpwnam", "getpwuid": "getpwuid", "getgrnam": "getgrnam", "getgrgid": "getgrgid",
             "initgroups": "initgroups, 32 groups", "getgrnam25": "getgrnam, 25 members", "unknown": "getpwnam, unknown"}


class Column:
    """What was found out about one service at one size."""

    def __init__(self, neighbour, users):
        self.n = neighbour
        self.title = neighbour.title
        self.why_not = None
        self.cells = {}  # (what, threads) -> numbers, or a word
        self.libraries = None
        self.note = None if neighbour.n == users else f"{self.title}: was given {neighbour.n} users only"

    def start(self):
        try:
            self.n.open()
            if self.n.visits:
                self.visit()
        except (OSError, EOFError, TimeoutError) as e:
            self.why_not = str(e)
            self.n.close()

    def visit(self):
        """Asks for everybody once, as far as the time goes."""
        end = time.monotonic() + VISIT_S
        for begin in range(0, self.n.n, 1000):
            if time.monotonic() > end:
                self.note = f"{self.title}: only {begin} of {self.n.n} users were in its cache"
                break
            self.n.ask(f"visit {begin} {min(begin + 1000, self.n.n)}", 300)

    def ask(self, key, command, number=0):
        """One more measurement for a cell; where the service fails, the cell says how, and it is started again."""
        cell = self.cells.setdefault(key, [])
        if self.why_not is not None or isinstance(cell, str):
            return
        if len(cell) >= 2 and key[1] != 0 and min(cell) > SLOW_NS:
            return
        try:
            words = self.n.ask(command)
            if words[0] == "wrong" or len(words) == 3 and words[2] != "0":
                self.cells[key] = "wrong"
                return
            cell.append(float(words[number]))
            if key[0] == "first":
                self.libraries = int(words[1])
        except (OSError, EOFError, TimeoutError) as e:
            self.cells[key] = str(e)
            self.n.close()
            self.start()

    def best(self, what, threads=1):
        cell = self.cells.get((what, threads))
        return min(cell) if isinstance(cell, list) and cell else None

    def median(self, what, threads=1):
        cell = self.cells.get((what, threads))
        return statistics.median(cell) if isinstance(cell, list) and cell else None


def short(ns):
    if ns < 9999.5:
        return f"{ns:.0f}"
    if ns < 9.9995e6:
        return f"{ns / 1e3:.0f}us"
    return f"{ns / 1e6:.0f}ms"


def line(label, columns, text):
    print(f"  {label:22s}" + "".join(f"{text(c):>14s}" for c in columns))


def times(what, threads):
    def text(column):
        cell = column.cells.get((what, threads))
        if isinstance(cell, str):
            return cell
        return f"{short(column.best(what, threads))}/{short(column.median(what, threads))}" if cell else "-"
    return text


def one_number(what, form):
    def text(column):
        cell = column.cells.get((what, 0))
        if isinstance(cell, str):
            return cell
        return form.format(min(cell), statistics.median(cell)) if cell else "-"
    return text


def show(users, columns):
    here = [c for c in columns if c.why_not is None]
    for threads in (1, 8):
        print(f"\n{users} users, {threads} thread{'s' if threads > 1 else ''}: ns a lookup, best/median of {ROUNDS} rounds")
        line("", here, lambda c: c.title)
        for question, label in QUESTIONS.items():
            line(label, here, times(question, threads))
    print(f"\n{users} users, system calls a lookup")
    for question, label in QUESTIONS.items():
        line(label, here, one_number(f"calls {question}", "{0:.1f}"))
    print(f"\n{users} users, first lookup of a fresh process: us, best/median of {FRESH}, with the loading of libraries")
    line("the first of all users", here, one_number("first", "{0:.0f}/{1:.0f}"))
    line("one in the middle", here, one_number("middle", "{0:.0f}/{1:.0f}"))
    line("libraries loaded", here, lambda c: "-" if c.libraries is None else str(c.libraries))
    for column in columns:
        if column.why_not is not None:
            print(f"  not measured: {column.title}: {column.why_not}")
        elif column.note:
            print(f"  {column.note}")
    sys.stdout.flush()


def measure(columns, users):
    for question in QUESTIONS:
        for threads in (1, 8):
            for _ in range(ROUNDS):
                for column in columns:
                    column.ask((question, threads), f"measure {question} {threads} {MS}")
        for column in columns:
            column.ask((f"calls {question}", 0), f"calls {question}")
    for _ in range(FRESH):
        for column in columns:
            column.ask(("first", 0), "first u0")
            column.ask(("middle", 0), f"first u{column.n.n // 2}")


def size(scratch, build, users):
    kinds = neighbours.ALL if users <= ALL_UP_TO else (neighbours.Constant, neighbours.Latchkey)
    columns = [Column(kind(scratch, build, users), users) for kind in kinds]
    try:
        for column in columns:
            try:
                column.n.prepare()
            except Exception as e:  # pylint: disable=broad-except
                column.why_not = f"cannot be set up: {e}"
            else:
                column.start()
        measure(columns, users)
    finally:
        for column in columns:
            column.n.close()
    show(users, columns)
    return {c.title: c for c in columns}


def main():
    build = os.environ["LK_BUILD"]
    scratch = os.path.join(os.path.dirname(build), "bench")
    sizes = [int(a) for a in sys.argv[1:]] or SIZES
    start = time.monotonic()
    why_not = scratch_root.make(scratch)
    if why_not is not None:
        print(f"no scratch root, so nothing was compared: {why_not}")
        return
    scratch_root.add_modules(scratch, [f"{build}/libnss_latchkey.so.2", f"{build}/tests/bench/libnss_lkconst.so.2"])
    results = {users: size(scratch, build, users) for users in sizes}
    aims.show(results)
    print(f"\nafter {time.monotonic() - start:.0f} s; what the services keep for the next run lies in {scratch}")


if __name__ == "__main__":
    main()
