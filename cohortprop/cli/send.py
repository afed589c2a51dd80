"""`cohortprop send TARGET`: one plain sync, to see one's own server work before anything is searched."""

from __future__ import annotations

import contextlib
import json
import sys
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import click

from cohortprop.cli.options import needed_target, output_options, receiver_options, settings_of

if TYPE_CHECKING:  # heavy, and not needed to print a usage line
    from cohortprop.receiver import Receiver
    from cohortprop.transport import Carried
    from cohortprop.wire import Delivery

__all__ = ["command"]

COHORT: Final = "1001"
_NAMES: Final = ("ann", "bob", "cy", "dan", "eve", "fay", "gus", "hal")
_SHOWN_AT_MOST: Final = 5
_ACTIONS: Final = ("members", "add_members", "remove_members")


@click.command("send", short_help="One plain sync, to see your server work.")
@click.argument("target", required=False)
@click.option("--members-count", type=click.IntRange(0, 100_000), default=4, show_default=True, help="How many users.")
@click.option("--action", type=click.Choice(_ACTIONS), default="members", show_default=True, help="What to send.")
@receiver_options
@output_options
def command(*, members_count: int, action: str, **given: Any) -> int:
    """Send one sync of a handful of users to TARGET, and print the requests, the answers, and whom it holds then.

    Nothing goes wrong on the way, time is real, and nothing is judged but this: are the deliveries taken, are the
    answers as documented, and does the members probe agree? Exits with 0 if so, else with 1.
    """
    settings = settings_of(**given)
    name = needed_target(settings)
    from cohortprop.cli.screen import console_on
    from cohortprop.simulation.probes import Probes
    from cohortprop.target import load_target
    from cohortprop.transport import LogCapture, Transports, Watchdog, runner_of

    receiver = load_target(name, **settings.overrides()).make()
    out = console_on(sys.stdout, color=settings.color)

    def say(line: str = "", style: str = "") -> None:
        if not settings.quiet:
            out.print(line, style=style, soft_wrap=True, markup=False)

    well = True
    named: set[str] = set()
    with (
        LogCapture() as capture,
        Watchdog(settings.time_limit).watching() as watchdog,
        contextlib.closing(Transports(watchdog, capture)) as transports,
    ):
        transport = transports.open(receiver)
        for delivery in _deliveries(receiver, members_count, action):
            named.update(delivery.identities(receiver.id_property))
            say(f"POST {receiver.url}", "bold")
            for header in _headers(receiver):
                say(header)
            say()
            say(_shown_request(delivery))
            say()
            problem = _tell_answer(transport.send(delivery.body), delivery, settings.time_limit, say)
            if problem:
                out.print(f"not as it should be: {problem}", soft_wrap=True, markup=False)
                well = False
                break
            say()
        probes = Probes(receiver, [COHORT], runner_of(transport))
        probes.drain()
        held = probes.members()
        if held is not None:
            say(f"members({COHORT!r}): {_shown_ids(held[COHORT])}")
            wrong = _disagreement(action, named, set(held[COHORT])) if well else ""
            if wrong:
                out.print(f"not as it should be: {wrong}", soft_wrap=True, markup=False)
                well = False
        arrivals = probes.arrivals()
        if arrivals is not None:
            say(f"arrivals(): {_shown_ids(f'{user} x {count}' for (_, user), count in arrivals.items())}")
    if well:
        out.print("taken, and answered as documented", style="green")
    return 0 if well else 1


def _deliveries(receiver: Receiver, count: int, action: str) -> list[Delivery]:
    """The pages of one sync, as the sender makes them; to remove users, it first has to have sent them."""
    from cohortprop.sender import Cohort, Dialect, Send, Sender, Source
    from cohortprop.wire import DISTINCT_ID, SYNC_INTERVAL, Reply

    users = [*_NAMES[:count], *(f"user-{number:05}" for number in range(len(_NAMES), count))]
    source = Source(exported=() if receiver.id_property == DISTINCT_ID else (receiver.id_property,))
    source.add_cohort(Cohort(COHORT, "VIPs", "a cohort", "1"))
    source.join(COHORT, users)
    full_sync = "members" if action == "members" else "add_members"
    sender = Sender(source, Dialect.pin({"full_sync": full_sync}), new_session_id=lambda: str(uuid.uuid4()))
    sender.create_sync(COHORT, 0.0)
    sent: list[Delivery] = []
    for now in (0.0, float(SYNC_INTERVAL)) if action == "remove_members" else (0.0,):
        sent.clear()
        while isinstance(send := sender.poll(now), Send):
            sent.append(send.delivery)
            sender.answer(send, Reply(200), now)
        source.leave(COHORT, users)
    return [delivery for delivery in sent if delivery.action == action]


def _headers(receiver: Receiver) -> Iterator[str]:
    """The headers that go out, the secret part of the credentials aside."""
    yield "Content-Type: application/json"
    for name, value in receiver.sent_headers.items():
        yield f"{name}: {value.split()[0]} …" if name.lower() == "authorization" else f"{name}: {value}"


def _shown_request(delivery: Delivery) -> str:
    """The body, indented; of a long list of members the first few."""
    payload = delivery.payload
    members = payload["parameters"]["members"]
    left_out = len(members) - _SHOWN_AT_MOST
    if left_out > 0:
        payload["parameters"]["members"] = [*members[:_SHOWN_AT_MOST], f"… and {left_out} more"]
    return json.dumps(payload, indent=2, ensure_ascii=False)


def _tell_answer(carried: Carried, delivery: Delivery, time_limit: float, say: Any) -> str:
    """Print an answer with what the app logged; returns what is wrong with it, empty if nothing is."""
    from cohortprop.wire import Reply, read

    reply = carried.outcome
    for line in carried.log:
        say(f"log: {line}", "dim")
    if not isinstance(reply, Reply):
        say(carried.stack.rstrip(), "dim")
        return f"no answer within {time_limit:g} s"
    if reply.crash is not None:
        say(reply.crash, "dim")
        return f"the app raised {reply.crash.splitlines()[-1]}"
    say(f"HTTP {reply.status} {reply.content_type}", "bold")
    say(_shown_answer(reply.body))
    if not reply.accepted:
        return f"HTTP {reply.status}: a correct delivery is refused"
    problems = read(reply, delivery.action).problems
    return "; ".join(problem.text for problem in problems)


def _shown_answer(body: bytes) -> str:
    text = body.decode("utf-8", "replace")
    return text if len(text) <= 2000 else f"{text[:2000]} … and {len(text) - 2000} characters more"


def _shown_ids(ids: Any) -> str:
    found = sorted(ids)
    more = f", … {len(found)} in all" if len(found) > 12 else ""
    return (", ".join(found[:12]) or "nobody") + more


def _disagreement(action: str, named: set[str], held: set[str]) -> str:
    """What the members probe says that this action does not allow."""
    if action == "remove_members":
        return f"still held: {_shown_ids(named & held)}" if named & held else ""
    if named - held:
        return f"sent, but not held: {_shown_ids(named - held)}"
    if action == "members" and held - named:
        return f"held, but not in the copy that was sent: {_shown_ids(held - named)}"
    return ""
