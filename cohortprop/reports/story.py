"""The story of a finding: what is wrong, how it came to that, what was expected, and what to do now.

It is set as lines of styled spans. `tell` gives them as plain text; the terminal gives them colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cohortprop.campaign import Finding
from cohortprop.checks import BUILT_IN, UNCLASSIFIED, Cause, Check, Violation, owner_of
from cohortprop.checks.base import registered
from cohortprop.reports.exchange import (
    app_log,
    app_stack,
    app_traceback,
    failing_exchange,
    garbled_text,
    reply_text,
    request_text,
    server_end,
)
from cohortprop.reports.facts import arrivals_explained, expected_of, impact_of, seen_of, source_of, with_clear_ids
from cohortprop.reports.layout import (
    Line,
    Span,
    Style,
    columns,
    flow,
    labelled,
    line,
    plain,
    printable,
    to_paste,
    verbatim,
)
from cohortprop.reports.phrases import listed, moment, plural, shown_id, times
from cohortprop.reports.readings import rests_on
from cohortprop.reports.reasoning import is_plain, why_this_cause
from cohortprop.reports.scenes import scenes_of
from cohortprop.reports.standing import Place, arrivals_so_far, recovery, standing
from cohortprop.wire import BATCH_SIZE, DISTINCT_ID

__all__ = ["check_of", "set_story", "tell", "title_of"]

_NARROWEST: Final = 24
_ROOM_FOR_TIMES: Final = 50
_PLACES_SHOWN: Final = 8


def tell(finding: Finding, *, width: int = 80, replay_hint: str | None = None) -> str:
    """The story as plain text.

    Args:
        finding: what was found.
        width: columns of the page; below 24 it is taken for 24.
        replay_hint: what to type to see it again; left out when None, and never wrapped.

    Example:
        >>> from cohortprop.campaign import find_in
        >>> from cohortprop.checks import BUILT_IN
        >>> from cohortprop.simulation.canonical import CANONICAL
        >>> from cohortprop.trial import open_kit
        >>> from cohortprop.zoo import answers_plain_ok
        >>> with open_kit(answers_plain_ok, BUILT_IN) as kit:
        ...     finding = find_in(kit, CANONICAL["two-pages"], "two-pages")
        >>> print(tell(finding).splitlines()[0])
        A delivery is acknowledged, but not with the documented JSON.
    """
    return plain(set_story(finding, width=width, replay_hint=replay_hint)) + "\n"


def set_story(finding: Finding, *, width: int = 80, replay_hint: str | None = None) -> list[Line]:
    """The story as lines of styled spans, for whoever has colours."""
    width = max(width, _NARROWEST)
    lines = [*_headline(finding, width)]
    for block in (
        _what_happened(finding, width),
        _how_it_stands(finding, width),
        _what_to_make_of_it(finding, width),
        _last_request(finding, width),
    ):
        if block:
            lines += [line(), *block]
    if replay_hint is not None:
        lines += [line(), to_paste("To replay", replay_hint)]
    return lines


def check_of(name: str) -> Check | None:
    """The check of that name, if it is built in or was registered in this process."""
    return {each.name: each for each in BUILT_IN}.get(name) or registered().get(name)


def cause_of(violation: Violation) -> Cause:
    """The cause with its words, under whichever check it was filed."""
    check = check_of(violation.check)
    cause = check.cause(violation.cause) if check is not None else UNCLASSIFIED
    owner = owner_of(violation.cause)
    return owner.cause(violation.cause) if cause is UNCLASSIFIED and owner is not None else cause


def title_of(finding: Finding) -> str:
    """What the receiver does wrong, in one sentence."""
    violation = finding.violation
    cause = cause_of(violation)
    if cause.name != UNCLASSIFIED.name:
        return cause.title
    seen = with_clear_ids(violation.seen, violation.user)
    return f"{seen[:1].upper()}{seen[1:]}, and the pattern is not one that has a name."


def _headline(finding: Finding, width: int) -> list[Line]:
    violation = finding.violation
    label = "BUG" if violation.severity == "bug" else "ADVICE"
    style: Style = "bad" if violation.severity == "bug" else "heading"
    names = [Span(label, style), Span(f" {violation.check} / {violation.cause}", "dim")]
    return [*flow([Span(title_of(finding), "title")], width), *flow(names, width)]


def _what_happened(finding: Finding, width: int) -> list[Line]:
    lines = [line("What happened", "heading")]
    if finding.violation.judge != "envelope":  # which is about one answer, whoever is a member
        lines += flow(_opening(finding), width, first="  ")
    scenes, left_out = scenes_of(finding)
    start = finding.scenario.started_at
    day = ""
    number = 0
    for scene in scenes:
        told_day, _, clock = moment(scene.at, start).partition(", ")
        when = clock if told_day == day else f"{told_day}, {clock}"
        day = told_day
        if scene.omitted:
            number += scene.omitted
            lines += flow([Span(scene.text, "dim")], width, first="      ")
            continue
        number += 1
        column = " " * 5
        if width >= _ROOM_FOR_TIMES:
            head = f"{number:3}. {when.rjust(14)}  "
            lines += flow(scene.text, width, first=head)
        else:
            lines += flow(f"{when}: {scene.text}", width, first=f"{number:3}. ")
        column = " " * (21 if width >= _ROOM_FOR_TIMES else 5)
        for detail in scene.details:
            lines += flow(detail, width, first=f"{column}- ")
    mark = "  ✗  ".rjust(21 if width >= _ROOM_FOR_TIMES else 5)
    lines += flow([Span(seen_of(finding), "bad")], width, first=mark)
    if left_out:
        note = f"{plural(left_out, 'sync')} that {'does' if left_out == 1 else 'do'} not matter here "
        note += f"{'is' if left_out == 1 else 'are'} left out."
        lines += flow([Span(note, "dim")], width, first="  ")
    return lines


def _opening(finding: Finding) -> str:
    """Who is there before anything happens."""
    scenario = finding.scenario
    several = len(scenario.cohorts) > 1
    parts = []
    for seed in scenario.cohorts:
        kind = " is exported once; it" if seed.one_time else ""
        members = listed(seed.members) if seed.members else "no members yet"
        parts.append(f'cohort {seed.id} "{printable(seed.name)}"{kind} has {members}')
    text = f"In Mixpanel, {'; '.join(parts)}; the receiver is empty."
    if several and len({seed.connection for seed in scenario.cohorts}) > 1:
        text += " They sync over separate connections."
    if scenario.page_size < BATCH_SIZE:
        text += f" A page has room for {plural(scenario.page_size, 'member')}."
    if finding.id_property != DISTINCT_ID:
        text += f" The receiver knows its users by {finding.id_property}, and so they are named below."
    return text


def _how_it_stands(finding: Finding, width: int) -> list[Line]:
    """The table of a wrong membership, or the counts of wrong arrivals."""
    violation = finding.violation
    start = finding.scenario.started_at
    if violation.judge == "arrivals":
        counts = arrivals_so_far(finding)
        told = ", ".join(f"{shown_id(user)} {times(count)}" for user, count in counts[:_PLACES_SHOWN])
        text = f"Acted on by then in cohort {violation.cohort}: {told}. {arrivals_explained(finding)}"
        return flow(text, width) if counts else []
    places = standing(finding) if violation.judge == "membership" else []
    if not places:
        return []
    at = finding.history.events[violation.place].at
    lines = flow([Span(f"Cohort {violation.cohort} on {moment(at, start)}", "heading")], width)
    lines += _table(places[:_PLACES_SHOWN], width)
    rest = places[_PLACES_SHOWN:]
    if rest:
        wrong = sum(place.wrong for place in rest)
        told = f"… {plural(len(rest), 'more user')}, " + (f"{wrong} of them wrong" if wrong else "none of them wrong")
        lines += flow([Span(told, "dim")], width, first="  ")
    return lines


def _table(places: Sequence[Place], width: int) -> list[Line]:
    rows = [[Span(text, "dim") for text in ("user", "in Mixpanel", "receiver", "should be", "")]]
    for place in places:
        style: Style = "bad" if place.wrong else "plain"
        texts = (shown_id(place.user), _in_or_out(place.source), _in_or_out(place.held), place.allowed)
        rows.append([*(Span(text, style) for text in texts), Span("✗" if place.wrong else "", style)])
    if width >= _ROOM_FOR_TIMES:
        return columns(rows, width)
    return [
        each
        for user, source, held, allowed, mark in rows[1:]
        for each in flow(
            [
                Span(
                    f"{user.text}: in Mixpanel {source.text}, receiver {held.text}, {allowed.text} {mark.text}",
                    user.style,
                )
            ],
            width,
            first="  ",
            rest="    ",
        )
    ]


def _in_or_out(there: bool) -> str:  # noqa: FBT001 - one of two words
    return "in" if there else "out"


def _what_to_make_of_it(finding: Finding, width: int) -> list[Line]:
    lines: list[Line] = []
    for label, text in _remarks(finding):
        lines += labelled(label, text, width)
    return lines


def _remarks(finding: Finding) -> Iterator[tuple[str, str]]:
    violation = finding.violation
    check = check_of(violation.check)
    yield "Seen", seen_of(finding)
    yield "Expected", expected_of(finding)
    impact = impact_of(finding)
    if impact:
        yield "Impact", impact
    if check is not None:
        yield "The rule", f"{check.summary} {source_of(check)}".strip()
    for each in rests_on(finding):
        yield "Reading", f"{each.meaning} {each.exclude}."
    after = recovery(finding)
    if after:
        yield "Recovers?", after
    if violation.cause != UNCLASSIFIED.name:
        yield "The cause", _sureness(finding)
    yield "To fix it", cause_of(violation).mend
    if check is not None:
        yield "More", f"cohortprop --explain {check.name}"


def _sureness(finding: Finding) -> str:
    what = "The bug is certain" if finding.violation.severity == "bug" else "What was seen is certain"
    cause = ", and so is its cause" if is_plain(finding) else "; its cause, told above, is the probable one"
    return f"{what}{cause}. {why_this_cause(finding)}".strip().replace("`", "")


def _last_request(finding: Finding, width: int) -> list[Line]:
    exchange = failing_exchange(finding)
    if exchange is None:
        return []
    at = moment(exchange.at, finding.scenario.started_at)
    own = finding.violation.judge in ("acceptance", "authentication", "envelope", "malformed")
    title = f"{'The request' if own else 'The last request before it showed'} ({at})"
    lines = flow([Span(title, "heading")], width)
    shown = request_text(exchange.delivery, finding.violation.user) if exchange.garbled is None else ""
    lines += verbatim(shown or garbled_text(exchange.garbled or b""), width)
    lines.append(line("The reply", "heading"))
    lines += verbatim(reply_text(exchange.reply), width)
    for label, text in (
        ("Where the app hangs", app_stack(finding)),
        ("The server's end", server_end(finding)),
        ("The app's traceback", app_traceback(finding)),
        ("The app's log", "\n".join(app_log(exchange))),
    ):
        if text:
            lines += [line(label, "heading"), *verbatim(text, width)]
    return lines
