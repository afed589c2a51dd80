"""What may be answered to a request that is no proper delivery, what may come of it, and how it is named."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from cohortprop import zoo
from cohortprop.checks import BUILT_IN
from cohortprop.receiver import Receiver
from cohortprop.simulation import CohortSeed, Scenario
from cohortprop.simulation.garbling import UNREADABLE
from cohortprop.simulation.steps import GARBLINGS, Garble, Join, Step, Sync
from cohortprop.trial import Outcome, open_kit, run
from cohortprop.zoo.envelope import Malformed, read
from cohortprop.zoo.roster import Roster

VIPS = "1001"
REFUSED = json.dumps({"action": "add_members", "status": "failure", "error": {"message": "no", "code": 400}}).encode()
TAKEN = b'{"action": "add_members", "status": "success"}'
Stray = Callable[[Roster], tuple[int, bytes]]
"""What is done and answered to a request that is none of the sender's."""


def meets(stray: Stray) -> Callable[[], Receiver]:
    """A receiver that knows strays when it meets them, and is right about all else."""

    def factory() -> Receiver:
        roster = Roster()

        def app(environ: Any, start_response: Any) -> list[bytes]:
            try:
                page = read(environ)
            except Malformed:
                page = None
            if page is None or any(user.startswith("stray") for user in page.ids):
                status, answer = stray(roster)
            else:
                roster.take(page)
                status, answer = 200, json.dumps({"action": page.action, "status": "success"}).encode()
            start_response(f"{status} So", [("Content-Type", "application/json")])
            return [answer]

        return Receiver(app, members=roster.members, arrivals=roster.arrivals, arrival_policy="once_per_user")

    return factory


def told(factory: Callable[[], Receiver], *steps: Step) -> Outcome:
    with open_kit(factory, BUILT_IN) as kit:
        return run(kit, Scenario((CohortSeed(VIPS, "VIPs", ("ann", "bob")),), (Sync(VIPS), *steps), page_size=2))


def key(outcome: Outcome) -> tuple[str, str] | None:
    return None if outcome.violation is None else outcome.violation.key


def answering(status: int, body: bytes, *users: str) -> Stray:
    def stray(roster: Roster) -> tuple[int, bytes]:
        roster.add(VIPS, users)
        return status, body

    return stray


@pytest.mark.parametrize("how", GARBLINGS)
def test_a_refusal_with_nothing_done_is_right(how: str) -> None:
    outcome = told(meets(answering(400, REFUSED)), Garble(how))
    assert outcome.violation is None
    assert not outcome.advice


@pytest.mark.parametrize("how", GARBLINGS)
def test_only_what_nobody_can_understand_must_not_be_acknowledged(how: str) -> None:
    expected = ("malformed", "malformed-acknowledged") if how in UNREADABLE else None
    assert key(told(meets(answering(200, TAKEN)), Garble(how))) == expected


@pytest.mark.parametrize("how", ["broken JSON", "wrong content type"])
def test_a_failure_told_with_a_200_is_no_acknowledgement(how: str) -> None:
    assert told(meets(answering(200, REFUSED)), Garble(how)).violation is None


@pytest.mark.parametrize("how", ["broken JSON", "wrong content type"])
def test_a_page_of_the_frameworks_is_advised_on(how: str) -> None:
    outcome = told(meets(answering(422, b"<h1>no</h1>")), Garble(how))
    assert outcome.violation is None
    assert [advice.key for advice in outcome.advice] == [("malformed", "malformed-outside-envelope")]


@pytest.mark.parametrize(
    ("how", "status", "users", "expected"),
    [
        ("wrong content type", 200, ("straya", "strayb"), None),  # both are named
        ("wrong content type", 200, (), None),
        ("wrong content type", 200, ("straya",), "malformed-applied"),  # one of two
        ("wrong content type", 400, ("straya", "strayb"), "malformed-applied"),  # refused, and done
        ("wrong content type", 200, ("straya", "strayb", "zoe"), "malformed-applied"),
        ("member not an object", 200, ("straya",), None),
        ("member not an object", 200, ("straya", "strayb"), None),  # it can be guessed who is meant
        ("member not an object", 400, ("straya",), "malformed-applied"),
        ("unknown action", 200, ("straya", "strayb"), "malformed-applied"),
        ("no members", 400, ("zoe",), "malformed-applied"),
    ],
)
def test_who_may_be_let_in(how: str, status: int, users: tuple[str, ...], expected: str | None) -> None:
    body = TAKEN if status == 200 else REFUSED
    found = key(told(meets(answering(status, body, *users)), Garble(how)))
    assert found == (None if expected is None else ("malformed", expected))


def test_somebody_who_is_let_out() -> None:
    def stray(roster: Roster) -> tuple[int, bytes]:
        roster.remove(VIPS, ["ann"])
        return 200, TAKEN

    outcome = told(meets(stray), Garble("wrong content type"))
    assert key(outcome) == ("malformed", "malformed-applied")
    assert outcome.violation is not None
    assert "no longer holds ann" in outcome.violation.seen


def test_a_crash_on_it_alone() -> None:
    assert key(told(meets(answering(500, b"")), Garble("wrong content type"))) == ("malformed", "unclassified")
    assert key(told(zoo.reads_in_good_faith, Garble("no action"))) == ("malformed", "crashes-on-malformed")


def breaking(*, status: int, then: int) -> Callable[[], Receiver]:
    """Refuses all that comes after a request that cannot be read."""

    def factory() -> Receiver:
        broken: list[bool] = []
        receiver = meets(answering(400, REFUSED))()
        inner = receiver.app

        def app(environ: Any, start_response: Any) -> Any:
            body = environ["wsgi.input"].read()
            environ["wsgi.input"].seek(0)
            if not broken and body:
                return inner(environ, start_response)
            start_response(f"{then if broken else status} So", [("Content-Type", "application/json")])
            broken.append(True)
            return [REFUSED]

        receiver.app = app
        return receiver

    return factory


@pytest.mark.parametrize("then", [503, 409])
def test_who_takes_nothing_any_more_is_broken(then: int) -> None:
    outcome = told(breaking(status=400, then=then), Garble("empty body"), Join(VIPS, ("dan",)), Sync(VIPS))
    assert key(outcome) == ("malformed", "broken-by-malformed")


def test_a_second_garbled_request_shows_it_too() -> None:
    outcome = told(breaking(status=400, then=503), Garble("empty body"), Garble("wrong content type"))
    assert key(outcome) == ("malformed", "broken-by-malformed")


def test_the_request_that_fails_may_be_the_one_that_breaks_it() -> None:
    outcome = told(breaking(status=500, then=503), Garble("empty body"))
    assert key(outcome) == ("malformed", "broken-by-malformed")


def test_who_was_let_out_may_arrive_once_more_when_they_are_back() -> None:
    """The loss is one bug, found and muted; the mail at the next full sync is none of its own."""

    def factory() -> Receiver:
        held: set[str] = set()
        mails: list[tuple[str, str]] = []

        def app(environ: Any, start_response: Any) -> list[bytes]:
            status = "200 So"
            try:
                page = read(environ)
            except Malformed:
                held.discard("ann")
                status, answer = "400 So", REFUSED
            else:
                if page.action != "remove_members":
                    mails.extend((VIPS, user) for user in page.ids if user not in held)
                    held.update(page.ids)
                answer = json.dumps({"action": page.action, "status": "success"}).encode()
            start_response(status, [("Content-Type", "application/json")])
            return [answer]

        return Receiver(app, members=lambda cohort: held, arrivals=lambda: mails)

    scenario = Scenario((CohortSeed(VIPS, "VIPs", ("ann", "bob")),), (Sync(VIPS), Garble("no action")))
    with open_kit(factory, BUILT_IN) as kit:
        assert key(run(kit, scenario)) == ("malformed", "malformed-applied")
        muted = run(kit, scenario, {("malformed", "malformed-applied")})
    assert muted.violation is None
    assert muted.muted["malformed", "malformed-applied"] == 1


def test_arrivals_are_counted_in_words() -> None:
    def factory() -> Receiver:
        receiver = meets(answering(400, REFUSED))()
        inner, sent = receiver.app, receiver.arrivals
        assert sent is not None
        mails: list[tuple[str, str]] = []

        def app(environ: Any, start_response: Any) -> Any:
            if not environ["wsgi.input"].getbuffer().nbytes:
                mails.extend([(VIPS, "ann")] * 2)
            return inner(environ, start_response)

        receiver.app, receiver.arrivals = app, lambda: [*sent(), *mails]
        return receiver

    violation = told(factory, Garble("empty body")).violation
    assert violation is not None
    assert violation.seen == "since then the app has acted on ann twice in cohort 1001"


def test_a_hang_since_then_is_no_hang_of_its_own() -> None:
    def factory() -> Receiver:
        receiver = meets(answering(400, REFUSED))()
        inner, locked = receiver.app, threading.Lock()

        def app(environ: Any, start_response: Any) -> Any:
            locked.acquire()
            if environ["wsgi.input"].getbuffer().nbytes:
                locked.release()  # which it forgets when there is no body
            return inner(environ, start_response)

        receiver.app = app
        return receiver

    scenario = Scenario((CohortSeed(VIPS, "VIPs", ("ann",)),), (Sync(VIPS), Garble("empty body"), Sync(VIPS)))
    with open_kit(factory, BUILT_IN, time_limit=0.3) as kit:
        assert key(run(kit, scenario)) == ("malformed", "broken-by-malformed")


@pytest.mark.parametrize(("mails", "expected"), [(1, None), (2, ("malformed", "malformed-applied"))])
def test_who_is_let_in_by_it_is_mailed_once(mails: int, expected: tuple[str, str] | None) -> None:
    def factory() -> Receiver:
        receiver = meets(answering(200, TAKEN, "straya", "strayb"))()
        sent = receiver.arrivals
        assert sent is not None
        receiver.arrivals = lambda: [pair for pair in sent() for _ in range(mails if pair[1] == "straya" else 1)]
        return receiver

    assert key(told(factory, Garble("wrong content type"))) == expected


def test_what_is_no_id_is_held_and_seen_and_no_mistake_of_the_probe() -> None:
    def nobody(roster: Roster) -> tuple[int, bytes]:
        roster.add(VIPS, [None])  # type: ignore[list-item]  # as it comes of dict.get
        return 200, TAKEN

    violation = told(meets(nobody), Garble("member without an id")).violation
    assert violation is not None
    assert (violation.key, violation.user) == (("malformed", "malformed-applied"), "None")


def test_who_refuses_all_from_the_start_is_not_broken_by_it() -> None:
    steps = (Garble("empty body"), Join(VIPS, ("dan",)), Sync(VIPS))
    outcome = told(lambda: Receiver(zoo.splits_at_every_colon().app), *steps)
    assert key(outcome) == ("acceptance", "refused-always")


def test_probes_that_fail_since_then() -> None:
    outcome = told(zoo.chokes_on_its_queue, Garble("member without an id"))
    assert key(outcome) == ("malformed", "broken-by-malformed")
    assert outcome.violation is not None
    assert "cannot be looked at" in outcome.violation.seen


@pytest.mark.parametrize("entry", zoo.correct(), ids=lambda entry: entry.name)
def test_correct_receivers_stand_them_all(entry: zoo.Entry) -> None:
    assert told(entry.factory, *(Garble(how) for how in GARBLINGS), Join(VIPS, ("dan",)), Sync(VIPS)).violation is None
