"""Checks that need what the user did not give are listed in every output, with what they need."""

from __future__ import annotations

import json

import pytest

from cohortprop import Receiver, zoo
from cohortprop.campaign import Campaign, CampaignPlan, Report
from cohortprop.checks import BUILT_IN, missing_for, missing_in_part
from cohortprop.reports import report_as_json, show_report
from cohortprop.trial import open_kit
from tests.cover.reports.test_terminal import console_of, report_of, shown


def ran(receiver: Receiver) -> Report:
    with open_kit(lambda: receiver, BUILT_IN) as kit:
        return Campaign(kit, CampaignPlan(trials=0, canonical=False)).run()


@pytest.fixture(scope="module")
def bare() -> Report:
    """Of a receiver that cannot be looked into."""
    return ran(Receiver(zoo.applies_each_page().app))


def on_terminal(report: Report, *, quiet: bool = False) -> list[str]:
    console, raw = console_of(200)
    show_report(console, report, quiet=quiet)
    return shown(raw).splitlines()


def test_each_check_either_runs_or_says_what_it_needs(bare: Report) -> None:
    assert set(bare.checks) | set(bare.not_run) == {each.name for each in BUILT_IN}
    assert not set(bare.checks) & set(bare.not_run)
    assert bare.not_run["durability"] == ("restart",)
    assert bare.not_run["stranger"] == ("members",)
    assert bare.run_in_part["rename"] == ("members",)
    assert "envelope" not in bare.run_in_part


def test_on_the_terminal(bare: Report) -> None:
    lines = on_terminal(bare)
    assert "Not run     authentication: needs auth, as in Receiver(auth=...)" in lines
    assert "Not run     membership: needs members, as in Receiver(members=...)" in lines
    assert "Not run     clock: needs members or arrivals, as in Receiver(members=...)" in lines
    assert "Not run     durability: needs restart, as in Receiver(restart=...)" in lines
    assert len([line for line in lines if line.startswith("Not run")]) == len(bare.not_run)
    told = [line.removeprefix("In part     ").split(": ", 1) for line in lines if line.startswith("In part")]
    assert [name for names, _ in told for name in names.split(", ")] == list(bare.run_in_part)
    (rename,) = [lacks for names, lacks in told if "rename" in names]
    assert rename == "would see more with members, as in Receiver(members=...)"


def test_in_short(bare: Report) -> None:
    lines = on_terminal(bare, quiet=True)
    assert "not run: clock: needs members or arrivals" in lines
    assert "not run: durability: needs restart" in lines
    told = {name for line in lines if line.startswith("not run: ") for name in line.split(": ")[1].split(", ")}
    assert told == set(bare.not_run)
    assert lines[0].startswith("No bug found")


def test_in_json(bare: Report) -> None:
    data = json.loads(json.dumps(report_as_json(bare)))
    assert {name: tuple(lacks) for name, lacks in data["not_run"].items()} == bare.not_run
    assert data["run_in_part"]["rename"] == ["members"]


def test_a_receiver_that_gives_all_has_nothing_of_the_kind() -> None:
    full = Receiver(
        zoo.applies_each_page().app,
        auth=("mixpanel", "s3cret"),
        members=lambda _cohort: (),
        arrivals=lambda: (),
        restart=lambda: None,
        dependency=lambda: None,  # type: ignore[arg-type, return-value]  # is not called
        reset=lambda: None,
    )
    report = ran(full)
    assert report.not_run == report.run_in_part == {}
    for quiet in (False, True):
        told = "\n".join(on_terminal(report, quiet=quiet)).lower()
        assert "not run" not in told
        assert "in part" not in told


def test_a_check_of_somebody_elses_is_told_by_what_it_lacks() -> None:
    report = report_of(not_run={"somebody's": ("members", "arrivals")}, run_in_part={"other": ("restart",)})
    assert "Not run     somebody's: needs members and arrivals, as in Receiver(members=...)" in on_terminal(report)
    assert "In part     other: would see more with restart, as in Receiver(restart=...)" in on_terminal(report)


def test_what_is_not_run_is_not_run_in_part_either() -> None:
    receiver = Receiver(zoo.applies_each_page().app)
    for check in BUILT_IN:
        assert not (missing_for(check, receiver) and missing_in_part(check, receiver))
