"""A finding's history as the page steps through it: one record for each event, in the order in which they happened.

A record has short keys, and none that says nothing, since there may be thousands: `t` virtual seconds, `d` the moment
in words, `x` what happened in words, `k` its kind, `l` the lane of something that happens in one place, `f` the fate of
an attempt, `a` the answer in a word and `s` what the sender saw of it, `q` `r` `o` `g` numbers of texts (the request,
the app's own reply, what the sender saw if it is something else, the app's log), `m` changes of the membership, four
numbers each, `b` bands (1 an outage, 2 a paused sync), `z` how long nothing happens before it, `u` whether the receiver
may have changed since it was looked at, `h` whether it is left out, because another one says the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise, takewhile
from typing import Any, Final, Literal, TypeAlias, assert_never

from cohortprop.campaign import Finding
from cohortprop.reports.edits import edits_in_words, news_carried
from cohortprop.reports.exchange import app_stack
from cohortprop.reports.facts import seen_of
from cohortprop.reports.html.exchanges import Store, spelled_out
from cohortprop.reports.html.membership import Ledger, ledger_of
from cohortprop.reports.phrases import delivery_in_words, moment, plural, shown_id, span, tells_cohorts_apart, times
from cohortprop.reports.words import attempt_in_words, event_in_words, step_in_words
from cohortprop.simulation import (
    Attempted,
    Changed,
    Described,
    Died,
    Duplicated,
    Edited,
    Event,
    Examined,
    Garbled,
    Hung,
    Knocked,
    LateArrived,
    OutageBegan,
    PhaseBegan,
    Probed,
    Renamed,
    Restarted,
    Resumed,
    Silenced,
    Skipped,
    Stepped,
    SyncEnded,
    SyncStarted,
)
from cohortprop.simulation.steps import Edit
from cohortprop.wire import Outcome, Reply

__all__ = ["timeline_of"]

Record: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["head", "note", "attempt", "copy", "late", "stray", "look"]

_SOURCE, _SENDER, _NETWORK, _RECEIVER = range(4)
_OUTAGE, _PAUSE = 1, 2
_LONG: Final = 3600.0
"""Seconds without an event that are folded on the axis."""

_WAY_HOME: Final = (
    "The steps are over; all is synced, without faults",
    "Three days without a sync, then a full one",
    "One more full sync",
)


def timeline_of(finding: Finding) -> Record:
    """All that the page needs to step through a finding, as JSON data."""
    ledger = ledger_of(finding)
    store = Store()
    records = _records(finding, ledger, store)
    names = {seed.id: seed.name for seed in finding.scenario.cohorts}
    return {
        "events": records,
        "place": finding.violation.place,
        "examined": _examination(finding),
        "seen": spelled_out(seen_of(finding)),
        "cohort": finding.violation.cohort,
        "membership": finding.violation.judge == "membership",
        "acting": finding.violation.judge == "arrivals",
        "user": shown_id(finding.violation.user) if finding.violation.user else "",
        "cells": [[cohort, shown_id(user)] for cohort, user in ledger.cells],
        "names": {cohort: spelled_out(name) for cohort, name in names.items()},
        "first": ledger.first,
        "arrivals": ledger.arrivals and finding.violation.judge != "membership",
        "texts": store.texts,
    }


def _records(finding: Finding, ledger: Ledger, store: Store) -> list[Record]:
    events = finding.history.events
    start = finding.scenario.started_at
    records: list[Record] = []
    outage, paused = -1.0, set[str]()
    before = 0.0
    edits, news = edits_in_words(events), news_carried(events)
    several = tells_cohorts_apart(events[: finding.violation.place + 1])
    for place, event in enumerate(events):
        if isinstance(event, (OutageBegan, Silenced, Skipped)):
            quiet = isinstance(event, Skipped) and event.outcome is None
            outage = outage if quiet else max(outage, event.until)
        if isinstance(event, SyncEnded) and event.outcome == "paused":
            paused.add(event.cohort)
        elif isinstance(event, Resumed):
            paused.discard(event.cohort)
        elif isinstance(event, PhaseBegan) and event.stage == 1:
            outage = -1.0
        record: Record = {"t": event.at, "d": moment(event.at, start), "x": "", **_of(event, finding, place, store)}
        told = record["x"] or edits.get(place) or event_in_words(event)
        if isinstance(event, Attempted) and (carried := news.get(id(event.delivery))):
            told = f"{delivery_in_words(event.delivery)} {carried} {attempt_in_words(event)}"
        if several and isinstance(event, (Attempted, Duplicated, LateArrived)):
            told = f"{event.delivery.cohort_id}: {told}"
        record["x"] = spelled_out(told)
        bands = (_OUTAGE if event.at < outage else 0) | (_PAUSE if paused else 0)
        changes = [number for change in ledger.changes[place] for number in change]
        extras = {"m": changes, "b": bands, "u": int(ledger.stale[place])}
        if event.at - before >= _LONG:
            extras["z"] = span(event.at - before)
        if place == finding.violation.place and (stack := app_stack(finding)):
            extras["g"] = store.text(stack)
        record.update((key, value) for key, value in extras.items() if value)
        records.append(record)
        before = event.at
    for place, (head, after) in enumerate(pairwise(records)):
        edit = isinstance(event := events[place], Stepped) and isinstance(event.step, Edit) and place + 1 in edits
        if head["k"] == "head" and (head["x"] == after["x"] or edit):
            head["h"] = 1  # the step is the event
    _fold_repeats(records)
    return records


def _fold_repeats(records: list[Record]) -> None:
    """Of tries in a row that never arrive, show the first, and say with the last how many there were."""
    for _, group in groupby(records, key=_sameness):
        run = list(group)
        if _sameness(run[0]) is None or len(run) < 3:
            continue
        for record in run[1:-1]:
            record["h"] = 1
        within = span(round(run[-1]["t"] - run[0]["t"]))
        run[-1]["x"] = f"{plural(len(run) - 1, 'more try', 'more tries')} within {within}, with the same result"


def _sameness(record: Record) -> tuple[Any, ...] | None:
    refused = record["k"] == "attempt" and record["f"] == "refuse" and not record.get("m")
    return (record["q"], record["s"]) if refused else None


def _examination(finding: Finding) -> int:
    """The place at which the examination begins, past the failing moment; the end where there is none."""
    events = finding.history.events
    for place in range(finding.violation.place + 1, len(events)):
        event = events[place]
        if isinstance(event, PhaseBegan) and event.phase == "aftermath":
            return place
    return len(events)


def _of(event: Event, finding: Finding, place: int, store: Store) -> Record:
    """What is special about an event."""
    match event:
        case Stepped():
            return {"k": "head", "x": step_in_words(event.step)}
        case PhaseBegan():
            return {"k": "head", "x": _phase(event, finding, place)}
        case Changed() | Edited() | Renamed() | Described():
            return _note(_SOURCE)
        case SyncStarted() | SyncEnded() | Resumed():
            return _note(_SENDER)
        case OutageBegan() | Silenced() | Skipped():
            return _note(_NETWORK)
        case Restarted() | Hung() | Died():
            return _note(_RECEIVER)
        case Attempted():
            return _attempt(event, store)
        case Duplicated() | LateArrived():
            kind: Kind = "copy" if isinstance(event, Duplicated) else "late"
            return _carried(kind, store.request(event.delivery), event.reply, event.log, store)
        case Knocked() | Garbled():
            return _carried("stray", store.stray(event), event.reply, event.log, store)
        case Examined():
            return _carried("stray", None, event.reply, (), store)
        case Probed():
            return {"k": "look", "l": _RECEIVER, "x": _look(event, finding)}
        case _:
            assert_never(event)


def _note(lane: int) -> Record:
    return {"k": "note", "l": lane}


def _attempt(event: Attempted, store: Store) -> Record:
    record: Record = {
        "k": "attempt",
        "f": event.fate,
        "q": store.request(event.delivery),
        "s": _in_a_word(event.outcome),
    }
    if event.attempt > 1:
        record["i"] = event.attempt
    if event.reply is None:
        return record | {"o": store.reply(event.outcome)}
    record |= {"a": _in_a_word(event.reply), "r": store.reply(event.reply)} | _logged(event.log, store)
    if event.fate == "refuse":  # it reached the app all the same
        record["f"] = "lose"
    return record | ({"o": store.reply(event.outcome)} if event.outcome != event.reply else {})


def _carried(kind: Kind, request: int | None, reply: Outcome, log: Sequence[str], store: Store) -> Record:
    record: Record = {"k": kind, "a": _in_a_word(reply), "r": store.reply(reply)} | _logged(log, store)
    return record if request is None else record | {"q": request}


def _logged(log: Sequence[str], store: Store) -> Record:
    return {"g": store.text("\n".join(log))} if log else {}


def _in_a_word(outcome: Outcome) -> str:
    return str(outcome.status) if isinstance(outcome, Reply) else outcome.reason


def _look(event: Probed, finding: Finding) -> str:
    """What a look shows of the cohort that the finding is about."""
    violation = finding.violation
    told = []
    if event.held is not None:
        about = [violation.cohort] if violation.cohort in event.held else list(event.held)
        several = len(event.held) > 1
        held = "; ".join(f"{_few(event.held[cohort])}{f' in cohort {cohort}' * several}" for cohort in about)
        told.append(f"the receiver holds {held}")
    if event.arrivals is not None and violation.judge == "arrivals":
        counts = sorted((user, count) for (cohort, user), count in event.arrivals.items() if cohort == violation.cohort)
        acted = ", ".join(f"{shown_id(user)} {times(count)}" for user, count in counts[:6])
        told.append(f"the app has acted on {acted or 'nobody so far'}")
    return "; ".join(told) or "the receiver is asked what it holds"


def _few(users: frozenset[str]) -> str:
    shown = [shown_id(user) for user in sorted(users)[:6]]
    more = f", … ({len(users)} in all)" if len(users) > len(shown) else ""
    return (", ".join(shown) or "nobody") + more


def _phase(event: PhaseBegan, finding: Finding, place: int) -> str:
    if event.phase == "way home":
        return _WAY_HOME[event.stage - 1] if event.stage <= len(_WAY_HOME) else f"The end, part {event.stage}"
    stage = takewhile(lambda each: not isinstance(each, PhaseBegan), finding.history.events[place + 1 :])
    return f"Examination {event.stage}: {_in_short(stage)}"


def _in_short(stage: Iterable[Event]) -> str:
    """What really happens in a stage of the examination."""
    told: list[str] = []
    synced = False
    for event in stage:
        text = ""
        match event:
            case Changed():
                text = event_in_words(event).removesuffix(f" cohort {event.cohort}")
            case SyncStarted():
                synced = True
                text = f"a {'diff' if event.kind == 'diff' else 'full sync'}"
            case LateArrived():
                text = "an old request once more"
            case Restarted():
                text = "a restart"
            case Examined():
                text = "the request again, with one thing changed each time"
        if text and told[-1:] != [text]:
            told.append(text)
    if not synced and not any(text.startswith("the request again") for text in told):
        told.append("a sync has nothing to send")
    return ", ".join(told)
