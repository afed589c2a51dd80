"""What a huge cohort costs: 10,000, 100,000 and 1,000,000 members, against a floor measured in the same run.

    python -m measure.million
    python -m measure.million --sizes 10000 100000

Each figure comes from a process of its own, so that a peak of memory is that of one run only. Counted is the time that
the process spends computing: a full sync, and the sync after one member in two hundred has left and as many have come.

The floor of each is encoding the very pages that were sent, by `json`, and giving the bytes to the same app through
`WsgiTransport`. It is measured after the trial, in the same process, and does not count decoding the pages first.

Memory is what tracemalloc sees at its peak during setting up the trial and both syncs, in a run that is not timed. The
scenario's own ids, made before, are the caller's and are not in it; the bodies of the pages, which the history keeps,
are taken off, since the floor makes them too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from time import process_time  # the kit's frozen time leaves it alone

from cohortprop.checks import BUILT_IN
from cohortprop.receiver import Receiver
from cohortprop.simulation import Attempted, CohortSeed, Scenario
from cohortprop.simulation.steps import Join, Leave, Sync
from cohortprop.transport import WsgiTransport
from cohortprop.trial import Trial, open_kit
from measure.spread import markdown_table

SIZES = (10_000, 100_000, 1_000_000)
RATIO, SLOPE, BYTES = 1.5, 1.2, 400.0
"""The aims: times the floor; time a member at the largest size over that at the smallest; bytes a member."""

COHORT = "1001"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure.

    Returns:
        0 if every aim is met, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m measure.million", description="What a huge cohort costs.")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="members; default 10000 100000 1000000")
    parser.add_argument("--child", choices=("time", "memory"), help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child is not None:
        print(json.dumps(_figures(options.sizes[0], traced=options.child == "memory")))
        return 0
    rows, slopes, met = [], {"full": [], "diff": []}, True  # type: ignore[var-annotated]
    for size in options.sizes:
        timed, traced = _in_child(size, "time"), _in_child(size, "memory")
        for what in ("full", "diff"):
            ours, floor = timed[what], timed[f"{what} floor"]
            met &= ours <= RATIO * floor
            slopes[what].append(ours / size)
            aim = f"at most {RATIO:g} x"
            rows.append([f"{what}, {size:,}", f"{ours:.3f} s", f"{floor:.3f} s", f"{ours / floor:.2f}", aim])
        a_member = traced["peak"] / size
        met &= a_member <= BYTES
        rows.append([f"memory, {size:,}", f"{a_member:.0f} B a member", "", "", f"at most {BYTES:.0f} B"])
    for what, each in slopes.items():
        slope = each[-1] / each[0]
        met &= slope <= SLOPE
        rows.append([f"{what}, largest to smallest a member", "", "", f"{slope:.2f}", f"at most {SLOPE:g} x"])
    print(markdown_table(["measured", "ours", "floor", "ratio", "aim"], rows, "lrrrl"))
    return 0 if met else 1


def _in_child(size: int, what: str) -> dict[str, float]:
    command = [sys.executable, "-m", "measure.million", "--sizes", str(size), "--child", what]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - ours
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _figures(size: int, *, traced: bool) -> dict[str, float]:
    """Seconds of both syncs and their floors, and the peak of memory if it is traced."""
    users = tuple(f"user-{number}" for number in range(size))
    newcomers = tuple(f"new-{number}" for number in range(size // 200))
    with open_kit(lambda: Receiver(acknowledge), BUILT_IN) as kit:
        _apply(Trial(kit, Scenario((CohortSeed(COHORT, "VIPs", ("ann",)),))), Sync(COHORT))  # what is loaded lazily
        if traced:
            tracemalloc.start()
        trial = Trial(kit, Scenario((CohortSeed(COHORT, "VIPs", users),), page_size=1000, probing="seldom"))
        full = _seconds(lambda: _apply(trial, Sync(COHORT)))
        sent = len(_bodies(trial))
        _apply(trial, Leave(COHORT, users[: len(newcomers)]))
        _apply(trial, Join(COHORT, newcomers))
        diff = _seconds(lambda: _apply(trial, Sync(COHORT)))
        peak = tracemalloc.get_traced_memory()[1] if traced else 0
        tracemalloc.stop()
        bodies = _bodies(trial)
    own = peak - sum(map(len, bodies)) if traced else 0
    first, second = _floor(bodies[:sent]), _floor(bodies[sent:])
    return {"full": full, "full floor": first, "diff": diff, "diff floor": second, "peak": own}


def _apply(trial: Trial, step: Sync | Join | Leave) -> None:
    violation = trial.apply(step)
    assert violation is None, violation


def _bodies(trial: Trial) -> list[bytes]:
    return [event.delivery.body for event in trial.outcome.history if isinstance(event, Attempted)]


def _floor(bodies: Sequence[bytes]) -> float:
    """Encoding the same pages, and the bare calls."""
    pages = [json.loads(body) for body in bodies]
    encode = json.JSONEncoder(separators=(",", ":")).encode
    assert [encode(page).encode() for page in pages] == list(bodies), "the floor does not make the same bytes"
    send = WsgiTransport(Receiver(acknowledge)).send

    def run() -> None:
        for page in pages:
            send(encode(page).encode())

    return _seconds(run)


def _seconds(work: Callable[[], None]) -> float:
    began = process_time()
    work()
    return process_time() - began


def acknowledge(environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
    """A WSGI app that reads the body, looks only at its action, and says yes."""
    body: bytes = environ["wsgi.input"].read(int(str(environ["CONTENT_LENGTH"])))  # type: ignore[attr-defined]
    action = body[:60].split(b'"')[3]
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b'{"action":"%s","status":"success"}' % action]


if __name__ == "__main__":
    sys.exit(main())
