"""When every delivery is turned away, it is mostly not the receiver that is wrong, but how it is addressed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cohortprop.simulation import Examined
from cohortprop.wire import Reply, read

if TYPE_CHECKING:
    from cohortprop.campaign import Finding
    from cohortprop.receiver import Receiver
    from cohortprop.wire import Action, Outcome

__all__ = ["hint_for"]


def hint_for(finding: Finding, receiver: Receiver) -> str:
    """What to look at first, if all answers of a finding are the same refusal, and none is the app's own; else empty.

    Args:
        finding: of the check `acceptance`.
        receiver: how it was addressed.
    """
    if finding.violation.judge != "acceptance":
        return ""
    answers = [(delivery, reply) for _, delivery, reply, _ in finding.history.arrivals_at_app()]
    statuses = {reply.status if isinstance(reply, Reply) else 0 for _, reply in answers}
    statuses |= {
        event.reply.status if isinstance(event.reply, Reply) else 0
        for event in finding.history
        if isinstance(event, Examined)
    }
    if len(statuses) != 1 or any(_is_own(reply, delivery.action) for delivery, reply in answers):
        return ""
    advice = _advice(statuses.pop(), receiver)
    return f"every delivery is answered {advice}" if advice else ""


def _is_own(reply: Outcome, action: Action) -> bool:
    """Whether it has the documented shape: then it is not the framework that answers."""
    return isinstance(reply, Reply) and read(reply, action).envelope is not None


def _advice(status: int, receiver: Receiver) -> str:
    path = repr(receiver.path)
    if status == 404:
        return f"404: is the path {path} right? --path or Receiver(path=...) says another"
    if status == 405:
        return f"405: is the path {path} right, and does it take POST? --path or Receiver(path=...) says another"
    if status in (301, 302, 307, 308):
        return f"{status}, a redirect: does the path {path} lack a slash at its end, or the URL {receiver.url} an s?"
    if status == 401:
        return "401: are the credentials right? See --auth and --header, or Receiver(auth=..., headers=...)"
    if status == 403:
        return "403: are the credentials right (--auth, --header), and is the view exempt from CSRF protection?"
    if status == 400:
        return f"400: does the app accept the host in {receiver.base_url}? Receiver(base_url=...) says another"
    return ""
