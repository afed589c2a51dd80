"""The table of the dialect as a person reads it: every question, its section, and what each reading means."""

from __future__ import annotations

from cohortprop.sender import QUESTIONS

TABLE = """
A full sync is sent as: (Webhook Format; Example Webhook Sync Scenario)
    members: members, as the text says
    add_members: add_members, as the document's own scenario shows
When there is nothing to say: (Example Webhook Sync Scenario)
    sent: the calls are made with an empty list, as in the scenario
    silent: no empty call is made
Optional fields: (Webhook Format; Exported Properties)
    all: all are there
    populated: a member carries only the properties that are populated
    bare: page_info and the description are missing on single pages
    extra: there are fields which the document does not name
After a failed sync, the next one is: (Diffing)
    diff: a diff against the last good snapshot
    members: a full refresh by members
A sync that starts again from the top: (FAQ)
    new_session: is planned anew, under a new session id
    same_deliveries: sends the same deliveries again, under the same session id
The pages of the two halves of a diff are numbered: (Webhook Format)
    each_half: each half on its own
    one_run: in one run over both halves
A diff begins with: (Diffing)
    adds_first: add_members
    removes_first: remove_members
A 2xx whose body says failure: (Expected Response Format; Failed Syncs)
    code_decides: counts as the status in error.code
    transient: is a transient failure
A 2xx that echoes another action, or is no JSON: (Expected Response Format)
    success: is a success
    failure: fails the sync
A 4xx that the document does not name: (Failed Syncs)
    fail: fails the sync, without a retry
    pause: pauses the sync
A redirect, which is never followed,: (Failed Syncs)
    fail: fails the sync, without a retry
    transient: is a transient failure
No answer at all: (Failed Syncs)
    transient: is a transient failure
    fail: fails the sync, without a retry
Retried 5 times over 60 s means: (Failed Syncs)
    five_more: five tries after the first
    five_in_all: five tries in all
A snapshot that is exactly three days old: (Full Sync; Diffing)
    valid: is still valid
    expired: has expired
A sync that is resumed: (Failed Syncs)
    at_once: runs at once
    next_tick: waits for its next half hour
Deliveries that are due at the same moment, on several connections or as copies of one,: (Sync Behavior)
    in_turn: arrive one after the other
    together: arrive at once, and are worked on side by side
"""


def test_in_words() -> None:
    lines = []
    for question in QUESTIONS.values():
        lines.append(f"{question.text}: ({question.source})")
        lines.extend(f"    {name}: {meaning}" for name, meaning in question.readings.items())
    assert lines == TABLE.strip().splitlines()
