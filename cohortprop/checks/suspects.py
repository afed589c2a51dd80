"""Suspects: tiny faulty receivers, one for each known way to hold the wrong members.

To find out what is wrong with a receiver, each suspect is told what really reached the app, and what it would hold is
compared with what the app did hold, at every look and wherever a correct receiver would have had no choice. The suspect
that explains the violation and fits everything else best is the cause.

The line-up is read on from where it was left, so a trial without a violation never pays for it, and one with many pays
for each delivery once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cohortprop.checks.evidence import Evidence, Look
from cohortprop.oracle import IN, OUT
from cohortprop.simulation import Attempted, Duplicated, Garbled, LateArrived, Restarted
from cohortprop.wire import ADD_MEMBERS, MEMBERS, REMOVE_MEMBERS

__all__ = ["SUSPECTS", "Heard", "Lineup", "Suspect"]


@dataclass(frozen=True, slots=True)
class Heard:
    """A delivery as a suspect hears it: identities with the properties that came with them."""

    cohort: str
    name: str
    session: str
    action: str
    page: int
    total: int
    members: Sequence[tuple[str, Mapping[str, Any]]]
    at: datetime
    troubled: bool = False

    @property
    def users(self) -> list[str]:
        """The identities alone."""
        return [user for user, _ in self.members]


@dataclass(slots=True)
class State:
    """What a suspect remembers."""

    held: dict[str, dict[str, Any]] = field(default_factory=dict)
    staged: dict[Any, Any] = field(default_factory=dict)
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    queue: list[Heard] = field(default_factory=list)
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def of(self, cohort: str) -> dict[str, Any]:
        return self.held.setdefault(cohort, {})


Hear = Callable[[State, Heard], None]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A faulty receiver in a few lines.

    Args:
        cause: name of the cause that it stands for.
        hear: takes a delivery.
        restart: loses what is not durable.
        read: who is held in a cohort.
    """

    cause: str
    hear: Hear
    restart: Callable[[State], None] = lambda state: None
    read: Callable[[State, str], frozenset[str]] = lambda state, cohort: frozenset(state.held.get(cohort, ()))


def _apply(state: State, heard: Heard) -> None:
    """What a correct receiver does that applies each page at once, and keeps the old members until a session's end."""
    held = state.of(heard.cohort)
    if heard.action == ADD_MEMBERS:
        held.update(dict.fromkeys(heard.users))
    elif heard.action == REMOVE_MEMBERS:
        for user in heard.users:
            held.pop(user, None)
    else:
        pages = state.staged.setdefault(heard.session, {})
        pages[heard.page] = heard.users
        held.update(dict.fromkeys(heard.users))
        if len(pages) >= heard.total:
            named = {user for users in pages.values() for user in users}
            for user in [user for user in held if user not in named]:
                del held[user]


def _merge(state: State, heard: Heard) -> None:
    if heard.action == MEMBERS:
        state.of(heard.cohort).update(dict.fromkeys(heard.users))
    else:
        _apply(state, heard)


def _last_page_wins(state: State, heard: Heard) -> None:
    if heard.action == MEMBERS:
        state.held[heard.cohort] = dict.fromkeys(heard.users)
    else:
        _apply(state, heard)


def _stage_by_cohort(state: State, heard: Heard, done: Callable[[list[int]], bool]) -> None:
    if heard.action != MEMBERS:
        _apply(state, heard)
        return
    staged = state.staged.setdefault(heard.cohort, [])
    staged.append((heard.page, heard.users))
    if done([page for page, _ in staged]):
        state.held[heard.cohort] = {user: None for _, users in staged for user in users}
        staged.clear()


def _stage_until_last(state: State, heard: Heard) -> None:
    _stage_by_cohort(state, heard, lambda pages: heard.page >= heard.total)


def _stage_until_enough(state: State, heard: Heard) -> None:
    _stage_by_cohort(state, heard, lambda pages: len(set(pages)) >= heard.total)


def _stage_until_many(state: State, heard: Heard) -> None:
    _stage_by_cohort(state, heard, lambda pages: len(pages) >= heard.total)


def _stage_by_number(state: State, heard: Heard) -> None:
    """Staged in slots by page number: a slot of an older sync stays until it is overwritten."""
    if heard.action != MEMBERS:
        _apply(state, heard)
        return
    slots = state.staged.setdefault(heard.cohort, {})
    slots[heard.page] = heard.users
    if heard.page >= heard.total:
        state.held[heard.cohort] = {user: None for users in slots.values() for user in users}
        slots.clear()


def _stage_in_memory(state: State, heard: Heard) -> None:
    if heard.action != MEMBERS:
        _apply(state, heard)
        return
    staged = state.staged.setdefault(heard.session, {})
    staged[heard.page] = heard.users
    if heard.page >= heard.total:
        state.held[heard.cohort] = {user: None for users in staged.values() for user in users}


def _never_remove(state: State, heard: Heard) -> None:
    if heard.action != REMOVE_MEMBERS:
        _apply(state, heard)


def _only_add(state: State, heard: Heard) -> None:
    """Whoever has entered stays, whatever is said."""
    if heard.action != REMOVE_MEMBERS:
        state.of(heard.cohort).update(dict.fromkeys(heard.users))


def _remove_toggles(state: State, heard: Heard) -> None:
    """Removing whoever is not there adds them."""
    if heard.action != REMOVE_MEMBERS:
        _apply(state, heard)
        return
    held = state.of(heard.cohort)
    for user in heard.users:
        if user in held:
            del held[user]
        else:
            held[user] = None


def _remove_adds(state: State, heard: Heard) -> None:
    if heard.action == REMOVE_MEMBERS:
        state.of(heard.cohort).update(dict.fromkeys(heard.users))
    else:
        _apply(state, heard)


def _leave_everywhere(state: State, heard: Heard) -> None:
    _apply(state, heard)
    if heard.action == REMOVE_MEMBERS:
        for held in state.held.values():
            for user in heard.users:
                held.pop(user, None)


def _replace_everywhere(state: State, heard: Heard) -> None:
    """Each page of a full sync empties the other cohorts."""
    _apply(state, heard)
    if heard.action == MEMBERS:
        _empty_others(state, heard)


def _replace_everywhere_at_last(state: State, heard: Heard) -> None:
    """The last page of a full sync, staged until then, empties the other cohorts."""
    if heard.action != MEMBERS:
        _apply(state, heard)
        return
    pages = state.staged.setdefault(heard.session, {})
    pages[heard.page] = heard.users
    if len(pages) >= heard.total:
        state.held[heard.cohort] = {user: None for users in pages.values() for user in users}
        _empty_others(state, heard)


def _empty_others(state: State, heard: Heard) -> None:
    for cohort in state.held:
        if cohort != heard.cohort:
            state.held[cohort] = {}


def _one_cohort(state: State, heard: Heard) -> None:
    """A user is in one cohort at a time: entering one takes them out of the others."""
    _apply(state, heard)
    if heard.action != REMOVE_MEMBERS:
        for cohort, held in state.held.items():
            if cohort != heard.cohort:
                for user in heard.users:
                    held.pop(user, None)


def _wipe_on_empty(state: State, heard: Heard) -> None:
    _apply(state, heard)
    if not heard.members:
        state.held[heard.cohort] = {}


def _count(state: State, heard: Heard) -> None:
    counts = state.counts.setdefault(heard.cohort, Counter())
    if heard.action == MEMBERS:
        _apply(state, heard)
        held = state.of(heard.cohort)
        for user in [user for user in counts if user not in held]:
            del counts[user]
        for user in heard.users:
            counts[user] = 1
    else:
        for user in heard.users:
            counts[user] += 1 if heard.action == ADD_MEMBERS else -1


def _count_all(state: State, heard: Heard) -> None:
    """Like `_count`, but a full sync counts its members once more, too."""
    counts = state.counts.setdefault(heard.cohort, Counter())
    if heard.action == MEMBERS:
        before = Counter(counts)
        _count(state, heard)
        for user in heard.users:
            counts[user] = before[user] + 1
    else:
        _count(state, heard)


def _read_counts(state: State, cohort: str) -> frozenset[str]:
    return frozenset(user for user, count in state.counts.get(cohort, {}).items() if count > 0)


def _drop_sparse(state: State, heard: Heard) -> None:
    _apply(state, _with_members(heard, [(user, about) for user, about in heard.members if about.get("email")]))


def _key_by_email(state: State, heard: Heard) -> None:
    """Rows are found by e-mail; the last user with an address has it."""
    _by_email(state, heard, dict.update)


def _key_by_first_email(state: State, heard: Heard) -> None:
    """Rows are found by e-mail; the first user with an address keeps it."""
    _by_email(state, heard, lambda held, rows: [held.setdefault(key, user) for key, user in rows])


def _by_email(state: State, heard: Heard, store: Callable[[dict[str, Any], list[tuple[str, str]]], object]) -> None:
    held = state.of(heard.cohort)
    rows = [(about.get("email") or user, user) for user, about in heard.members]
    if heard.action == REMOVE_MEMBERS:
        for key, _ in rows:
            held.pop(key, None)
        return
    store(held, rows)
    if heard.action == MEMBERS:
        pages = state.staged.setdefault(heard.session, {})
        pages[heard.page] = [key for key, _ in rows]
        if len(pages) >= heard.total:
            named = {key for keys in pages.values() for key in keys}
            for key in [key for key in held if key not in named]:
                del held[key]


def _fold(user: str) -> str:
    """What careless code makes of an id: trimmed, lower case."""
    return user.strip().casefold()


def _as_number(user: str) -> str:
    """What careless code makes of an id that looks like a number."""
    try:
        return str(int(float(user)))
    except (ValueError, OverflowError):
        return user


def _folded(folding: Callable[[str], str]) -> Hear:
    def hear(state: State, heard: Heard) -> None:
        _apply(state, _with_members(heard, [(folding(user), about) for user, about in heard.members]))

    return hear


def _read_values(state: State, cohort: str) -> frozenset[str]:
    return frozenset(state.held.get(cohort, {}).values())


def _key_by_name(state: State, heard: Heard) -> None:
    state.names[heard.cohort] = heard.name
    _apply(state, _with_cohort(heard, heard.name))


def _read_by_name(state: State, cohort: str) -> frozenset[str]:
    return frozenset(state.held.get(state.names.get(cohort, ""), ()))


def _key_by_first_name(state: State, heard: Heard) -> None:
    state.names.setdefault(heard.cohort, heard.name)
    _apply(state, _with_cohort(heard, heard.name))


def _with_cohort(heard: Heard, cohort: str) -> Heard:
    return replace(heard, cohort=cohort)


def _with_members(heard: Heard, members: Sequence[tuple[str, Mapping[str, Any]]]) -> Heard:
    return replace(heard, members=members)


def _enqueue(state: State, heard: Heard) -> None:
    """Acknowledged first, worked on when somebody looks: until then it is in memory only."""
    state.queue.append(heard)


def _drain_and_read(state: State, cohort: str) -> frozenset[str]:
    for heard in state.queue:
        _apply(state, heard)
    state.queue.clear()
    return frozenset(state.of(cohort))


def _forget_queue(state: State) -> None:
    state.queue.clear()


def _forget_all(state: State) -> None:
    state.held.clear()
    state.staged.clear()


def _forget_staged(state: State) -> None:
    state.staged.clear()


def _stage_in_one_pile(state: State, heard: Heard) -> None:
    """One list for the pages of all cohorts, emptied when a last page comes."""
    if heard.action != MEMBERS:
        _apply(state, heard)
        return
    pile = state.staged.setdefault("pile", [])
    pile.extend(heard.users)
    if heard.page >= heard.total:
        state.held[heard.cohort] = dict.fromkeys(pile)
        pile.clear()


def _skip_in_trouble(state: State, heard: Heard) -> None:
    """What could not be stored is forgotten, whatever was answered."""
    if not heard.troubled:
        _apply(state, heard)


def _record_first(state: State, heard: Heard) -> None:
    """A page is marked as done before it is, so one that failed is taken for a repetition when it is sent again."""
    done = state.staged.setdefault("done", set())
    key = (heard.cohort, heard.session, heard.action, heard.page)
    if key not in done and not heard.troubled:
        _apply(state, heard)
    done.add(key)


def _half_in_trouble(state: State, heard: Heard) -> None:
    """Like `_record_first`, but half of the page was stored when it failed."""
    done = state.staged.setdefault("done", set())
    key = (heard.cohort, heard.session, heard.action, heard.page)
    if key not in done:
        half = heard.members[: len(heard.members) // 2] if heard.troubled else heard.members
        _apply(state, _with_members(heard, half))
    done.add(key)


def _stamp(state: State, heard: Heard) -> None:
    """Members are kept with the moment at which they were last named."""
    _apply(state, heard)
    if heard.action != REMOVE_MEMBERS:
        state.of(heard.cohort).update(dict.fromkeys(heard.users, heard.at))


def _read_fresh(lifetime: timedelta) -> Callable[[State, str], frozenset[str]]:
    def read(state: State, cohort: str) -> frozenset[str]:
        held = state.held.get(cohort, {})
        return frozenset(user for user, since in held.items() if since is None or state.now - since < lifetime)

    return read


def _sweep(lifetime: timedelta) -> Hear:
    """With each delivery, whoever was not named for so long is thrown out."""

    def hear(state: State, heard: Heard) -> None:
        _stamp(state, heard)
        held = state.of(heard.cohort)
        for user in [user for user, since in held.items() if since is not None and heard.at - since >= lifetime]:
            del held[user]

    return hear


def _read_of_period(period: str) -> Callable[[State, str], frozenset[str]]:
    """Tables that are named by day, month or year: who was named in an earlier one is not found."""

    def read(state: State, cohort: str) -> frozenset[str]:
        today = state.now.strftime(period)
        held = state.held.get(cohort, {})
        return frozenset(user for user, since in held.items() if since is None or since.strftime(period) == today)

    return read


_LIFETIMES: Final = (timedelta(hours=1), timedelta(days=1), timedelta(days=3), timedelta(days=7), timedelta(days=30))


SUSPECTS: Final = (
    Suspect("ghost-after-full-sync", _merge),
    Suspect("last-page-wins", _last_page_wins),
    Suspect("remove-ignored", _never_remove),
    Suspect("stale-pages", _stage_until_last),
    Suspect("stale-pages", _stage_until_enough),
    Suspect("stale-pages", _stage_until_many),
    Suspect("stale-pages", _stage_by_number),
    Suspect("staged-pages-lost", _stage_in_memory, restart=_forget_staged),
    Suspect("forgotten-by-restart", _apply, restart=_forget_all),
    Suspect("queued-work-lost", _enqueue, restart=_forget_queue, read=_drain_and_read),
    Suspect("acknowledged-in-trouble", _skip_in_trouble),
    Suspect("not-repaired-by-retry", _record_first),
    Suspect("not-repaired-by-retry", _half_in_trouble),
    Suspect("sessions-mixed-up", _stage_in_one_pile),
    *(Suspect("forgotten-with-time", _stamp, read=_read_fresh(lifetime)) for lifetime in _LIFETIMES),
    *(Suspect("forgotten-with-time", _sweep(lifetime)) for lifetime in _LIFETIMES[1:]),
    *(Suspect("forgotten-with-time", _stamp, read=_read_of_period(period)) for period in ("%Y-%m-%d", "%Y-%m", "%Y")),
    Suspect("cross-cohort-damage", _leave_everywhere),
    Suspect("cross-cohort-damage", _replace_everywhere),
    Suspect("cross-cohort-damage", _replace_everywhere_at_last),
    Suspect("cross-cohort-damage", _one_cohort),
    Suspect("wiped-by-empty-page", _wipe_on_empty),
    Suspect("counted-repeats", _count, read=_read_counts),
    Suspect("counted-repeats", _count_all, read=_read_counts),
    Suspect("keyed-by-name", _key_by_name, read=_read_by_name),
    Suspect("keyed-by-name", _key_by_first_name, read=_read_by_name),
    Suspect("keyed-by-email", _key_by_email, read=_read_values),
    Suspect("keyed-by-email", _key_by_first_email, read=_read_values),
    Suspect("sparse-member-dropped", _drop_sparse),
    Suspect("folded-ids", _folded(_fold)),
    Suspect("folded-ids", _folded(_as_number)),
    Suspect("folded-ids", _folded(str.strip)),
    Suspect("remove-ignored", _only_add),
    Suspect("remove-inverted", _remove_adds),
    Suspect("remove-inverted", _remove_toggles),
)
"""In the order in which they are believed when several explain everything equally well: the commonest bugs first."""


@dataclass(slots=True)
class _Stand:
    """One suspect in a line-up: what it remembers, what it last said, and how often it was wrong."""

    suspect: Suspect
    state: State = field(default_factory=State)
    guesses: dict[str, frozenset[str]] = field(default_factory=dict)
    misses: int = 0


class Lineup:
    """The suspects, told of one trial."""

    def __init__(self) -> None:
        self._innocent = _Stand(Suspect("", _apply))
        self._stands = [_Stand(suspect) for suspect in SUSPECTS]
        self._read = 0
        self._looks = 0
        self._explained: dict[tuple[int, str, str], list[int]] = {}

    @property
    def unexplained(self) -> int:
        """How many settled facts a correct receiver would have got otherwise than this one."""
        return self._innocent.misses

    def rank(self, evidence: Evidence, place: int, cohort: str, user: str) -> list[tuple[int, str]]:
        """Suspects that explain what was seen of a user, as (misses, cause), best first; empty when none does.

        Args:
            evidence: the history so far.
            place: index of the look at which the violation showed; the latest one when it is first asked about.
            cohort: the cohort it is about.
            user: the identity it is about.
        """
        self._read_on(evidence)
        key = (place, cohort, user)
        if key not in self._explained:
            held = user in next(look for look in reversed(evidence.looks) if look.place == place).held[cohort]
            self._explained[key] = [
                number for number, stand in enumerate(self._stands) if (user in stand.guesses.get(cohort, ())) == held
            ]
        ranked = sorted((self._stands[number].misses, number) for number in self._explained[key])
        return [(misses, self._stands[number].suspect.cause) for misses, number in ranked]

    def _read_on(self, evidence: Evidence) -> None:
        events = evidence.history.events
        while self._read < len(events):
            event = events[self._read]
            if isinstance(event, (Attempted, Duplicated, LateArrived, Garbled)):
                if event.applied if isinstance(event, Garbled) else not isinstance(event, Attempted) or event.reached:
                    heard = _hear(event, evidence)
                    for stand in (self._innocent, *self._stands):
                        stand.suspect.hear(stand.state, heard)
            elif isinstance(event, Restarted):
                for stand in self._stands:
                    stand.suspect.restart(stand.state)
            elif self._looks < len(evidence.looks) and evidence.looks[self._looks].place == self._read:
                self._compare(evidence.looks[self._looks], evidence.scenario.started_at)
                self._looks += 1
            self._read += 1

    def _compare(self, look: Look, started: datetime) -> None:
        now = started + timedelta(seconds=look.at)
        for stand in (self._innocent, *self._stands):
            stand.state.now = now
            for cohort, held in look.held.items():
                guess = stand.guesses[cohort] = stand.suspect.read(stand.state, cohort)
                if guess != held:
                    possible = look.possible[cohort]
                    stand.misses += sum(possible.get(user, OUT) in (IN, OUT) for user in guess ^ held)


def _hear(event: Attempted | Duplicated | LateArrived | Garbled, evidence: Evidence) -> Heard:
    delivery = event.delivery
    members = []
    for member in evidence.members_of(delivery):
        identity = evidence.identity(member)
        if identity is not None:
            members.append((identity, member))
    return Heard(
        delivery.cohort_id,
        delivery.cohort_name,
        delivery.session_id,
        delivery.action,
        delivery.page,
        delivery.total_pages,
        members,
        evidence.scenario.started_at + timedelta(seconds=event.at),
        isinstance(event, Attempted) and event.troubled,
    )
