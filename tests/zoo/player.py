"""Plays Mixpanel by hand against one receiver, delivery by delivery, and says what is wrong the moment it is.

Far simpler than the sender on purpose: these tests must not lean on what the zoo is there to test.
"""

from __future__ import annotations

import io
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from wsgiref.util import setup_testing_defaults

from cohortprop.receiver import Receiver
from cohortprop.transport import interleave

COHORT = "7"
RETRY_AFTER = 2.0
DAY = 86_400.0
THREE_DAYS = 3 * DAY


class Wrong(AssertionError):
    """The receiver did what no correct receiver does; `check` is the property that it broke."""

    def __init__(self, check: str, what: str) -> None:
        super().__init__(f"{check}: {what}")
        self.check = check


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    content_type: str = ""

    @property
    def envelope(self) -> dict[str, Any]:
        try:
            content = json.loads(self.body)
        except ValueError:
            raise Wrong("envelope", f"no JSON: {self.body!r}") from None
        assert isinstance(content, dict)
        return content


@dataclass(slots=True)
class Player:
    receiver: Receiver
    now: float = 1_767_603_600.0
    limit: float | None = None
    app: Any = None
    troubled: bool = False
    sessions: int = 0
    without: set[str] = field(default_factory=set)
    show_time: Callable[[float], object] = lambda now: None

    def __post_init__(self) -> None:
        self.app = self.receiver.app
        self.show_time(self.now)

    # What Mixpanel does

    def new_session(self) -> str:
        self.sessions += 1
        return f"session-{self.sessions}"

    def full(self, *pages: list[str], session: str = "", cohort: str = COHORT) -> str:
        session = session or self.new_session()
        for number, users in enumerate(pages, 1):
            self.send("members", users, session=session, cohort=cohort, page=number, total=len(pages))
        return session

    def diff(self, add: list[str], remove: list[str], cohort: str = COHORT) -> str:
        session = self.new_session()
        self.send("add_members", add, session=session, cohort=cohort)
        self.send("remove_members", remove, session=session, cohort=cohort)
        return session

    def send(
        self,
        action: str,
        users: list[str],
        *,
        session: str = "",
        cohort: str = COHORT,
        name: str = "",
        page: int = 1,
        total: int = 1,
        emails: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> Answer:
        """One delivery, which must be taken and answered as documented unless the receiver is in trouble."""
        parameters: dict[str, Any] = {
            "mixpanel_project_id": "1",
            "mixpanel_cohort_id": cohort,
            "mixpanel_cohort_name": name or f"cohort {cohort}",
            "mixpanel_cohort_description": "a cohort",
            "mixpanel_session_id": session or self.new_session(),
            "page_info": {"total_pages": total, "page_count": page},
            "members": [self.member(user, (emails or {}).get(user)) for user in users],
        }
        parameters.update(extra or {})
        parameters = {key: value for key, value in parameters.items() if key not in self.without}
        return self._judge(action, self.post(json.dumps({"action": action, "parameters": parameters}).encode()))

    def both(self, first: tuple[str, str, list[str]], second: tuple[str, str, list[str]], seed: int) -> None:
        """Two deliveries at the same moment, each a cohort, an action and users; both must be taken."""
        if first == second:
            bodies = [self.body(*first, self.new_session())] * 2
        else:
            bodies = [self.body(*each, self.new_session()) for each in (first, second)]
        one, other = interleave(lambda: self.post(bodies[0]), lambda: self.post(bodies[1]), seed, limit=3.0)
        for (_, action, _), run in zip((first, second), (one, other), strict=True):
            if run.value is None:
                raise Wrong("acceptance", f"no answer\n{run.stack}")
            self._judge(action, run.value)

    def body(self, cohort: str, action: str, users: list[str], session: str) -> bytes:
        parameters = {
            "mixpanel_project_id": "1",
            "mixpanel_cohort_id": cohort,
            "mixpanel_cohort_name": f"cohort {cohort}",
            "mixpanel_cohort_description": "a cohort",
            "mixpanel_session_id": session,
            "page_info": {"total_pages": 1, "page_count": 1},
            "members": [self.member(user) for user in users],
        }
        return json.dumps({"action": action, "parameters": parameters}).encode()

    def member(self, user: str, email: str | None = None) -> dict[str, str]:
        member = {
            "mixpanel_distinct_id": user,
            "email": email or f"{user}@example.com",
            "first_name": user,
            "last_name": "Example",
            "phone_number": "555-0100",
            self.receiver.id_property: self.identity(user),
        }
        return {key: value for key, value in member.items() if key not in self.without}

    def identity(self, user: str) -> str:
        return user if self.receiver.id_property == "mixpanel_distinct_id" else f"{user} by property"

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.show_time(self.now)

    # What others do

    def knock(self, show: Callable[[str], str | None]) -> None:
        """A stranger sends a page; `show` makes of the right value of a header what is shown instead, or nothing."""
        secrets = self.receiver.credentials or ()
        headers = {name: value for name, value in self.receiver.sent_headers.items() if name not in secrets}
        headers |= {name: value for name in secrets if (value := show(self.receiver.sent_headers[name])) is not None}
        if not secrets:
            return
        before = self.look()
        answer = self.post(self.body(COHORT, "add_members", ["eve"], self.new_session()), headers=headers)
        if answer.status not in (401, 403):
            raise Wrong("authentication", f"{answer.status} for {headers}")
        if self.look() != before:
            raise Wrong("authentication", f"refused, and done: {self.look()}")

    def garble(self, body: bytes, *, may: tuple[str, ...] | None = ()) -> None:
        """A request that is no proper delivery comes.

        Where it is taken, users of `may` may be let in; None for what nobody can understand and so nobody may take.
        """
        before = self.look()
        answer = self.post(body)
        if answer.status >= 500:
            raise Wrong("malformed", f"{answer.status} {answer.body!r}")
        if answer.status < 300 and may is None and b"failure" not in answer.body:
            raise Wrong("malformed", f"{answer.status} {answer.body!r} for {body!r}")
        allowed = set(map(self.identity, may or ())) if answer.status < 300 else set()
        try:
            after = self.look()
        except (KeyError, TypeError) as failure:  # what a worker says of what it cannot read
            raise Wrong("malformed", f"can no longer be looked at: {failure!r}") from failure
        if after[0] - allowed != before[0] or {user for _, user in after[1] - before[1]} - allowed:
            raise Wrong("malformed", f"{before} has become {after}")

    def look(self) -> tuple[set[str], Counter[tuple[str, str]]]:
        """Who is held, and who has arrived."""
        return self.members(), self.arrivals() if self.receiver.arrivals is not None else Counter()

    # What happens to the receiver

    def restart(self) -> None:
        if self.receiver.restart is not None:
            self.app = self.receiver.restart() or self.app

    @contextmanager
    def trouble(self) -> Iterator[None]:
        """The receiver's dependency fails, if it has one."""
        if self.receiver.dependency is None:
            yield
            return
        self.troubled = True
        with self.receiver.dependency():
            yield
        self.troubled = False

    # Carrying

    def post(self, body: bytes, *, method: str = "POST", headers: dict[str, str] | None = None) -> Answer:
        environ: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": self.receiver.path}
        setup_testing_defaults(environ)
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        for key, value in (self.receiver.sent_headers if headers is None else headers).items():
            environ["HTTP_" + key.upper().replace("-", "_")] = value.encode().decode("latin-1")
        return self._call(environ) if self.limit is None else self._call_within(environ, self.limit)

    def _call(self, environ: dict[str, Any]) -> Answer:
        started: list[tuple[str, dict[str, str]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: object = None) -> None:
            started.append((status, dict(headers)))

        try:
            body = b"".join(self.app(environ, start_response))
        except Exception as crash:  # noqa: BLE001 - whatever leaves the app is its 500
            return Answer(500, repr(crash).encode(), "crash")
        status, headers = started[0]
        return Answer(int(status[:3]), body, headers["Content-Type"])

    def _call_within(self, environ: dict[str, Any], seconds: float) -> Answer:
        answers: list[Answer] = []
        thread = threading.Thread(target=lambda: answers.append(self._call(environ)), daemon=True)
        thread.start()
        thread.join(seconds)
        if not answers:
            raise Wrong("acceptance", "no answer")
        return answers[0]

    def _judge(self, action: str, answer: Answer) -> Answer:
        taken = 200 <= answer.status < 300
        if not self.troubled and not taken:
            raise Wrong("acceptance", f"{answer.status} {answer.body!r}")
        if self.troubled and 400 <= answer.status < 500 and answer.status != 429:
            raise Wrong("dependency", f"{answer.status} pauses the sync, for trouble of the app's own")
        envelope = answer.envelope
        if envelope.get("action") != action:
            raise Wrong("envelope", f"{action} answered by {envelope}")
        if envelope.get("status") != ("success" if taken else "failure"):
            raise Wrong("envelope", f"{answer.status} with {envelope}")
        return answer

    # Looking

    def members(self, cohort: str = COHORT) -> set[str]:
        if self.receiver.drain is not None:
            self.receiver.drain()
        assert self.receiver.members is not None
        return set(map(str, self.receiver.members(cohort)))

    def arrivals(self) -> Counter[tuple[str, str]]:
        if self.receiver.drain is not None:
            self.receiver.drain()
        assert self.receiver.arrivals is not None
        return Counter(self.receiver.arrivals())

    def expect_members(self, *users: str, cohort: str = COHORT) -> None:
        expected = set(map(self.identity, users))
        held = self.members(cohort)
        if held != expected:
            raise Wrong("membership", f"expected {sorted(expected)}, holds {sorted(held)}")

    def expect_mails(self, user: str, entries: int = 1, *, cohort: str = COHORT, by_diff: bool = True) -> None:
        """At least one mail, and at most one for each entry; `by_diff` says whether an `add_members` brought them."""
        if self.receiver.arrivals is None:
            return
        count = self.arrivals()[cohort, self.identity(user)]
        most = entries if self.receiver.arrival_policy == "once_per_entry" else 1
        least = 1 if by_diff or self.receiver.arrives_on == "any" else 0
        if not least <= count <= most:
            raise Wrong("arrivals", f"{count} mails for {user}, expected {least} to {most}")
