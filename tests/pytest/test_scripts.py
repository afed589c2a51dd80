"""Scripts: `open_script` anywhere, and the fixture `cohort_sync` in pytest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cohortprop import Receiver, UsageError, zoo
from cohortprop.campaign import Finding
from cohortprop.checks import select
from cohortprop.script import Script, ScriptFailed, open_script
from cohortprop.simulation import steps
from cohortprop.simulation.steps import STEPS, Step
from tests.pytest.conftest import Project, failures

ID = "1001"


@pytest.fixture
def sync() -> Iterator[Script]:
    """A script for a receiver that is right and has every hook."""
    with open_script(zoo.stages_in_sqlite) as script:
        yield script


def test_the_receiver_follows_and_can_be_looked_at(sync: Script) -> None:
    sync.begin({"VIPs": ["ann", "bob"], "Trials": ["bob"]})
    assert sync.members() == set()
    sync.sync()
    sync.leave("ann")
    sync.join("cy", "dan", cohort="Trials")
    assert (sync.source(), sync.source("Trials")) == ({"bob"}, {"bob", "cy", "dan"})
    assert (sync.members(), sync.members("1002")) == ({"ann", "bob"}, {"bob"})
    sync.settle()
    assert (sync.members("VIPs"), sync.members("Trials")) == ({"bob"}, {"bob", "cy", "dan"})
    assert (sync.arrivals(), sync.arrivals("Trials")) == (["ann", "bob"], ["bob", "cy", "dan"])
    sync.finish()
    assert sync.scenario.steps == (
        steps.Sync(ID),
        steps.Leave(ID, ("ann",)),
        steps.Join("1002", ("cy", "dan")),
        steps.Settle(),
    )


def queueing() -> Receiver:
    """Notes whom each delivery names, later."""
    waiting: list[tuple[str, str]] = []
    done: list[tuple[str, str]] = []

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        message = json.loads(environ["wsgi.input"].read())
        waiting.extend((ID, member["mixpanel_distinct_id"]) for member in message["parameters"]["members"])
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"action": message["action"], "status": "success"}).encode()]

    def drain() -> None:
        done.extend(waiting)
        waiting.clear()

    return Receiver(app, members=lambda _: [user for _, user in done], arrivals=lambda: done, drain=drain)


@pytest.mark.parametrize("look", [lambda sync: sorted(sync.members()), Script.arrivals])
def test_queued_work_is_done_before_the_receiver_is_looked_at(look: Callable[[Script], list[str]]) -> None:
    with open_script(queueing, checks=select(["envelope"])) as sync:
        sync.begin({"VIPs": ["ann"], "Trials": []})
        sync.join("bob", cohort="Trials")
        sync.back_and_forth("bob", cohort="Trials")  # during which nobody looks
        assert "bob" in look(sync)


def test_the_time_is_the_scenarios(sync: Script) -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert sync.now == start
    assert datetime.now(UTC) == start
    sync.wait(days=1, hours=2, minutes=3, seconds=4)
    assert sync.now == start + timedelta(days=1, hours=2, minutes=3, seconds=4)
    sync.outage(days=4)
    assert datetime.now(UTC) == start + timedelta(days=5, hours=2, minutes=3, seconds=4)


STEP_BY_STEP: list[tuple[Callable[[Script], None], tuple[Step, ...]]] = [
    (lambda sync: sync.join("cy", "dan"), (steps.Join(ID, ("cy", "dan")),)),
    (lambda sync: sync.leave("ann"), (steps.Leave(ID, ("ann",)),)),
    (lambda sync: sync.back_and_forth("ann", synced=False), (steps.BackAndForth(ID, ("ann",), synced=False),)),
    (lambda sync: sync.edit("ann", "email", None), (steps.Edit("ann", "email", None),)),
    (lambda sync: sync.merge("ann", "anna"), (steps.Merge("ann", "anna"),)),
    (lambda sync: sync.rename("Kings"), (steps.Rename(ID, "Kings"),)),
    (lambda sync: sync.describe("those"), (steps.Describe(ID, "those"),)),
    (lambda sync: sync.sync(), (steps.Sync(ID),)),
    (lambda sync: sync.wait(hours=0.5), (steps.Wait(1800),)),
    (lambda sync: sync.settle(), (steps.Settle(),)),
    (lambda sync: sync.resume(), (steps.Resume(ID),)),
    (lambda sync: sync.outage(minutes=1, status=None, lost=2), (steps.Outage(60, None, 2), steps.Wait(60))),
    (lambda sync: sync.expire_snapshot(joins=["cy"], leaves=["bob"]), (steps.ExpireSnapshot(ID, ("cy",), ("bob",)),)),
    (lambda sync: sync.pass_time(31), (steps.PassTime(31),)),
    (lambda sync: sync.fates("lose", "refuse 503"), (steps.Fates(("lose", "refuse 503")),)),
    (lambda sync: sync.lose_last_ack(), (steps.LoseLastAck(ID),)),
    (lambda sync: sync.abort(1, status=429), (steps.AbortSync(ID, 1, 429),)),
    (lambda sync: sync.flip_failed(), (steps.FlipFailed(ID),)),
    (lambda sync: sync.replay(1), (steps.Replay(1),)),
    (lambda sync: sync.restart(), (steps.Restart(),)),
    (lambda sync: sync.restart_inside(), (steps.RestartInside(ID, 1),)),
    (lambda sync: sync.trouble(2), (steps.Trouble(2),)),
    (lambda sync: sync.sync_together(3), (steps.SyncTogether(3),)),
    (lambda sync: sync.collide(seed=2), (steps.Collide(ID, 2),)),
    (lambda sync: sync.garble("empty body"), (steps.Garble("empty body"),)),
    (lambda sync: sync.probe(), (steps.Probe(),)),
]


@pytest.mark.parametrize(("call", "expected"), STEP_BY_STEP, ids=[type(made[0]).__name__ for _, made in STEP_BY_STEP])
def test_each_step(sync: Script, call: Callable[[Script], None], expected: tuple[Step, ...]) -> None:
    sync.begin({"VIPs": ["ann", "bob"]})
    call(sync)
    assert sync.scenario.steps == expected
    sync.finish()


def test_no_step_is_missing() -> None:
    told = {type(made[0]) for _, made in STEP_BY_STEP}
    assert told == set(STEPS.values()) - {steps.Knock}, "for which a receiver needs credentials: see below"


def test_whoever_knocks_needs_a_door(sync: Script) -> None:
    sync.begin({"VIPs": ["ann", "bob"]})
    with pytest.raises(UsageError, match="auth"):
        sync.knock()


def test_somebody_knocks() -> None:
    with open_script(zoo.compares_bytes) as sync:
        sync.begin({"VIPs": ["ann", "bob"]})
        sync.sync()
        sync.knock("wrong password")
        assert sync.scenario.steps[-1] == steps.Knock("wrong password")
        assert sync.members() == {"ann", "bob"}


def test_how_it_may_begin(sync: Script) -> None:
    sync.begin({"A": ["u"]}, page_size=2, dialect={"full_sync": "add_members"}, exported=["plan"], one_time=True)
    scenario = sync.scenario
    assert (scenario.page_size, scenario.dialect.full_sync, scenario.exported) == (2, "add_members", ("plan",))
    assert scenario.cohorts[0].one_time
    sync.sync()
    with pytest.raises(UsageError, match=r"begin\(\) comes before the first step"):
        sync.begin()


def test_a_receiver_that_is_wrong_is_found_out_at_the_step() -> None:
    heard: list[Finding] = []
    with open_script(zoo.merges_full_sync, on_failure=heard.append) as sync:
        sync.join("ann", "bob")
        sync.sync()
        sync.outage(days=4)
        sync.leave("ann")
        with pytest.raises(ScriptFailed) as failed:
            sync.settle()
        with pytest.raises(ScriptFailed):
            sync.sync()
    assert str(failed.value).startswith("membership/ghost-after-full-sync: ann must not be held in cohort 1001: ")
    assert "\n" not in str(failed.value)
    assert "What happened" in failed.value.story
    assert failed.value.finding is heard[0]
    assert failed.value.finding.scenario.steps[-1] == steps.Settle()


def test_the_way_home_asks_for_more() -> None:
    with open_script(zoo.merges_full_sync) as sync:
        sync.begin({"VIPs": ["ann"]})
        sync.sync()
        sync.join("bob")
        sync.lose_last_ack()
        sync.leave("bob")
        sync.settle()  # nobody can tell whether bob has arrived, and no sync names him again
        with pytest.raises(ScriptFailed, match="bob must not be held"):
            sync.finish()


def test_no_step_can_follow_the_way_home(sync: Script) -> None:
    sync.finish()
    with pytest.raises(UsageError, match=r"no step can follow finish\(\)"):
        sync.sync()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda sync: sync.join(), "join(): name one at least"),
        (lambda sync: sync.join(7), "Join.users: expected a list of strings, got [7]"),
        (lambda sync: sync.join("ann", cohort="Kings"), "there is no cohort 'Kings'; there are 'VIPs'"),
        (lambda sync: sync.wait(), "wait(): say how long, as in wait(days=4)"),
        (lambda sync: sync.outage(weeks=1), "outage(weeks=...): choose among days, hours, minutes, seconds"),
        (
            lambda sync: sync.outage(days=1, status=200),
            "Outage.status: expected an HTTP error status, 300 to 599, got 200",
        ),
        (lambda sync: sync.fates("explode"), "Fates.fates: 'explode' is no fate*"),
        (lambda sync: sync.replay(-1), "Replay.back: expected a number from 0 to *, got -1"),
        (lambda sync: sync.begin({}), "begin().cohorts: there must be one at least"),
        (lambda sync: sync.begin(dialect={"full_sync": "monthly"}), "*full_sync*"),
        (lambda sync: sync.restart(), "the receiver cannot do this: it needs Receiver(restart=...)"),
        (lambda sync: sync.restart_inside(), "the receiver cannot do this: it needs Receiver(restart=...)"),
        (lambda sync: sync.trouble(), "the receiver cannot do this: it needs Receiver(dependency=...)"),
        (lambda sync: sync.members(), "members() needs the receiver to have Receiver(members=...)"),
        (lambda sync: sync.arrivals(), "arrivals() needs the receiver to have Receiver(arrivals=...)"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_line(call: Callable[[Script], None], message: str) -> None:
    bare = zoo.applies_each_page().app
    with open_script(lambda: Receiver(bare)) as sync, pytest.raises(UsageError) as wrong:
        call(sync)
    pytest.LineMatcher(str(wrong.value).splitlines()).fnmatch_lines([message.replace("[", "[[]")], consecutive=True)


def test_a_script_judges_by_the_checks_that_it_is_given() -> None:
    with open_script(zoo.merges_full_sync, checks=select(["envelope"]), clock="none") as sync:
        sync.begin({"VIPs": ["ann"]})
        sync.sync()
        sync.expire_snapshot(leaves=["ann"])
        assert sync.members() == {"ann"}


SCRIPTED = """
    import pytest, unittest
    from cohortprop import zoo

    @pytest.fixture
    def cohort_receiver():
        return zoo.{receiver}

    def test_plain(cohort_sync):
        cohort_sync.join("ann", "bob")
        cohort_sync.sync()
        cohort_sync.outage(days=4)
        cohort_sync.leave("ann")
        cohort_sync.settle()
        assert cohort_sync.members() == {{"bob"}}

    class TestUnit(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def script(self, cohort_sync):
            self.sync = cohort_sync

        def test_unit(self):
            self.sync.begin({{"VIPs": ["ann"]}}, page_size=1)
            self.sync.sync()
            self.sync.expire_snapshot(leaves=["ann"])
            self.assertEqual(self.sync.members(), set())
"""


def test_the_fixture_passes_with_a_correct_receiver(project: Project) -> None:
    project.write(test_it=SCRIPTED.format(receiver="stages_full_syncs"))
    project.run("-W", "error", "--strict-markers").assert_outcomes(passed=2)


def test_the_fixture_fails_at_the_line_of_the_script_with_a_story(project: Project) -> None:
    project.write(test_it=SCRIPTED.format(receiver="merges_full_sync"))
    result = project.run("-rfE", "--cohortprop-findings=kept")
    found = failures(result)
    assert list(found) == ["test_plain", "TestUnit::test_unit"]
    for message in found.values():
        assert message.startswith(
            "cohortprop.script.ScriptFailed: membership/ghost-after-full-sync: ann must not be held"
        )
    text = result.stdout.str()
    assert ">       cohort_sync.settle()" in text
    assert ">           self.sync.expire_snapshot" in text.replace(">       self", ">           self")
    assert "cohortprop/script.py" not in text
    assert result.outlines.count("What happened") == 2
    assert len(list((project.path / "kept").iterdir())) == 2


def test_the_fixture_takes_the_options(project: Project) -> None:
    project.write(test_it=SCRIPTED.format(receiver="merges_full_sync"))
    result = project.run("-k", "plain", "--cohortprop-without=membership", "-rfE")
    (message,) = failures(result).values()
    assert message.startswith("AssertionError: assert {'ann', 'bob'} == {'bob'}")


def test_a_mistake_in_a_script_is_shown_where_it_was_made(project: Project) -> None:
    project.write(
        test_it="""
        import pytest

        @pytest.fixture
        def cohort_receiver():
            return {receiver}

        def test_it(cohort_sync):
            cohort_sync.outage()
        """.replace("{receiver}", "__import__('cohortprop.zoo').zoo.applies_each_page")
    )
    result = project.run("-rfE")
    assert failures(result) == {"test_it": "cohortprop.errors.UsageError: outage(): say how long, as in outage(days=4)"}
    result.stdout.fnmatch_lines([">       cohort_sync.outage()"])
    assert "cohortprop/script.py" not in result.stdout.str()


def test_a_receiver_that_cannot_be_made_is_an_error_in_one_line(project: Project) -> None:
    project.write(
        test_it="""
        import pytest

        @pytest.fixture
        def cohort_receiver():
            return 7

        def test_it(cohort_sync):
            pass
        """
    )
    result = project.run("-rfE")
    result.assert_outcomes(errors=1)
    assert failures(result)["test_it"].startswith("Failed: cohort_receiver is an int, 7: expected a Receiver")
