"""How these tests run a sender: a loop that carries deliveries, and answers to hand back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from cohortprop.sender import Cohort, Dialect, Send, Sender, Sleep, Source
from cohortprop.wire import Delivery, NoReply, Outcome, Reply

HALF_HOUR = 1800.0
DAY = 24 * 3600.0
COHORT = "7"

Answer: TypeAlias = Callable[[Send, float], Outcome]


@dataclass(frozen=True, slots=True)
class Sent:
    """One attempt: when it was made, and what was sent."""

    at: float
    send: Send

    @property
    def delivery(self) -> Delivery:
        return self.send.delivery

    @property
    def story(self) -> tuple[float, str]:
        """The attempt in short, as in ``(1800.0, "add_members(E, F)")``."""
        return self.at, str(self.delivery)


def envelope(action: str, status: str, message: str | None = None, code: object = None) -> bytes:
    answer: dict[str, object] = {"action": action, "status": status}
    if message is not None or code is not None:
        error = {"message": message, "code": code}
        answer["error"] = {name: value for name, value in error.items() if value is not None}
    return json.dumps(answer).encode()


def success(action: str, status: int = 200) -> Reply:
    return Reply(status, envelope(action, "success"), "application/json")


def failure(status: int, message: str | None = None, *, action: str = "members", code: object = None) -> Reply:
    return Reply(status, envelope(action, "failure", message, code), "application/json")


def accept(send: Send, now: float) -> Outcome:
    return success(send.delivery.action)


def always(outcome: Outcome) -> Answer:
    return lambda send, now: outcome


def in_turn(*outcomes: Outcome | None) -> Answer:
    """Each attempt gets the next of these; None, and whatever comes after the last, is accepted."""
    left = list(outcomes)

    def answer(send: Send, now: float) -> Outcome:
        outcome = left.pop(0) if left else None
        return accept(send, now) if outcome is None else outcome

    return answer


REFUSED = NoReply("connection refused")
DOWN = Reply(503)


def sender_of(
    members: Iterable[str] = (), dialect: Dialect | None = None, *, page_size: int = 1000, one_time: bool = False
) -> Sender:
    """A sender with one cohort, whose sync is created at moment 0."""
    source = Source()
    source.add_cohort(Cohort(COHORT, "VIPs", "who buys most"))
    source.join(COHORT, members)
    sender = Sender(source, dialect, page_size=page_size)
    sender.create_sync(COHORT, 0, one_time=one_time)
    return sender


def drive(sender: Sender, start: float, until: float, answer: Answer = accept) -> list[Sent]:
    """Carry what the sender sends from `start` to `until`, both included."""
    now = start
    sent: list[Sent] = []
    while True:
        match sender.poll(now):
            case Send() as send:
                sent.append(Sent(now, send))
                assert len(sent) < 10_000, "the sender does not come to rest"
                sender.answer(send, answer(send, now), now)
            case Sleep(moment) if moment <= until:
                assert moment > now
                now = moment
            case _:
                return sent


def next_send(sender: Sender, now: float) -> Send:
    """What the sender sends now; it must send something."""
    action = sender.poll(now)
    assert isinstance(action, Send)
    return action


def stories(sent: Iterable[Sent]) -> list[tuple[float, str]]:
    return [each.story for each in sent]


def said(sent: Iterable[Sent]) -> list[str]:
    return [str(each.delivery) for each in sent]


def synced(members: str = "ab", *, page_size: int = 1000, **readings: str) -> Sender:
    """A sender after its first sync, at moment 0, under these readings."""
    sender = sender_of(members, Dialect.pin(readings), page_size=page_size)
    drive(sender, 0, 0)
    return sender


def churned(*, page_size: int = 1000, **readings: str) -> Sender:
    """Synced with a and b; since then a has left and c has come."""
    sender = synced(page_size=page_size, **readings)
    sender.source.leave(COHORT, "a")
    sender.source.join(COHORT, "c")
    return sender


CHURN = ["add_members(c)", "remove_members(a)"]
"""The diff that brings a receiver up to date with that."""
