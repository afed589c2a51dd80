"""An edit is told with the old value and the new, and so is the first request that carries the new one."""

from __future__ import annotations

from cohortprop import zoo
from cohortprop.reports import tell
from cohortprop.reports.diagram import as_mermaid, diagram_of_finding
from cohortprop.reports.edits import edits_in_words, news_carried, property_in_words
from cohortprop.reports.html.timeline import timeline_of
from cohortprop.simulation import Edited, Event
from cohortprop.simulation.steps import Edit, Join, Leave, Sync
from tests.cover.reports.cases import VIPS, scenario, told_to_its_end
from tests.cover.reports.test_story_parts import unwrapped

CHANGE = 'ann\'s e-mail changes from "ann@example.com" to "a@b.c"'
NEWS = 'remove_members(ann) with ann\'s new e-mail "a@b.c"'


def test_old_and_new_value_and_the_removal_that_carries_the_new_one_are_told() -> None:
    what = scenario(Sync(VIPS), Edit("ann", "email", "a@b.c"), Leave(VIPS, ("ann",)), Sync(VIPS), Sync(VIPS))
    finding = told_to_its_end(zoo.applies_each_page, what)
    told = unwrapped(tell(finding))
    assert CHANGE in told
    assert f"{NEWS} → 200" in told
    assert told.count("new e-mail") == 1
    mermaid = as_mermaid(diagram_of_finding(finding))
    assert CHANGE in mermaid
    assert NEWS in mermaid
    texts = [event["x"] for event in timeline_of(finding)["events"] if not event.get("h")]
    assert not any("has a new email" in text for text in texts), "the step would say it a second time"
    assert CHANGE in texts
    assert f"{NEWS} → 200" in texts


def test_a_second_edit_begins_where_the_first_has_ended_and_a_property_may_be_lost() -> None:
    events: list[Event] = [
        Edited(0.0, "ann", "plan", "free"),
        Edited(1.0, "ann", "plan", "paid"),
        Edited(2.0, "ann", "plan", None),
        Edited(3.0, "bob", "email", None),
    ]
    assert edits_in_words(events) == {
        0: 'ann\'s plan changes to "free"',
        1: 'ann\'s plan changes from "free" to "paid"',
        2: 'ann loses the plan "paid"',
        3: "bob loses the e-mail",
    }
    assert property_in_words("phone_number") == "phone number"


def test_a_request_that_no_longer_has_the_property_says_so() -> None:
    what = scenario(Sync(VIPS), Edit("ann", "email", None), Leave(VIPS, ("ann",)), Sync(VIPS))
    assert "with no e-mail of ann any more" in unwrapped(tell(told_to_its_end(zoo.applies_each_page, what)))


def test_where_nothing_is_edited_no_request_carries_news() -> None:
    what = scenario(Sync(VIPS), Join(VIPS, ("dan",)), Sync(VIPS))
    assert news_carried(told_to_its_end(zoo.applies_each_page, what).history.events) == {}
