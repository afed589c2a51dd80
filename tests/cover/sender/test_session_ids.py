"""Each export has an id of its own, a UUIDv4 (seen), and a run that is repeated has the same ones."""

from __future__ import annotations

import itertools
import uuid

from cohortprop.sender import Cohort, Sender, Source, session_ids
from tests.cover.sender.driving import COHORT, HALF_HOUR, drive, sender_of


def test_they_are_uuids_of_version_4() -> None:
    new = session_ids()
    for _ in range(20):
        session = uuid.UUID(new())
        assert session.version == 4
        assert session.variant == uuid.RFC_4122


def test_no_two_are_alike() -> None:
    new = session_ids()
    assert len({new() for _ in range(1000)}) == 1000


def test_the_sequence_is_fixed_by_its_seed() -> None:
    first, again, other = session_ids(), session_ids(0), session_ids(1)
    assert [first(), first()] == [again(), again()]
    assert session_ids()() != other()


def test_each_sync_has_one_for_all_its_deliveries() -> None:
    sent = drive(sender_of("abc", page_size=2), 0, 2 * HALF_HOUR)
    sessions = [each.delivery.session_id for each in sent]
    assert [len(list(group)) for _, group in itertools.groupby(sessions)] == [2, 2, 2]
    new = session_ids()
    assert list(dict.fromkeys(sessions)) == [new(), new(), new()]


def test_they_can_come_from_elsewhere() -> None:
    source = Source()
    source.add_cohort(Cohort(COHORT, "VIPs"))
    names = iter(["one", "two"])
    sender = Sender(source, new_session_id=lambda: next(names))
    sender.create_sync(COHORT, 0)
    assert [each.delivery.session_id for each in drive(sender, 0, HALF_HOUR)] == ["one", "two", "two"]
