"""A page with a member that lacks an optional property is turned away."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, Refusal
from cohortprop.zoo.roster import Roster

_REQUIRED = ("mixpanel_distinct_id", "email")


@faulty(
    check="sparse",
    cause="refused-sparse-member",
    design="in memory, validated",
    summary="400 for a page with a member that has no e-mail",
)
def refuses_sparse_members() -> Receiver:
    """The document says that every member comes with an e-mail, so the validation requires it.

    A property that is not populated is absent. One member without it refuses the whole page and pauses the sync.
    """
    roster = Roster()

    def take(page: Page) -> None:
        for position, member in enumerate(page.members):
            for name in _REQUIRED:
                if name not in member:
                    raise Refusal(400, f"members[{position}]: {name} is required")
        roster.take(page)

    return roster.receiver(take)


@faulty(
    check="sparse",
    cause="refused-sparse-member",
    design="in memory, subscript",
    summary="a KeyError, so a 500, on a member that has no e-mail",
)
def crashes_on_sparse_members() -> Receiver:
    """The address is needed for the mail, so it is read from the member; all captures had one.

    Without it the handler dies of a KeyError, at every retry and in every sync from then on.
    """
    roster = Roster()
    addresses: dict[str, str] = {}

    def take(page: Page) -> None:
        addresses.update((member["mixpanel_distinct_id"], member["email"]) for member in page.members)
        roster.take(page)

    return roster.receiver(take)
