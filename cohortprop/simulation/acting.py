"""What each step does to the world."""

from __future__ import annotations

from typing import assert_never

from cohortprop.simulation.abreast import collide, sync_together
from cohortprop.simulation.history import Changed, Described, Edited, Renamed, SyncEnded
from cohortprop.simulation.network import SyncRule, in_its_place
from cohortprop.simulation.steps import (
    AbortSync,
    BackAndForth,
    Collide,
    Describe,
    Edit,
    ExpireSnapshot,
    Fates,
    FlipFailed,
    Garble,
    Join,
    Knock,
    Leave,
    LoseLastAck,
    Merge,
    Outage,
    PassTime,
    Probe,
    Rename,
    Replay,
    Restart,
    RestartInside,
    Resume,
    Settle,
    Step,
    Sync,
    SyncTogether,
    Trouble,
    Wait,
)
from cohortprop.simulation.strays import garble, knock
from cohortprop.simulation.world import World
from cohortprop.wire import NoReply

__all__ = ["take"]


def take(world: World, step: Step) -> None:
    """Do what a step says."""
    match step:
        case Join(cohort, users):
            world.change(cohort, joins=users)
        case Leave(cohort, users):
            world.change(cohort, leaves=users)
        case Sync(cohort):
            world.sync(cohort)
        case Wait(seconds):
            world.advance(world.now + seconds)
        case ExpireSnapshot(cohort, joins, leaves, synced):
            world.expire(lambda: world.change(cohort, joins, leaves))
            if synced:
                world.sync(cohort)
        case PassTime(days):
            world.pass_time(days)
        case AbortSync(cohort, after, status):
            world.sync_under(SyncRule(cohort, after, "refuse", in_its_place(status)))
        case LoseLastAck(cohort):
            world.sync_under(SyncRule(cohort, -1, "lose", NoReply("timed out")))
        case FlipFailed(cohort):
            _flip_failed(world, cohort)
        case BackAndForth(cohort, users, synced):
            _back_and_forth(world, cohort, users, synced=synced)
        case Outage(seconds, status, lost):
            world.begin_outage(seconds, in_its_place(status), lost)
        case Fates(fates):
            world.network.lay_out(fates)
        case Replay(back):
            if world.sent:
                world.replay(world.sent[-1 - back % len(world.sent)])
        case Restart():
            world.restart()
        case RestartInside(cohort, after):
            world.sync_with_restart(cohort, after)
        case Trouble(attempts):
            world.trouble(attempts)
        case Knock(credentials):
            knock(world, credentials)
        case Garble(how):
            garble(world, how)
        case Resume(cohort):
            world.resume(cohort)
        case Edit(user, name, value):
            if name != world.receiver.id_property:  # what users are keyed on is never edited
                world.source.edit(user, name, value)
                world.history.add(Edited(world.now, user, name, value))
        case Rename(cohort, name):
            world.source.rename(cohort, name)
            world.history.add(Renamed(world.now, cohort, name))
        case Describe(cohort, description):
            world.source.describe(cohort, description)
            world.history.add(Described(world.now, cohort, description))
        case Merge(old, new):
            had = {cohort for cohort in world.source.cohorts if new in world.source.members(cohort)}
            for cohort in world.source.merge(old, new):
                world.history.add(Changed(world.now, cohort, () if cohort in had else (new,), (old,)))
        case SyncTogether(seed):
            sync_together(world, seed)
        case Collide(cohort, seed):
            collide(world, cohort, seed)
        case Settle():
            world.settle()
        case Probe():
            world.probe()
        case _:
            assert_never(step)


def _flip_failed(world: World, cohort: str) -> None:
    """Whoever was named by the cohort's last failed sync changes sides."""
    failed = next(
        (
            event.session
            for event in reversed(world.history.events)
            if isinstance(event, SyncEnded) and event.cohort == cohort and event.outcome != "succeeded"
        ),
        None,
    )
    named = dict.fromkeys(user for delivery in world.sent if delivery.session_id == failed for user in delivery.ids)
    members = world.source.members(cohort)
    leaves = [user for user in named if user in members]
    world.change(cohort, joins=[user for user in named if user not in members], leaves=leaves)


def _back_and_forth(world: World, cohort: str, users: tuple[str, ...], *, synced: bool) -> None:
    leaving = [user for user in users if user in world.source.members(cohort)]
    with world.unwatched():
        world.change(cohort, leaves=leaving)
        if synced:
            world.sync(cohort)
        world.change(cohort, joins=leaving)
        if synced:
            world.sync(cohort)
