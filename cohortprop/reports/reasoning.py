"""Why this cause and not another: what was tried after the violation, what came of it, and what that speaks against.

All of it is read off the history.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cohortprop.campaign import Finding
from cohortprop.checks import UNCLASSIFIED, owner_of
from cohortprop.reports.exchange import failing_exchange
from cohortprop.reports.phrases import delivery_in_words, listed, plural, shown_id, times
from cohortprop.reports.standing import takes_instead
from cohortprop.reports.tried import circumstances, next_to_others, what_was_tried
from cohortprop.reports.words import examined_in_words
from cohortprop.simulation import (
    NEWCOMER,
    Attempted,
    Duplicated,
    Examined,
    Garbled,
    LateArrived,
    PhaseBegan,
    Probed,
    SyncStarted,
)
from cohortprop.wire import REMOVE_MEMBERS, Reply

__all__ = ["is_plain", "why_this_cause"]


def why_this_cause(finding: Finding) -> str:
    """One or two sentences; empty where the cause has no name, or what was seen says it all."""
    violation = finding.violation
    if violation.cause == UNCLASSIFIED.name:
        return ""
    owner = owner_of(violation.cause)
    if owner is not None and owner.name == "concurrency":
        return _IN_A_RACE
    match violation.judge:
        case "membership":
            parts = (_of_the_user(finding), what_was_tried(finding), next_to_others(finding))
            return " ".join(part for part in parts if part)
        case "arrivals":
            return _about_arrivals(finding)
        case "acceptance":
            return _about_a_refusal(finding)
        case "authentication" | "malformed":
            return _about_a_stray(finding)
        case "dependency":
            return _IN_TROUBLE
        case "envelope":
            return _SHOWN
    return ""


def is_plain(finding: Finding) -> bool:
    """Whether the cause can be read off an answer, so that nothing has to be concluded."""
    violation = finding.violation
    if violation.cause == UNCLASSIFIED.name or violation.check == "concurrency":
        return False
    return violation.judge in ("dependency", "envelope") or why_this_cause(finding) == _SHOWN


_SHOWN: Final = "The answer itself shows it: nothing else can look like this."
_IN_A_RACE: Final = (
    "It shows where requests are under way at the same moment. Letting the same requests come one after the other, "
    "cohortprop did not see it."
)
_IN_TROUBLE: Final = (
    "The answer came while the app's own dependency was made to fail, in the way that Receiver(dependency=…) says. It "
    "puts the fault in the request, which was a correct one."
)


def _of_the_user(finding: Finding) -> str:
    """What the requests have said of the user, where that alone tells much."""
    violation = finding.violation
    events = finding.history.events
    look = events[violation.place]
    user = shown_id(violation.user)
    named = [
        event.delivery
        for event in events[: violation.place]
        if isinstance(event, Attempted)
        and event.delivery.cohort_id == violation.cohort
        and violation.user in event.delivery.identities(finding.id_property)
    ]
    if violation.signature == "stranger" and not named:
        return f"No request for this cohort has ever named {user}."
    if violation.cause != "full-page-cut" or not named or not isinstance(look, Probed) or look.held is None:
        return ""
    page = named[-1].identities(finding.id_property)
    kept = len(look.held.get(violation.cohort, frozenset()).intersection(page))
    return f"{user} was named by a page of {plural(len(page), 'member')}, of whom {kept} are held."


def _about_arrivals(finding: Finding) -> str:
    violation = finding.violation
    exchange = failing_exchange(finding)
    if exchange is None:
        return ""
    words = delivery_in_words(exchange.delivery, finding.id_property)
    if violation.signature == "few":
        return _about_a_lost_arrival(finding)
    told = f"It acted again on {_occasion(finding, exchange.place)}, {words}."
    examined = _when_examined(finding)
    if len(examined) < 3:
        return told
    before, after = examined[:2]
    again = sorted(
        who for (where, who), count in after.items() if where == violation.cohort and count > before[where, who]
    )
    on_full = f"it acted again on {listed(again)}" if again else "it acted on nobody"
    twice = examined[2][violation.cohort, NEWCOMER]
    on_retry = f"on a newcomer, whose request was sent again because its answer got lost, it acted {times(twice)}"
    follows = _SO.get(violation.cause, "")
    if violation.cause == "duplicate-on-retry" and twice < 2:  # it takes more than a lost answer
        follows = f" So it seems to take {' and '.join(circumstances(finding))}."
    return f"{told} Tried afterwards: on a full sync in which nothing was new {on_full}; {on_retry}.{follows}"


_SO: Final = {
    "duplicate-on-full-sync": " So it is the full sync on which it acts.",
    "duplicate-on-retry": " So it is the repetition on which it acts.",
    "duplicate-on-replay": " So it is neither, but the copy.",
    "remailed-with-time": " So it is neither, but the time that has passed.",
    "no-authentication": " So it asks nobody who they are.",
    "wrong-credentials-accepted": " So it does ask, but does not compare all that it is shown.",
    "crashes-on-credentials": " So it is the credentials on which it fails.",
    "crashes-on-malformed": " So it is what is wrong with the request on which it fails.",
    "broken-by-malformed": " So it does not work as before.",
}
"""What follows from the examination, by the name of the cause."""


def _occasion(finding: Finding, place: int) -> str:
    """What kind of request it was after which the app acted once too often."""
    events = finding.history.events
    event = events[place]
    if isinstance(event, Duplicated):
        return "a copy of a request"
    if isinstance(event, LateArrived):
        return "an old request that came once more"
    assert isinstance(event, Attempted)
    before = any(
        isinstance(each, (Attempted, Duplicated)) and each.delivery is event.delivery and each.reply is not None
        for each in events[:place]
    )
    if before:
        return "a request that had reached it before"
    sessions = {each.session: each.kind for each in events[:place] if isinstance(each, SyncStarted)}
    full = sessions.get(event.delivery.session_id) == "full"
    return "a page of a full sync" if full else "a request of a diff"


def _about_a_lost_arrival(finding: Finding) -> str:
    violation = finding.violation
    events = finding.history.events[: violation.place]
    for event in reversed(events):
        if not isinstance(event, (Attempted, Duplicated)) or not isinstance(event.reply, Reply):
            continue
        delivery = event.delivery
        named = delivery.cohort_id == violation.cohort and delivery.action != REMOVE_MEMBERS
        if named and event.reply.accepted and violation.user in delivery.identities(finding.id_property):
            words = delivery_in_words(delivery, finding.id_property)
            takes = circumstances(finding)
            needs = f" It seems to take {' and '.join(takes)}." if takes else ""
            return (
                f"The app answered {words} with success, so it is not sent again, and had not acted on "
                f"{shown_id(violation.user)} when it was asked afterwards.{needs}"
            )
    return ""


def _when_examined(finding: Finding) -> Sequence[dict[tuple[str, str], int]]:
    """How often the app had acted at the end of each stage of the examination."""
    counts: dict[int, dict[tuple[str, str], int]] = {}
    stage = 0
    for event in finding.history.events[finding.violation.place + 1 :]:
        if isinstance(event, PhaseBegan) and event.phase == "aftermath":
            stage = event.stage
        elif isinstance(event, Probed) and event.arrivals is not None and stage:
            counts[stage] = event.arrivals
    return [counts[number] for number in sorted(counts)]


def _about_a_refusal(finding: Finding) -> str:
    match finding.violation.signature:
        case "hang":
            return "No answer came within the time limit, and the stack shows where the app was waiting."
        case "death":
            return "The server's process had ended, and nobody had asked it to."
    told = takes_instead(finding)
    cause = finding.violation.cause
    if cause == "broken-by-malformed":
        return f"{told} Requests were taken until one came that was no proper one, and none has been since.".strip()
    if not told:
        return ""
    if cause == "right-credentials-refused":
        return f"{told} It is refused with the very credentials that Receiver(auth=…) or its headers name."
    if cause == "refused-always":
        return f"{told} No other request was taken either."
    return f"{told} So it is that difference which it cannot take." if _taken(finding) else told


def _taken(finding: Finding) -> bool:
    """Whether a change to the refused delivery made the receiver take it."""
    return any(each.without and isinstance(each.reply, Reply) and each.reply.accepted for each in _examined(finding))


def _examined(finding: Finding) -> list[Examined]:
    return [event for event in finding.history.events[finding.violation.place :] if isinstance(event, Examined)]


def _about_a_stray(finding: Finding) -> str:
    examined = _examined(finding)
    if examined:
        told = "; ".join(map(examined_in_words, examined))
        return f"The same request, sent again {told}.{_SO.get(finding.violation.cause, '')}"
    if finding.violation.signature == "broken":
        return "The receiver could be looked at until the broken request came, and cannot since."
    if finding.violation.signature == "changed":
        stray = any(isinstance(event, Garbled) for event in finding.history.events[: finding.violation.place])
        what = "the broken request" if stray else "the request with wrong credentials"
        return f"The receiver was looked at right before and right after {what}, and nothing else came between."
    return _SHOWN
