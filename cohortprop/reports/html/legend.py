"""What the words, signs and arrows of a page mean: only of those that occur on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cohortprop.campaign import Finding
from cohortprop.process import Process
from cohortprop.receiver import Receiver
from cohortprop.reports.html.membership import CHANNELS, ORACLE, RECEIVER, SNAPSHOT, SOURCE
from cohortprop.simulation import Attempted, Duplicated, LateArrived, OutageBegan, Restarted, Silenced, Skipped
from cohortprop.wire import ADD_MEMBERS, MEMBERS, REMOVE_MEMBERS

__all__ = ["legend_of", "reading_aid"]

_NONE = 2


def reading_aid(finding: Finding, receiver: Receiver | None = None) -> Iterator[str]:
    """How the story is to be read, in a few sentences; code stands between backticks.

    Args:
        finding: whose story it is.
        receiver: how the app was addressed, if that is known.
    """
    events = finding.history.events[: finding.violation.place + 1]
    deliveries = [event.delivery for event in events if isinstance(event, (Attempted, Duplicated, LateArrived))]
    actions = {delivery.action for delivery in deliveries}
    yield "The receiver is the webhook under test."
    if deliveries:
        yield (
            "Each arrow (→) is one request that Mixpanel sends, with the users whom it names in brackets, and the "
            "status that the receiver answers."
        )
    if MEMBERS in actions:
        yield f"`{MEMBERS}` sends the whole cohort, to replace what the receiver holds: a full sync."
    if actions & {ADD_MEMBERS, REMOVE_MEMBERS}:
        yield f"`{ADD_MEMBERS}` names who has entered and `{REMOVE_MEMBERS}` who has left: a diff."
    if any(delivery.total_pages > 1 for delivery in deliveries):
        yield "A long list comes in pages, one request each; all pages of a sync carry the same session id."
    if any(isinstance(event, Attempted) and event.fate == "lose" for event in events):
        yield (
            "Where an answer gets lost, the receiver has done its work, but Mixpanel cannot know that, and sends the "
            "same once more."
        )
    if any(isinstance(event, (OutageBegan, Silenced, Skipped)) for event in events):
        yield "Time is simulated: nobody waits, and an app in cohortprop's own process sees it on its clock."
    if any(isinstance(event, Restarted) for event in events):
        yield _restarted(receiver)


def _restarted(receiver: Receiver | None) -> str:
    if receiver is not None and isinstance(receiver.app, Process):
        return "To restart the receiver, its process was killed, and started again."
    return (
        "The receiver was restarted by its hook `Receiver(restart=…)`, which drops what the process has in memory and "
        "keeps what is stored."
    )


def legend_of(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Entries as (kind, name, meaning); the kind is the class of its sign, empty for a word.

    Args:
        data: what the page steps through, as `timeline_of` makes it.
    """
    events = data["events"]
    yield from _of_events(events)
    if data["cells"]:
        yield from _of_the_table(data)


def _of_events(events: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    kinds = {event["k"] for event in events}
    fates = {event.get("f") for event in events}
    answers = [event["a"] for event in events if event["k"] == "attempt" and "a" in event]
    bands = {bit for event in events for bit in (1, 2) if event.get("b", 0) & bit}
    present = {
        "note": "note" in kinds,
        "look": "look" in kinds,
        "deliver": bool({"deliver", "duplicate"} & fates),
        "bad": any(not str(answer).startswith("2") for answer in answers),
        "refuse": "refuse" in fates,
        "lose": "lose" in fates,
        "copy": "copy" in kinds,
        "late": "late" in kinds,
        "stray": "stray" in kinds,
        "outage": 1 in bands,
        "pause": 2 in bands,
        "fold": any("z" in event for event in events),
    }
    for kind, (name, meaning) in _SIGNS.items():
        if present[kind]:
            yield kind, name, meaning


_SIGNS = {
    "note": ("something happens", "Where its dot stands: in Mixpanel, in the network, or in the receiver."),
    "look": ("a look", "cohortprop asks the receiver what it holds, by its probe. Mixpanel knows nothing of it."),
    "deliver": ("delivered", "The request arrives, and so does the answer, which is dashed."),
    "bad": ("an error", "The answer says that it failed: Mixpanel tries again, or gives up."),
    "refuse": ("does not arrive", "The network turns the request away, so the receiver never sees it."),
    "lose": ("answer lost", "The receiver has done the work, but Mixpanel sees a failure and sends the same again."),
    "copy": ("a copy", "The network delivers the same request once more, at once."),
    "late": ("late", "The network delivers an old request once more, much later."),
    "stray": ("stray", "A request that is no part of a sync."),
    "outage": ("outage", "For as long as it lasts nothing gets through."),
    "pause": ("paused", "Mixpanel sends nothing until a person resumes the sync."),
    "fold": ("⋮ hours pass ⋮", "A time in which nothing happens is not drawn to scale."),
}


def _of_the_table(data: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    signs = _signs_in(data)
    yield "", "in Mixpanel", "Whether the user is in the cohort there."
    none = " “none”: there is none yet, or it has expired after three days, so the next sync is a full one."
    yield (
        "",
        "Mixpanel's snapshot",
        "What Mixpanel takes the receiver to hold: the cohort as of the last sync that succeeded. The next diff is "
        "made against it." + none * ("none" in signs),
    )
    unknown = " “\u2013”: it was not asked yet." * ("unknown" in signs)
    old = " In italics: as of the last look; something has reached the receiver since." * ("old" in signs)
    yield "", "receiver holds", f"What it held when it was asked.{unknown}{old}"
    either = " “may be either”: at that moment the protocol leaves it open." * ("either" in signs)
    yield "", "should be", f"What every correct receiver holds, given what has reached it by then.{either}"
    if data["arrivals"]:
        yield (
            "",
            "times acted on",
            "How often the app has acted on the user's entering (mailed them, say), by its probe `arrivals`.",
        )
    yield "fresh", "underlined", "Changed by this event."
    if data["membership"] or data["acting"]:
        yield "wrong", "✗ wrong", "No correct receiver stands there."
    if "differs" in signs:
        yield "", "differs, permitted", "Not as in Mixpanel, and no fault: the receiver cannot know better yet."


def _signs_in(data: Mapping[str, Any]) -> set[str]:
    """What is met in the table on the way through all events."""
    values = list(data["first"])
    found: set[str] = set()
    touched = range(len(data["cells"]))
    for event in data["events"]:
        changes = event.get("m", ())
        for place in range(0, len(changes), 4):
            values[changes[place] * CHANNELS + changes[place + 1]] = changes[place + 3]
        cells = touched or {changes[place] for place in range(0, len(changes), 4)}
        touched = range(0)
        for cell in cells:
            at = cell * CHANNELS
            source, held, demand = values[at + SOURCE], values[at + RECEIVER], values[at + ORACLE]
            found |= {"none"} if values[at + SNAPSHOT] == _NONE else set()
            found |= {"unknown"} if held == _NONE else {"old"} if event.get("u") else set()
            found |= {"either"} if demand == _NONE else set()
            if held not in (_NONE, source) and not event.get("u") and demand in (_NONE, held):
                found.add("differs")
    return found
