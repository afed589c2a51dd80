"""Who knocks with other credentials, and what is sent on their behalf."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from cohortprop.receiver import Receiver
from cohortprop.simulation import Garbled, Knocked, Probed
from cohortprop.simulation.steps import CREDENTIALS, Garble, Join, Knock, Leave, Sync
from cohortprop.simulation.strays import forged_headers
from tests.cover.simulation.sandbox import COHORT, Sandbox

AUTH = ("mixpanel", "s3cret")
BASIC = Receiver(print, auth=AUTH, headers={"X-Shop": "berlin"})
TOKEN = Receiver(print, headers={"X-Hook-Token": "Bearer abcd", "X-Shop": "berlin"})


def pair(headers: dict[str, str]) -> bytes:
    scheme, _, encoded = headers["Authorization"].partition(" ")
    assert scheme == "Basic"
    return base64.b64decode(encoded, validate=True)


@pytest.mark.parametrize(
    ("credentials", "expected"),
    [
        ("wrong password", b"mixpanel:s3cretx"),
        ("wrong user", b"xmixpanel:s3cret"),
        ("empty", b":"),
        ("not ASCII", "mixpanelü:pässwörd".encode()),
        ("no colon", b"mixpanel"),
        ("not UTF-8", b"\xff\xfe:\xff"),
    ],
)
def test_basic_credentials_are_wrong_in_one_way(credentials: str, expected: bytes) -> None:
    headers = forged_headers(BASIC, credentials)
    assert headers is not None
    assert pair(headers) == expected
    assert headers["X-Shop"] == "berlin"


@pytest.mark.parametrize(
    ("credentials", "basic", "token"),
    [
        ("none", None, None),
        ("scheme alone", "Basic", "Bearer"),
        ("not base64", "Basic ?", "Bearer ?"),
        ("other scheme", "Bearer stray", "Basic c3RyYXk6c3RyYXk="),
    ],
)
def test_headers_that_are_no_credentials(credentials: str, basic: str | None, token: str | None) -> None:
    assert (forged_headers(BASIC, credentials) or {}).get("Authorization") == basic
    assert (forged_headers(TOKEN, credentials) or {}).get("X-Hook-Token") == token


@pytest.mark.parametrize(
    ("credentials", "token"),
    [
        ("wrong password", "Bearer abcdx"),
        ("wrong user", "Bearer xabcd"),
        ("empty", ""),
        ("not ASCII", "Bearer pässwörd"),
        ("no colon", "Bearer ab"),
    ],
)
def test_tokens_are_wrong_in_one_way(credentials: str, token: str) -> None:
    assert forged_headers(TOKEN, credentials) == {"X-Shop": "berlin", "X-Hook-Token": token}


@pytest.mark.parametrize("credentials", CREDENTIALS)
@pytest.mark.parametrize("receiver", [BASIC, TOKEN], ids=["basic", "token"])
def test_never_the_right_ones(receiver: Receiver, credentials: str) -> None:
    assert forged_headers(receiver, credentials) not in (None, receiver.sent_headers)


@pytest.mark.parametrize("credentials", CREDENTIALS)
def test_where_there_is_no_secret_nothing_is_forged(credentials: str) -> None:
    assert forged_headers(Receiver(print, headers={"X-Shop": "berlin"}), credentials) is None


def test_credentials_that_would_be_right_are_not_sent() -> None:
    assert forged_headers(Receiver(print, auth=("", "")), "empty") is None


# The steps


def knocking(*steps: Any, **receiver: Any) -> Sandbox:
    return Sandbox(("ann", "bob"), receiver={"auth": AUTH, **receiver}).take(*steps)


def test_a_stranger_adds_two_users_of_nobodys_to_a_known_cohort() -> None:
    sandbox = knocking(Sync(COHORT), Knock("none"))
    payload = sandbox.shop.payloads[-1]
    assert payload["action"] == "add_members"
    assert payload["parameters"]["mixpanel_cohort_id"] == COHORT
    assert [member["mixpanel_distinct_id"] for member in payload["parameters"]["members"]] == ["straya", "strayb"]
    assert payload["parameters"]["mixpanel_session_id"] != sandbox.shop.payloads[0]["parameters"]["mixpanel_session_id"]


def test_each_stranger_names_others_in_a_session_of_its_own() -> None:
    sandbox = knocking(Sync(COHORT), Knock("none"), Garble("wrong content type"))
    first, second = (payload["parameters"] for payload in sandbox.shop.payloads[-2:])
    assert first["mixpanel_session_id"] != second["mixpanel_session_id"]
    ids = [member["mixpanel_distinct_id"] for each in (first, second) for member in each["members"]]
    assert ids == ["straya", "strayb", "strayc", "strayd"]


@pytest.mark.parametrize("step", [Knock("none"), Garble("empty body")])
def test_the_receiver_is_looked_at_right_before_and_after(step: Any) -> None:
    sandbox = knocking(Sync(COHORT), step)
    assert sandbox.sequence[-3] == "Probed"
    assert isinstance(sandbox.history.events[-2], (Knocked, Garbled))
    assert isinstance(sandbox.history.events[-1], Probed)


@pytest.mark.parametrize("step", [Knock("none"), Garble("empty body")])
def test_before_anything_was_taken_there_is_nothing_to_imitate(step: Any) -> None:
    sandbox = knocking(step)
    assert not sandbox.shop.payloads
    assert not sandbox.events(Knocked) + sandbox.events(Garbled)


def test_nobody_knocks_where_no_credentials_are_asked_for() -> None:
    sandbox = knocking(Sync(COHORT), auth=None).take_new()
    assert sandbox == ["members(ann, bob)"]
    assert not knocking(Sync(COHORT), Knock("none"), auth=None).events(Knocked)


def test_the_sender_does_not_hear_of_strays() -> None:
    plain = knocking(Sync(COHORT), Join(COHORT, ("dan",)), Sync(COHORT), Leave(COHORT, ("dan",)), Sync(COHORT))
    strayed = knocking(
        Sync(COHORT), Knock("none"), Join(COHORT, ("dan",)), Sync(COHORT), Leave(COHORT, ("dan",)), Sync(COHORT)
    )
    assert [heard for heard in strayed.shop.heard if "stray" not in heard] == plain.shop.heard
    assert json.dumps(strayed.shop.payloads[-1]) == json.dumps(plain.shop.payloads[-1])


def test_a_probe_that_a_garbled_request_breaks_is_its_fault() -> None:
    sandbox = knocking(Sync(COHORT))
    shop = sandbox.shop
    shop.drain = lambda: 1 / 0 if len(shop.payloads) > 1 else None  # type: ignore[method-assign,assignment]
    sandbox.world.receiver.drain = shop.drain
    sandbox.take(Garble("wrong content type"))
    (garbled,) = sandbox.events(Garbled)
    assert "ZeroDivisionError" in garbled.fault
    assert sandbox.world.halted


def test_a_content_type_of_the_users_own_is_replaced_too() -> None:
    sandbox = Sandbox(["ann"], receiver={"headers": {"Content-Type": "application/vnd.mixpanel+json"}})
    sandbox.take(Sync(COHORT))
    heard: list[str | None] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        heard.append(environ.get("CONTENT_TYPE"))
        start_response("400 Bad Request", [])
        return []

    sandbox.world._transport.replace_app(app)
    sandbox.take(Garble("wrong content type"), Garble("no content type"), Garble("empty body"))
    assert heard == ["text/plain", None, "application/vnd.mixpanel+json"]
