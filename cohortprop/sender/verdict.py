"""What an answer means to the sender: the whole of "Failed Syncs" and "Expected Response Format" as one function."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cohortprop.sender.dialect import Dialect
from cohortprop.wire import PAUSING_STATUSES, TOO_MANY_REQUESTS, Action, Envelope, NoReply, Outcome, read

__all__ = ["Meaning", "Verdict", "judge"]


class Meaning(Enum):
    """What the sender does with an answer."""

    TAKEN = "taken"
    """The page counts as delivered."""
    TRANSIENT = "transient"
    """Try again soon."""
    FAILED = "failed"
    """The sync has failed; the next scheduled one tries again."""
    PAUSING = "pausing"
    """The sync has failed and pauses until a person resumes it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A meaning and the message that Mixpanel's interface would show."""

    meaning: Meaning
    message: str = ""


TAKEN = Verdict(Meaning.TAKEN)


def judge(outcome: Outcome, action: Action, dialect: Dialect) -> Verdict:
    """What an answer to a delivery with this action means. ("Failed Syncs")

    Example:
        >>> from cohortprop.wire import Reply
        >>> judge(Reply(503), "members", Dialect()).meaning.value
        'transient'
        >>> judge(Reply(404, b'{"action": "members", "status": "failure", "error": {"message": "who?"}}'), "members",
        ...       Dialect())
        Verdict(meaning=<Meaning.PAUSING: 'pausing'>, message='who?')
    """
    if isinstance(outcome, NoReply):
        return Verdict(Meaning.TRANSIENT if dialect.no_answer == "transient" else Meaning.FAILED, outcome.reason)
    envelope = read(outcome, action).envelope
    message = (envelope.message if envelope else None) or f"HTTP {outcome.status}"
    if outcome.accepted:
        return _judge_2xx(envelope, action, message, dialect)
    return Verdict(_meaning_of(outcome.status, dialect), message)


def _judge_2xx(envelope: Envelope | None, action: Action, message: str, dialect: Dialect) -> Verdict:
    if envelope is not None and envelope.status == "failure":
        if dialect.failure_in_2xx == "transient":
            return Verdict(Meaning.TRANSIENT, message)
        if envelope.code is None:
            return Verdict(Meaning.FAILED, message)  # it says failure but not which: nothing to retry, nothing to pause
        return Verdict(_meaning_of(envelope.code, dialect), message)
    if (envelope is None or envelope.action != action) and dialect.odd_answer == "failure":
        return Verdict(Meaning.FAILED, message)
    return TAKEN


def _meaning_of(status: int, dialect: Dialect) -> Meaning:
    if status in PAUSING_STATUSES:
        return Meaning.PAUSING
    if status == TOO_MANY_REQUESTS:
        return Meaning.TRANSIENT
    match status // 100:
        case 5:
            return Meaning.TRANSIENT
        case 4 if dialect.other_4xx == "pause":
            return Meaning.PAUSING
        case 3 if dialect.redirect == "transient":
            return Meaning.TRANSIENT
    return Meaning.FAILED
