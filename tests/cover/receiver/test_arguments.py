"""Whatever is wrong with a receiver's description is said in one line that names the argument."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest

from cohortprop.errors import UsageError
from cohortprop.receiver import Receiver


def app(environ: object, start_response: object) -> list[bytes]:
    return []


def nobody() -> list[str]:
    return []


def refusal(given: object = app, **described: Any) -> str:
    with pytest.raises(UsageError) as fault:
        Receiver(given, **described)  # type: ignore[arg-type]  # on purpose
    assert len(str(fault.value).splitlines()) == 1
    return str(fault.value)


@pytest.mark.parametrize("given", [None, "shop:app", 7, []])
def test_the_app_is_a_callable(given: object) -> None:
    assert refusal(given) == f"Receiver(app=...): expected a WSGI or ASGI callable, got {given!r}"


@pytest.mark.parametrize("path", ["", "hook", "http://localhost/hook", None, 7, b"/hook"])
def test_the_path_begins_with_a_slash(path: object) -> None:
    assert refusal(path=path) == f"Receiver(path={path!r}): a path starts with '/', as in '/mixpanel/cohorts'"


@pytest.mark.parametrize(
    "base_url",
    ["", "localhost", "ftp://localhost", "/hook", None, 80, b"http://localhost", "http://", "http:///hook", "http://:80",
     "http://localhost:x", "http://localhost:99999", "http://localhost:0", "http://[::1", "http://localhost?key=1",
     "http://localhost#top"],
)  # fmt: skip
def test_the_base_url_is_a_url(base_url: object) -> None:
    assert refusal(base_url=base_url) == f"Receiver(base_url={base_url!r}): expected a URL such as 'http://localhost'"


@pytest.mark.parametrize(
    "auth", ["user:password", ("user",), ("user", None), ("a", "b", "c"), {"user": "password"}, 7, ()]
)
def test_credentials_are_a_pair_of_strings(auth: object) -> None:
    assert refusal(auth=auth) == "Receiver(auth=...): expected a pair of strings, ('user', 'password')"


@pytest.mark.parametrize("headers", ["X: y", [("X", "y")], {"X": 7}, {7: "y"}, {"X": None}, {"X": b"y"}])
def test_headers_are_a_mapping_of_strings(headers: object) -> None:
    expected = "Receiver(headers=...): expected a mapping from header names to values, both strings"
    assert refusal(headers=headers) == expected


PROBES = ["members", "arrivals", "reset", "drain", "restart", "dependency"]


@pytest.mark.parametrize("probe", [[], {"7": ["ann"]}, "ann", 7, False])
@pytest.mark.parametrize("name", PROBES)
def test_a_probe_is_a_function(name: str, probe: object) -> None:
    assert refusal(**{name: probe}) == f"Receiver({name}={probe!r}): expected a function, not its result"


@pytest.mark.parametrize("members", [nobody, lambda cohort, more: [], lambda *, cohort: []])
def test_members_takes_the_cohort(members: Callable[..., Any]) -> None:
    expected = "Receiver(members=...): the function must take one argument, the cohort id (a string)"
    assert refusal(members=members) == expected


@pytest.mark.parametrize("name", PROBES[1:])
def test_the_other_probes_take_nothing(name: str) -> None:
    expected = f"Receiver({name}=...): the function must be callable without arguments"
    assert refusal(**{name: lambda cohort: []}) == expected
    assert refusal(**{name: lambda *, cohort: []}) == expected


def test_a_policy_that_does_not_exist() -> None:
    assert refusal(arrival_policy="never") == (
        "Receiver(arrival_policy='never'): choose one of 'once_per_entry', 'once_per_user'"
    )


def test_an_action_that_does_not_exist() -> None:
    assert refusal(arrives_on="members") == "Receiver(arrives_on='members'): choose one of 'any', 'add_members'"


@pytest.mark.parametrize("name", ["", None, 7])
def test_the_id_property_has_a_name(name: object) -> None:
    assert refusal(id_property=name) == f"Receiver(id_property={name!r}): expected a property name such as 'email'"


class Shop:
    def members(self, cohort: str) -> list[str]:
        return []

    async def arrivals(self) -> list[tuple[str, str]]:
        return []


@pytest.mark.parametrize(
    "members",
    [
        Shop().members,
        lambda cohort, more=None: [],
        lambda *cohorts: [],
        {"7": ["ann"]}.__getitem__,
        {"7": ["ann"]}.get,
        functools.partial(Shop.members, Shop()),
        type("Callable", (), {"__call__": lambda self, cohort: []})(),
        dict,  # a built-in that does not say what it takes is trusted
    ],
)
def test_whatever_can_be_called_with_a_cohort_will_do(members: Callable[..., Any]) -> None:
    assert Receiver(app, members=members).members is members


@pytest.mark.parametrize("name", PROBES[1:])
def test_whatever_can_be_called_with_nothing_will_do(name: str) -> None:
    probes: list[Any] = [list, nobody, lambda more=None: None, Shop().arrivals, functools.partial(len, [])]
    for probe in probes:
        assert getattr(Receiver(app, **{name: probe}), name) is probe


def test_the_defaults() -> None:
    receiver = Receiver(app)
    assert (receiver.app, receiver.path, receiver.base_url) == (app, "/", "http://localhost")
    assert (receiver.auth, receiver.headers, receiver.excludes) == (None, {}, ())
    assert (receiver.arrival_policy, receiver.arrives_on) == ("once_per_entry", "any")
    assert receiver.id_property == "mixpanel_distinct_id"
    assert all(getattr(receiver, name) is None for name in PROBES)


def test_all_of_it_is_kept() -> None:
    receiver = Receiver(
        app,
        path="/hook",
        base_url="https://testserver",
        auth=("user", "password"),
        headers={"X": "y"},
        arrival_policy="once_per_user",
        arrives_on="add_members",
        id_property="email",
        excludes=["full_sync=add_members", "empty_diff=silent"],
    )
    assert (receiver.path, receiver.base_url, receiver.auth) == ("/hook", "https://testserver", ("user", "password"))
    assert (receiver.headers, receiver.arrival_policy) == ({"X": "y"}, "once_per_user")
    assert (receiver.arrives_on, receiver.id_property) == ("add_members", "email")
    assert receiver.excludes == ("full_sync=add_members", "empty_diff=silent")


@pytest.mark.parametrize("excludes", [7, None, [7], ["full_sync=add_members", None], {1: 2}])
def test_what_is_excluded_are_readings(excludes: object) -> None:
    expected = "Receiver(excludes=...): expected readings, each written as in 'full_sync=add_members'"
    assert refusal(excludes=excludes) == expected


def test_one_excluded_reading_may_stand_alone() -> None:
    assert Receiver(app, excludes="full_sync=add_members").excludes == ("full_sync=add_members",)
    assert Receiver(app, excludes=(each for each in ("a=b", "c=d"))).excludes == ("a=b", "c=d")


def test_credentials_may_be_a_list() -> None:
    assert "Authorization" in Receiver(app, auth=["user", "password"]).sent_headers  # type: ignore[arg-type]
