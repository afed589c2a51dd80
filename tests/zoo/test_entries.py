from __future__ import annotations

import contextlib

import pytest

from cohortprop import zoo
from cohortprop.checks import BUILT_IN, UNCLASSIFIED
from cohortprop.receiver import Receiver
from cohortprop.zoo import Entry
from tests.zoo.conftest import Play
from tests.zoo.player import Wrong

WITHOUT_A_RECEIVER = {
    ("membership", "acknowledged-page-lost"): "what is left when nothing more exact fits",
    ("acceptance", "refused-always"): "says that the path or the credentials are wrong, not the app",
    ("replay", "replay-overwrites"): "shows under strict replays only, which most good designs fail",
    ("arrivals", "never-delivered"): "is a stranger before the arrivals",
    ("acceptance", "server-died"): "needs a server: the tests of started processes have some",
    ("acceptance", "closes-connection"): "needs a server: the tests of live receivers have some",
}
"""Causes for which there is no faulty receiver, and why."""
CAUSES = {
    (each.name, cause.name): cause.severity for each in BUILT_IN for cause in each.causes if cause is not UNCLASSIFIED
}

every_entry = pytest.mark.parametrize("entry", zoo.entries(), ids=lambda entry: entry.name)


def test_every_cause_has_a_faulty_receiver_and_no_other_is_declared() -> None:
    declared = {(entry.check, entry.cause) for entry in zoo.faulty()}
    bugs = {key for key, severity in CAUSES.items() if severity == "bug"}
    assert declared == bugs - WITHOUT_A_RECEIVER.keys()


def test_every_advice_has_a_receiver() -> None:
    declared = {entry.bugs[0] for entry in zoo.advised()}
    assert {CAUSES[key] for key in declared} == {"advice"}
    assert {check for check, _ in declared} >= {"authentication", "envelope", "malformed", "torn"}


def test_there_are_enough_of_them() -> None:
    assert len(zoo.correct()) >= 12
    assert len(zoo.faulty()) >= 50
    assert len({entry.design for entry in zoo.correct()}) == len(zoo.correct())


def test_kinds_part_the_zoo() -> None:
    assert zoo.entries() == (*zoo.correct(), *zoo.faulty(), *zoo.advised(), *zoo.planted())
    assert all(entry.correct and entry.check is None for entry in zoo.correct())
    assert all(not entry.correct and entry.check and entry.cause for entry in zoo.faulty())
    assert all(entry.correct for entry in zoo.advised())
    assert all(len(entry.bugs) == len(set(entry.bugs)) > 1 for entry in zoo.planted())


def test_all_lists_every_receiver_and_what_finds_them() -> None:
    names = {entry.name for entry in zoo.entries()}
    lookups = {"Bug", "Entry", "Factory", "Kind", "advised", "correct", "entries", "faulty", "find", "planted"}
    assert set(zoo.__all__) == names | lookups
    assert len(zoo.__all__) == len(set(zoo.__all__))


def test_find_knows_every_name_and_says_so_when_not() -> None:
    assert all(zoo.find(entry.name) is entry for entry in zoo.entries())
    with pytest.raises(LookupError, match="no receiver 'nobody'"):
        zoo.find("nobody")


@every_entry
def test_entry_is_a_target_by_its_name(entry: Entry) -> None:
    factory = getattr(zoo, entry.name)
    assert factory is entry.factory
    first, second = factory(), factory()
    assert isinstance(first, Receiver)
    assert first is not second
    assert first.app is not second.app


@every_entry
def test_entry_is_described(entry: Entry) -> None:
    lines = [line for line in (entry.factory.__doc__ or "").splitlines() if line.strip()]
    assert 1 <= len(lines) <= 4
    assert entry.summary
    assert not entry.summary.endswith(".")
    assert entry.design
    assert len(entry.summary) <= 100


@every_entry
def test_receiver_can_be_looked_into_and_excludes_nothing(entry: Entry) -> None:
    receiver = entry.factory()
    assert receiver.members is not None
    assert set(receiver.members("7")) == set()
    assert receiver.excludes == ()
    if receiver.arrivals is not None:
        assert list(receiver.arrivals()) == []


LETS_NOBODY_IN = {entry.name for entry in zoo.faulty() if entry.cause == "right-credentials-refused"}


@every_entry
def test_state_is_not_shared(entry: Entry, play: Play) -> None:
    if entry.name in LETS_NOBODY_IN:
        pytest.skip("it has no state")
    used, fresh = play(entry.factory()), play(entry.factory())
    with contextlib.suppress(Wrong):  # some answer wrongly; the work is done all the same
        used.full(["ann", "bob"])
    used.expect_members("ann", "bob")
    fresh.expect_members()


@every_entry
def test_plain_full_sync_is_answered_as_documented(entry: Entry, play: Play) -> None:
    player = play(entry.factory())
    if entry.name in ("answers_plain_ok", "echoes_wrong_action"):
        with pytest.raises(Wrong, match="envelope"):
            player.full(["ann", "bob"])
    elif entry.name in LETS_NOBODY_IN:
        with pytest.raises(Wrong, match="acceptance: 401"):
            player.full(["ann", "bob"])
    else:
        player.full(["ann", "bob"])
