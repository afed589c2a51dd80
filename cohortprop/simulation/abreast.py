"""Deliveries that are under way together: what two connections send at one moment, and a delivery with its copy.

Only first attempts that nothing happens to on the way meet at the app. A retry comes alone, for a receiver may well
answer one of two requests with "busy, come again", and then it must be able to take the one that comes again.
"""

from __future__ import annotations

import random

from cohortprop.sender import Send
from cohortprop.simulation.world import Trip, World

__all__ = ["collide", "sync_together"]


def sync_together(world: World, seed: int) -> None:
    """Run the next sync of each cohort, side by side.

    Where deliveries arrive in turn, an odd seed lets the second of two connections be first.
    """
    draw = random.Random(seed)

    def carry(send: Send) -> None:
        beside = world.sender.poll_beside(send, world.now)
        if beside is None:
            world.carry(send)
        elif world.scenario.dialect.deliveries_at_once == "in_turn":
            for each in (beside, send) if seed % 2 else (send, beside):
                if not world.halted:
                    world.carry(each)
        else:
            trips = world.set_out(send), world.set_out(beside)
            if not world.in_trouble and all(map(_meets, trips)):
                world.call_both(*trips, draw.getrandbits(32))
                world.come_back(*trips)
            else:
                for trip in trips:
                    if not world.halted:
                        world.travel(trip)

    world.run_syncs(world.sender.subscriptions, carry)


def collide(world: World, cohort: str, seed: int) -> None:
    """Run the cohort's next sync, and let each of its deliveries arrive twice at the same moment."""
    draw = random.Random(seed)

    def carry(send: Send) -> None:
        trip = world.set_out(send)
        if send.delivery.cohort_id != cohort or world.in_trouble or not _meets(trip):
            world.travel(trip)
        elif world.scenario.dialect.deliveries_at_once == "in_turn":
            world.travel(trip, copied=True)
        else:
            world.call_both(trip, None, draw.getrandbits(32))
            world.come_back(trip)

    world.run_syncs([cohort], carry)


def _meets(trip: Trip) -> bool:
    """Whether an attempt may be at the app together with another one."""
    return trip.send.attempt == 1 and trip.ruling.fate in ("deliver", "lose")
