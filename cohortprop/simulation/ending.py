"""How a trial ends: the way home, and after a violation the aftermath.

The way home asks for what the protocol does promise. Faults end; the next sync must be taken; after a full sync the
receiver must hold what the source holds. No late arrivals from here on.

The aftermath is an examination. Something is wrong by now; what the receiver does next, under clean conditions, tells
bugs apart that look alike so far. Does a full sync mend it? Does leaving by a diff work? Does anybody come back? And
after a refusal: would it have taken the delivery without this or that?
"""

from __future__ import annotations

from typing import Final, Literal

from cohortprop.simulation.history import Attempted, PhaseBegan, Restarted, SyncEnded
from cohortprop.simulation.strays import forged_headers, last_taken
from cohortprop.simulation.variants import About, variants_of
from cohortprop.simulation.world import World
from cohortprop.wire import REMOVE_MEMBERS, Delivery

__all__ = ["NEWCOMER", "examine", "examine_arrivals", "examine_refusal", "examine_stray", "go_home"]

NEWCOMER: Final = "newcomer"
"""Who joins a cohort during an examination; nobody in a drawn or canonical scenario has this id."""


def go_home(world: World) -> None:
    """Take the world home, stage by stage; stops where the world is halted.

    1. Faults end, paused syncs are resumed, and the next sync of each cohort runs.
    2. Three days pass without a sync, and the next one is a full sync. Sent as `members`, it must leave the receiver
       with what the source holds; sent as `add_members`, with that at least.
    3. A refresh by `members`, in every dialect: now what is held must equal the source.
    """
    dynamic = [cohort for cohort, subscription in world.sender.subscriptions.items() if not subscription.one_time]
    by_members = world.scenario.dialect.full_sync == "members"
    for stage in (1, 2, 3):
        if world.halted:
            return
        began = len(world.history)
        world.history.add(PhaseBegan(world.now, "way home", stage))
        if stage == 1:
            world.settle()
            world.probe()
        elif stage == 2:
            world.expire()
            for cohort in dynamic:
                world.sync(cohort)
            world.probe(settled=_settled(world, began, "equal" if by_members else "include"))
        else:
            for cohort in dynamic:
                world.refresh(cohort)
            world.probe(settled=_settled(world, began, "equal"))


def _settled(world: World, began: int, demand: Literal["equal", "include"]) -> dict[str, Literal["equal", "include"]]:
    """Those cohorts for which a full sync really came through since then; one that was refused is for `acceptance`."""
    return {
        event.cohort: demand
        for event in world.history.events[began:]
        if isinstance(event, SyncEnded) and event.kind == "full" and event.outcome == "succeeded"
    }


def examine(world: World, cohort: str, user: str) -> None:
    """See what a receiver that has gone wrong about a user does next, under clean conditions.

    1. The next sync. 2. A full sync. 3. The user changes sides and back, each with a sync. 4. With the user out, an
    old removal of theirs arrives once more. 5. Somebody else leaves, which a full sync tells. 6. If the receiver was
    restarted before: a newcomer enters, and it is restarted after a look, and once more without one.
    """
    world.halted = False
    if world.sender.subscriptions[cohort].one_time:
        return
    restarted = any(isinstance(event, Restarted) for event in world.history)
    with world.unwatched():
        for stage in range(1, 7 if restarted else 6):
            world.history.add(PhaseBegan(world.now, "aftermath", stage))
            _examine_stage(world, stage, cohort, user)
            if world.halted:
                return
            world.probe()


def _examine_stage(world: World, stage: int, cohort: str, user: str) -> None:
    members = world.source.members(cohort)
    if stage == 1:
        world.heal()
        world.sync(cohort)
    elif stage == 2:
        world.refresh(cohort)
    elif stage == 3:
        _change_sides(world, cohort, user)
        world.probe()
        _change_sides(world, cohort, user)
    elif stage == 4:
        world.change(cohort, leaves=[user])
        world.refresh(cohort)
        world.probe()
        removal = next(
            (
                delivery
                for delivery in reversed(world.sent)
                if delivery.cohort_id == cohort and delivery.action == REMOVE_MEMBERS and user in delivery.ids
            ),
            None,
        )
        if removal is not None and not world.halted:
            world.replay(removal)
    elif stage == 5:
        other = next((each for each in members if each != user), None)
        world.change(cohort, leaves=[other] if other is not None else [])
        world.refresh(cohort)
    else:
        _change_sides(world, cohort, NEWCOMER)
        world.probe()  # so that what was queued is done, and only what is kept is at stake
        world.restart()
        world.probe()
        _change_sides(world, cohort, NEWCOMER)
        world.probe()
        _change_sides(world, cohort, NEWCOMER)
        world.restart()


def examine_arrivals(world: World, cohort: str) -> None:
    """See when a receiver that has acted too often acts again.

    1. Everybody is brought up to date. 2. A full sync follows, with no change. 3. A newcomer's page is sent again,
    because its first acknowledgement is lost. 4. The newcomer leaves, and enters once more.

    A cohort that the receiver has made up has nothing that could be sent to it.
    """
    world.halted = False
    subscription = world.sender.subscriptions.get(cohort)
    if subscription is None or subscription.one_time:
        return
    with world.unwatched():
        for stage in (1, 2, 3, 4):
            if world.halted:
                return
            world.history.add(PhaseBegan(world.now, "aftermath", stage))
            if stage == 1:
                world.settle()
            if stage == 3:
                world.change(cohort, joins=[NEWCOMER])
                world.network.lay_out(["lose"])
                world.sync(cohort)
            elif stage == 4:
                for _ in range(2):
                    _change_sides(world, cohort, NEWCOMER)
            else:
                world.refresh(cohort)
            world.probe()


def examine_refusal(world: World, delivery: Delivery) -> None:
    """See which peculiarity of a refused delivery the receiver does not take, by sending it without each in turn."""
    world.halted = False
    world.history.add(PhaseBegan(world.now, "aftermath", 1))
    first = next(each for each in world.sent if each.cohort_id == delivery.cohort_id)
    description = first.payload["parameters"].get("mixpanel_cohort_description", "a cohort")
    before = world.sent[: world.sent.index(delivery)]
    lost = any(
        isinstance(event, Attempted) and event.delivery is delivery and event.fate == "lose"
        for event in world.history.events
    )
    known = {user for each in before if each.cohort_id == delivery.cohort_id for user in each.ids}
    known |= set(delivery.ids if lost else ())
    about = About(first.cohort_name, description, known, world.receiver.id_property)
    world.examine("", delivery.payload)
    for peculiarity, variant in variants_of(delivery.payload, about):
        if world.halted:
            return
        world.examine(peculiarity, variant)


def examine_stray(world: World, delivery: Delivery, signature: str) -> None:
    """See more of what is made of a request that was none of the sender's.

    One that made the app fail is sent with nothing wrong, for it may be that it fails then, too; and then a delivery
    that was taken before. One that was let in with wrong credentials is sent without any.
    """
    world.halted = False
    world.history.add(PhaseBegan(world.now, "aftermath", 1))
    if signature == "crash":
        world.examine("what is wrong with it", delivery.payload)
        taken = last_taken(world)
        if taken is not None and not world.halted:
            world.examine("all that is new in it", taken.payload)
    elif signature == "let in":
        world.examine("any credentials", delivery.payload, forged_headers(world.receiver, "none"))


def _change_sides(world: World, cohort: str, user: str) -> None:
    if user in world.source.members(cohort):
        world.change(cohort, leaves=[user])
    else:
        world.change(cohort, joins=[user])
    world.sync(cohort)
