"""Memberships are counted, and a repeat counts."""

from __future__ import annotations

from collections import Counter

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.staging import Staging


@faulty(
    check="replay",
    cause="counted-repeats",
    design="in memory, counters",
    summary="counts each `add_members` up and each `remove_members` down: a repeat shifts the balance",
)
def counts_repeats() -> Receiver:
    """Each entry adds one and each exit takes one away; who is above zero is in. Like reference counts.

    A page that is sent again after a lost acknowledgement counts twice, and one exit no longer gets the user out.
    """
    counts: dict[str, Counter[str]] = {}
    staging = Staging()

    def take(page: Page) -> None:
        if page.action == "members":
            copy = staging.add(page)
            if copy is not None:
                counts[page.cohort] = Counter(copy)
        elif page.action == "add_members":
            counts.setdefault(page.cohort, Counter()).update(page.ids)
        else:
            counts.setdefault(page.cohort, Counter()).subtract(page.ids)

    return Receiver(webhook(take), members=lambda cohort: list(+counts.get(cohort, Counter())))
