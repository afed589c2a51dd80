"""Every request that the sender makes, in whatever situation and dialect, validates against the schema of a request."""

from __future__ import annotations

from hypothesis import event, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from cohortprop.sender import QUESTIONS, Cohort, Dialect, Send, Sender, Source, default_profile, sparse_profile
from cohortprop.wire import Delivery, NoReply, Outcome, Reply, delivery_schema
from tests.cover.sender.driving import DOWN, HALF_HOUR, drive, failure, sender_of, success

VALIDATOR = Draft202012Validator(delivery_schema())

DIALECTS = st.builds(
    Dialect.pin,
    st.fixed_dictionaries({}, optional={name: st.sampled_from(list(q.readings)) for name, q in QUESTIONS.items()}),
)
IDS = st.text(min_size=1, max_size=8) | st.sampled_from(["007", "7", "Ann", "ann", " ann", "zoë", "\ud800"])
OUTCOMES = st.sampled_from([None, None, None, DOWN, NoReply("timed out"), failure(422), failure(404), Reply(302)])


def check(delivery: Delivery) -> None:
    """The body follows the schema, and says what the value says."""
    payload = delivery.payload
    problems = [error.message for error in VALIDATOR.iter_errors(payload)]
    assert problems == []
    parameters = payload["parameters"]
    assert payload["action"] == delivery.action
    assert parameters["mixpanel_cohort_id"] == delivery.cohort_id
    assert parameters["mixpanel_cohort_name"] == delivery.cohort_name
    assert parameters["mixpanel_session_id"] == delivery.session_id
    assert tuple(member["mixpanel_distinct_id"] for member in parameters["members"]) == delivery.ids
    info = parameters.get("page_info", {"total_pages": 1, "page_count": 1})
    assert info == {"total_pages": delivery.total_pages, "page_count": delivery.page}


@given(
    dialect=DIALECTS,
    page_size=st.integers(1, 5) | st.just(1000),
    memberships=st.lists(st.lists(IDS, max_size=6), min_size=1, max_size=4),
    outcomes=st.lists(OUTCOMES, max_size=12),
    described=st.none() | st.text(max_size=5),
    name=st.text(max_size=5),
    exported=st.lists(st.sampled_from(["User ID", "$email", "Prénom", "mixpanel_distinct_id", "email"]), max_size=2),
    sparse=st.booleans(),
    edits=st.lists(st.tuples(IDS, st.sampled_from(["email", "plan"]), st.none() | st.text(max_size=3)), max_size=3),
)
@settings(max_examples=100)
def test_in_any_situation(
    dialect: Dialect,
    page_size: int,
    memberships: list[list[str]],
    outcomes: list[Outcome | None],
    described: str | None,
    name: str,
    exported: list[str],
    sparse: bool,
    edits: list[tuple[str, str, str | None]],
) -> None:
    source = Source(sparse_profile if sparse else default_profile, exported)
    source.add_cohort(Cohort("7", name, described, "41"))
    sender = Sender(source, dialect, page_size=page_size)
    sender.create_sync("7", 0)
    for edit in edits:
        source.edit(*edit)
    left = iter(outcomes)
    checked: set[int] = set()

    def answer(send: Send, now: float) -> Outcome:
        check(send.delivery)
        checked.add(id(send.delivery))
        return next(left, None) or success(send.delivery.action)

    now = 0.0
    for members in memberships:
        source.leave("7", list(source.members("7")))
        source.join("7", members)
        drive(sender, now, now + HALF_HOUR - 1, answer)
        now += HALF_HOUR
        sender.resume("7", now)
    event(f"deliveries: {min(len(checked), 10)}")
    assert checked or (dialect.full_sync, dialect.empty_diff) == ("add_members", "silent")


def test_a_full_page() -> None:
    sent = drive(sender_of([f"u{number}" for number in range(1001)]), 0, 0)
    assert [each.delivery.size for each in sent] == [1000, 1]
    for each in sent:
        check(each.delivery)
    assert len(sent[0].delivery.body) > 100 * 1024, "more than some frameworks take"
