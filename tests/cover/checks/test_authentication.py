"""What a stranger may be answered, what may come of it, and how it is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cohortprop import zoo
from cohortprop.checks import BUILT_IN, missing_for
from cohortprop.checks.authentication import AUTHENTICATION
from cohortprop.receiver import Receiver
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.steps import CREDENTIALS, Garble, Knock, Step, Sync
from cohortprop.trial import Outcome, open_kit, run
from cohortprop.zoo.envelope import read
from cohortprop.zoo.roster import Roster

VIPS = "1001"
AUTH = ("mixpanel", "s3cret")
RIGHT = "Basic bWl4cGFuZWw6czNjcmV0"
Answer = tuple[int, bytes]
Door = Callable[[str, Roster, Any], Answer | None]
"""Gives the answer to a header, or None to let in."""
REFUSED = json.dumps({"action": "add_members", "status": "failure", "error": {"message": "no", "code": 401}}).encode()
TAKEN = b'{"action": "add_members", "status": "success"}'


def behind(door: Door, auth: tuple[str, str] | None = AUTH) -> Callable[[], Receiver]:
    def factory() -> Receiver:
        roster = Roster()

        def app(environ: Any, start_response: Any) -> list[bytes]:
            page = read(environ)
            answer = door(environ.get("HTTP_AUTHORIZATION", ""), roster, page)
            if answer is None:
                roster.take(page)
                answer = 200, json.dumps({"action": page.action, "status": "success"}).encode()
            start_response(f"{answer[0]} So", [("Content-Type", "application/json")])
            return [answer[1]]

        return Receiver(
            app, auth=auth, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user"
        )

    return factory


def told(factory: Callable[[], Receiver], *steps: Step) -> Outcome:
    with open_kit(factory, BUILT_IN) as kit:
        return run(kit, Scenario((CohortSeed(VIPS, "VIPs", ("ann", "bob")),), (Sync(VIPS), *steps), page_size=2))


def key(outcome: Outcome) -> tuple[str, str] | None:
    return None if outcome.violation is None else outcome.violation.key


def to_strangers(status: int, body: bytes) -> Door:
    return lambda header, roster, page: None if header == RIGHT else (status, body)


@pytest.mark.parametrize("status", [401, 403])
def test_either_refusal_will_do(status: int) -> None:
    outcome = told(behind(to_strangers(status, REFUSED)), *(Knock(each) for each in CREDENTIALS))
    assert outcome.violation is None
    assert not outcome.advice


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (500, REFUSED, "crashes-on-credentials"),
        (503, REFUSED, "crashes-on-credentials"),
        (200, TAKEN, "no-authentication"),
        (204, b"", "no-authentication"),
    ],
)
def test_an_answer_that_is_wrong_by_itself(status: int, body: bytes, cause: str) -> None:
    """Though nothing was done."""
    assert key(told(behind(to_strangers(status, body)), Knock("none"))) == ("authentication", cause)


@pytest.mark.parametrize(
    ("status", "body", "cause"),
    [
        (404, REFUSED, "unusual-refusal"),
        (302, b"", "unusual-refusal"),
        (200, REFUSED, "unusual-refusal"),
        (401, b"<h1>no</h1>", "refusal-outside-envelope"),
        (403, b"", "refusal-outside-envelope"),
    ],
)
def test_an_answer_that_is_worth_a_word(status: int, body: bytes, cause: str) -> None:
    outcome = told(behind(to_strangers(status, body)), Knock("none"))
    assert outcome.violation is None
    assert [advice.key for advice in outcome.advice] == [("authentication", cause)]


def test_who_gets_in_with_wrong_credentials_is_told_from_who_gets_in_with_any() -> None:
    wrong = behind(lambda header, roster, page: None if header else (401, REFUSED))
    assert key(told(wrong, Knock("wrong password"))) == ("authentication", "wrong-credentials-accepted")
    anybody = behind(lambda header, roster, page: None)
    assert key(told(anybody, Knock("wrong password"))) == ("authentication", "no-authentication")
    nothing = behind(lambda header, roster, page: None if header in ("", RIGHT) else (401, REFUSED))
    assert key(told(nothing, Knock("wrong password"))) is None
    assert key(told(nothing, Knock("none"))) == ("authentication", "no-authentication")


def acts(change: Callable[[Roster, Any], object]) -> Callable[[], Receiver]:
    """Refuses strangers, after having done something."""

    def door(header: str, roster: Roster, page: Any) -> Answer | None:
        if header == RIGHT:
            return None
        change(roster, page)
        return 401, REFUSED

    return behind(door)


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda roster, page: roster.take(page), "since then the receiver holds straya in cohort 1001"),
        (lambda roster, page: roster.remove(VIPS, ["ann"]), "since then the receiver no longer holds ann in"),
        (
            lambda roster, page: (roster.add(VIPS, ["zoe"]), roster.remove(VIPS, ["zoe"])),
            "since then the app has acted on zoe once in cohort 1001",
        ),
    ],
)
def test_whatever_has_changed_has_been_done_for_a_stranger(change: Callable[..., object], seen: str) -> None:
    outcome = told(acts(change), Knock("none"))
    assert key(outcome) == ("authentication", "acted-before-refusing")
    assert outcome.violation is not None
    assert outcome.violation.seen.startswith(seen)


def test_a_crash_that_right_credentials_meet_too_is_no_matter_of_credentials() -> None:
    taken: list[object] = []

    def door(header: str, roster: Roster, page: Any) -> Answer | None:
        taken.append(page)
        return None if len(taken) < 2 else (500, b"")

    assert key(told(behind(door), Knock("none"))) == ("authentication", "unclassified")


def test_where_no_credentials_are_declared_nobody_is_accused() -> None:
    assert told(behind(lambda header, roster, page: None, auth=None), Knock("none")).violation is None


def test_what_it_needs_is_told_by_the_name_of_the_argument() -> None:
    assert missing_for(AUTHENTICATION, Receiver(print)) == ("auth",)
    assert missing_for(AUTHENTICATION, Receiver(print, headers={"X-Shop": "berlin"})) == ("auth",)
    assert missing_for(AUTHENTICATION, Receiver(print, auth=AUTH)) == ()
    assert missing_for(AUTHENTICATION, Receiver(print, headers={"X-Signature": "b"})) == ()


def test_the_right_ones_are_refused() -> None:
    outcome = told(behind(lambda header, roster, page: (401, REFUSED)))
    assert key(outcome) == ("authentication", "right-credentials-refused")


def test_a_receiver_without_credentials_that_says_401_is_not_told_to_read_them_better() -> None:
    outcome = told(behind(lambda header, roster, page: (401, REFUSED), auth=None))
    assert key(outcome) == ("acceptance", "refused-always")


@pytest.mark.parametrize("name", ["compares_bytes", "asks_for_a_token", "queues_pages"])
def test_correct_receivers_stand_all_strangers(name: str) -> None:
    steps = [step for each in CREDENTIALS for step in (Knock(each), Garble("cut short"))]
    outcome = told(zoo.find(name).factory, *steps, Sync(VIPS))
    assert outcome.violation is None
    assert not outcome.advice
