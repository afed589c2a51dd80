"""Trials against live receivers: right ones pass, wrong ones are found, and no server can crash or hang a run."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest

from cohortprop import Receiver
from cohortprop.campaign import Campaign, CampaignPlan
from cohortprop.checks import BUILT_IN, missing_for
from cohortprop.errors import Unreachable, UsageError
from cohortprop.profiles import PROFILES
from cohortprop.simulation import Attempted, CohortSeed, Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import Join, PassTime, Sync
from cohortprop.trial import Outcome, Trial, open_kit, run
from cohortprop.wire import NoReply, Reply
from cohortprop.zoo import merges_full_sync
from tests.cover.transport.servers import Evil, Handler, Server, serving
from tests.cover.transport.test_live import closes_at_once, closes_half_way, never_answers, redirects, sends_100_mb

MEMBERS = "GET /members/{cohort_id}#/ids"
SMALL = Scenario((CohortSeed("1001", "VIPs", ("ann",)),), (Sync("1001"), Join("1001", ("bob",)), Sync("1001")))


def receiver_of(server: Server, **more: str) -> Callable[[], Receiver]:
    return lambda: Receiver(f"{server.origin}/hook", members=MEMBERS, **more)  # type: ignore[arg-type]


def outcome_of(server: Server, scenario: Scenario = SMALL, limit: float = 5.0, **more: str) -> Outcome:
    with open_kit(receiver_of(server, **more), BUILT_IN, clock="none", time_limit=limit) as kit:
        return run(kit, scenario)


def campaign(server: Server, **more: str) -> Campaign:
    with open_kit(receiver_of(server, **more), BUILT_IN, clock="none", time_limit=5.0) as kit:
        plan = CampaignPlan(profile=PROFILES["realistic"], seed=1, trials=6, canonical=False, seconds=60.0)
        made = Campaign(kit, plan)
        made.run()
    return made


@pytest.mark.parametrize("more", [{}, {"reset": "POST /reset"}])
def test_a_correct_receiver_passes(more: dict[str, str]) -> None:
    with serving() as server:
        report = campaign(server, **more).report
    assert report.findings == []
    assert report.progress.trials == 6
    assert report.not_run["clock"] == ("virtual_time",)
    seen = {json.loads(body)["parameters"]["mixpanel_cohort_id"] for path, _, body in server.requests if _is_page(body)}
    assert (seen <= {"1001", "1002"}) == bool(more)


def _is_page(body: bytes) -> bool:
    try:
        return "mixpanel_cohort_id" in json.loads(body)["parameters"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def test_a_wrong_receiver_is_found_by_the_same_cause_and_steps_as_in_this_process() -> None:
    scenario = CANONICAL["four-days-down"]
    with serving() as server:
        server.merges = True
        found = outcome_of(server, scenario).violation
        again = outcome_of(server, scenario).violation
    with open_kit(merges_full_sync, BUILT_IN) as kit:
        within = run(kit, scenario).violation
    assert found is not None
    assert again is not None
    assert within is not None
    assert found.key == again.key == within.key == ("membership", "ghost-after-full-sync")
    assert (found.user, found.cohort, found.expected) == (within.user, within.cohort, within.expected)


def on_second(evil: Evil) -> Evil:
    """The evil at the second delivery only."""

    def act(handler: Handler) -> None:
        if sum(path == "/hook" for path, _, _ in handler.server.requests) == 2:
            evil(handler)
        else:
            handler.answer(*handler.server.take(handler.body))

    return act


def garbage(handler: Handler) -> None:
    handler.raw(b"\x16\x03\x01 this is no HTTP\r\n\r\n")


def answers_late(handler: Handler) -> None:
    time.sleep(0.5)
    handler.answer(*handler.server.take(handler.body))


@pytest.mark.parametrize(
    ("evil", "key", "seen"),
    [
        (never_answers, ("acceptance", "hangs"), "no answer within the time limit"),
        (answers_late, ("acceptance", "hangs"), "no answer within the time limit"),
        (closes_at_once, ("acceptance", "closes-connection"), "connection cut on every try"),
        (closes_half_way, ("acceptance", "closes-connection"), "connection cut on every try"),
        (garbage, ("acceptance", "closes-connection"), "connection cut on every try"),
        (redirects, ("acceptance", "refused-always"), "HTTP 307"),
    ],
)
def test_each_evil_is_a_finding(evil: Evil, key: tuple[str, str], seen: str) -> None:
    with serving(evil) as server:
        violation = outcome_of(server, limit=0.3).violation
    assert violation is not None
    assert (violation.key, violation.seen) == (key, seen)


@pytest.mark.parametrize("evil", [closes_at_once, closes_half_way, garbage])
def test_a_connection_that_is_cut_once_is_retried(evil: Evil) -> None:
    with serving(on_second(evil)) as server:
        outcome = outcome_of(server)
    assert outcome.violation is None
    assert [(each.check, each.cause, each.seen) for each in outcome.advice] == [
        ("acceptance", "stumbles", "connection cut at first, then taken")
    ]
    replies = [event.reply for event in outcome.history if isinstance(event, Attempted)]
    assert replies.count(NoReply("connection cut")) == 1


def test_an_answer_of_100_mb_is_read_in_part() -> None:
    with serving(on_second(sends_100_mb)) as server:
        outcome = outcome_of(server)
    assert outcome.violation is not None
    assert outcome.violation.key == ("envelope", "no-envelope")
    replies = [event.reply for event in outcome.history if isinstance(event, Attempted)]
    assert max(len(reply.body) for reply in replies if isinstance(reply, Reply)) < 2e6


def test_a_receiver_that_hangs_ends_the_campaign_and_is_told() -> None:
    with (
        serving(on_second(never_answers)) as server,
        open_kit(receiver_of(server), BUILT_IN, clock="none", time_limit=0.3) as kit,
    ):
        report = Campaign(kit, CampaignPlan(seed=1, trials=3, shrink_seconds=0.5)).run()
    assert [finding.key for finding in report.findings] == [("acceptance", "hangs")]


def test_a_server_that_goes_away_ends_the_campaign_with_what_was_found() -> None:
    with serving() as server:
        server.merges = True
        with open_kit(receiver_of(server), BUILT_IN, clock="none", time_limit=0.3) as kit:
            made = Campaign(kit, CampaignPlan(seed=1, trials=50), on_finding=lambda _: stop(server))
            report = made.run()
    assert [finding.key for finding in report.findings] == [("membership", "ghost-after-full-sync")]
    assert "no answer (" in report.stopped_by


def stop(server: Server) -> None:
    """Nothing is answered any more."""
    server.evil = closes_at_once
    server.silent = True


def test_a_server_that_goes_away_before_anything_was_found() -> None:
    with serving() as server:
        pass
    with pytest.raises(Unreachable, match="nothing listens at"):
        outcome_of(server)


def test_who_holds_somebody_from_before_is_not_empty() -> None:
    with (
        serving() as server,
        open_kit(lambda: Receiver(f"{server.origin}/hook", members=lambda _: ["ann"]), BUILT_IN, clock="none") as kit,
        pytest.raises(UsageError, match="the receiver is not empty at the start of a trial"),
    ):
        run(kit, SMALL)


def test_no_check_is_claimed_that_needs_virtual_time() -> None:
    live = Receiver("http://127.0.0.1:9/")
    assert [each.name for each in BUILT_IN if missing_for(each, live) == ("virtual_time",)] == ["clock"]


def test_forgetting_is_not_put_down_to_time_that_has_not_passed() -> None:
    with serving() as server, open_kit(receiver_of(server), BUILT_IN, clock="none", time_limit=5.0) as kit:
        trial = Trial(kit, SMALL)
        trial.apply(Sync("1001"))
        for held in server.held.values():
            held.clear()
        violation = trial.apply(PassTime(30))
    assert violation is not None
    assert violation.cause != "forgotten-with-time"
