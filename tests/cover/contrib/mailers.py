"""Receivers whose mails go by a queue, and what is to be found about them."""

from __future__ import annotations

from typing import Any

from cohortprop.effects import Recorder
from cohortprop.receiver import Receiver
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster
from tests.cover.effects.shops import found_in

recorder = Recorder()


def shop(send: Any, drain: Any) -> Any:
    """Builds receivers whose mails go by a queue; once a user and cohort, or for each time they are named."""

    def make(*, twice: bool) -> Any:
        def built() -> Receiver:
            if drain is not None:
                drain()
            recorder.reset()
            roster, sent = Roster(), set()

            def take(page: Page) -> None:
                roster.take(page)
                for user in page.ids if page.action != "remove_members" else ():
                    if twice or (page.cohort, user) not in sent:
                        sent.add((page.cohort, user))
                        send(page.cohort, user)

            return Receiver(
                webhook(take),
                members=roster.members,
                arrivals=recorder.arrivals,
                arrival_policy="once_per_user",
                drain=drain,
            )

        return built

    return make


def judge(make: Any) -> None:
    """The right one passes, the wrong one is found; and were the queue not waited for, the right one would not pass."""
    assert found_in(make(twice=False), ["a-lost-acknowledgement", "back-again"]) == set()
    assert found_in(make(twice=True), ["a-lost-acknowledgement"]) == {"arrivals/duplicate-on-retry"}


# A plain queue
