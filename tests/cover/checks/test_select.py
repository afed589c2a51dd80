"""Which checks run: those that are asked for, less those that are not wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from cohortprop import checks, zoo
from cohortprop.campaign import Campaign, CampaignPlan
from cohortprop.checks import BUILT_IN, UNCLASSIFIED, Check, check, judges_for, missing_for, owner_of, select
from cohortprop.checks.base import registered
from cohortprop.errors import UsageError
from cohortprop.profiles import PROFILES
from cohortprop.receiver import Receiver
from cohortprop.simulation import Attempted
from cohortprop.simulation.steps import Sync
from cohortprop.trial import open_kit, run
from tests.cover.trial.apps import VIPS, correct, kit_for, scenario


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """What a test registers is gone after it."""
    known = registered()
    assert isinstance(known, dict)
    before = dict(known)
    yield
    known.clear()
    known.update(before)


def names(chosen: tuple[Check, ...]) -> list[str]:
    return [each.name for each in chosen if each.name in {known.name for known in BUILT_IN}]


def test_all_built_in_checks_run_by_themselves() -> None:
    assert names(select()) == [each.name for each in BUILT_IN]
    assert names(select())[:4] == ["membership", "arrivals", "acceptance", "envelope"]


def test_some_can_be_asked_for_and_some_left_out() -> None:
    assert names(select(["envelope", "membership"])) == ["membership", "envelope"], "in the order of the checks"
    assert names(select(without=["envelope", "membership"]))[:3] == ["arrivals", "acceptance", "authentication"]
    assert names(select(["envelope", "membership"], without=["envelope"])) == ["membership"]


@pytest.mark.parametrize("arguments", [{"only": ["membrship"]}, {"without": ["membrship"]}])
def test_a_name_that_does_not_exist_is_wrong_usage_in_one_line(arguments: dict[str, list[str]]) -> None:
    with pytest.raises(UsageError) as error:
        select(**arguments)  # type: ignore[arg-type]  # names of checks only
    assert str(error.value).startswith("no check is called 'membrship'; there are membership, arrivals, acceptance")
    assert "\n" not in str(error.value)


def test_what_a_check_needs_and_the_receiver_lacks() -> None:
    missing = {each.name: missing_for(each, Receiver(correct)) for each in BUILT_IN}
    assert missing["membership"] == ("members",)
    assert missing["arrivals"] == ("arrivals",)
    assert missing["acceptance"] == missing["envelope"] == ()
    assert missing["durability"] == ("restart",)


def test_a_check_is_run_when_one_of_its_judges_can_see_something() -> None:
    rename = next(each for each in BUILT_IN if each.name == "rename")
    bare, open_to_view = Receiver(correct), Receiver(correct, members=lambda cohort: [])
    assert missing_for(rename, bare) == missing_for(rename, open_to_view) == ()
    assert [judge.name for judge in judges_for([rename], bare)] == ["acceptance"]
    assert [judge.name for judge in judges_for([rename], open_to_view)] == ["membership", "acceptance"]


def test_a_judge_of_many_checks_sees_each_event_once() -> None:
    judges = judges_for(BUILT_IN, Receiver(correct, members=lambda cohort: [], arrivals=list))
    assert len(judges) == len({judge.name for judge in judges})


def test_every_cause_is_owned_by_one_check() -> None:
    causes = [cause.name for each in BUILT_IN for cause in each.causes if cause is not UNCLASSIFIED]
    assert len(causes) == len(set(causes))
    for each in BUILT_IN:
        assert all(owner_of(cause.name) is each for cause in each.causes if cause is not UNCLASSIFIED)
    assert owner_of(UNCLASSIFIED.name) is None


def register(severity: str = "bug") -> Check:
    @check("no-ann", summary="nobody sends ann", severity=severity)  # type: ignore[arg-type]  # a literal of two
    def no_ann(event: object, evidence: object) -> Iterator[str]:
        if isinstance(event, Attempted) and "ann" in event.delivery.ids:
            yield "ann was sent"

    return no_ann


def test_a_check_by_decorator_takes_part() -> None:
    made = register()
    assert made in select()
    assert select(["no-ann"]) == (made,)
    with kit_for(checks=select(["no-ann"])) as kit:
        outcome = run(kit, scenario(Sync(VIPS)))
    assert outcome.violation is not None
    assert outcome.violation.key == ("no-ann", "unclassified")
    assert (outcome.violation.expected, outcome.violation.seen) == ("nobody sends ann", "ann was sent")
    assert isinstance(outcome.history.events[outcome.violation.place], Attempted)


def test_a_check_by_decorator_may_be_advice() -> None:
    made = register("advice")
    with kit_for(checks=(made,)) as kit:
        outcome = run(kit, scenario(Sync(VIPS)))
    assert outcome.violation is None
    assert [each.key for each in outcome.advice] == [("no-ann", "unclassified")]


def test_a_check_by_decorator_can_be_muted() -> None:
    made = register()
    with kit_for(checks=(made,)) as kit:
        outcome = run(kit, scenario(Sync(VIPS), Sync(VIPS)), {("no-ann", "unclassified")})
    assert outcome.violation is None
    assert outcome.muted["no-ann", "unclassified"] >= 1


@pytest.mark.parametrize("name", ["no-ann"])
def test_a_name_is_taken_once(name: str) -> None:
    register()
    with pytest.raises(UsageError, match=f"^a check named '{name}' exists already$"):
        register()


@pytest.mark.parametrize("name", [each.name for each in BUILT_IN])
def test_the_names_of_the_built_in_checks_are_taken(name: str) -> None:
    with pytest.raises(UsageError, match=f"^a check named '{name}' exists already$"):
        check(name, summary="mine")(lambda event, evidence: [])


def test_a_check_on_request_runs_when_it_is_asked_for() -> None:
    made = replace(register(), on_request=True)
    known = registered()
    assert isinstance(known, dict)
    known["no-ann"] = made
    assert made not in select()
    assert select(["no-ann"]) == (made,)


class Announced:
    """An entry point as a package may have it."""

    value = "shop.checks"

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault

    def load(self) -> None:
        if self.fault is not None:
            raise self.fault
        if "no-ann" not in registered():  # a module is imported once
            register()


def announce(monkeypatch: pytest.MonkeyPatch, announced: Announced) -> None:
    def found(group: str) -> list[Announced]:
        assert group == "cohortprop.checks"
        return [announced]

    monkeypatch.setattr(checks, "entry_points", found)


def test_a_check_that_a_package_announces_takes_part(monkeypatch: pytest.MonkeyPatch) -> None:
    announce(monkeypatch, Announced())
    assert "no-ann" in [each.name for each in select()]
    assert "no-ann" in [each.name for each in select(["no-ann"])]


def test_a_package_whose_checks_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    announce(monkeypatch, Announced(ImportError("No module named 'shop'")))
    with pytest.raises(UsageError, match=r"^the checks of 'shop\.checks' cannot be loaded: No module named 'shop'$"):
        select()


@pytest.mark.parametrize(("receiver", "key"), [("refuses_renamed", "rename"), ("mails_before_noting", "concurrency")])
def test_a_check_alone_finds_what_only_an_examination_tells(receiver: str, key: str) -> None:
    entry = zoo.find(receiver)
    with open_kit(entry.factory, select([key], profile="hostile")) as kit:
        report = Campaign(kit, CampaignPlan(PROFILES["hostile"], seed=1, trials=0)).run()
    assert [finding.key for finding in report.findings] == [*entry.bugs]
