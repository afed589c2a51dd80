"""The network decides each attempt's fate: a rule for the sync under way, else the fates laid out, else an outage."""

from __future__ import annotations

import pytest

from cohortprop.simulation import Network, in_its_place
from cohortprop.simulation.network import Ruling, SyncRule
from cohortprop.wire import NoReply, Reply

DOWN = Reply(503)
DELIVERED = Ruling("deliver")


def rule_on(network: Network, *, cohort: str = "7", position: int = 0, length: int = 3, now: float = 0.0) -> Ruling:
    return network.rule_on(cohort, position, length, now)


def test_by_default_all_is_delivered() -> None:
    assert rule_on(Network()) == DELIVERED


@pytest.mark.parametrize(
    ("written", "ruling"),
    [
        ("deliver", DELIVERED),
        ("duplicate", Ruling("duplicate")),
        ("lose", Ruling("lose", NoReply("timed out"))),
        ("refuse", Ruling("refuse", NoReply("connection refused"))),
        ("refuse 429", Ruling("refuse", Reply(429))),
    ],
)
def test_each_fate_that_can_be_laid_out(written: str, ruling: Ruling) -> None:
    network = Network()
    network.lay_out([written])
    assert rule_on(network) == ruling
    assert rule_on(network) == DELIVERED


def test_what_a_proxy_answers_in_the_apps_place() -> None:
    assert in_its_place(502) == Reply(502)
    assert in_its_place(None) == NoReply("connection refused")


def test_fates_that_are_laid_out_later_come_later() -> None:
    network = Network()
    network.lay_out(["lose"])
    network.lay_out(["duplicate"])
    assert [rule_on(network).fate for _ in range(3)] == ["lose", "duplicate", "deliver"]


def test_an_outage_lasts_until_its_moment_and_no_longer() -> None:
    network = Network()
    network.begin_outage(100.0, DOWN, 0)
    assert rule_on(network, now=99.9) == Ruling("refuse", DOWN)
    assert rule_on(network, now=100.0) == DELIVERED


def test_its_first_attempts_may_lose_their_acknowledgement() -> None:
    network = Network()
    network.begin_outage(100.0, DOWN, 2)
    assert [rule_on(network).fate for _ in range(3)] == ["lose", "lose", "refuse"]
    assert network.outage_answer == DOWN


def test_those_that_were_not_lost_by_its_end_are_not_lost_later() -> None:
    network = Network()
    network.begin_outage(100.0, DOWN, 2)
    assert rule_on(network, now=100.0) == DELIVERED
    assert network.even
    network.begin_outage(300.0, DOWN, 0)
    assert rule_on(network, now=200.0).fate == "refuse"


def test_overlapping_outages_last_until_the_later_end() -> None:
    network = Network()
    network.begin_outage(100.0, DOWN, 0)
    network.begin_outage(50.0, Reply(429), 0)
    assert rule_on(network, now=99.0) == Ruling("refuse", Reply(429))


ABORT = SyncRule("7", 1, "refuse", DOWN)
LAST_LOST = SyncRule("7", -1, "lose", NoReply("timed out"))


@pytest.mark.parametrize(
    ("rule", "fates"),
    [
        (ABORT, ["deliver", "refuse", "refuse"]),
        (SyncRule("7", 0, "refuse", DOWN), ["refuse", "refuse", "refuse"]),
        (SyncRule("7", 3, "refuse", DOWN), ["deliver", "deliver", "deliver"]),
        (LAST_LOST, ["deliver", "deliver", "lose"]),
        (SyncRule("7", -2, "lose", DOWN), ["deliver", "lose", "lose"]),
    ],
)
def test_a_rule_for_a_sync_goes_by_the_place_in_it(rule: SyncRule, fates: list[str]) -> None:
    network = Network()
    network.set_sync_rule(rule)
    assert [rule_on(network, position=place).fate for place in range(3)] == fates
    assert rule_on(network, position=2, cohort="8") == DELIVERED


def test_the_only_delivery_is_the_last_one_too() -> None:
    network = Network()
    network.set_sync_rule(LAST_LOST)
    assert rule_on(network, length=1) == Ruling("lose", NoReply("timed out"))


def test_a_rule_goes_first_and_keeps_the_fates_for_later() -> None:
    network = Network()
    network.begin_outage(100.0, Reply(429), 0)
    network.lay_out(["lose"])
    network.set_sync_rule(ABORT)
    assert rule_on(network, position=0) == DELIVERED
    assert rule_on(network, position=1) == Ruling("refuse", DOWN)
    network.set_sync_rule(None)
    assert [rule_on(network).fate for _ in range(2)] == ["lose", "refuse"]


def test_all_faults_end() -> None:
    network = Network()
    network.begin_outage(100.0, DOWN, 3)
    network.lay_out(["lose"])
    network.set_sync_rule(ABORT)
    network.heal()
    assert rule_on(network, position=2) == DELIVERED
    assert network.even
    assert network.silent_until(5.0) == 5.0


def test_it_is_silent_until_the_outage_ends() -> None:
    network = Network()
    assert network.silent_until(5.0) == 5.0
    network.begin_outage(100.0, DOWN, 0)
    assert network.silent_until(5.0) == 100.0
    assert network.silent_until(200.0) == 200.0


def test_it_is_not_silent_while_an_attempt_can_have_another_fate() -> None:
    network = Network()
    network.begin_outage(100.0, DOWN, 1)
    assert network.silent_until(5.0) == 5.0
    rule_on(network)
    assert network.silent_until(5.0) == 100.0
    network.lay_out(["deliver"])
    assert network.silent_until(5.0) == 5.0
    rule_on(network)
    network.set_sync_rule(ABORT)
    assert network.silent_until(5.0) == 5.0
    network.set_sync_rule(None)
    assert network.silent_until(5.0) == 100.0
