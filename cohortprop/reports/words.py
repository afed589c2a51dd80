"""Each step and each event as a sentence: the vocabulary that the story, the terminal and the JSON share.

Sentences have no full stop at their end, so that they can stand in a list as well as in a text.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, assert_never

from cohortprop.reports.phrases import (
    delivery_in_words,
    listed,
    outcome_in_words,
    plural,
    shortened,
    shown_id,
    span,
)
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
    describe_outcome,
)
from cohortprop.simulation.steps import (
    AbortSync,
    BackAndForth,
    Collide,
    Describe,
    Edit,
    ExpireSnapshot,
    Fates,
    FlipFailed,
    Garble,
    Join,
    Knock,
    Leave,
    LoseLastAck,
    Merge,
    Outage,
    PassTime,
    Probe,
    Rename,
    Replay,
    Restart,
    RestartInside,
    Resume,
    Settle,
    Step,
    Sync,
    SyncTogether,
    Trouble,
    Wait,
)
from cohortprop.wire import NoReply, Outcome

__all__ = [
    "ALONGSIDE",
    "DEPENDENCY",
    "attempt_in_words",
    "event_in_words",
    "examined_in_words",
    "step_in_words",
    "stray_in_words",
]


DEPENDENCY: Final = "the receiver's dependency (its database, say)"

ALONGSIDE: Final = ", while another request is being handled"
"""Of an attempt in a crossing, where there is no room to say which other request it met."""

_WITHOUT: Final = {
    "many members": "with two members only",
    "no members": "with a member in it",
    "an extra field": "without the extra field",
    "a missing field": "with page_info and a description",
    "a sparse member": "with every property populated",
    "a new name": "under the name that was sent first",
    "a known member": "naming only users who were never named before",
    "an odd id": "with plain ids",
    "an unannounced cohort": "sent as members",
    "what is wrong with it": "with nothing wrong with it",
    "all that is new in it": "as one that was taken before",
    "any credentials": "without any credentials",
}
"""What was done to a delivery to take a peculiarity away."""

_CREDENTIALS: Final = {
    "none": "without credentials",
    "wrong password": "with a wrong password (or token)",
    "wrong user": "with a wrong user name (or token)",
    "empty": "with empty credentials",
    "not ASCII": "with credentials that are not ASCII",
    "no colon": "with credentials that have no colon",
    "scheme alone": "with the scheme alone for credentials",
    "not base64": "with credentials that are not base64",
    "not UTF-8": "with credentials that are not UTF-8",
    "other scheme": "with credentials of another scheme",
}

_GARBLINGS: Final = {
    "broken JSON": "is not JSON",
    "empty body": "has an empty body",
    "cut short": "is cut off half-way",
    "not UTF-8": "is not UTF-8",
    "not an object": "is a list instead of an object",
    "no action": "has no action",
    "unknown action": "has the action merge_members",
    "action not text": "has a list for its action",
    "no parameters": "has no parameters",
    "no cohort id": "names no cohort",
    "no members": "has no list of members",
    "members not a list": "has a text for its members",
    "member not an object": "has a member that is a text",
    "member without an id": "has a member without an id",
    "id not text": "has a number for an id",
    "page number not a number": "has a word for its page number",
    "wrong content type": "has the content type text/plain",
    "no content type": "has no content type",
    "deep nesting": "is nested 100,000 levels deep",
    "huge number": "has a number of 400 digits in it",
    "NUL in a property": "has a NUL in a property",
    "lone surrogate in a property": "has half a surrogate pair in a property",
    "too many members": "names 1,500 members",
}


def stray_in_words(event: Knocked | Garbled) -> str:
    """A request that was none of the sender's, and what was answered."""
    answer = outcome_in_words(event.reply)
    if isinstance(event, Knocked):
        how = _CREDENTIALS[event.credentials]
        return f"somebody sends {delivery_in_words(event.delivery)} {how} → {answer}"
    return f"a request comes that {_GARBLINGS[event.how]} → {answer}"


def examined_in_words(event: Examined) -> str:
    """What was changed about a refused delivery, and what the answer was then."""
    how = _WITHOUT.get(event.without, f"without {event.without}") if event.without else "as it was"
    answer = describe_outcome(event.reply)
    return f"{how} → {answer}"


def step_in_words(step: Step) -> str:
    """A step of a scenario as a sentence.

    Example:
        >>> step_in_words(Leave("1001", ("ann", "bob")))
        'ann and bob leave cohort 1001'
        >>> step_in_words(ExpireSnapshot("1001", leaves=("ann",)))
        'no sync of cohort 1001 gets through until its snapshot has expired, while ann leaves; then it syncs'
    """
    match step:
        case Join(cohort, users):
            return _moves(users, "join", cohort)
        case Leave(cohort, users):
            return _moves(users, "leave", cohort)
        case Edit(user, name, value):
            return _edited(user, name, value)
        case Rename(cohort, name):
            return f'cohort {cohort} is renamed to "{shortened(name)}"'
        case Describe(cohort, description):
            return _described(cohort, description)
        case Merge(old, new):
            return (
                f"{shown_id(old)} and {shown_id(new)} turn out to be one user: the first id is replaced by the second"
            )
        case Wait(seconds):
            return f"{span(seconds)} pass"
        case Sync(cohort):
            return f"the next sync of cohort {cohort} runs"
        case Outage(seconds, status, lost):
            return _outage(seconds, "no answer" if status is None else str(status), lost)
        case Fates(fates):
            return _fates(fates)
        case AbortSync(cohort, after, status):
            how = "no answer" if status is None else str(status)
            return f"the next sync of cohort {cohort} is cut off after {_requests(after)} ({how})"
        case LoseLastAck(cohort):
            return f"the next sync of cohort {cohort} arrives, but its last answer gets lost on every try"
        case ExpireSnapshot(cohort, joins, leaves, synced):
            churn = _churn(joins, leaves)
            meanwhile = f", while {churn}" if churn else ""
            then = "; then it syncs" if synced else ""
            return f"no sync of cohort {cohort} gets through until its snapshot has expired{meanwhile}{then}"
        case PassTime(days):
            return f"{plural(days, 'day')} {'passes' if days == 1 else 'pass'} in which no sync gets through"
        case FlipFailed(cohort):
            return f"everybody whom the last failed sync of cohort {cohort} named joins or leaves, the other way round"
        case BackAndForth(cohort, users, synced):
            when = "with a sync after each" if synced else "before the next sync"
            return f"{_moves(users, 'leave', cohort)} and {_verb('come', users)} back, {when}"
        case Replay(back):
            which = "the latest request" if back == 0 else f"the request sent {back} before the latest"
            return f"{which} arrives once more"
        case Resume(cohort):
            return f"a person resumes the sync of cohort {cohort}"
        case Restart():
            return "the receiver is restarted"
        case RestartInside(cohort, after):
            return f"the receiver is restarted after {_requests(after)} of cohort {cohort}'s next sync"
        case Trouble(attempts):
            which = "request" if attempts == 1 else f"{attempts:,} requests"
            return f"{DEPENDENCY} fails during the next {which}"
        case SyncTogether():
            return "the next syncs of all cohorts run at the same time"
        case Collide(cohort):
            return f"the next sync of cohort {cohort} runs, and each of its requests arrives twice at the same moment"
        case Knock(credentials):
            return f"somebody sends a request {_CREDENTIALS[credentials]}"
        case Garble(how):
            return f"a request comes that {_GARBLINGS[how]}"
        case Settle():
            return "all faults end, paused syncs are resumed, and each cohort syncs once"
        case Probe():
            return "the receiver is asked what it holds"
        case _:
            assert_never(step)


def event_in_words(event: Event) -> str:
    """An event of a history as a sentence, without its moment.

    Example:
        >>> event_in_words(Changed(0.0, "1001", ("dan",), ("ann",)))
        'dan joins and ann leaves cohort 1001'
        >>> event_in_words(Silenced(0.0, 264600.0))
        'for 73.5 hours no sync gets through'
    """
    match event:
        case Stepped():
            return f"step {event.number}: {step_in_words(event.step)}"
        case PhaseBegan():
            return f"the {event.phase} begins, stage {event.stage}"
        case Changed():
            return f"{_churn(event.joined, event.left)} cohort {event.cohort}"
        case Edited():
            return _edited(event.user, event.property, event.value)
        case Renamed():
            return f'cohort {event.cohort} is renamed to "{shortened(event.name)}"'
        case Described():
            return _described(event.cohort, event.description)
        case OutageBegan():
            return _outage(event.until - event.at, outcome_in_words(event.answer), event.lost)
        case Silenced():
            return f"for {span(event.until - event.at)} no sync gets through"
        case SyncStarted():
            return f"a {_kind(event.kind)} of cohort {event.cohort} begins, {_requests(event.deliveries)}"
        case SyncEnded():
            because = f": {shortened(event.message, 120)}" if event.message else ""
            return f"the {_kind(event.kind)} of cohort {event.cohort} has {event.outcome}{because}"
        case Attempted():
            return f"{delivery_in_words(event.delivery)} {attempt_in_words(event)}"
        case Duplicated():
            answer = outcome_in_words(event.reply, event.delivery)
            how = "at the same moment, as a copy" if event.crossing else "again at once"
            return f"{delivery_in_words(event.delivery)} arrives {how} → {answer}{_in_trouble(event)}"
        case LateArrived():
            answer = outcome_in_words(event.reply, event.delivery)
            return f"an old request arrives again: {delivery_in_words(event.delivery)} → {answer}{_in_trouble(event)}"
        case Skipped():
            until = span(event.until - event.at)
            if event.outcome is None:
                return f"for {until} the syncs have nothing to send"
            fails = f"{plural(event.refused, 'try', 'tries')} {'fails' if event.refused == 1 else 'fail'}"
            return f"for {until} nothing gets through: {fails} ({_from_the_network(event.outcome)})"
        case Restarted():
            return "the receiver is restarted"
        case Resumed():
            return f"a person resumes the sync of cohort {event.cohort}"
        case Probed():
            return _probed(event)
        case Examined():
            return f"the request in question is sent again {examined_in_words(event)}"
        case Knocked() | Garbled():
            return stray_in_words(event)
        case Hung():
            together = "and another request, handled at the same time, are" if event.crossing else "is"
            return f"{delivery_in_words(event.delivery)} {together} not answered within the time limit"
        case Died():
            return f"the server {event.how.partition(chr(10))[0]}"
        case _:
            assert_never(event)


def attempt_in_words(event: Attempted) -> str:
    """What became of an attempt; goes on where the delivery was named."""
    if event.reply is None:
        return f"does not reach the receiver ({_from_the_network(event.outcome)})"
    answer = f"→ {outcome_in_words(event.reply, event.delivery)}{_in_trouble(event)}"
    if event.crossing:
        answer += ALONGSIDE
    if event.fate == "lose":
        answer += ", but the answer gets lost"
    return answer


def _in_trouble(event: Attempted | Duplicated | LateArrived) -> str:
    return f" while {DEPENDENCY} fails" if event.troubled else ""


_FATES: Final = {
    "deliver": "arrives",
    "lose": "arrives, but the answer gets lost",
    "duplicate": "arrives twice",
    "refuse": "does not arrive",
}


def _fate(fate: str) -> str:
    kind, _, status = fate.partition(" ")
    return _FATES[kind] + (f" ({status})" if status else "")


def _fates(fates: Collection[str]) -> str:
    told = [_fate(fate) for fate in fates]
    if len(told) == 1:
        return f"the next request {told[0]}"
    return f"of the next {len(told)} requests, " + "; ".join(
        f"number {number} {each}" for number, each in enumerate(told, 1)
    )


def _moves(users: Collection[str], verb: str, cohort: str) -> str:
    return f"{listed(users)} {_verb(verb, users)} cohort {cohort}"


def _verb(verb: str, users: Collection[str]) -> str:
    return verb if len(users) > 1 else f"{verb}s"


def _churn(joined: Collection[str], left: Collection[str]) -> str:
    parts = [(joined, "join"), (left, "leave")]
    return " and ".join(f"{listed(users)} {_verb(verb, users)}" for users, verb in parts if users)


def _edited(user: str, name: str, value: str | None) -> str:
    if value is None:
        return f"{shown_id(user)} loses the property {name}"
    return f'{shown_id(user)} has a new {name}: "{shortened(value)}"'


def _described(cohort: str, description: str | None) -> str:
    if description is None:
        return f"cohort {cohort} loses its description"
    return f'cohort {cohort} has a new description: "{shortened(description)}"'


def _outage(seconds: float, answer: str, lost: int) -> str:
    who = "the first one still reaches" if lost == 1 else f"the first {lost} still reach"
    still = f"; {who} the receiver, but the answer gets lost" if lost else ""
    return f"an outage begins: for {span(seconds)} no request gets through ({answer}){still}"


def _from_the_network(outcome: Outcome) -> str:
    """What the sender sees of a request that never arrives."""
    return outcome.reason if isinstance(outcome, NoReply) else f"{outcome.status} from the network"


def _kind(kind: str) -> str:
    return "diff" if kind == "diff" else f"{kind} sync"


def _requests(count: int) -> str:
    return plural(count, "request")


def _probed(event: Probed) -> str:
    if event.held is None:
        return "the receiver is asked what it holds"
    held = "; ".join(f"cohort {cohort}: {listed(sorted(users))}" for cohort, users in event.held.items())
    return f"the receiver holds, in {held}"
