"""What a correct receiver may hold and do, given what reached it. The judge; it knows nothing of the sender's model.

For each cohort and user it keeps the set of states in which a *correct* receiver may be: in, out, or either. Correct
receivers differ. Some apply each page at once, some stage the pages of a session and commit when all have come, some
deduplicate by session, action and page, some by content, some stamp rows and sweep when a session is complete, some
fold a log when they are asked. A rule holds here only if it holds for all of them; each one below says whom it spares.

Why sets, and not the source's membership? Because the protocol does not promise convergence. A sync says "add u", the
receiver applies it, the acknowledgement is lost, so the sender keeps its old snapshot; u leaves before the next sync;
the next diff does not mention u. The receiver holds u, has done nothing wrong, and will hear nothing of it until the
next full sync. Whoever demands equality there accuses correct receivers; whoever demands it only after full syncs
misses most bugs. So: doubt where the protocol leaves doubt, certainty where a sync has settled it.

Membership, by event:

- A delivery *reaches*, whatever is answered: an add makes *in* possible for those named, a remove *out*, a `members`
  page *in* for those named and *out* for everyone known. (Some commit at once, some at the end, some empty the cohort
  at page one and refill it.)
- A sync *succeeds*, every delivery acknowledged: those it named are exactly what it said; after `members` everyone
  known is. Unless a late arrival came since the session began: then it settles nobody. (Whoever deduplicates or orders
  by arrival may now rightly hold the older word.)
- An *immediate duplicate* is no more than reaching.
- A *late arrival*, an old delivery once more or one that was overtaken, makes possible what its session has said so far
  of everyone it named, and a `members` page *out* for everyone known. (A receiver that stages may commit only now.)
- Restart, pause and resume change nothing.

Arrivals, by cohort and user: at most as often as the deliveries that reached, read in order, turn the user from out to
in, plus once for each late arrival that blurred them. At least once for whoever is certainly in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias

from cohortprop.wire import ADD_MEMBERS, MEMBERS, Action

__all__ = ["IN", "OUT", "ArrivalFault", "MembershipFault", "Oracle", "Page", "Possible"]

Possible: TypeAlias = int
"""A set of states as bits: `IN`, `OUT`, or both."""

OUT: Final[Possible] = 1
IN: Final[Possible] = 2


class Page(NamedTuple):
    """What the oracle is told of a delivery.

    Args:
        cohort: id of the cohort.
        session: id of the export.
        action: `members`, `add_members` or `remove_members`.
        number: number of the page, from 1.
        total: pages in all, as the page says.
        users: the identities named, by the property on which the receiver keys its users.
    """

    cohort: str
    session: str
    action: Action
    number: int
    total: int
    users: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MembershipFault:
    """A user whom no correct receiver would hold, or would fail to hold.

    Args:
        cohort: id of the cohort.
        user: the identity.
        held: whether the receiver holds them.
        known: whether any delivery for this cohort ever named them.
    """

    cohort: str
    user: str
    held: bool
    known: bool


@dataclass(frozen=True, slots=True)
class ArrivalFault:
    """A user with more or fewer arrivals than any correct receiver would have caused.

    Args:
        cohort: id of the cohort.
        user: the identity.
        count: arrivals seen.
        least: arrivals that there must be.
        most: arrivals that there may be.
    """

    cohort: str
    user: str
    count: int
    least: int
    most: int


@dataclass(slots=True)
class _Session:
    """What the deliveries of one session have said so far."""

    states: dict[str, Possible] = field(default_factory=dict)
    """The state that the session names for each user."""
    entrants: set[str] = field(default_factory=set)
    """Who was certainly out before the session named them by `add_members`."""
    pages: set[int] = field(default_factory=set)
    """Numbers of the `members` pages that have reached."""
    replaces: bool = False
    """Whether it is a full sync by `members`."""
    crossed: bool = False
    """Whether a late arrival for its cohort has come since it began."""


@dataclass(slots=True)
class _Cohort:
    """All that is known of one cohort."""

    possible: dict[str, Possible] = field(default_factory=dict)
    sessions: dict[str, _Session] = field(default_factory=dict)
    shown_in: dict[str, bool] = field(default_factory=dict)
    """Each user's state when the deliveries that reached are simply read in order."""
    shown: dict[str, int] = field(default_factory=dict)
    """How often each user has turned from out to in, read that way."""
    blurred: dict[str, int] = field(default_factory=dict)
    """How many late arrivals have blurred each user."""
    owed: set[str] = field(default_factory=set)
    """Who entered by a settled `add_members`, and so is owed an arrival even by a receiver silent on full syncs."""
    excused: dict[str, int] = field(default_factory=dict)
    """Arrivals beyond the allowance that were accepted after the fact, because their cause is muted."""
    tolerated: set[str] = field(default_factory=set)
    """Who is held without ever having been named, which was accepted, because its cause is muted."""
    waived: set[str] = field(default_factory=set)
    """Whose missing arrival was accepted, because its cause is muted."""
    emptied_by: _Session | None = None
    """The full sync that has made *out* possible for everyone, if nothing has been settled since."""


class Oracle:
    """Judges memberships and arrivals against what a correct receiver may show.

    Example:
        >>> oracle = Oracle()
        >>> page = Page("7", "first", "members", 1, 1, ("ann", "bob"))
        >>> oracle.reach(page)
        >>> oracle.judge_members("7", ["ann"])      # half-way: both states are possible for both
        []
        >>> oracle.succeed("7", "first")
        >>> oracle.judge_members("7", ["ann"])
        [MembershipFault(cohort='7', user='bob', held=False, known=True)]
    """

    def __init__(self) -> None:
        self._cohorts: dict[str, _Cohort] = {}

    # What happened

    def reach(self, page: Page) -> None:
        """A delivery reached the app, for the first time or again at once; what was answered does not matter."""
        cohort, session = self._hear(page)
        said = _says(page)
        possible = cohort.possible
        if session.replaces and cohort.emptied_by is not session:
            for user in possible:
                possible[user] |= OUT
            cohort.emptied_by = session
        for user in page.users:
            before = possible.get(user, OUT)
            if page.action == ADD_MEMBERS and before == OUT:
                session.entrants.add(user)
            possible[user] = before | said
        self._read_on(cohort, session, page)

    def arrive_late(self, page: Page) -> None:
        """A delivery arrived once more, or for the first time after others had overtaken it."""
        cohort, session = self._hear(page)
        for begun in cohort.sessions.values():
            begun.crossed = True
        possible = cohort.possible
        touched = dict.fromkeys(session.states)
        for user, said in session.states.items():
            possible[user] = possible.get(user, OUT) | said
        if session.replaces:
            for user in possible:
                possible[user] |= OUT
            touched = dict.fromkeys(possible)
        for user in touched:
            cohort.blurred[user] = cohort.blurred.get(user, 0) + 1

    def succeed(self, cohort_id: str, session_id: str) -> None:
        """A sync succeeded: each of its deliveries, at least one, was acknowledged."""
        cohort = self._cohorts[cohort_id]
        session = cohort.sessions[session_id]
        cohort.emptied_by = None
        if session.crossed:
            return
        if session.replaces:
            for user in cohort.possible:
                cohort.possible[user] = OUT
        cohort.possible.update(session.states)
        cohort.owed |= session.entrants

    def accept_member(self, cohort_id: str, user: str, held: bool) -> None:  # noqa: FBT001 - mirrors MembershipFault
        """Take what was seen of a user as possible from now on: its cause is known already, and muted.

        Whoever was never named stays unknown: no sync will ever settle them.
        """
        cohort = self._cohort(cohort_id)
        if user in cohort.possible:
            cohort.possible[user] |= IN if held else OUT
        elif held:
            cohort.tolerated.add(user)

    def accept_arrivals(self, fault: ArrivalFault) -> None:
        """Take a number of arrivals as possible from now on: its cause is known already, and muted.

        Too many are excused in number; one that is missing is no longer asked for.
        """
        cohort = self._cohort(fault.cohort)
        if fault.count > fault.most:
            cohort.excused[fault.user] = cohort.excused.get(fault.user, 0) + fault.count - fault.most
        else:
            cohort.waived.add(fault.user)

    # What is possible

    def possible(self, cohort_id: str, user: str) -> Possible:
        """The states in which a correct receiver may be: `IN`, `OUT` or `IN | OUT`."""
        cohort = self._cohorts.get(cohort_id)
        return OUT if cohort is None else cohort.possible.get(user, OUT)

    def known(self, cohort_id: str) -> Mapping[str, Possible]:
        """Everyone whom a delivery has named for this cohort, with the states that are possible."""
        cohort = self._cohorts.get(cohort_id)
        return {} if cohort is None else cohort.possible

    def judge_members(self, cohort_id: str, held: Iterable[str]) -> list[MembershipFault]:
        """Compare what a receiver holds with what is possible; whoever was never delivered can never be in."""
        possible = self.known(cohort_id)
        tolerated = self._cohorts[cohort_id].tolerated if cohort_id in self._cohorts else ()
        holds = frozenset(held)
        faults = [
            MembershipFault(cohort_id, user, user in holds, known=True)
            for user, states in possible.items()
            if not states & (IN if user in holds else OUT)
        ]
        strangers = sorted(user for user in holds if user not in possible and user not in tolerated)
        return faults + [MembershipFault(cohort_id, user, held=True, known=False) for user in strangers]

    def judge_arrivals(
        self,
        counts: Mapping[tuple[str, str], int],
        policy: Literal["once_per_entry", "once_per_user"] = "once_per_entry",
        arrives_on: Literal["any", "add_members"] = "any",
    ) -> list[ArrivalFault]:
        """Compare the arrivals so far, counted by cohort and user, with what is possible."""
        faults = []
        for cohort_id, cohort in self._cohorts.items():
            for user, states in cohort.possible.items():
                count = counts.get((cohort_id, user), 0)
                most = cohort.shown.get(user, 0) + cohort.blurred.get(user, 0)
                if policy != "once_per_entry":
                    most = min(1, most)
                most += cohort.excused.get(user, 0)
                owed = (states == IN if arrives_on == "any" else user in cohort.owed) and user not in cohort.waived
                if not owed <= count <= most:
                    faults.append(ArrivalFault(cohort_id, user, count, int(owed), most))
        for (cohort_id, user), count in counts.items():
            known = self._cohorts.get(cohort_id)
            allowed = known.excused.get(user, 0) if known else 0
            if (known is None or user not in known.possible) and count > allowed:
                faults.append(ArrivalFault(cohort_id, user, count, 0, allowed))
        return faults

    # How it is kept

    def _cohort(self, cohort_id: str) -> _Cohort:
        known = self._cohorts.get(cohort_id)
        if known is None:
            known = self._cohorts[cohort_id] = _Cohort()
        return known

    def _hear(self, page: Page) -> tuple[_Cohort, _Session]:
        """Note what a delivery says, late or not."""
        cohort = self._cohort(page.cohort)
        session = cohort.sessions.get(page.session)
        if session is None:
            session = cohort.sessions[page.session] = _Session()
        said = _says(page)
        session.states.update(dict.fromkeys(page.users, said))
        if page.action == MEMBERS:
            session.replaces = True
            session.pages.add(page.number)
        return cohort, session

    def _read_on(self, cohort: _Cohort, session: _Session, page: Page) -> None:
        """Read the delivery as one more line of the story so far, and count who turns from out to in."""
        entering = page.action in (MEMBERS, ADD_MEMBERS)
        for user in page.users:
            if entering and not cohort.shown_in.get(user, False):
                cohort.shown[user] = cohort.shown.get(user, 0) + 1
            cohort.shown_in[user] = entering
        if len(session.pages) >= page.total:  # of a full sync: no other has any
            for user in cohort.shown_in:
                if user not in session.states:
                    cohort.shown_in[user] = False


def _says(page: Page) -> Possible:
    return IN if page.action in (MEMBERS, ADD_MEMBERS) else OUT
