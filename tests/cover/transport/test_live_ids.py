"""Ids of its own for each trial, on the wire and back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from cohortprop import Receiver
from cohortprop.transport import LogCapture, Transports, Watchdog
from cohortprop.transport.fresh_ids import FreshIds
from cohortprop.wire import compose, describe
from tests.cover.transport.servers import serving

PAGE = compose(
    "members",
    [describe("ann", {"email": "ann@example.com"}), describe("007")],
    project_id="1",
    cohort_id="1001",
    cohort_name='a "name" \\',
    cohort_description=None,
    session_id="0f0f0f0f-0000-4000-8000-00000000000a",
    page=1,
    total_pages=1,
)


def parameters(ids: FreshIds, body: bytes = PAGE.body) -> Any:
    return json.loads(ids.body(body))["parameters"]


def test_what_is_fresh_and_what_is_not() -> None:
    ids, others = FreshIds(), FreshIds()
    sent, of_another = parameters(ids), parameters(others)
    for name in ("mixpanel_cohort_id", "mixpanel_project_id"):
        assert sent[name].isdecimal()
        assert int(sent[name]) < 2**31
    fresh = [sent["mixpanel_cohort_id"], sent["mixpanel_project_id"]]
    fresh += [of_another["mixpanel_cohort_id"], of_another["mixpanel_project_id"]]
    assert len(set(fresh)) == 4
    assert sent["mixpanel_session_id"] == f"{ids.number:08x}-0000-4000-8000-00000000000a"
    assert sent["mixpanel_cohort_name"] == f'a "name" \\ {ids.number}'
    assert [each["mixpanel_distinct_id"] for each in sent["members"]] == ["ann", "007"]


def test_the_same_in_a_trial_is_the_same_on_the_wire() -> None:
    ids = FreshIds()
    assert parameters(ids) == parameters(ids)
    fresh = parameters(ids)["mixpanel_cohort_id"]
    assert ids.cohort("1001") == fresh
    assert ids.cohort_from(fresh) == "1001"
    assert ids.cohort("1002") != fresh


@pytest.mark.parametrize("key", ["mixpanel_distinct_id", "email"])
def test_users_are_fresh_where_they_are_acted_upon_once_for_ever(key: str) -> None:
    ids = FreshIds(key)
    first = parameters(ids)["members"][0]
    plain = {"mixpanel_distinct_id": "ann", "email": "ann@example.com"}
    assert first == {**plain, key: f"t{ids.number}-{plain[key]}"}
    assert ids.user_from(first[key]) == plain[key]
    assert ids.user_from("stranger") == "stranger"
    assert ids.user_from(12) == 12


@pytest.mark.parametrize("body", [b"", b"{", b'{"mixpanel_cohort_id":7}', b'{"mixpanel_cohort_id":"7', PAGE.body[:50]])
def test_what_has_no_ids_is_sent_as_it_is(body: bytes) -> None:
    assert FreshIds("mixpanel_distinct_id").body(body) == body


def receiver_and_wire(**described: Any) -> tuple[Receiver, str]:
    """A receiver as it is asked, and the id on the wire of cohort 1001."""
    with serving() as server:
        transports = Transports(Watchdog(), LogCapture())
        transport = transports.open(Receiver(f"{server.origin}/hook", **described))
        transport.send(PAGE.body)
        transports.close()
    assert transports.receiver is not None
    (_, _, body) = server.requests[0]
    return transports.receiver, json.loads(body)["parameters"]["mixpanel_cohort_id"]


def test_functions_are_asked_with_the_ids_of_the_wire_and_translated_back() -> None:
    asked: list[str] = []

    def members(cohort_id: str) -> list[str]:
        asked.append(cohort_id)
        return ["ann"]

    pairs: list[Any] = [("5", "bob"), "no pair", 7]
    receiver, wire = receiver_and_wire(members=members, arrivals=lambda: iter(pairs))
    pairs.append((wire, "ann"))
    assert receiver.members("1001") == ["ann"]
    assert asked == [wire]
    assert receiver.arrivals() == ["no pair", 7, ("1001", "ann")]


def test_async_probes_and_what_is_no_collection() -> None:
    async def members(cohort_id: str) -> list[str]:
        return [cohort_id]

    receiver, wire = receiver_and_wire(members=members, arrivals=lambda: 3)
    assert asyncio.run(receiver.members("1001")) == [wire]
    assert receiver.arrivals() == 3


def test_users_are_translated_for_once_per_user() -> None:
    receiver, _ = receiver_and_wire(members=lambda _: ["t1-ann"], arrivals=list, arrival_policy="once_per_user")
    assert receiver.members("1001") == ["t1-ann"]  # the prefix of another trial is a stranger's


def test_who_is_emptied_sees_the_scenarios_ids() -> None:
    _, wire = receiver_and_wire(reset="POST /reset", members="GET /members/{cohort_id}#/ids")
    assert wire == "1001"
