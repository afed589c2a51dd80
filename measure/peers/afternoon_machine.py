"""A Hypothesis state machine for a webhook, as a good engineer writes one in an afternoon with Mixpanel's page at hand.

It plays the sender: users join and leave, a sync runs every half hour, requests and answers get lost and are retried,
syncs break off and start again from the top, days go by and the snapshot expires. What the webhook answers must be what
the page asks for. Whenever the page leaves no doubt about who is in a cohort, that is who must be held: after a clean
history, and after each full sync that succeeds, with which every run ends. Nobody is welcomed more often than they
came, and everybody who is in has been welcomed once.

There is nothing of cohortprop in here but `Receiver`, which stands for what the engineer knows about their own app: how
it is called, how to look inside, when it welcomes. Hooks that break the app's own database or kill its process are not
used: they are the work of another afternoon.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from werkzeug.test import Client, TestResponse

from cohortprop.receiver import Receiver

__all__ = ["WebhookMachine"]

User: TypeAlias = dict[str, str]

HALF_AN_HOUR: Final = timedelta(minutes=30)
SNAPSHOT_LIFETIME: Final = timedelta(days=3)
BATCH_SIZE: Final = 1000
WAITS: Final = (2, 4, 8, 16, 30)
"""Seconds before each retry: "5 times over 60 secs with exponential backoff"."""
DELIVERED, LOST, ANSWER_LOST, TWICE = "delivered", "lost", "answer lost", "twice"
START: Final = datetime(2026, 1, 5, 8, tzinfo=UTC)
ID: Final = "mixpanel_distinct_id"

_text = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=10)
_user_ids = st.one_of(st.uuids().map(str), st.integers(1, 99_999).map(str), st.emails(), _text)
_details = st.fixed_dictionaries(
    {},
    optional={
        "email": st.emails(),
        "first_name": _text,
        "last_name": _text,
        "phone_number": st.from_regex(r"[0-9]{3}-[0-9]{3}-[0-9]{5}", fullmatch=True),
        "plan": st.sampled_from(["free", "pro"]),  # one of the "Properties to Export"
    },
)
_fates = st.lists(st.sampled_from([DELIVERED, DELIVERED, LOST, ANSWER_LOST, TWICE]), min_size=1, max_size=8)
_numbers = st.integers(0, 7)


class Failed(Exception):
    """A delivery has had no answer to any of its attempts: the sync is over, and has failed."""


@dataclass(slots=True)
class Cohort:
    """What Mixpanel knows about a cohort.

    `sure` says whether every delivery so far, or since the last full sync, was known to arrive. After a failed sync
    nobody can say who is held: the next diff is computed against the snapshot, and may mention less than was sent.
    """

    id: str
    name: str
    description: str = ""
    members: dict[str, None] = field(default_factory=dict)
    snapshot: dict[str, None] = field(default_factory=dict)
    synced_at: datetime | None = None
    joined: Counter[str] = field(default_factory=Counter)
    sure: bool = True


class WebhookMachine(RuleBasedStateMachine):
    """Plays Mixpanel to one webhook.

    Args:
        receiver: the app, and how to look inside it.
        move_to: sets the frozen clock.
    """

    def __init__(self, receiver: Receiver, move_to: Callable[[datetime], object]) -> None:
        super().__init__()
        self.receiver = receiver
        self.client = Client(receiver.app)
        self.move_to = move_to
        self.now = START
        self.move_to(self.now)
        self.sessions = 0
        self.ids: list[str] = []
        self.details: dict[str, User] = {}
        self.cohorts: list[Cohort] = []
        self.page_size = 2
        self.fates: list[str] = []

    @initialize(
        ids=st.lists(_user_ids, min_size=3, max_size=8, unique=True),
        details=st.lists(_details, min_size=8, max_size=8),
        names=st.lists(_text, min_size=1, max_size=2, unique=True),
        page_size=st.one_of(*[st.integers(1, 4)] * 9, st.just(BATCH_SIZE)),
    )
    def begin(self, ids: list[str], details: list[User], names: list[str], page_size: int) -> None:
        """Mixpanel has some users, and one cohort or two; half of the users are in.

        Pages are small, for speed, and since the webhook cannot tell; but now and then there are users for a full one.
        """
        self.ids = ids
        self.details = dict(zip(ids, details, strict=False))
        crowd = [f"user-{number}" for number in range(BATCH_SIZE)] if page_size == BATCH_SIZE else []
        for name in crowd:
            self.details[name] = {"email": f"{name}@example.com", "first_name": name, "last_name": name}
        self.cohorts = [Cohort(str(1000 + number), name) for number, name in enumerate(names)]
        self.page_size = page_size
        for cohort in self.cohorts:
            for user in [*ids[::2], *crowd]:
                self._let_in(cohort, user)

    @rule(cohort=_numbers, users=st.lists(_numbers, min_size=1, max_size=3))
    def join(self, cohort: int, users: list[int]) -> None:
        """Users come to meet the cohort's conditions."""
        for number in users:
            self._let_in(self._cohort(cohort), self._user(number))

    @rule(cohort=_numbers, users=st.lists(_numbers, min_size=1, max_size=3))
    def leave(self, cohort: int, users: list[int]) -> None:
        """Users no longer meet them."""
        for number in users:
            self._cohort(cohort).members.pop(self._user(number), None)

    @rule(cohort=_numbers)
    def empty(self, cohort: int) -> None:
        """Nobody meets them any more."""
        self._cohort(cohort).members.clear()

    @rule(cohort=_numbers, name=_text, description=st.just("") | _text)
    def edit(self, cohort: int, name: str, description: str) -> None:
        """Somebody edits the cohort's name and description."""
        self._cohort(cohort).name = name
        self._cohort(cohort).description = description

    @rule(cohort=_numbers)
    def sync(self, cohort: int) -> None:
        """The next scheduled sync, on a good day."""
        self._sync(self._cohort(cohort))

    @rule(cohort=_numbers, fates=_fates)
    def sync_in_trouble(self, cohort: int, fates: list[str]) -> None:
        """The next scheduled sync, while requests and answers get lost, or are sent twice."""
        self._sync(self._cohort(cohort), fates)

    @rule(cohort=_numbers, after=st.integers(0, 4), answer_lost=st.booleans())
    def sync_breaks_off(self, cohort: int, after: int, answer_lost: bool) -> None:
        """The next scheduled sync; after so many requests the webhook cannot be reached, and no retry helps."""
        down = [ANSWER_LOST if answer_lost else LOST] * (len(WAITS) + 1)
        self._sync(self._cohort(cohort), [DELIVERED] * after + down)

    @rule(hours=st.sampled_from([1, 12, 24, 71, 73, 24 * 8, 24 * 32]))
    def wait(self, hours: int) -> None:
        """Time goes by without a sync, for the webhook is down; after three days the next sync is a full one."""
        self._pass(timedelta(hours=hours))

    @precondition(lambda self: bool(self.receiver.sent_headers))
    @rule(cohort=_numbers, shown=st.sampled_from(["nothing", "wrong", ""]))
    def somebody_else_calls(self, cohort: int, shown: str) -> None:
        """Who does not know the password is sent away."""
        headers = {} if shown == "nothing" else dict.fromkeys(self.receiver.sent_headers, shown)
        if shown == "wrong" and self.receiver.auth is not None:
            user, _ = self.receiver.auth
            headers = {"Authorization": "Basic " + base64.b64encode(f"{user}:wrong".encode()).decode()}
        payload = self._payload(self._cohort(cohort), "add_members", str(uuid.UUID(int=0, version=4)), 1, 1, [])
        payload["parameters"]["members"] = [{ID: "intruder", self.receiver.id_property: "intruder"}]
        response = self._post(payload, headers)
        assert response.status_code in (401, 403), f"a stranger is answered {response.status_code}"
        assert "intruder" not in self._held(self._cohort(cohort)), "a stranger has let somebody in"

    @invariant()
    def nothing_changes_by_itself(self) -> None:
        """Between two syncs of a cohort, whatever else happens, its members stay who they are."""
        for cohort in self.cohorts:
            self._compare(cohort)

    def teardown(self) -> None:
        """The trouble is over: a sync, then a full one after more than three days, and all is as Mixpanel has it."""
        for cohort in self.cohorts:
            self._sync(cohort)
        self._pass(SNAPSHOT_LIFETIME + timedelta(hours=1))
        for cohort in self.cohorts:
            self._sync(cohort)
        self.nothing_changes_by_itself()

    def _sync(self, cohort: Cohort, fates: Sequence[str] = ()) -> None:
        """One sync: full, or the diff against the snapshot of the last one that succeeded."""
        self._pass(HALF_AN_HOUR)
        self.fates = list(fates)
        self.sessions += 1
        session = str(uuid.UUID(int=self.sessions, version=4))
        began, target = self.now, dict(cohort.members)
        full = cohort.synced_at is None or self.now - cohort.synced_at > SNAPSHOT_LIFETIME
        if full:
            batches = [("members", list(target))]
        else:
            batches = [
                ("add_members", [user for user in target if user not in cohort.snapshot]),
                ("remove_members", [user for user in cohort.snapshot if user not in target]),
            ]
        try:
            for action, users in batches:
                self._send_pages(cohort, action, session, users)
        except Failed:
            cohort.sure = False
            return
        cohort.snapshot, cohort.synced_at = target, began
        cohort.sure = cohort.sure or full
        self._compare(cohort)

    def _send_pages(self, cohort: Cohort, action: str, session: str, users: list[str]) -> None:
        """All pages of one batch; an empty one is a page, too."""
        pages = [users[at : at + self.page_size] for at in range(0, len(users), self.page_size)] or [[]]
        for number, page in enumerate(pages, 1):
            self._deliver(self._payload(cohort, action, session, number, len(pages), page))

    def _payload(
        self, cohort: Cohort, action: str, session: str, number: int, total: int, users: list[str]
    ) -> dict[str, Any]:
        return {
            "action": action,
            "parameters": {
                "mixpanel_project_id": "2195",
                "mixpanel_cohort_name": cohort.name,
                "mixpanel_cohort_id": cohort.id,
                "mixpanel_cohort_description": cohort.description,
                "mixpanel_session_id": session,
                "page_info": {"total_pages": total, "page_count": number},
                "members": [{ID: user, self.receiver.id_property: user, **self.details[user]} for user in users],
            },
        }

    def _deliver(self, payload: dict[str, Any]) -> None:
        """One delivery, retried five times."""
        for wait in (*WAITS, None):
            fate = self.fates.pop(0) if self.fates else DELIVERED
            if fate != LOST:
                for _ in range(2 if fate == TWICE else 1):
                    self._expect_success(payload, self._post(payload, self.receiver.sent_headers))
            if fate in (DELIVERED, TWICE):
                return
            if wait is not None:
                self._pass(timedelta(seconds=wait))
        raise Failed

    def _post(self, payload: dict[str, Any], headers: dict[str, str]) -> TestResponse:
        return self.client.post(self.receiver.path, base_url=self.receiver.base_url, json=payload, headers=headers)

    def _expect_success(self, payload: dict[str, Any], response: TestResponse) -> None:
        """Mixpanel's "Expected Response Format"."""
        action = payload["action"]
        assert 200 <= response.status_code < 300, f"{action} is answered {response.status_code}"
        answer = json.loads(response.get_data())
        assert answer["action"] == action, f"{action} is answered with action {answer['action']}"
        assert answer["status"] == "success", f"{action} is answered with status {answer['status']}"

    def _compare(self, cohort: Cohort) -> None:
        """Who is held, and who was welcomed, if there is no doubt about it."""
        if not cohort.sure:
            return
        held = self._held(cohort)
        synced = set(cohort.snapshot)
        assert held == synced, f"{len(held - synced)} too many and {len(synced - held)} too few are held"
        if self.receiver.arrivals is None:
            return
        welcomed = Counter(str(user) for place, user in self.receiver.arrivals() if str(place) == cohort.id)
        for user, times in welcomed.items():
            most = 1 if self.receiver.arrival_policy == "once_per_user" else cohort.joined[user]
            assert times <= most, f"somebody who joined {most} times is welcomed {times} times"
        if self.receiver.arrives_on == "any":
            assert synced <= set(welcomed), "somebody is never welcomed"

    def _held(self, cohort: Cohort) -> set[str]:
        if self.receiver.drain is not None:
            self.receiver.drain()
        if self.receiver.members is None:
            return set(cohort.snapshot)
        return {str(user) for user in self.receiver.members(cohort.id)}

    def _let_in(self, cohort: Cohort, user: str) -> None:
        if user not in cohort.members:
            cohort.members[user] = None
            cohort.joined[user] += 1

    def _pass(self, time: timedelta) -> None:
        self.now += time
        self.move_to(self.now)

    def _cohort(self, number: int) -> Cohort:
        return self.cohorts[number % len(self.cohorts)]

    def _user(self, number: int) -> str:
        return self.ids[number % len(self.ids)]
