"""What holds of the sender whatever happens: any dialect, any answers, any changes, several cohorts and connections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hypothesis import event, given, settings
from hypothesis import strategies as st

from cohortprop.sender import QUESTIONS, Cohort, Dialect, Send, Sender, Source
from cohortprop.sender.plan import Snapshot
from cohortprop.wire import ADD_MEMBERS, MEMBERS, REMOVE_MEMBERS, Delivery, NoReply, Outcome, Reply
from tests.cover.sender.driving import DOWN, HALF_HOUR, drive, failure, success

DIALECTS = st.builds(
    Dialect.pin,
    st.fixed_dictionaries({}, optional={name: st.sampled_from(list(q.readings)) for name, q in QUESTIONS.items()}),
)
ANSWERS: st.SearchStrategy[Outcome | None] = st.sampled_from(
    [None, None, None, DOWN, DOWN, NoReply("timed out"), failure(404), failure(422), Reply(302), Reply(200, b"OK")]
)
USERS = st.sampled_from(["a", "b", "c", "d", "e"])


@dataclass
class Watch:
    """Sees every attempt and every answer, and checks them against rules that it keeps on its own."""

    sender: Sender
    answers: Iterator[Outcome | None]
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The session under way on each connection, with its cohort."""
    taken: dict[str, list[Delivery]] = field(default_factory=dict)
    """The deliveries of each session under way that were taken, in order."""
    held: dict[str, frozenset[str]] = field(default_factory=dict)
    """What a receiver holds in each cohort after all syncs that succeeded."""
    last: dict[str, Send] = field(default_factory=dict)
    asked: dict[str, set[float]] = field(default_factory=dict)
    """Moments at which a person asked for a sync of each cohort."""

    def __call__(self, send: Send, now: float) -> Outcome:
        delivery = send.delivery
        self.check_order(send)
        if send.attempt == 1 and not self.taken[delivery.session_id]:
            self.check_moment(delivery.cohort_id, now)
        self.check_page(delivery)
        return next(self.answers, None) or success(delivery.action)

    def check_order(self, send: Send) -> None:
        """Syncs of one connection never overlap, and a page is tried until it is taken or given up."""
        delivery = send.delivery
        under_way = self.sessions.setdefault(send.connection, (delivery.session_id, delivery.cohort_id))
        assert under_way == (delivery.session_id, delivery.cohort_id)
        self.taken.setdefault(delivery.session_id, [])
        before = self.last.get(send.connection)
        if send.attempt > 1:
            assert before is not None
            assert before.delivery is delivery
            assert send.attempt == before.attempt + 1
            assert send.attempt <= (6 if self.sender.dialect.retries == "five_more" else 5)
        self.last[send.connection] = send

    def check_moment(self, cohort: str, now: float) -> None:
        """A sync begins on a half hour of its own, or when a person asks, or when its connection comes free."""
        subscription = self.sender.subscriptions[cohort]
        off = (now - subscription.created_at) % HALF_HOUR
        on_a_tick = min(off, HALF_HOUR - off) < 1e-3
        if not on_a_tick and now not in self.asked.get(cohort, ()):
            event("a connection was busy")
            shared = sum(each.connection == subscription.connection for each in self.sender.subscriptions.values())
            assert shared > 1 or (subscription.plan is not None and subscription.plan.replaces)

    def check_page(self, delivery: Delivery) -> None:
        """Pages number from 1 to the total without a gap, none is too large, and no one is named twice."""
        taken = self.taken[delivery.session_id]
        one_run = self.sender.dialect.page_numbers == "one_run"
        before = [page for page in taken if one_run or page.action == delivery.action]
        assert delivery.page == len(before) + 1
        assert delivery.page <= delivery.total_pages
        assert all(page.total_pages == delivery.total_pages for page in before)
        named = [user for page in [*taken, delivery] for user in page.ids]
        assert len(named) == len(set(named))
        assert delivery.size <= self.sender.page_size
        assert all(page.size == self.sender.page_size for page in taken if page.action == delivery.action)

    def settle(self, send: Send) -> None:
        """After the answer: what is acknowledged, complete or given up."""
        delivery = send.delivery
        cohort, session = delivery.cohort_id, delivery.session_id
        ended = [entry for entry in self.sender.log if entry.session_id == session][-1].outcome
        subscription = self.sender.subscriptions[cohort]
        if ended == "started":
            if subscription.tries == 0:
                self.taken[session].append(delivery)
            return
        del self.sessions[send.connection]
        taken = self.taken.pop(session)
        if ended != "succeeded":
            event(f"a sync {ended}")
            return
        taken.append(delivery)
        announced = [entry for entry in self.sender.log if entry.session_id == session and entry.outcome == "started"]
        assert announced[-1].deliveries == len(taken)
        last_of_each = {page.action: page for page in taken}
        if self.sender.dialect.page_numbers == "each_half":
            assert all(page.page == page.total_pages for page in last_of_each.values())
        assert delivery.page == delivery.total_pages
        held = self.held.get(cohort, frozenset())
        named = {action: {user for page in taken if page.action == action for user in page.ids} for action in ACTIONS}
        if announced[-1].kind == "full":
            held = frozenset(named[MEMBERS] | named[ADD_MEMBERS])
            assert not named[REMOVE_MEMBERS]
        else:
            assert not named[MEMBERS]
            assert not named[ADD_MEMBERS] & held
            assert named[REMOVE_MEMBERS] <= held
            held = held - named[REMOVE_MEMBERS] | named[ADD_MEMBERS]
        self.held[cohort] = held
        assert subscription.snapshot is not None
        assert set(subscription.snapshot.members) == held


ACTIONS = (MEMBERS, ADD_MEMBERS, REMOVE_MEMBERS)


def run(watch: Watch, start: float, until: float) -> None:
    """Drive the sender and let the watch see each attempt before and after its answer."""
    sender = watch.sender
    snapshots: dict[str, Snapshot | None] = {}

    def answer(send: Send, now: float) -> Outcome:
        snapshots.update((cohort, each.snapshot) for cohort, each in sender.subscriptions.items())
        return watch(send, now)

    original = sender.answer

    def answered(send: Send, outcome: Outcome, now: float) -> None:
        original(send, outcome, now)
        watch.settle(send)
        subscription = sender.subscriptions[send.delivery.cohort_id]
        if subscription.failed or subscription.syncing:
            assert subscription.snapshot is snapshots[send.delivery.cohort_id]

    sender.answer = answered  # type: ignore[method-assign]
    drive(sender, start, until, answer)
    sender.answer = original  # type: ignore[method-assign]
    for cohort, subscription in sender.subscriptions.items():
        empty = subscription.snapshot is not None and not subscription.snapshot.members
        if empty and not sender.source.members(cohort) and not subscription.syncing:
            # A silent full sync of an empty cohort, by `add_members`, tells the receiver nothing and is a success.
            watch.held[cohort] = frozenset()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.integers(0, 2), USERS),
        st.tuples(st.just("leave"), st.integers(0, 2), USERS),
        st.tuples(st.just("merge"), USERS, USERS),
        st.tuples(st.just("wait"), st.sampled_from([10.0, 100.0, HALF_HOUR, 2 * HALF_HOUR]), st.none()),
        st.tuples(st.just("age"), st.integers(0, 2), st.none()),
        st.tuples(st.just("resume"), st.integers(0, 2), st.none()),
        st.tuples(st.just("refresh"), st.integers(0, 2), st.none()),
    ),
    max_size=25,
)


@given(
    dialect=DIALECTS,
    page_size=st.integers(1, 3),
    connections=st.lists(st.sampled_from("xy"), min_size=1, max_size=3),
    created_at=st.lists(st.sampled_from([0.0, 60 / 31, 700.0]), min_size=3, max_size=3),
    answers=st.lists(ANSWERS, max_size=60),
    steps=STEPS,
)
@settings(max_examples=200)
def test_whatever_happens(
    dialect: Dialect,
    page_size: int,
    connections: list[str],
    created_at: list[float],
    answers: list[Outcome | None],
    steps: list[tuple[str, object, object]],
) -> None:
    source = Source()
    sender = Sender(source, dialect, page_size=page_size)
    cohorts = [str(number) for number in range(len(connections))]
    for cohort, connection, moment in zip(cohorts, connections, created_at, strict=False):
        source.add_cohort(Cohort(cohort, "VIPs"))
        source.join(cohort, "abc")
        sender.create_sync(cohort, moment, connection=connection)
    watch = Watch(sender, iter(answers))
    now = 0.0
    for kind, first, second in [*steps, ("wait", 3 * HALF_HOUR, None)]:
        if kind == "wait":
            assert isinstance(first, float)
            run(watch, now, now + first)
            now += first
        elif kind == "merge":
            source.merge(str(first), str(second))
        else:
            assert isinstance(first, int)
            cohort = cohorts[first % len(cohorts)]
            act(watch, kind, cohort, str(second), now)


def act(watch: Watch, kind: str, cohort: str, user: str, now: float) -> None:
    sender = watch.sender
    if kind == "join":
        sender.source.join(cohort, [user])
    elif kind == "leave":
        sender.source.leave(cohort, [user])
    elif kind == "resume":
        if sender.resume(cohort, now):
            watch.asked.setdefault(cohort, set()).add(now)
    elif kind == "refresh":
        sender.refresh(cohort, now)
        watch.asked.setdefault(cohort, set()).add(now)
    else:
        snapshot = sender.subscriptions[cohort].snapshot
        if snapshot is not None:
            snapshot.taken_at -= 3 * 24 * 3600.0
