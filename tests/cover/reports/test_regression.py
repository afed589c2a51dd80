"""A finding as a test: each step as the call that a person would write."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from cohortprop import Receiver
from cohortprop.campaign import Finding
from cohortprop.checks import Violation
from cohortprop.errors import UsageError
from cohortprop.reports import regression_test
from cohortprop.script import open_script
from cohortprop.sender import Dialect
from cohortprop.simulation import CohortSeed, History, PhaseBegan, Scenario
from cohortprop.simulation.steps import (
    STEPS,
    AbortSync,
    BackAndForth,
    Collide,
    Describe,
    Edit,
    ExpireSnapshot,
    Fates,
    FlipFailed,
    Garble,
    Join,
    Knock,
    Leave,
    LoseLastAck,
    Merge,
    Outage,
    PassTime,
    Probe,
    Rename,
    Replay,
    Restart,
    RestartInside,
    Resume,
    Settle,
    Step,
    Sync,
    SyncTogether,
    Trouble,
    Wait,
)

VIPS = CohortSeed("1001", "VIPs", ("ann",))
TRIALS = CohortSeed("1002", "Trials", ("bob",))

CALLS: list[tuple[Step, str]] = [
    (Join("1001", ("ann", 'b"b')), """join("ann", 'b"b')"""),
    (Leave("1001", ("back\\slash",)), r'leave("back\\slash")'),
    (BackAndForth("1001", ("ann",), synced=False), 'back_and_forth("ann", synced=False)'),
    (Edit("ann", "email", None), 'edit("ann", "email", None)'),
    (Merge("ann", "\x00"), r"""merge("ann", '\x00')"""),
    (Rename("1001", "Größe"), 'rename("Größe")'),
    (Describe("1001", None), "describe(None)"),
    (Wait(5400), "wait(minutes=90)"),
    (Wait(7200), "wait(hours=2)"),
    (Wait(61), "wait(seconds=61)"),
    (Wait(0), "take(Wait(seconds=0))"),
    (Sync("1001"), "sync()"),
    (Outage(60), "take(Outage(seconds=60, status=503, lost=0))"),
    (Fates(("lose", "refuse 503")), 'fates("lose", "refuse 503")'),
    (AbortSync("1001", 1), "abort(after=1)"),
    (AbortSync("1001", 2, None), "abort(after=2, status=None)"),
    (LoseLastAck("1001"), "lose_last_ack()"),
    (ExpireSnapshot("1001", ("ann",), synced=False), 'expire_snapshot(joins=["ann"], synced=False)'),
    (PassTime(3), "pass_time(days=3)"),
    (FlipFailed("1001"), "flip_failed()"),
    (Replay(0), "replay()"),
    (Replay(2), "replay(back=2)"),
    (Resume("1001"), "resume()"),
    (Restart(), "restart()"),
    (RestartInside("1001", 1), "restart_inside(after=1)"),
    (Trouble(2), "trouble(attempts=2)"),
    (SyncTogether(7), "sync_together(seed=7)"),
    (Collide("1001", 8), "collide(seed=8)"),
    (Knock("none"), 'knock("none")'),
    (Garble("cut short"), 'garble("cut short")'),
    (Settle(), "settle()"),
    (Probe(), "probe()"),
]


def emitted(scenario: Scenario, *, home: bool = False, judge: str = "members", target: str = "shop:receiver") -> str:
    history = History()
    if home:
        history.add(PhaseBegan(0.0, "way home", 1))
    violation = Violation("membership", 0, "", "", cause="ghost-after-full-sync", judge=judge)
    return regression_test(Finding(violation, scenario, history, "", 1), target)


def calls_in(source: str) -> list[str]:
    return source.partition("(cohort_sync):\n")[2].replace("    cohort_sync.", "").splitlines()


@pytest.mark.parametrize(("step", "call"), CALLS, ids=lambda each: each if isinstance(each, str) else "")
def test_a_step_is_a_call_that_takes_the_same_step(step: Step, call: str) -> None:
    source = emitted(Scenario((VIPS,), (step,)))
    assert calls_in(source)[1] == call
    assert taken_by(source) == Scenario((VIPS,), (step,))


def test_every_step_has_its_call() -> None:
    assert {type(step) for step, _ in CALLS} == set(STEPS.values())


def taken_by(source: str) -> Scenario:
    """What the script of a test comes to, on a receiver that takes everything and shows nothing."""
    namespace: dict[str, object] = {}
    exec(source.replace("import shop\n", ""), namespace)  # noqa: S102 - it is what users do with it
    test = namespace["test_ghost_after_full_sync"]
    assert callable(test)
    receiver = Receiver(_takes, reset=_nothing, restart=_nothing, dependency=_nothing, auth=("a", "b"))
    with open_script(receiver) as script:
        vars(script)["take"] = script._taken.append
        test(script)
        return replace(script.scenario)


def _takes(_environ: object, _start_response: object) -> list[bytes]:
    raise AssertionError("nothing is sent")


def _nothing() -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


def test_an_outage_that_passes_at_once_is_one_call() -> None:
    steps = (Outage(4 * 86400, lost=1), Wait(4 * 86400), Outage(60), Wait(61))
    source = emitted(Scenario((VIPS,), steps))
    assert calls_in(source)[1:] == [
        "outage(days=4, lost=1)",
        "take(Outage(seconds=60, status=503, lost=0))",
        "wait(seconds=61)",
    ]
    assert "\nfrom cohortprop.simulation.steps import Outage\n" in source
    assert taken_by(source).steps == steps


def test_of_several_cohorts_each_is_named() -> None:
    source = emitted(Scenario((VIPS, TRIALS), (Sync("1002"), Settle())))
    assert calls_in(source)[1:] == ['sync(cohort="Trials")', "settle()"]
    assert taken_by(source).steps == (Sync("1002"), Settle())


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario((VIPS, TRIALS), page_size=2, dialect=Dialect.pin({"full_sync": "add_members"}), exported=("plan",)),
        Scenario((replace(VIPS, one_time=True),), probing="seldom", start="2026-12-31T23:00:00+00:00"),
        Scenario((VIPS, replace(TRIALS, name="VIPs")), (Sync("1002"),), strict_replays=True),
        Scenario((replace(VIPS, project_id="2", description=None, connection="second", id="7"),)),
        Scenario((replace(VIPS, members=tuple(f"user-{number}" for number in range(50))),)),
    ],
)
def test_what_there_is_at_the_start_comes_back(scenario: Scenario) -> None:
    assert taken_by(emitted(scenario)) == scenario


def test_the_app_is_named_in_words_and_an_empty_cohort_is_explained() -> None:
    empty = emitted(Scenario((CohortSeed("1001", "VIPs"),), (Sync("1001"),)))
    assert '    """The app under test, to which cohort_sync plays Mixpanel."""' in empty
    assert (
        "    # An empty cohort is enough for it to show: syncs are sent for one, too.\n    cohort_sync.begin(" in empty
    )
    assert "An empty cohort" not in emitted(Scenario((VIPS,), (Sync("1001"),)))


def test_the_way_home_is_taken_where_it_was_needed() -> None:
    assert calls_in(emitted(Scenario((VIPS,)), home=True))[-1] == "finish()"
    assert "finish" not in emitted(Scenario((VIPS,)))


def test_the_check_that_saw_it_is_run_beside_the_one_that_owns_it() -> None:
    assert 'checks=["membership"]' in emitted(Scenario((VIPS,)), judge="membership")
    assert 'checks=["membership", "arrivals"]' in emitted(Scenario((VIPS,)), judge="arrivals")


@pytest.mark.parametrize("target", ["tests/test_shop.py::TestShop", "http://127.0.0.1/", "shop", "shop:import"])
def test_a_target_that_cannot_be_imported_is_one_line(target: str) -> None:
    with pytest.raises(UsageError, match=r"a test cannot import .*: name the target as module:name"):
        emitted(Scenario((VIPS,)), target=target)
