"""However a campaign ends, what was found by then is in its report; what is the user's own fault comes out as that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from cohortprop import zoo
from cohortprop.campaign import Block, BlockReport, Campaign, CampaignPlan, Finding, canonical_for, run_block
from cohortprop.checks import BUILT_IN
from cohortprop.errors import UsageError
from cohortprop.profiles import PROFILES
from cohortprop.receiver import Receiver
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import CROSSING_STEPS, Garble, Step
from cohortprop.trial import TrialKit, open_kit
from tests.cover.search.machines import zoo_kit
from tests.cover.trial.apps import factory

PLAN = CampaignPlan(seed=2, trials=60, seconds=120, shrink_seconds=2)


def after(calls: int, fault: Callable[[], BaseException], build: Callable[[], Receiver]) -> Callable[[], Receiver]:
    """Receivers whose app raises, once so many calls have been made of all of them together."""
    made = 0

    def built() -> Receiver:
        receiver = build()
        inner = receiver.app

        def app(environ: Any, start_response: Any) -> Any:
            nonlocal made
            made += 1
            if made == calls:
                raise fault()
            return inner(environ, start_response)

        receiver.app = app
        return receiver

    return built


def broken_probe(name: str, calls: int) -> Callable[[], Receiver]:
    """Receivers one of whose functions fails, once, in mid-campaign."""
    made = 0

    def built() -> Receiver:
        receiver = factory(restart=lambda: None)()
        inner = getattr(receiver, name)

        def probe(*arguments: Any) -> Any:
            nonlocal made
            made += 1
            if made == calls:
                raise OSError("the database is locked")
            return inner(*arguments)

        setattr(receiver, name, probe)
        return receiver

    return built


@pytest.mark.parametrize(("canonical", "calls"), [(True, 5), (False, 5), (False, 400)])
def test_ctrl_c_inside_the_app_ends_it(canonical: bool, calls: int) -> None:
    with open_kit(after(calls, KeyboardInterrupt, factory()), BUILT_IN, clock="none") as kit:
        report = Campaign(kit, replace(PLAN, canonical=canonical)).run()
    assert report.interrupted
    assert report.stopped_by == "interrupted"
    assert not report.findings


def test_what_was_found_before_ctrl_c_is_in_the_report() -> None:
    heard: list[Finding] = []
    with open_kit(after(1500, KeyboardInterrupt, zoo.four_bugs), BUILT_IN, clock="none") as kit:
        report = Campaign(kit, PLAN, on_finding=heard.append).run()
    assert report.interrupted
    assert report.findings
    assert report.findings == heard


def test_what_was_found_by_the_search_when_ctrl_c_comes_between_trials_is_in_the_report() -> None:
    """The very moment at which a violation was met, and nothing was made of it yet."""

    def stop(report: BlockReport) -> None:
        if report.causes:
            raise KeyboardInterrupt

    plan = replace(PLAN, canonical=False)
    with open_kit(zoo.last_page_wins, BUILT_IN, clock="none") as kit:
        report = run_block(kit, Block(0, plan, seed=2, trials=50, steps=15, seconds=60), on_trial=stop)
    assert report.interrupted
    assert [finding.key for finding in report.findings] == [("membership", "last-page-wins")]


def test_what_is_being_shrunk_at_ctrl_c_is_in_the_report() -> None:
    """The fault comes with the very first candidates."""
    build = zoo.last_page_wins
    with open_kit(build, BUILT_IN, clock="none") as kit:
        quiet = Campaign(kit, replace(PLAN, first_only=True, canonical=False)).run()
        trials = quiet.findings[0].trials
    counted = 0
    shrinking: list[bool] = []

    def built() -> Receiver:
        nonlocal counted
        counted += 1
        if counted == trials + 3:  # one for the sample, and one for each trial
            shrinking.append(True)
            raise KeyboardInterrupt
        return build()

    with open_kit(built, BUILT_IN, clock="none") as kit:
        report = Campaign(kit, replace(PLAN, first_only=True, canonical=False)).run()
    assert shrinking
    assert report.interrupted
    assert [finding.key for finding in report.findings] == [("membership", "last-page-wins")]
    assert len(report.findings[0].scenario.steps) >= len(quiet.findings[0].scenario.steps)


@pytest.mark.parametrize("probe", ["members", "arrivals", "restart"])
@pytest.mark.parametrize("canonical", [True, False])
def test_a_probe_that_fails_once_is_wrong_usage(probe: str, canonical: bool) -> None:
    """Hypothesis tries again, and would say no more than that it went otherwise the second time."""
    calls = 3 if probe == "restart" else 300
    plan = replace(PLAN, canonical=canonical and probe != "restart")
    with (
        open_kit(broken_probe(probe, calls), BUILT_IN, clock="none") as kit,
        pytest.raises(UsageError) as error,
    ):
        Campaign(kit, plan).run()
    assert str(error.value).startswith(f"Receiver({probe}=...) failed: OSError: the database is locked")


def test_a_probe_that_fails_for_good_is_wrong_usage() -> None:
    def broken() -> Receiver:
        return factory(restart=lambda: 1 / 0)()

    with open_kit(broken, BUILT_IN, clock="none") as kit, pytest.raises(UsageError, match=r"^Receiver\(restart=...\)"):
        Campaign(kit, replace(PLAN, canonical=False)).run()


def test_a_factory_that_fails_in_mid_campaign_comes_out_as_it_is() -> None:
    built = 0

    def build() -> Receiver:
        nonlocal built
        built += 1
        if built == 20:
            raise OSError("no port left")
        return factory()()

    with open_kit(build, BUILT_IN, clock="none") as kit, pytest.raises(OSError, match="no port left"):
        Campaign(kit, replace(PLAN, canonical=False)).run()


def kit_excluding(kit: TrialKit, *readings: str) -> TrialKit:
    def build() -> Receiver:
        receiver = zoo.stages_full_syncs()
        receiver.excludes = readings
        return receiver

    return replace(kit, receiver=build)


def test_canonical_scenarios_of_an_excluded_reading_are_skipped() -> None:
    by_adds = {name for name, scenario in CANONICAL.items() if scenario.dialect.full_sync == "add_members"}
    assert by_adds
    with zoo_kit("stages_full_syncs") as kit:
        excluding = kit_excluding(kit, "full_sync=add_members", "optional_fields=bare")
        chosen = canonical_for(excluding.receiver())
        unfiltered = canonical_for(kit.receiver())
        report = Campaign(excluding, CampaignPlan(trials=0)).run()
    assert set(unfiltered) - set(chosen) == by_adds | {"bare-pages"}
    assert report.progress.trials == len(chosen)
    assert report.excluded == ("full_sync=add_members", "optional_fields=bare")


def test_a_pin_takes_the_place_of_a_scenarios_own_reading() -> None:
    chosen = canonical_for(zoo.stages_full_syncs(), ["full_sync=add_members"], PROFILES["hostile"])
    assert set(chosen) == set(CANONICAL), "and the hostile profile has all of them"
    assert {scenario.dialect.full_sync for scenario in chosen.values()} == {"add_members"}
    assert chosen["sparse-members"].dialect.optional_fields == "populated"


@pytest.mark.parametrize(
    ("profile", "never"), [("documented", (*CROSSING_STEPS, Garble)), ("realistic", CROSSING_STEPS), ("hostile", ())]
)
def test_canonical_scenarios_with_what_does_not_happen_in_a_profile_are_left_out(
    profile: str, never: tuple[type[Step], ...]
) -> None:
    chosen = canonical_for(zoo.stages_full_syncs(), profile=PROFILES[profile])
    left_out = {name for name, scenario in CANONICAL.items() if any(isinstance(step, never) for step in scenario.steps)}
    assert set(CANONICAL) - set(chosen) == left_out
    assert bool(left_out) is bool(never)


def test_a_pin_that_is_excluded_is_wrong_usage() -> None:
    with zoo_kit("stages_full_syncs") as kit, pytest.raises(UsageError, match="full_sync=add_members is excluded"):
        Campaign(kit_excluding(kit, "full_sync=add_members"), CampaignPlan(pins=("full_sync=add_members",)))


def test_muted_causes_are_counted_and_not_told() -> None:
    muted = frozenset({("membership", "last-page-wins")})
    with zoo_kit("last_page_wins") as kit:
        report = Campaign(kit, replace(PLAN, trials=10, muted=muted)).run()
    assert not report.findings
    assert report.muted["membership", "last-page-wins"] > 0


def test_checks_that_cannot_run_are_named_with_what_they_lack() -> None:
    with open_kit(factory(members=None, arrivals=None), BUILT_IN, clock="none") as kit:
        report = Campaign(kit, replace(PLAN, trials=5)).run()
    assert {"acceptance", "envelope", "rename"} <= set(report.checks), "what refusals alone can show is run"
    assert report.not_run["membership"] == ("members",)
    assert report.not_run["arrivals"] == ("arrivals",)
    assert report.not_run["dependency"] == ("dependency",)
    assert not set(report.checks) & set(report.not_run)
