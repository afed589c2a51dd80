"""How cohortprop compares with what one would use instead: which bugs each finds, with how many requests to the app.

    python -m measure.power                          20 seeds each, all three contenders, 2,000 requests each
    python -m measure.power --only merges_full_sync  one faulty receiver, and all correct ones
    python -m measure.power --contender afternoon --seeds 5 --workers 2
    python -m measure.power --write docs/measures-power.md

Every contender is let loose on every faulty receiver of the zoo, and on every correct one for false alarms, with the
same budget of requests. It counts as found when anything at all is reported against a faulty receiver; what it is
called makes no difference here. Requests and seconds are those until it was first seen, shrinking not counted.

Schemathesis also reports things about correct receivers, since a schema says more than a webhook has to check. It goes
against these first; whatever it says about any of them is counted there, and does not count against a faulty one. That
is why `--only` picks among the faulty receivers and among the correct ones apart, and leaves all of a kind of which it
names none.
"""

from __future__ import annotations

import argparse
import platform
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

from cohortprop import zoo
from cohortprop.stopwatch import Stopwatch
from measure.peers import afternoon, campaign, schemathesis_peer
from measure.peers.meter import Job, Result
from measure.spread import markdown_table, spread
from measure.zoo import profile_for

OURS, AFTERNOON, SCHEMATHESIS = "cohortprop", "afternoon", "schemathesis"
HUNTS: Final = {OURS: campaign.hunt, AFTERNOON: afternoon.hunt, SCHEMATHESIS: schemathesis_peer.hunt}
"""The contenders."""
TITLES: Final = {OURS: "cohortprop", AFTERNOON: "state machine", SCHEMATHESIS: "Schemathesis"}

REQUESTS: Final = 2_000
"""The budget of one campaign. cohortprop's median over the zoo is about 200, and its slowest bug takes about 1,200, so
nobody is cut off in the middle of what they are good at; and a suite in which each test sends more is rarely run."""
SECONDS: Final = 300.0
"""Real seconds after which a campaign is given up although it has requests left."""

Catches = dict[str, dict[str, list[Result]]]
"""Results by contender and receiver."""


def hunt(job: Job) -> Result:
    """Let a contender loose on a receiver."""
    return HUNTS[job.contender](job)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the campaigns.

    Returns:
        0 if cohortprop finds all, and with fewer requests than whoever finds a bug too; else 1.
    """
    options = _parser().parse_args(argv)
    contenders = [name for name in HUNTS if not options.contender or name in options.contender]
    correct, faulty = _chosen("correct", options.only), _chosen("faulty", options.only)
    watch = Stopwatch()
    calm: Catches = {}
    caught: Catches = {}
    for contender in contenders:
        calm[contender] = _campaigns(contender, correct, options, whole=contender == SCHEMATHESIS)
        known = frozenset(name for results in calm[contender].values() for each in results for name in each.names)
        caught[contender] = _campaigns(contender, faulty, options, known=known)
    missed = list(_missed(caught)) if OURS in contenders else []
    page = "\n\n".join([_head(options), *_sections(caught, calm), _verdict(missed)])
    print(f"\n{page}\n\n{watch.seconds / 60:.1f} minutes")
    if options.write:
        options.write.write_text(page + "\n", "utf-8")
    return 1 if missed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m measure.power", description="Compares with what one would use.")
    names = [entry.name for entry in zoo.entries() if entry.kind in ("correct", "faulty")]
    parser.add_argument("--only", action="append", metavar="NAME", choices=names, help="this receiver; repeatable")
    parser.add_argument("--contender", action="append", choices=list(HUNTS), help="this one only; repeatable")
    parser.add_argument("--seeds", type=int, default=20, help="campaigns each; default 20")
    parser.add_argument("--requests", type=int, default=REQUESTS, help=f"budget of each; default {REQUESTS}")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"limit of each; default {SECONDS:g}")
    parser.add_argument("--workers", type=int, default=1, help="processes; default 1")
    parser.add_argument("--write", type=Path, metavar="FILE", help="keep the tables here, as Markdown")
    return parser


def _chosen(kind: str, only: Sequence[str] | None) -> list[str]:
    """Names of the receivers of this kind that were asked for; all of them, if none was."""
    names = [entry.name for entry in zoo.entries() if entry.kind == kind]
    return [name for name in names if name in (only or ())] or names


def _campaigns(
    contender: str,
    names: Sequence[str],
    options: argparse.Namespace,
    *,
    known: frozenset[str] = frozenset(),
    whole: bool = False,
) -> dict[str, list[Result]]:
    """All campaigns of a contender against some receivers, and a line for each receiver as they come."""
    jobs = [
        Job(contender, name, seed, options.requests, options.seconds, known, whole)
        for name in names
        for seed in range(options.seeds)
    ]
    results: dict[str, list[Result]] = {name: [] for name in names}
    for result in spread(hunt, jobs, options.workers):
        own = results[result.job.name]
        own.append(result)
        if len(own) == options.seeds:
            first = next((each.sighting.what for each in own if each.sighting), "")
            spent = sum(each.seconds for each in own)
            print(f"{contender}, {result.job.name}: {_cell(own)}, {spent:.0f} s in all; {first[:100]}", flush=True)
    return results


def _found(results: Iterable[Result]) -> list[Result]:
    return [each for each in results if each.sighting]


def _middle(results: Iterable[Result]) -> float | None:
    """The median of the requests over the campaigns that found it; None if none did."""
    numbers = [each.sighting.requests for each in results if each.sighting]
    return median(numbers) if numbers else None


def _seconds(results: Iterable[Result]) -> float | None:
    numbers = [each.sighting.seconds for each in results if each.sighting]
    return median(numbers) if numbers else None


def _cell(results: Sequence[Result]) -> str:
    """In how many campaigns it was found, and the medians of requests and seconds over these."""
    requests, seconds = _middle(results), _seconds(results)
    if requests is None or seconds is None:
        return f"0/{len(results)}"
    return f"{len(_found(results))}/{len(results)} · {requests:.0f} · {seconds:.2f} s"


def _head(options: argparse.Namespace) -> str:
    return (
        "# How cohortprop compares\n\n"
        f"{options.seeds} seeds each, at most {options.requests} requests to the app in each campaign, Python "
        f"{platform.python_version()}. Written by `python -m measure.power`.\n\n"
        "A cell says in how many campaigns something was found, and the medians over those: requests to the app, and "
        "seconds. A row is marked with ← and the name of a peer that found the bug with as few requests as cohortprop, "
        "or fewer, and with ! where cohortprop did not find it with each seed."
    )


def _sections(caught: Catches, calm: Catches) -> Iterator[str]:
    titles = [TITLES[contender] for contender in caught]
    if any(caught.values()):
        yield f"## In all\n\n{markdown_table(['', *titles], _totals(caught, calm), 'l' + 'r' * len(titles))}"
        yield f"## Each faulty receiver\n\n{_rows(caught, titles)}"
        yield "\n".join(["## Never found", "", *(_never(contender, caught[contender]) for contender in caught)])
    if any(calm.values()):
        yield f"## The correct receivers\n\n{_alarms(calm)}"


def _totals(caught: Catches, calm: Catches) -> Iterator[list[str]]:
    each = [[result for own in results.values() for result in own] for results in caught.values()]
    quiet = [[result for own in results.values() for result in own] for results in calm.values()]
    shares = [len(_found(results)) / len(results) for results in each]
    yield ["campaigns that found it", *(f"{share:.1%}" for share in shares)]
    yield ["bugs found with each seed", *(str(_count(results, all)) for results in caught.values())]
    yield ["bugs found at all", *(str(_count(results, any)) for results in caught.values())]
    yield ["requests, median over those", *(_figure(_middle(results), ".0f") for results in each)]
    yield ["seconds, median over those", *(_figure(_seconds(results), ".2f") for results in each)]
    if all(quiet):
        alarmed = [f"{len(_found(results))} of {len(results)}" for results in quiet]
        yield ["campaigns with a false alarm", *alarmed]


def _figure(number: float | None, form: str) -> str:
    return "-" if number is None else format(number, form)


def _count(results: dict[str, list[Result]], quantifier: Callable[[Iterable[bool]], bool]) -> int:
    return sum(quantifier(each.sighting is not None for each in own) for own in results.values())


def _rows(caught: Catches, titles: Sequence[str]) -> str:
    table = []
    for name in next(iter(caught.values())):
        check, cause = zoo.find(name).bugs[0]
        profile = " (hostile)" if profile_for(check) == "hostile" else ""
        cells = [_cell(results[name]) for results in caught.values()]
        table.append([f"`{name}`", f"{check}/{cause}{profile}", *cells, _mark(name, caught)])
    return markdown_table(["receiver", "declared", *titles, ""], table, "ll" + "r" * len(titles) + "l")


def _mark(name: str, caught: Catches) -> str:
    """Whether a row is one that cohortprop does not win."""
    ours = caught.get(OURS, {}).get(name, [])
    marks = "!" if len(_found(ours)) < len(ours) else ""
    least = _middle(ours)
    for contender, results in caught.items():
        theirs = _middle(results[name])
        if contender != OURS and ours and theirs is not None and (least is None or theirs <= least):
            marks += f" ← {TITLES[contender]}"
    return marks.strip()


def _never(contender: str, results: dict[str, list[Result]]) -> str:
    names = [f"`{name}`" for name, own in results.items() if not _found(own)]
    return f"- {TITLES[contender]}: {', '.join(names) or 'none'}"


def _alarms(calm: Catches) -> str:
    """What was said against receivers that are right."""
    lines = []
    for contender, results in calm.items():
        everything = [each for own in results.values() for each in own]
        accused = sum(bool(_found(own)) for own in results.values())
        said = Counter(name for each in everything for name in each.names)
        lines.append(f"- {TITLES[contender]}: {accused} of {len(results)} accused" + (":" if said else "."))
        lines += [f"    - {name} ({count} of {len(everything)} campaigns)" for name, count in sorted(said.items())]
    return "\n".join(lines)


def _missed(caught: Catches) -> Iterator[str]:
    """The receivers for which the aim is missed: all are found, with fewer requests than any peer that finds them."""
    for name in caught[OURS]:
        mark = _mark(name, caught)
        if mark:
            yield f"{name} ({mark})"


def _verdict(missed: Sequence[str]) -> str:
    if not missed:
        return (
            "cohortprop finds all, with fewer requests at the median than either peer for each bug that the peer finds."
        )
    return f"cohortprop does not win on {len(missed)}: {', '.join(missed)}."


if __name__ == "__main__":
    sys.exit(main())
