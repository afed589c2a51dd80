"""A finding as a shell script: every request that reached the app, in order, for a receiver that runs somewhere.

Time does not pass in it, and attempts that never arrived are left out; what became of the answers no receiver can see.
Credentials are taken from the environment, so that the script can be handed on.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from cohortprop.campaign import Finding
from cohortprop.receiver import Receiver
from cohortprop.reports.phrases import delivery_in_words, moment
from cohortprop.reports.story import title_of
from cohortprop.simulation import Attempted, Duplicated, Garbled, LateArrived

__all__ = ["as_curl"]


def as_curl(finding: Finding, receiver: Receiver) -> str:
    """The script.

    Args:
        finding: what was found; its history is sent again up to the moment at which it shows.
        receiver: where to, and with which headers.

    Example:
        >>> from cohortprop.simulation import History, Scenario, CohortSeed
        >>> from cohortprop.checks import Violation
        >>> scenario = Scenario((CohortSeed("7", "VIPs"),))
        >>> violation = Violation("membership", 0, "", "", cause="ghost-after-full-sync")
        >>> finding = Finding(violation, scenario, History(), "", 1)
        >>> print(as_curl(finding, Receiver(print, path="/hook", auth=("mixpanel", "s3cret"))))
        #!/bin/sh
        # A full sync is merged into what is held instead of replacing it, so whoever left meanwhile stays.
        : "${URL:=http://localhost/hook}"
        : "${AUTHORIZATION:?set it to what Mixpanel sends in this header}"
        <BLANKLINE>
    """
    secret = receiver.credentials or ()
    variables = {name: name.upper().replace("-", "_") for name in secret}
    lines = ["#!/bin/sh", f"# {title_of(finding)}", f': "${{URL:={receiver.url}}}"']
    lines += [f': "${{{variable}:?set it to what Mixpanel sends in this header}}"' for variable in variables.values()]
    headers = [
        f'-H "{name}: ${variables[name]}"' if name in variables else f"-H {shlex.quote(f'{name}: {value}')}"
        for name, value in receiver.sent_headers.items()
    ]
    command = " ".join(['curl -sS -X POST "$URL"', "-H 'Content-Type: application/json'", *headers, "--data-binary @-"])
    start = finding.scenario.started_at
    for at, words, body in _requests(finding):
        lines += ["", f"# {moment(at, start)}: {words}", f"{_printed(body)} | {command}", "echo"]
    return "\n".join(lines) + "\n"


def _requests(finding: Finding) -> Iterator[tuple[float, str, bytes]]:
    for event in finding.history.events[: finding.violation.place + 1]:
        match event:
            case Attempted() if event.reached:
                yield event.at, delivery_in_words(event.delivery), event.delivery.body
            case Duplicated():
                yield event.at, f"a copy of {delivery_in_words(event.delivery)}", event.delivery.body
            case LateArrived():
                yield event.at, f"late: {delivery_in_words(event.delivery)}", event.delivery.body
            case Garbled():
                yield event.at, f"a request with this wrong with it: {event.how}", event.body


def _printed(body: bytes) -> str:
    """A command of the shell that prints these bytes."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" not in text:
        return f"printf '%s' {shlex.quote(text)}"
    return "printf '" + "".join(f"\\{byte:03o}" for byte in body) + "'"
