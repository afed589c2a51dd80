"""What every way of reaching a receiver has in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from cohortprop.wire import Outcome

__all__ = ["Carried", "Transport"]


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of carrying one request to the app.

    Args:
        outcome: the answer.
        log: what the app logged meanwhile.
        stack: where the app was when it overran the time limit; empty when it answered.
    """

    outcome: Outcome
    log: tuple[str, ...] = ()
    stack: str = ""


class Transport(Protocol):
    """A way of reaching a receiver."""

    def send(
        self,
        body: bytes,
        headers: Mapping[str, str] | None = None,
        *,
        content_type: str | None = "",
        content_length: int | None = -1,
    ) -> Carried:
        """Carry a request body to the app and bring back what it answers.

        Args:
            body: the bytes of the body.
            headers: in place of the receiver's own (credentials and the like).
            content_type: in place of the usual one, if not empty; None leaves the header out.
            content_length: in place of the true one, if not negative; None leaves the header out.
        """

    def replace_app(self, app: Any) -> None:
        """Call this app from now on: the receiver was restarted and gave a new one."""
