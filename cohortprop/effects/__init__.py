"""Ways to learn of a receiver's side effects without a change to the app: what it sends is sent here, and counted.

Each gives its `arrivals` to the `Receiver`, its `failing` as `dependency`, and is emptied by `reset` between trials.
"""

from cohortprop.effects.calls import Answer, Call, CallRule, HttpSink, at_pointer, in_body, in_path, in_query
from cohortprop.effects.mails import Mail, SmtpSink, header, in_text, recipient_as_user, subject
from cohortprop.effects.mixpanel import MixpanelSink
from cohortprop.effects.mixpanel_events import Event
from cohortprop.effects.recorder import Recorder

__all__ = [
    "Answer",
    "Call",
    "CallRule",
    "Event",
    "HttpSink",
    "Mail",
    "MixpanelSink",
    "Recorder",
    "SmtpSink",
    "at_pointer",
    "header",
    "in_body",
    "in_path",
    "in_query",
    "in_text",
    "recipient_as_user",
    "subject",
]
