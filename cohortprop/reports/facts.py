"""What stands on top of a finding: what was seen, what was expected, what it means for the app, and by which rule.

The words of a check name one user. Here all who are wrong are named, with the cohort and everybody who is in.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from cohortprop.campaign import Finding
from cohortprop.checks import Check
from cohortprop.reports.exchange import failing_exchange, own_words
from cohortprop.reports.layout import printable
from cohortprop.reports.phrases import delivery_in_words, listed, shown_id, times
from cohortprop.reports.standing import Place, arrivals_so_far, follows_refusal, standing
from cohortprop.simulation import SyncEnded
from cohortprop.wire import Reply

__all__ = ["arrivals_explained", "expected_of", "impact_of", "seen_of", "source_of", "with_clear_ids"]

_MOST: Final = 8
"""Users who are named of a set."""
_DOCUMENT: Final = 'Mixpanel\'s documentation, page "Cohort Sync", '

_ACTS: Final = "what the app does when a user enters (a welcome mail, say)"
_IMPACTS: Final = {
    "no-authentication": "Anybody who knows the address can change who is in your cohorts.",
    "wrong-credentials-accepted": "Somebody without the password can change who is in your cohorts.",
    "acted-before-refusing": "Somebody without the password can change who is in your cohorts.",
    "crashes-on-credentials": "Anybody who knows the address can make the app fail.",
    "crashes-on-malformed": "A broken request makes the app fail, and a sender tries it again and again.",
    "malformed-acknowledged": "A sender is told that a broken request was processed, so it never sends it in full.",
    "malformed-applied": "A broken request changes who is in your cohorts.",
    "broken-by-malformed": "After one broken request the app does not work as before.",
    "paused-by-trouble": "One short failure stops the sync, and nobody enters or leaves until a person resumes it.",
    "slow-page": "A large cohort may run into the sender's time limit, and never get through.",
    "late-copy-acts": "Old news is taken for new: the cohort, or what was sent to users, is wrong afterwards.",
    "emptied-before-refilled": "Whoever asks the app during a full sync is told that members are not there.",
}
"""By the name of the cause, where what was seen does not say it."""


def with_clear_ids(text: str, user: str) -> str:
    """The words of a check, with an id that could be misread made plain."""
    shown = shown_id(user) if user else user
    return printable(text if shown == user else text.replace(user, shown))


def seen_of(finding: Finding) -> str:
    """What the receiver did: the whole set that it holds, and everybody who is wrong in it."""
    violation = finding.violation
    cohort = _cohort(finding)
    if violation.judge == "membership" and (places := standing(finding)):
        held = listed(sorted(place.user for place in places if place.held), _MOST)
        extra = [place.user for place in places if place.wrong and place.held]
        missing = [place.user for place in places if place.wrong and not place.held]
        faults = [f"{listed(extra, _MOST)} must not be there"] if extra else []
        faults += [f"{listed(missing, _MOST)} {'is' if len(missing) == 1 else 'are'} missing"] if missing else []
        return f"the receiver holds {held} in {cohort}: {' and '.join(faults)}"
    seen = with_clear_ids(violation.seen, violation.user)
    if violation.judge == "arrivals":
        others = [f"{shown_id(user)} {times(count)}" for user, count in arrivals_so_far(finding)[1:] if count != 1][
            :_MOST
        ]
        return f"{seen} in {cohort}" + (f"; others: {', '.join(others)}" if others else "")
    if violation.judge in _ON_REFUSALS:
        seen = _with_its_words(seen, finding)
    named = not violation.cohort or violation.cohort in seen or len(finding.scenario.cohorts) == 1
    then = _THEN.get(follows_refusal(finding), "") if violation.signature in _REFUSED else ""
    return (seen if named else f"{seen}, in {cohort}") + then


def _with_its_words(seen: str, finding: Finding) -> str:
    """The answer with what the app itself says of it."""
    said = ""
    exchange = failing_exchange(finding)
    if exchange is not None and isinstance(exchange.reply, Reply):
        said = own_words(exchange.reply, exchange.delivery.action)
    if said and said not in seen:
        seen = _STATUS.sub(lambda found: f'{found[0]} ("{said}")', seen, count=1)
    return seen


_ON_REFUSALS: Final = ("acceptance", "dependency", "authentication", "malformed")
_REFUSED: Final = ("refusal", "failure", "paused")
_STATUS: Final = re.compile(r"HTTP \d+")
_THEN: Final = {
    "paused": ", and the sync is paused until a person resumes it",
    "failed": ", and the sync fails",
}


def expected_of(finding: Finding) -> str:
    """What a correct receiver would have done, with the whole set that it would hold."""
    violation = finding.violation
    expected = violation.expected
    if violation.delivery is not None:
        expected = expected.replace(str(violation.delivery), delivery_in_words(violation.delivery))
    expected = with_clear_ids(expected, violation.user)
    places = standing(finding) if violation.judge == "membership" else []
    if not places:
        return expected
    right = listed(sorted(place.user for place in places if place.allowed == "must be in"), _MOST)
    either = [place.user for place in places if place.allowed == "may be either"]
    perhaps = f", and perhaps {listed(either, _MOST)}" if either else ""
    return f"it holds {right}{perhaps}; {expected}"


def arrivals_explained(finding: Finding) -> str:
    """What an arrival is, and who has said how many there may be."""
    policy = "once_per_user" if "once per user" in finding.violation.expected else "once_per_entry"
    chosen = "the default" if policy == "once_per_entry" else "which this receiver has asked for"
    return (
        "To act on a user means what the app does when somebody enters (a welcome mail, say), as its probe `arrivals` "
        f'counts it. How often it may be done is said by Receiver(arrival_policy="{policy}"), {chosen}.'
    )


def impact_of(finding: Finding) -> str:
    """What it means for whoever relies on the app; empty where that cannot be said."""
    violation = finding.violation
    if violation.cause in _IMPACTS:
        return _IMPACTS[violation.cause]
    match violation.judge:
        case "membership":
            told = _wrong_members(standing(finding), violation.signature)
            return f"{told} {_SILENT}" if told and _synced(finding) else told
        case "arrivals" if violation.signature == "few":
            return f"A user has entered, and {_ACTS} does not happen for them."
        case "arrivals":
            return f"{_ACTS[:1].upper()}{_ACTS[1:]} happens too often, and users notice."
        case "acceptance":
            after = follows_refusal(finding)
            if after == "paused":
                return "Until a person resumes the sync, nobody enters or leaves in the app."
            return "The sync fails, so the cohort in the app falls behind Mixpanel's." if after == "failed" else ""
        case "envelope":
            return "Mixpanel may take a success for a failure, or a failure for a success."
    return ""


_SILENT: Final = "No error shows it: for Mixpanel the sync has succeeded."


def source_of(check: Check) -> str:
    """Where a rule comes from: the sections of the document, by its name, and what they say.

    Example:
        >>> from cohortprop.checks import BUILT_IN
        >>> print(source_of(BUILT_IN[0]))
        Mixpanel's documentation, page "Cohort Sync", sections "Webhook Format", "Full Sync" and "Diffing".
    """
    why = check.why
    return f"{_DOCUMENT}{why[:1].lower()}{why[1:]}" if re.match(r"Sections? ", why) else why


def _cohort(finding: Finding) -> str:
    names = {seed.id: seed.name for seed in finding.scenario.cohorts}
    cohort = finding.violation.cohort
    return f'cohort {cohort} "{printable(names[cohort])}"' if cohort in names else f"cohort {cohort}"


def _wrong_members(places: Sequence[Place], signature: str) -> str:
    extra = sum(place.wrong and place.held for place in places)
    missing = sum(place.wrong and not place.held for place in places)
    parts = []
    if missing:
        parts.append(
            "a user who should be in the cohort is missing"
            if missing == 1
            else f"{missing} users who should be in the cohort are missing"
        )
    if extra and signature == "stranger":
        parts.append("somebody is in the cohort whom Mixpanel has never put there")
    elif extra:
        parts.append(
            "a user who should be out of the cohort is in it"
            if extra == 1
            else f"{extra} users who should be out of the cohort are in it"
        )
    told = ", and ".join(parts)
    return f"{told[:1].upper()}{told[1:]}." if told else ""


def _synced(finding: Finding) -> bool:
    """Whether the last sync of the cohort, by the time it showed, was taken for a success."""
    violation = finding.violation
    ended = [
        event
        for event in finding.history.events[: violation.place + 1]
        if isinstance(event, SyncEnded) and event.cohort == violation.cohort
    ]
    return bool(ended) and ended[-1].outcome == "succeeded"
