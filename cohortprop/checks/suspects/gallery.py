"""The gallery: every suspect there is, each wrong in one part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from cohortprop.checks.suspects.anatomy import Act, Heard, Look, Read, State, Suspect, add, refill, take
from cohortprop.wire import ADD_MEMBERS, MEMBERS, REMOVE_MEMBERS

__all__ = ["SUSPECTS"]


# Full syncs


def _last_page_wins(state: State, heard: Heard) -> None:
    state.held[heard.cohort] = dict.fromkeys(heard.users)


def _stage_by_cohort(state: State, heard: Heard, done: Callable[[list[int]], bool]) -> None:
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
    slots = state.staged.setdefault(heard.cohort, {})
    slots[heard.page] = heard.users
    if heard.page >= heard.total:
        state.held[heard.cohort] = {user: None for users in slots.values() for user in users}
        slots.clear()


def _stage_in_memory(state: State, heard: Heard) -> None:
    staged = state.staged.setdefault(heard.session, {})
    staged[heard.page] = heard.users
    if heard.page >= heard.total:
        state.held[heard.cohort] = {user: None for users in staged.values() for user in users}


def _wait_in_memory(state: State, heard: Heard) -> None:
    """Nothing is taken over until all pages of the session are there, whatever became of them."""
    staged = state.staged.setdefault(heard.session, {})
    staged[heard.page] = heard.users
    if len(staged) >= heard.total:
        state.held[heard.cohort] = {user: None for users in staged.values() for user in users}


def _pile_up(state: State, heard: Heard, pile: list[str]) -> None:
    pile.extend(heard.users)
    if heard.page >= heard.total:
        state.held[heard.cohort] = dict.fromkeys(pile)


def _stage_in_one_pile(state: State, heard: Heard) -> None:
    """One list for the pages of all cohorts, emptied when a last page comes."""
    pile = state.staged.setdefault("pile", [])
    _pile_up(state, heard, pile)
    if heard.page >= heard.total:
        pile.clear()


def _pile_from_page_one(key: Callable[[Heard], str]) -> Act:
    """A list for the pages of many cohorts, emptied when a first page comes."""

    def act(state: State, heard: Heard) -> None:
        pile = state.staged.setdefault(("pile", key(heard)), [])
        if heard.page == 1:
            pile.clear()
        _pile_up(state, heard, pile)

    return act


def _replace_everywhere(state: State, heard: Heard) -> None:
    """Each page of a full sync empties the other cohorts."""
    refill(state, heard)
    _empty_others(state, heard)


def _replace_everywhere_at_last(state: State, heard: Heard) -> None:
    """The last page of a full sync, staged until then, empties the other cohorts."""
    pages = state.staged.setdefault(heard.session, {})
    pages[heard.page] = heard.users
    if len(pages) >= heard.total:
        state.held[heard.cohort] = {user: None for users in pages.values() for user in users}
        _empty_others(state, heard)


def _empty_others(state: State, heard: Heard) -> None:
    for cohort in state.held:
        if cohort != heard.cohort:
            state.held[cohort] = {}


# Removals


def _ignore(state: State, heard: Heard) -> None:
    """What is said is not done."""


def _remove_toggles(state: State, heard: Heard) -> None:
    """Removing whoever is not there adds them."""
    held = state.of(heard.cohort)
    for user in heard.users:
        if user in held:
            del held[user]
        else:
            held[user] = None


def _leave_everywhere(state: State, heard: Heard) -> None:
    for held in state.held.values():
        for user in heard.users:
            held.pop(user, None)


# Whatever was said


def _one_cohort(state: State, heard: Heard) -> None:
    """A user is in one cohort at a time: entering one takes them out of the others."""
    if heard.action != REMOVE_MEMBERS:
        for cohort, held in state.held.items():
            if cohort != heard.cohort:
                for user in heard.users:
                    held.pop(user, None)


def _start_over(state: State, heard: Heard) -> Heard:
    """With the first delivery of another project all that is held is dropped."""
    if state.names.setdefault("project", heard.project) != heard.project:
        state.names["project"] = heard.project
        state.held.clear()
        state.staged.clear()
    return heard


def _wipe_on_empty(state: State, heard: Heard) -> None:
    if not heard.members:
        state.held[heard.cohort] = {}


def _count(state: State, heard: Heard) -> None:
    counts = state.counts.setdefault(heard.cohort, Counter())
    if heard.action == MEMBERS:
        refill(state, heard)
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


def _count_rows(state: State, heard: Heard) -> None:
    """A row for each entry, of which an exit takes one away, if there is one; a full sync writes the rows anew."""
    counts = state.counts.setdefault(heard.cohort, Counter())
    if heard.action == ADD_MEMBERS:
        counts.update(heard.users)
    elif heard.action == REMOVE_MEMBERS:
        for user in heard.users:
            counts[user] = max(0, counts[user] - 1)
    else:
        pages = state.staged.setdefault(heard.session, {})
        pages[heard.page] = heard.users
        if len(pages) >= heard.total:
            state.counts[heard.cohort] = Counter(user for users in pages.values() for user in users)


def _look_at_counts(state: State, cohort: str) -> frozenset[str]:
    return frozenset(user for user, count in state.counts.get(cohort, {}).items() if count > 0)


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


def _folded(folding: Callable[[str], str]) -> Read:
    def read(state: State, heard: Heard) -> Heard:
        return replace(heard, members=[(folding(user), about) for user, about in heard.members])

    return read


def _drop_sparse(state: State, heard: Heard) -> Heard:
    return replace(heard, members=[(user, about) for user, about in heard.members if about.get("email")])


def _look_at_values(state: State, cohort: str) -> frozenset[str]:
    return frozenset(state.held.get(cohort, {}).values())


def _key_by_name(state: State, heard: Heard) -> Heard:
    state.names[heard.cohort] = heard.name
    return replace(heard, cohort=heard.name)


def _key_by_first_name(state: State, heard: Heard) -> Heard:
    state.names.setdefault(heard.cohort, heard.name)
    return replace(heard, cohort=heard.name)


def _look_by_name(state: State, cohort: str) -> frozenset[str]:
    return frozenset(state.held.get(state.names.get(cohort, ""), ()))


# What is kept, and for how long


def _enqueue(state: State, heard: Heard) -> None:
    """Acknowledged first, worked on when somebody looks: until then it is in memory only."""
    state.queue.append(heard)


def _drain_and_look(state: State, cohort: str) -> frozenset[str]:
    for heard in state.queue:
        take(state, heard)
    state.queue.clear()
    return frozenset(state.of(cohort))


def _forget_queue(state: State) -> None:
    state.queue.clear()


def _forget_all(state: State) -> None:
    state.held.clear()
    state.staged.clear()


def _forget_staged(state: State) -> None:
    state.staged.clear()


def _save_full(state: State, heard: Heard) -> None:
    """Only a full sync that is whole is saved; `_forget_unsaved` goes back to it."""
    if heard.action == MEMBERS and len(state.staged.get(heard.session, ())) >= heard.total:
        state.saved[heard.cohort] = dict(state.of(heard.cohort))


def _forget_unsaved(state: State) -> None:
    state.held = {cohort: dict(held) for cohort, held in state.saved.items()}
    state.staged.clear()


def _skip_in_trouble(state: State, heard: Heard) -> Heard | None:
    """What could not be stored is acknowledged, at the first try, and forgotten."""
    failed = state.staged.setdefault("failed", set())
    key = (heard.cohort, heard.session, heard.action, heard.page)
    if heard.troubled and not heard.accepted:
        failed.add(key)
        return None
    return heard if not heard.troubled or key in failed else None


def _record_first(state: State, heard: Heard) -> Heard | None:
    """A page is marked as done before it is, so one that failed is taken for a repetition when it is sent again."""
    return _record(state, heard, 0)


def _half_in_trouble(state: State, heard: Heard) -> Heard | None:
    """Like `_record_first`, but half of the page was stored when it failed."""
    return _record(state, heard, len(heard.members) // 2)


def _record(state: State, heard: Heard, stored: int) -> Heard | None:
    done = state.staged.setdefault("done", set())
    key = (heard.cohort, heard.session, heard.action, heard.page)
    if key in done:
        return None
    done.add(key)
    return replace(heard, members=heard.members[:stored]) if heard.troubled and not heard.accepted else heard


def _stamp(state: State, heard: Heard) -> None:
    """Members are kept with the moment at which they were last named."""
    if heard.action != REMOVE_MEMBERS:
        state.of(heard.cohort).update(dict.fromkeys(heard.users, heard.at))


def _look_fresh(lifetime: timedelta) -> Look:
    def look(state: State, cohort: str) -> frozenset[str]:
        held = state.held.get(cohort, {})
        return frozenset(user for user, since in held.items() if since is None or state.now - since < lifetime)

    return look


def _sweep(lifetime: timedelta) -> Act:
    """With each delivery, whoever was not named for so long is thrown out."""

    def hear(state: State, heard: Heard) -> None:
        _stamp(state, heard)
        held = state.of(heard.cohort)
        for user in [user for user, since in held.items() if since is not None and heard.at - since >= lifetime]:
            del held[user]

    return hear


def _sweep_all(lifetime: timedelta) -> Act:
    """Like `_sweep`, but over the members of all cohorts."""

    def act(state: State, heard: Heard) -> None:
        _stamp(state, heard)
        for held in state.held.values():
            for user in [user for user, since in held.items() if since is not None and heard.at - since >= lifetime]:
                del held[user]

    return act


def _look_in_period(period: str) -> Look:
    """Tables that are named by day, month or year: who was named in an earlier one is not found."""

    def look(state: State, cohort: str) -> frozenset[str]:
        today = state.now.strftime(period)
        held = state.held.get(cohort, {})
        return frozenset(user for user, since in held.items() if since is None or since.strftime(period) == today)

    return look


_PERIODS: Final = ("%Y-%m-%d", "%Y-%m", "%Y")
_LIFETIMES: Final = (timedelta(hours=1), *(timedelta(days=each) for each in (1, 3, 7, 30, 90)))


SUSPECTS: Final = (
    Suspect("ghost-after-full-sync", refill=add),
    Suspect("last-page-wins", refill=_last_page_wins),
    Suspect("remove-ignored", remove=_ignore),
    Suspect("stale-pages", refill=_stage_until_last),
    Suspect("stale-pages", refill=_stage_until_enough),
    Suspect("stale-pages", refill=_stage_until_many),
    Suspect("stale-pages", refill=_stage_by_number),
    Suspect("staged-pages-lost", refill=_stage_in_memory, restart=_forget_staged),
    Suspect("staged-pages-lost", refill=_wait_in_memory, restart=_forget_staged),
    Suspect("queued-work-lost", whole=_enqueue, restart=_forget_queue, look=_drain_and_look),
    Suspect("forgotten-by-restart", restart=_forget_all),
    Suspect("forgotten-by-restart", after=_save_full, restart=_forget_unsaved),
    Suspect("acknowledged-in-trouble", read=_skip_in_trouble),
    Suspect("not-repaired-by-retry", read=_record_first),
    Suspect("not-repaired-by-retry", read=_half_in_trouble),
    Suspect("sessions-mixed-up", refill=_stage_in_one_pile),
    Suspect("sessions-mixed-up", refill=_pile_from_page_one(lambda heard: "")),
    Suspect("sessions-mixed-up", refill=_pile_from_page_one(lambda heard: heard.project)),
    *(Suspect("forgotten-with-time", after=_stamp, look=_look_fresh(lifetime)) for lifetime in _LIFETIMES),
    *(Suspect("forgotten-with-time", after=_sweep(lifetime)) for lifetime in _LIFETIMES[1:]),
    *(Suspect("forgotten-with-time", after=_sweep_all(lifetime)) for lifetime in _LIFETIMES[1:]),
    *(Suspect("forgotten-with-time", after=_stamp, look=_look_in_period(each)) for each in _PERIODS),
    Suspect("cross-cohort-damage", remove=_leave_everywhere),
    Suspect("cross-cohort-damage", refill=_replace_everywhere),
    Suspect("cross-cohort-damage", refill=_replace_everywhere_at_last),
    Suspect("cross-cohort-damage", after=_one_cohort),
    Suspect("cross-cohort-damage", read=_start_over),
    Suspect("wiped-by-empty-page", after=_wipe_on_empty),
    Suspect("counted-repeats", whole=_count, look=_look_at_counts),
    Suspect("counted-repeats", whole=_count_all, look=_look_at_counts),
    Suspect("counted-repeats", whole=_count_rows, look=_look_at_counts),
    Suspect("keyed-by-name", read=_key_by_name, look=_look_by_name),
    Suspect("keyed-by-name", read=_key_by_first_name, look=_look_by_name),
    Suspect("keyed-by-email", whole=_key_by_email, look=_look_at_values),
    Suspect("keyed-by-email", whole=_key_by_first_email, look=_look_at_values),
    Suspect("sparse-member-dropped", read=_drop_sparse),
    Suspect("folded-ids", read=_folded(_fold)),
    Suspect("folded-ids", read=_folded(_as_number)),
    Suspect("folded-ids", read=_folded(str.strip)),
    Suspect("remove-ignored", refill=add, remove=_ignore),
    Suspect("remove-inverted", remove=add),
    Suspect("remove-inverted", remove=_remove_toggles),
)
"""In the order in which they are believed when several explain everything equally well: the commonest bugs first."""
