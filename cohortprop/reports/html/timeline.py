"""A finding's history as the page steps through it: one record for each event, in the order in which they happened.

A record has short keys, and none that says nothing, since there may be thousands: `t` virtual seconds, `d` the moment
in words, `x` what happened in words, `k` its kind, `l` the lane of something that happens in one place, `f` the fate of
an attempt, `a` the answer in a word and `s` what the sender saw of it, `q` `r` `o` `g` numbers of texts (the request,
the app's own reply, what the sender saw if it is something else, the app's log), `m` changes of the membership, four
numbers each, `b` bands (1 an outage, 2 a paused sync), `z` how long nothing happens before it, `u` whether the receiver
may have changed since it was looked at, `n` an explanation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias, assert_never

from cohortprop.campaign import Finding
from cohortprop.checks import BUILT_IN
from cohortprop.reports.exchange import app_stack
from cohortprop.reports.html.exchanges import Store, spelled_out
from cohortprop.reports.html.membership import Ledger, ledger_of
from cohortprop.reports.phrases import moment, shown_id, span
from cohortprop.reports.words import event_in_words, step_in_words
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
from cohortprop.wire import Outcome, Reply

__all__ = ["LANES", "timeline_of"]

Record: TypeAlias = dict[str, Any]
Kind: TypeAlias = Literal["head", "note", "attempt", "copy", "late", "stray", "look"]

LANES: Final = ("source", "sender", "network", "receiver")
_SOURCE, _SENDER, _NETWORK, _RECEIVER = range(4)
_OUTAGE, _PAUSE = 1, 2
_LONG: Final = 3600.0
"""Seconds without an event that are folded on the axis."""

_WAY_HOME: Final = (
    "The end of the trial: all faults are over, and everything is synced once more",
    "Three days later: snapshots have expired, so the next sync is a full one",
    "A full sync, sent as members",
)
_EXAMINED: Final = {
    "user": (
        "all faults are over, and the next sync runs",
        "a full sync",
        "the user in question changes sides and back, each with a sync",
        "the user is out, and an old removal of theirs arrives once more",
        "somebody else leaves, and a full sync tells it",
        "a newcomer enters, and the receiver is restarted",
    ),
    "arrivals": (
        "everybody is brought up to date",
        "a full sync in which nothing is new",
        "a newcomer's page is sent again, because its acknowledgement is lost",
        "the newcomer leaves, and enters once more",
    ),
}
"""What each stage of an examination is, by what the receiver is examined about."""


def timeline_of(finding: Finding) -> Record:
    """All that the page needs to step through a finding, as JSON data."""
    ledger = ledger_of(finding)
    store = Store()
    records = _records(finding, ledger, store)
    names = {seed.id: seed.name for seed in finding.scenario.cohorts}
    return {
        "events": records,
        "place": finding.violation.place,
        "seen": spelled_out(finding.violation.seen),
        "cohort": finding.violation.cohort,
        "membership": finding.violation.judge == "membership",
        "user": shown_id(finding.violation.user) if finding.violation.user else "",
        "cells": [[cohort, shown_id(user)] for cohort, user in ledger.cells],
        "names": {cohort: spelled_out(name) for cohort, name in names.items()},
        "first": ledger.first,
        "arrivals": ledger.arrivals,
        "texts": store.texts,
    }


def _records(finding: Finding, ledger: Ledger, store: Store) -> list[Record]:
    events = finding.history.events
    start = finding.scenario.started_at
    records: list[Record] = []
    outage, paused = -1.0, set[str]()
    before = 0.0
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
        record: Record = {"t": event.at, "d": moment(event.at, start), "x": "", **_of(event, finding, store)}
        record["x"] = spelled_out(record["x"] or event_in_words(event))
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
    return records


def _of(event: Event, finding: Finding, store: Store) -> Record:
    """What is special about an event."""
    match event:
        case Stepped():
            return {"k": "head", "x": f"Step {event.number}: {step_in_words(event.step)}"}
        case PhaseBegan():
            return {"k": "head", "x": _phase(event, finding)}
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
            return {"k": "look", "l": _RECEIVER, "x": _look(event)}
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


def _look(event: Probed) -> str:
    if event.held is None:
        return "the receiver is looked at"
    held = "; ".join(f"cohort {cohort}: {_few(users)}" for cohort, users in event.held.items())
    return f"the receiver is looked at: it holds, in {held}"


def _few(users: frozenset[str]) -> str:
    shown = [shown_id(user) for user in sorted(users)[:6]]
    more = f", … ({len(users)} in all)" if len(users) > len(shown) else ""
    return (", ".join(shown) or "nobody") + more


def _phase(event: PhaseBegan, finding: Finding) -> str:
    if event.phase == "way home":
        return _WAY_HOME[event.stage - 1] if event.stage <= len(_WAY_HOME) else f"The way home, stage {event.stage}"
    stages = _EXAMINED.get(_examined_about(finding), ())
    told = "the request in question is sent again, with one thing changed each time"
    if event.stage <= len(stages):
        told = stages[event.stage - 1]
    return f"Examination {event.stage}: {told}"


def _examined_about(finding: Finding) -> str:
    judges = (judge for check in BUILT_IN for judge in check.judges)
    return next((judge.examines for judge in judges if judge.name == finding.violation.judge), "")
