"""Mixpanel's side of the protocol as a model without I/O: time comes in as an argument, what to do comes out as one.

`Source` is the truth, `Dialect` the reading of the document, `Sender` the whole; `subscription` is the state machine.
"""

from cohortprop.sender.dialect import QUESTIONS, Dialect, Question, check_reading, split_pin
from cohortprop.sender.plan import Kind, Plan, Snapshot
from cohortprop.sender.retries import retry_offsets
from cohortprop.sender.sender import Idle, LogEntry, Notification, Send, Sender, Sleep, SyncOutcome, session_ids
from cohortprop.sender.source import Cohort, Source, default_profile, sparse_profile
from cohortprop.sender.subscription import State, Subscription
from cohortprop.sender.verdict import Meaning, Verdict, judge

__all__ = [
    "QUESTIONS",
    "Cohort",
    "Dialect",
    "Idle",
    "Kind",
    "LogEntry",
    "Meaning",
    "Notification",
    "Plan",
    "Question",
    "Send",
    "Sender",
    "Sleep",
    "Snapshot",
    "Source",
    "State",
    "Subscription",
    "SyncOutcome",
    "Verdict",
    "check_reading",
    "default_profile",
    "judge",
    "retry_offsets",
    "session_ids",
    "sparse_profile",
    "split_pin",
]
