"""Sequence diagrams: each fate of an attempt looks different, and both ways of drawing say the same."""

from __future__ import annotations

import re
import textwrap
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise

import pytest

from cohortprop import zoo
from cohortprop.campaign import Campaign, CampaignPlan, Finding
from cohortprop.checks import BUILT_IN
from cohortprop.profiles import PROFILES
from cohortprop.reports.diagram import Diagram, as_mermaid, as_svg, diagram_of_finding, diagram_of_history
from cohortprop.reports.diagram.rows import LANES, Message, Note, Row, Time, _rows
from cohortprop.reports.diagram.svg import _DESK, _PHONE, _Paper
from cohortprop.simulation import CohortSeed, PhaseBegan, Renamed, Scenario
from cohortprop.simulation.canonical import CANONICAL
from cohortprop.simulation.steps import Fates, Join, Outage, Replay, Step, Sync, Wait
from cohortprop.trial import TrialKit, open_kit, run

MERMAID = re.compile(r" {4}(note over [\w,]+|\w+(->>|-->>|-x)\w+): [^;#]*((#\d+;)[^;#]*)*")
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def kit() -> Iterator[TrialKit]:
    with open_kit(zoo.asks_for_a_token, BUILT_IN) as opened:
        yield opened


@pytest.fixture(scope="module")
def ghost() -> Finding:
    with open_kit(zoo.merges_full_sync, BUILT_IN) as opened:
        plan = CampaignPlan(PROFILES["realistic"], seed=1, trials=0)
        return Campaign(opened, plan).run().findings[0]


def rows_of(kit: TrialKit, *steps: Step, members: tuple[str, ...] = ("ann",)) -> tuple[Row, ...]:
    scenario = Scenario((CohortSeed("7", "VIPs", members),), steps, page_size=1)
    return diagram_of_history(run(kit, scenario).history, "a title", scenario.started_at).rows


def messages(rows: tuple[Row, ...]) -> list[tuple[str, str, str, str]]:
    return [(row.start, row.end, row.look, row.text) for row in rows if isinstance(row, Message)]


def test_what_is_delivered_goes_all_the_way_and_back(kit: TrialKit) -> None:
    rows = rows_of(kit, Sync("7"))
    assert rows[0] == Time("day 1, 09:00")
    assert rows[1] == Note("Mixpanel", "a full sync of cohort 7 begins, 1 request")
    assert messages(rows) == [
        ("Mixpanel", "receiver", "request", "members(ann)"),
        ("receiver", "Mixpanel", "reply", "200"),
    ]


def test_a_lost_acknowledgement_breaks_off_at_the_network(kit: TrialKit) -> None:
    assert messages(rows_of(kit, Fates(("lose",)), Sync("7"))) == [
        ("Mixpanel", "receiver", "request", "members(ann)"),
        ("receiver", "network", "broken", "200"),
        ("network", "Mixpanel", "reply", "no answer (timed out)"),
        ("Mixpanel", "receiver", "request", "members(ann), try 2"),
        ("receiver", "Mixpanel", "reply", "200"),
    ]


def test_a_refused_attempt_never_comes_to_the_receiver_and_its_repeats_are_counted(kit: TrialKit) -> None:
    rows = rows_of(kit, Outage(600), Wait(600))
    assert messages(rows) == [
        ("Mixpanel", "network", "broken", "members(ann)"),
        ("network", "Mixpanel", "reply", "503"),
    ]
    notes = [row.text for row in rows if isinstance(row, Note)]
    assert notes[-2:] == ["5 more tries, with the same result", "the full sync of cohort 7 has failed: HTTP 503"]


def test_copies_and_late_arrivals_come_out_of_the_network(kit: TrialKit) -> None:
    said = messages(rows_of(kit, Fates(("duplicate",)), Sync("7"), Replay(0)))
    assert said[2:] == [
        ("network", "receiver", "request", "a copy: members(ann)"),
        ("receiver", "network", "reply", "200"),
        ("network", "receiver", "request", "late: members(ann)"),
        ("receiver", "network", "reply", "200"),
    ]


def test_a_moment_is_told_once(kit: TrialKit) -> None:
    times = [row.text for row in rows_of(kit, Sync("7"), Join("7", ("bob",)), Sync("7")) if isinstance(row, Time)]
    assert times == ["day 1, 09:00", "day 1, 09:30"]


def test_the_middle_of_a_long_story_is_left_out(kit: TrialKit) -> None:
    rows = rows_of(kit, Sync("7"), members=tuple(f"user-{number}" for number in range(60)))
    assert len(rows) == 81
    assert rows[20] == Note("network", "… 42 more lines …")
    assert messages(rows)[-2][3] == "members(user-59) page 60 of 60"


def test_a_finding_ends_where_it_shows(ghost: Finding) -> None:
    diagram = diagram_of_finding(ghost)
    last = diagram.rows[-1]
    assert isinstance(last, Note)
    assert last.wrong
    assert last.text.startswith("✗ the receiver holds ann")
    assert messages(diagram.rows)[-2][3] == "members(nobody)"


def test_of_several_cohorts_each_request_says_for_which_it_is(kit: TrialKit) -> None:
    rows = diagram_of_history(
        run(kit, CANONICAL["two-cohorts"]).history, "a title", CANONICAL["two-cohorts"].started_at
    )
    requests = [row.text for row in rows.rows if isinstance(row, Message) and row.look == "request"]
    assert requests[0] == "1001: members(ann, bob) page 1 of 2"
    assert {text.split(":")[0] for text in requests} == {"1001", "1002"}


def test_the_end_of_the_steps_is_told_where_there_are_any() -> None:
    over = Note("Mixpanel", "the steps are over; all is synced, without faults")
    with open_kit(zoo.one_pile_of_pages, BUILT_IN) as opened:
        plan = CampaignPlan(PROFILES["realistic"], seed=1, trials=0)
        finding = Campaign(opened, plan).run().findings[0]
    assert not finding.scenario.steps
    assert over not in diagram_of_finding(finding).rows
    home = PhaseBegan(0.0, "way home", 1)
    start = finding.scenario.started_at
    assert list(_rows([home], start)) == []
    assert list(_rows([Renamed(0.0, "7", "Whales"), home], start))[-1] == over


@pytest.mark.parametrize("name", CANONICAL)
def test_every_canonical_scenario_can_be_drawn(kit: TrialKit, name: str) -> None:
    scenario = CANONICAL[name]
    diagram = diagram_of_history(run(kit, scenario).history, name, scenario.started_at)
    root = ET.fromstring(as_svg(diagram))  # noqa: S314 - our own
    texts = [each.text or "" for each in root.iter(f"{SVG}text")]
    assert texts[:3] == list(LANES)
    lines = as_mermaid(diagram).splitlines()
    assert len(lines) == 7 + len(diagram.rows)
    assert all(MERMAID.fullmatch(line) for line in lines[7:])


def test_rows_of_the_picture_do_not_overlap(ghost: Finding) -> None:
    root = ET.fromstring(as_svg(diagram_of_finding(ghost)))  # noqa: S314 - our own
    boxes = [each for each in root.iter(f"{SVG}rect") if each.get("height") != "28"]
    edges = [(int(each.get("y", "")), int(each.get("y", "")) + int(each.get("height", ""))) for each in boxes]
    assert len(edges) > 3
    assert all(bottom < top for (_, bottom), (top, _) in pairwise(edges))
    assert edges[-1][1] < int(root.get("viewBox", "").split()[3])


def test_signs_that_mean_something_are_escaped() -> None:
    diagram = Diagram('a "title" <b>', (Note("receiver", "a < b; c # d & e", wrong=True),))
    assert "a < b, c #35; d & e" in as_mermaid(diagram)
    assert 'title: "a \\"title\\" <b>"' in as_mermaid(diagram)
    root = ET.fromstring(as_svg(diagram))  # noqa: S314 - our own
    assert root.get("aria-label") == 'a "title" <b>'
    assert [each.text for each in root.iter(f"{SVG}text")][3:] == ["a < b; c # d & e"]


@pytest.mark.parametrize("paper", [_DESK, _PHONE], ids=["desk", "phone"])
def test_no_line_of_a_note_is_wider_than_its_box(paper: _Paper, ghost: Finding) -> None:
    diagram = diagram_of_finding(ghost)
    notes = [row.text for row in diagram.rows if isinstance(row, Note)]
    lines = [line for text in notes for line in textwrap.wrap(text, paper.note_signs)]
    assert max(map(len, lines)) * 7.6 <= 2 * paper.note  # a wide letter of the font has 7.6 units
    assert ";" not in as_mermaid(diagram).replace("#35;", "")


def test_on_a_phone_all_is_drawn_within_a_narrow_picture_and_long_texts_have_several_lines() -> None:
    carried = 'remove_members(ann) with ann\'s new e-mail "ann@new.example.com", try 2'
    rows = (Note("Mixpanel", "ann leaves"), Message("Mixpanel", "receiver", carried, "request"), Note("receiver", "x"))
    root = ET.fromstring(as_svg(Diagram("long", rows), narrow=True))  # noqa: S314 - our own
    width = int(root.get("viewBox", "").split()[2])
    assert width <= 360
    for box in root.iter(f"{SVG}rect"):
        assert int(box.get("x", "")) >= 0
        assert int(box.get("x", "")) + int(box.get("width", "")) <= width
    texts = [(each.text or "", int(each.get("y", ""))) for each in root.iter(f"{SVG}text")]
    drawn = [(text, y) for text, y in texts if text and text in carried and text != "x"]
    assert " ".join(text for text, _ in drawn) == carried
    assert len({y for _, y in drawn}) == 2
    endless = as_svg(Diagram("long", (Message("Mixpanel", "receiver", "word " * 90, "request"),)), narrow=True)
    assert endless.count("…") == 1
