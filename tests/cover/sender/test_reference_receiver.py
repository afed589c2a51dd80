"""A receiver that applies each page as the document says ends with the source's members after every clean sync."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cohortprop.sender import QUESTIONS, Cohort, Dialect, Send, Sender, Source
from cohortprop.wire import Outcome
from tests.cover.sender.driving import DAY, DOWN, HALF_HOUR, drive, success


class Receiver:
    """Reads the bytes only. A full sync by `members` is put together from its pages; the rest applies at once."""

    def __init__(self) -> None:
        self.cohorts: dict[str, set[str]] = {}
        self._pages: dict[str, dict[int, list[str]]] = {}

    def take(self, payload: dict[str, Any]) -> None:
        parameters = payload["parameters"]
        held = self.cohorts.setdefault(parameters["mixpanel_cohort_id"], set())
        ids = [member["mixpanel_distinct_id"] for member in parameters["members"]]
        if payload["action"] == "add_members":
            held.update(ids)
        elif payload["action"] == "remove_members":
            held.difference_update(ids)
        else:
            info = parameters.get("page_info", {"total_pages": 1, "page_count": 1})
            pages = self._pages.setdefault(parameters["mixpanel_session_id"], {})
            pages[info["page_count"]] = ids
            if len(pages) == info["total_pages"]:
                held.clear()
                held.update(user for page in pages.values() for user in page)


QUIET = [name for name in QUESTIONS if name not in {"no_answer", "retries"}]
DIALECTS = st.builds(
    Dialect.pin,
    st.fixed_dictionaries({}, optional={name: st.sampled_from(list(QUESTIONS[name].readings)) for name in QUIET}),
)
MEMBERSHIPS = st.lists(st.frozensets(st.sampled_from("abcdefg")), min_size=1, max_size=6)


def become(source: Source, cohort: str, members: frozenset[str]) -> None:
    now = set(source.members(cohort))
    source.leave(cohort, sorted(now - members))
    source.join(cohort, sorted(members - now))


@given(dialect=DIALECTS, page_size=st.integers(1, 4), first=MEMBERSHIPS, second=MEMBERSHIPS)
@settings(max_examples=80)
def test_after_every_clean_sync(
    dialect: Dialect, page_size: int, first: list[frozenset[str]], second: list[frozenset[str]]
) -> None:
    source = Source()
    sender = Sender(source, dialect, page_size=page_size)
    receiver = Receiver()

    def answer(send: Send, now: float) -> Outcome:
        receiver.take(send.delivery.payload)
        return success(send.delivery.action)

    for cohort, connection in (("1", "x"), ("2", "y")):
        source.add_cohort(Cohort(cohort, "VIPs"))
        sender.create_sync(cohort, 0, connection=connection)
    now = 0.0
    for step in range(max(len(first), len(second))):
        become(source, "1", first[min(step, len(first) - 1)])
        become(source, "2", second[min(step, len(second) - 1)])
        drive(sender, now, now + HALF_HOUR - 1, answer)
        now += HALF_HOUR
        held = {cohort: receiver.cohorts.get(cohort, set()) for cohort in source.cohorts}
        assert held == {cohort: set(source.members(cohort)) for cohort in source.cohorts}


@given(before=MEMBERSHIPS.map(lambda sets: sets[0]), after=MEMBERSHIPS.map(lambda sets: sets[0]))
@settings(max_examples=20)
def test_after_three_days_in_the_dark(before: frozenset[str], after: frozenset[str]) -> None:
    source = Source()
    source.add_cohort(Cohort("1", "VIPs"))
    source.join("1", sorted(before))
    sender = Sender(source, Dialect(no_answer="fail", failure_in_2xx="transient"), page_size=2)
    sender.create_sync("1", 0)
    receiver = Receiver()

    def answer(send: Send, now: float) -> Outcome:
        if 0 < now <= 3 * DAY:
            return DOWN
        receiver.take(send.delivery.payload)
        return success(send.delivery.action)

    drive(sender, 0, HALF_HOUR - 1, answer)
    become(source, "1", after)
    drive(sender, HALF_HOUR, 3 * DAY + HALF_HOUR, answer)
    assert receiver.cohorts["1"] == after
