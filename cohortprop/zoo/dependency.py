"""Something that an app leans on, its database or mail server, and that can be made to fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from cohortprop.zoo.envelope import Refusal

__all__ = ["Dependency"]


class Dependency:
    """A backing service; `use` raises a 503 while it is down."""

    __slots__ = ("_down", "_what")

    def __init__(self, what: str) -> None:
        self._what = what
        self._down = 0

    def use(self) -> None:
        """Raises: Refusal: the service is down."""
        if self._down:
            raise Refusal(503, f"{self._what} unavailable")

    @contextmanager
    def fails(self) -> Iterator[None]:
        """While the context lasts, the service is down; contexts may overlap."""
        self._down += 1
        try:
            yield
        finally:
            self._down -= 1
