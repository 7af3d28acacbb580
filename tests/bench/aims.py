"""Do the aims of the lookups hold in this run. Judged round by round: what the machine does besides, and how fast its clock
runs just then, meets both services of a round alike, while the best rounds of two services may be of different moments. The
ratio of the best stands beside."""
import statistics

HITS = ("getpwnam", "getpwuid", "getgrnam", "getgrgid")
BUILT_IN = ("constant", "latchkey", "files")  # files is a part of libc: nothing is loaded


def ratio(a, b, what, threads=1):
    """(median of the rounds' ratios, ratio of the best rounds), or None"""
    if a is None or b is None or not a.best(what, threads) or not b.best(what, threads):
        return None
    rounds = [x / y for x, y in zip(a.cells[what, threads], b.cells[what, threads])]
    return statistics.median(rounds), a.best(what, threads) / b.best(what, threads)


def verdict(label, holds, figures):
    word = "not measured" if holds is None else "holds" if holds else "does not hold"
    print(f"  {word:14s} {label}: {figures or '-'}")


def against(result, other, questions, limit, label, at_least=False):
    """Our time over the other's is at most limit, or the other's over ours at least."""
    holds, figures = True, []
    for question in questions:
        pair = (result.get(other), result.get("latchkey")) if at_least else (result.get("latchkey"), result.get(other))
        r = ratio(*pair, question)
        if r is None:
            holds = None
            figures.append(f"{question} -")
            continue
        if holds is not None:
            holds = holds and (r[0] >= limit if at_least else r[0] <= limit)
        figures.append(f"{question} {r[0]:.2f} ({r[1]:.2f})")
    verdict(label, holds, ", ".join(figures))


def first_lookup(users, result, which, label):
    ours = result["latchkey"].best(which, 0)
    known = {t: c.best(which, 0) for t, c in result.items() if t not in BUILT_IN and c.best(which, 0)}
    holds = all(ours < v for v in known.values()) if known and ours else None
    verdict(f"{users} users: a fresh process's first lookup, {label}, costs less than any neighbour's (us)", holds,
            ", ".join(f"{t} {v:.0f}" for t, v in {"latchkey": ours or 0, **known}.items()))


def no_system_call(results):
    calls = [min(cell) for result in results.values() for (what, _), cell in result["latchkey"].cells.items()
             if what.startswith("calls") and isinstance(cell, list) and cell]
    verdict("no system call a lookup", max(calls) == 0 if calls else None, f"at most {max(calls, default=0):.1f}")


def show(results):
    """results: users -> title -> Column"""
    print("\nThe aims: median of the rounds' ratios (ratio of the best rounds)")
    for users, hits in ((10000, 1.5), (100000, 4)):
        if users in results:
            against(results[users], "constant", HITS, hits, f"{users} users: hits at most {hits} times the constant module")
    if 10000 in results:
        against(results[10000], "constant", ["unknown"], 1.15, "10000 users: a miss at most 1.15 times the constant module")
        against(results[10000], "constant", ["initgroups"], 1.4,
                "10000 users: 32 groups of a user at most 1.4 times the constant module")
    for users, least in ((10000, 8), (100000, 5)):
        if users in results:
            against(results[users], "sss", HITS, least, f"{users} users: hits at least {least} times as fast as SSSD's fast cache",
                    at_least=True)
    for users in results:
        if users in (10000, 100000):
            first_lookup(users, results[users], "middle", "of a user in the middle")
            first_lookup(users, results[users], "first", "of the very first user of a file")
    if 1000000 in results:
        ours = results[1000000]["latchkey"]
        if ours.best("getpwnam") and ours.best("middle", 0):
            slowest = max(ours.median(q) or 0 for q in HITS)
            verdict("1000000 users: nobody would notice (a lookup below 2 us, opening and the first one below 1 ms)",
                    slowest < 2000 and ours.median("middle", 0) < 1000,
                    f"{slowest:.0f} ns, {ours.median('middle', 0):.0f} us")
    no_system_call(results)
    loaded = {c.libraries for r in results.values() for t, c in r.items() if t == "latchkey" and c.libraries is not None}
    verdict("nothing is loaded but the module", loaded == {1} if loaded else None, ", ".join(map(str, loaded)))
