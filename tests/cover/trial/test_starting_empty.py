"""A trial begins with an empty receiver, or says in one line what to do about it."""

from __future__ import annotations

import pytest

from cohortprop.errors import UsageError
from cohortprop.receiver import Receiver
from cohortprop.simulation.steps import Sync
from cohortprop.trial import Trial, open_kit, run
from cohortprop.zoo.envelope import webhook
from cohortprop.zoo.roster import Roster
from tests.cover.trial.apps import VIPS, kit_for, scenario


class Shared:
    """One receiver for all trials."""

    def __init__(self, *, resets: bool) -> None:
        self.roster = Roster()
        self.resets = 0
        self.empties = resets

    def reset(self) -> None:
        self.resets += 1
        if self.empties:
            self.roster.__init__()  # type: ignore[misc]  # as good as new

    def receiver(self, *, reset: bool = True) -> Receiver:
        return Receiver(
            webhook(self.roster.take),
            members=self.roster.members,
            arrivals=self.roster.arrivals,
            arrival_policy="once_per_user",
            reset=self.reset if reset else None,
        )


def test_reset_is_called_before_each_trial() -> None:
    shared = Shared(resets=True)
    with open_kit(shared.receiver, (), clock="none") as kit:
        for number in range(1, 4):
            run(kit, scenario(Sync(VIPS)))
            assert shared.resets == number
            assert shared.roster.members(VIPS) == {"ann", "bob", "cy"}


def test_what_an_earlier_trial_left_behind_is_wrong_usage() -> None:
    shared = Shared(resets=True)
    with open_kit(lambda: shared.receiver(reset=False), (), clock="none") as kit:
        run(kit, scenario(Sync(VIPS)))
        with pytest.raises(UsageError) as error:
            run(kit, scenario(Sync(VIPS)))
    assert str(error.value) == (
        "the receiver is not empty at the start of a trial: members('1001') already yields ['ann', 'bob', 'cy']; "
        "build a fresh app in the factory, or give Receiver(reset=...)"
    )


def test_a_reset_that_does_not_empty_is_wrong_usage() -> None:
    shared = Shared(resets=False)
    with open_kit(shared.receiver, (), clock="none") as kit:
        run(kit, scenario(Sync(VIPS)))
        with pytest.raises(UsageError, match=r"^Receiver\(reset=...\) does not empty the receiver: members\('1001'\)"):
            Trial(kit, scenario())


def test_arrivals_count_as_well() -> None:
    with (
        kit_for(members=None, arrivals=lambda: [("1001", "ann")]) as kit,
        pytest.raises(UsageError, match=r"arrivals\(\) already yields \[\('1001', 'ann'\)\]"),
    ):
        Trial(kit, scenario())


def test_a_reset_that_fails_is_wrong_usage() -> None:
    def reset() -> None:
        raise OSError("no such table")

    with (
        kit_for(reset=reset) as kit,
        pytest.raises(UsageError, match=r"Receiver\(reset=...\) failed: OSError: no such"),
    ):
        Trial(kit, scenario())
