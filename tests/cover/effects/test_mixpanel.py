"""The fake answers as Mixpanel's reference says, and counts as Mixpanel's reports do."""

from __future__ import annotations

import base64
import gzip
import json
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pytest

from cohortprop.effects import MixpanelSink
from cohortprop.errors import UsageError
from cohortprop.simulation import open_clock
from tests.cover.effects.shops import post, status_of

TOKEN = {"Authorization": "Basic " + base64.b64encode(b"a-token:").decode()}
ACCOUNT = {"Authorization": "Basic " + base64.b64encode(b"robot:s3cret").decode()}


def event(name: str = "Message sent", **properties: Any) -> dict[str, Any]:
    given = {"insert_id": "1-a", "time": int(time.time()), "distinct_id": "ann", "cohort_id": "7", **properties}
    given["$insert_id"] = given.pop("insert_id")
    return {"event": name, "properties": {key: value for key, value in given.items() if value is not None}}


def encoded(*events: Any) -> bytes:
    return json.dumps(events).encode()


@pytest.fixture
def sink() -> Iterator[MixpanelSink]:
    with MixpanelSink() as opened:
        yield opened


# Import


def test_an_import_is_counted(sink: MixpanelSink) -> None:
    body = encoded(event(), event("Signup", insert_id="2"), event(insert_id="3", distinct_id="bob"))
    expected = {"code": 200, "num_records_imported": 3, "status": "OK"}
    assert status_of(f"{sink.url}/import?strict=1", body, TOKEN) == (200, expected)
    assert sorted(sink.arrivals()) == [("7", "ann"), ("7", "bob")]
    assert [each.name for each in sink.unmatched] == ["Signup"]


def test_lines_of_json_are_taken(sink: MixpanelSink) -> None:
    body = b"\n".join(json.dumps(event(insert_id=str(number) + "x")).encode() for number in range(3)) + b"\n"
    headers = {**TOKEN, "Content-Type": "application/x-ndjson"}
    assert status_of(f"{sink.url}/import", body, headers)[1]["num_records_imported"] == 3


def test_gzip_is_taken(sink: MixpanelSink) -> None:
    headers = {**TOKEN, "Content-Encoding": "gzip"}
    assert status_of(f"{sink.url}/import", gzip.compress(encoded(event())), headers)[0] == 200
    assert status_of(f"{sink.url}/import", encoded(event()), headers)[0] == 400
    assert sink.arrivals() == [("7", "ann")]


@pytest.mark.parametrize(
    ("properties", "field"),
    [
        ({"time": None}, "properties.time"),
        ({"time": "now"}, "properties.time"),
        ({"time": True}, "properties.time"),
        ({"time": 1000}, "properties.time"),
        ({"time": 40_000_000_000}, "properties.time"),
        ({"distinct_id": None}, "properties.distinct_id"),
        ({"distinct_id": 12}, "properties.distinct_id"),
        ({"distinct_id": "Anonymous"}, "properties.distinct_id"),
        ({"insert_id": None}, "properties.$insert_id"),
        ({"insert_id": "x" * 37}, "properties.$insert_id"),
        ({"insert_id": "a_b"}, "properties.$insert_id"),
        ({"insert_id": "null"}, "properties.$insert_id"),
        ({str(number): 1 for number in range(255)}, "properties"),
        ({"list": list(range(255))}, "properties.list"),
        ({"deep": {"a": {"b": {"c": {}}}}}, "properties.deep"),
        ({"long": "x" * 1_100_000}, "event"),
    ],
)
def test_an_event_that_is_wrong_is_told_and_the_others_are_imported(
    sink: MixpanelSink, properties: dict[str, Any], field: str
) -> None:
    wrong = event(**properties)
    status, told = status_of(f"{sink.url}/import?strict=1", encoded(event(insert_id="fine"), wrong), TOKEN)
    (failed,) = told.pop("failed_records")
    error = "some data points in the request failed validation"
    assert (status, told) == (400, {"code": 400, "error": error, "num_records_imported": 1, "status": "Bad Request"})
    assert (failed["index"], failed["field"]) == (1, field)
    assert failed["insert_id"] == str(wrong["properties"].get("$insert_id", ""))
    assert failed["message"]
    assert sink.arrivals() == [("7", "ann")]


@pytest.mark.parametrize("wrong", [7, {}, {"event": ""}, {"event": "a"}, {"event": "a", "properties": []}])
def test_what_is_no_event_is_told(sink: MixpanelSink, wrong: object) -> None:
    assert status_of(f"{sink.url}/import", encoded(wrong), TOKEN)[1]["failed_records"][0]["index"] == 0


@pytest.mark.parametrize("properties", [{"distinct_id": ""}, {"deep": {"a": {"b": {"c": 1}}}}, {"time": 1618716477000}])
def test_what_is_allowed_is_imported(sink: MixpanelSink, properties: dict[str, Any]) -> None:
    assert status_of(f"{sink.url}/import", encoded(event(**properties)), TOKEN)[0] == 200


def test_without_strictness_nothing_is_refused(sink: MixpanelSink) -> None:
    expected = {"code": 200, "num_records_imported": 1, "status": "OK"}
    body = encoded(event(time=None), {"event": ""})
    assert status_of(f"{sink.url}/import?strict=0", body, TOKEN) == (200, expected)


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[" * 100_000, b"\xff"])
def test_a_body_that_is_none_is_refused(sink: MixpanelSink, body: bytes) -> None:
    assert status_of(f"{sink.url}/import", body, TOKEN)[0] == 400


def test_too_much_is_refused(sink: MixpanelSink) -> None:
    many = encoded(*[{"event": "a", "properties": {}}] * 2001)
    assert status_of(f"{sink.url}/import", many, TOKEN)[0] == 413
    large = gzip.compress(encoded(event(long="x" * 2_200_000)))
    told = {"code": 413, "error": "request exceeds max limit of 2097152 bytes", "status": "Request Entity Too Large"}
    assert status_of(f"{sink.url}/import", large, {**TOKEN, "Content-Encoding": "gzip"}) == (413, told)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer a-token"},
        {"Authorization": "Basic ???"},
        {"Authorization": "Basic " + base64.b64encode(b":s3cret").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"token").decode()},
        ACCOUNT,  # without its project
    ],
)
def test_a_stranger_imports_nothing(sink: MixpanelSink, headers: dict[str, str]) -> None:
    expected = {"code": 401, "error": "Invalid credentials", "status": "Unauthorized"}
    assert status_of(f"{sink.url}/import", encoded(event()), headers) == (401, expected)
    assert sink.events == []


def test_a_service_account_is_known_by_its_password() -> None:
    with MixpanelSink(auth=("robot", "s3cret")) as sink:
        assert status_of(f"{sink.url}/import?project_id=1", encoded(event()), ACCOUNT)[0] == 200
        assert status_of(f"{sink.url}/import?project_id=1", encoded(event()), TOKEN)[0] == 401


# Track


@pytest.mark.parametrize("verbose", [True, False])
@pytest.mark.parametrize("how", ["array", "object", "form", "base64 form", "query"])
def test_each_form_of_a_track_is_taken(sink: MixpanelSink, how: str, *, verbose: bool) -> None:
    one = json.dumps({"event": "Message sent", "properties": {"token": "t", "distinct_id": "ann", "cohort_id": "7"}})
    query = {"verbose": "1"} if verbose else {}
    headers = {}
    body = b""
    if how == "array":
        body = f"[{one}]".encode()
    elif how == "object":
        body = one.encode()
    elif how == "query":
        query["data"] = base64.b64encode(one.encode()).decode()
    else:
        data = base64.b64encode(one.encode()).decode() if how == "base64 form" else one
        body = urllib.parse.urlencode({"data": data, **query}).encode()
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        query = {}
    expected = (200, b'{"status": 1}' if verbose else b"1")
    assert post(f"{sink.url}/track?{urllib.parse.urlencode(query)}", body, headers) == expected
    assert sink.arrivals() == [("7", "ann")]


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"[7]", b'[{"event": "", "properties": {}}]'])
def test_a_track_without_an_event_fails(sink: MixpanelSink, body: bytes) -> None:
    assert post(f"{sink.url}/track", body) == (200, b"0")
    status, told = status_of(f"{sink.url}/track?verbose=1", body)
    assert (status, told["status"]) == (200, 0)
    assert told["error"]


def test_one_event_that_is_fine_is_enough(sink: MixpanelSink) -> None:
    assert post(f"{sink.url}/track", encoded({"event": ""}, event())) == (200, b"1")
    assert len(sink.events) == 1


# Both


def test_other_paths_are_not_there(sink: MixpanelSink) -> None:
    assert status_of(f"{sink.url}/engage", b"{}")[0] == 404


@pytest.mark.parametrize(
    ("change", "count"),
    [
        ({}, 1),
        ({"City": "Berlin"}, 1),
        ({"insert_id": "other"}, 2),
        ({"time": 1_700_000_000}, 2),
        ({"distinct_id": "bob"}, 2),
        ({"insert_id": None}, 2),
    ],
)
def test_an_event_is_a_duplicate_by_four_properties(sink: MixpanelSink, change: dict[str, Any], count: int) -> None:
    for changed in ({}, change):
        properties: dict[str, Any] = {"time": 1_600_000_000, **changed}
        assert post(f"{sink.url}/track", encoded(event(**properties)))[1] == b"1"
    assert len(sink.arrivals()) == len(sink.events) == count


def test_the_latest_of_two_duplicates_is_shown(sink: MixpanelSink) -> None:
    post(f"{sink.url}/track", encoded(event(time=5, City="Berlin"), event(time=5, City="Paris")))
    assert [each.properties["City"] for each in sink.events] == ["Paris"]


def test_without_an_insert_id_no_event_is_a_duplicate(sink: MixpanelSink) -> None:
    post(f"{sink.url}/track", encoded(event(insert_id=None), event(insert_id=None)))
    assert sink.arrivals() == [("7", "ann")] * 2


def test_the_time_is_what_the_app_sees(sink: MixpanelSink) -> None:
    with open_clock("freezegun") as clock:
        from datetime import UTC, datetime

        clock.start(datetime(2041, 1, 5, tzinfo=UTC))
        assert status_of(f"{sink.url}/import", encoded(event(time=int(time.time()))), TOKEN)[0] == 200
        assert status_of(f"{sink.url}/import", encoded(event(time=int(time.time()) + 7200)), TOKEN)[0] == 400


def test_the_cohort_may_be_read_off_an_event_in_any_way() -> None:
    with MixpanelSink(
        event=None, cohort=lambda properties: properties["campaign"].removeprefix("c-"), user="to"
    ) as sink:
        post(f"{sink.url}/track", encoded(event("Mailed", campaign="c-9", to="bob")))
        assert sink.arrivals() == [("9", "bob")]
        post(f"{sink.url}/track", encoded(event("Mailed", insert_id="2", to="bob")))
        with pytest.raises(UsageError, match=r"MixpanelSink\(cohort=\.\.\.\) failed: KeyError: 'campaign'"):
            sink.arrivals()
        sink.reset()
        assert sink.arrivals() == []


def test_a_watched_app_needs_no_cohort_in_its_events(sink: MixpanelSink) -> None:
    post(f"{sink.url}/track", encoded(event(cohort_id=None)))
    assert sink.arrivals() == []
    sink.watch(print)
    members = b'[{"mixpanel_distinct_id": "ann"}]'
    sink._book.note(b'{"action": "members", "parameters": {"mixpanel_cohort_id": "8", "members": %s}}' % members)
    post(f"{sink.url}/track", encoded(event(cohort_id=None, insert_id="2")))
    assert sink.arrivals() == [("8", "ann")]


def test_mixpanel_may_be_down(sink: MixpanelSink) -> None:
    with sink.failing(429):
        status, told = status_of(f"{sink.url}/import", encoded(event()), TOKEN)
    assert (status, told["code"], sink.events) == (429, 429, [])
    assert len(sink.calls) == 1


def test_host_and_url_are_one(sink: MixpanelSink) -> None:
    assert sink.url == f"http://{sink.host}"
