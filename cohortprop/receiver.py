"""The public description of a webhook under test.

A `Receiver` says how to reach an app, how to look inside it, and what its author decided on purpose. It holds no
state of its own: cohortprop asks a *factory* for a fresh one before each trial, or calls `reset` on one that is reused.
"""

from __future__ import annotations

import base64
import inspect
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from cohortprop.errors import UsageError

__all__ = ["ArrivalPolicy", "ArrivesOn", "Receiver", "is_asgi"]

Ids: TypeAlias = Iterable[object]
MembersProbe: TypeAlias = Callable[[str], Any]
ArrivalsProbe: TypeAlias = Callable[[], Any]
ArrivalPolicy: TypeAlias = Literal["once_per_entry", "once_per_user"]
ArrivesOn: TypeAlias = Literal["any", "add_members"]

_ARRIVAL_POLICIES: Final = ("once_per_entry", "once_per_user")
_ARRIVES_ON: Final = ("any", "add_members")
_EXCLUDES: Final = "Receiver(excludes=...): expected readings, each written as in 'full_sync=add_members'"
_SECRET: Final = ("auth", "token", "secret", "key", "signature", "password")
"""What the name of a header that holds credentials has in it."""
_PROBES: Final = ("members", "arrivals", "reset", "drain", "restart", "dependency")


class Receiver:
    """A webhook under test: where it is, how to look inside, and what its author decided.

    Args:
        app: a WSGI or ASGI callable. (Source: "Setting up the Webhook" asks for a URL; an in-process app is the same
            thing without the network.)
        path: the path that Mixpanel would be given, starting with ``/``.
        base_url: scheme and host that the app sees, such as ``http://testserver`` for Django.
        auth: user name and password for HTTP Basic authentication ("Optional: Basic Authentication").
        headers: sent with every delivery, for a bearer token or a shared secret.
        members: ``(cohort_id) -> ids`` of the users the app now holds in that cohort, empty for an unknown one. Ids
            may be strings or integers. This function and those below may be async.
        arrivals: ``() -> (cohort_id, id) pairs``, one for each side effect so far (a welcome mail, a push).
        arrival_policy: ``once_per_entry`` (each entry into the cohort causes one arrival) or ``once_per_user`` (never
            more than one, as the document's FAQ advises).
        arrives_on: ``any``, or ``add_members`` for an app that is deliberately silent on a full sync.
        reset: empties the app between trials; needed when one Receiver is used for several.
        drain: waits until queued work is done; called before any probe.
        restart: drops the state of the process and keeps the durable state; enables the durability check. It may
            return the new app; None means that `app` goes on to be called.
        dependency: ``() -> context manager``, async or not, while which the app's own database or the like fails.
        id_property: the property on which the app keys its users.
        excludes: readings of the document that the app does not support, written ``question=reading``, as in
            ``"full_sync=add_members"``; reported as such.

    Raises:
        UsageError: an argument has the wrong type or value; the message names it.

    Example:
        >>> def app(environ, start_response):
        ...     start_response("200 OK", [("Content-Type", "application/json")])
        ...     return [b'{"action": "members", "status": "success"}']
        >>> receiver = Receiver(app, path="/hook", members=lambda cohort_id: ["ann"])
        >>> receiver.url
        'http://localhost/hook'
    """

    __slots__ = (
        "app",
        "arrival_policy",
        "arrivals",
        "arrives_on",
        "auth",
        "base_url",
        "dependency",
        "drain",
        "excludes",
        "headers",
        "id_property",
        "members",
        "path",
        "reset",
        "restart",
    )

    def __init__(
        self,
        app: Callable[..., Any],
        *,
        path: str = "/",
        base_url: str = "http://localhost",
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        members: MembersProbe | None = None,
        arrivals: ArrivalsProbe | None = None,
        arrival_policy: ArrivalPolicy = "once_per_entry",
        arrives_on: ArrivesOn = "any",
        reset: Callable[[], object] | None = None,
        drain: Callable[[], object] | None = None,
        restart: Callable[[], object] | None = None,
        dependency: Callable[[], AbstractContextManager[object] | AbstractAsyncContextManager[object]] | None = None,
        id_property: str = "mixpanel_distinct_id",
        excludes: Iterable[str] = (),
    ) -> None:
        self.app = app
        self.path = path
        self.base_url = base_url
        self.auth = auth
        self.headers: Mapping[str, str] = {} if headers is None else headers
        self.members = members
        self.arrivals = arrivals
        self.arrival_policy = arrival_policy
        self.arrives_on = arrives_on
        self.reset = reset
        self.drain = drain
        self.restart = restart
        self.dependency: Callable[[], Any] | None = dependency
        self.id_property = id_property
        if not isinstance(excludes, Iterable):
            raise UsageError(_EXCLUDES)
        self.excludes: tuple[str, ...] = (excludes,) if isinstance(excludes, str) else tuple(excludes)
        self._validate()

    @property
    def url(self) -> str:
        """Where deliveries go: `base_url` and `path` in one."""
        return self.base_url.rstrip("/") + self.path

    @property
    def sent_headers(self) -> dict[str, str]:
        """The headers of every delivery beyond the content type: the user's own, and the credentials."""
        sent = dict(self.headers)
        if self.auth is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(":".join(self.auth).encode()).decode()
        return sent

    @property
    def credentials(self) -> tuple[str, ...] | None:
        """Names of the headers by which the sender is known: that of `auth`, and any that by its name is a secret.

        None when there are none, and so nothing to be refused.

        Example:
            >>> Receiver(print, headers={"X-Hook-Token": "s3cret", "X-Shop": "berlin"}).credentials
            ('X-Hook-Token',)
        """
        names = tuple(name for name in self.sent_headers if any(word in name.lower() for word in _SECRET))
        return names or None

    def _validate(self) -> None:
        if not callable(self.app):
            raise UsageError(f"Receiver(app=...): expected a WSGI or ASGI callable, got {self.app!r}")
        if not isinstance(self.path, str) or not self.path.startswith("/"):
            raise UsageError(f"Receiver(path={self.path!r}): a path starts with '/', as in '/mixpanel/cohorts'")
        if not isinstance(self.base_url, str) or not _is_base(self.base_url):
            raise UsageError(f"Receiver(base_url={self.base_url!r}): expected a URL such as 'http://localhost'")
        if self.auth is not None and not _is_pair_of_text(self.auth):
            raise UsageError("Receiver(auth=...): expected a pair of strings, ('user', 'password')")
        if not isinstance(self.headers, Mapping) or not all(map(_is_pair_of_text, self.headers.items())):
            raise UsageError("Receiver(headers=...): expected a mapping from header names to values, both strings")
        for name in _PROBES:
            probe = getattr(self, name)
            if probe is not None and not callable(probe):
                raise UsageError(f"Receiver({name}={probe!r}): expected a function, not its result")
        if self.members is not None and not _accepts(self.members, 1):
            raise UsageError("Receiver(members=...): the function must take one argument, the cohort id (a string)")
        for name in _PROBES[1:]:
            probe = getattr(self, name)
            if probe is not None and not _accepts(probe, 0):
                raise UsageError(f"Receiver({name}=...): the function must be callable without arguments")
        if self.arrival_policy not in _ARRIVAL_POLICIES:
            raise UsageError(_choose("arrival_policy", self.arrival_policy, _ARRIVAL_POLICIES))
        if self.arrives_on not in _ARRIVES_ON:
            raise UsageError(_choose("arrives_on", self.arrives_on, _ARRIVES_ON))
        if not isinstance(self.id_property, str) or not self.id_property:
            raise UsageError(f"Receiver(id_property={self.id_property!r}): expected a property name such as 'email'")
        if not all(isinstance(each, str) for each in self.excludes):
            raise UsageError(_EXCLUDES)

    def __repr__(self) -> str:
        return f"Receiver({getattr(self.app, '__qualname__', type(self.app).__qualname__)}, path={self.path!r})"


def is_asgi(app: Any) -> bool:
    """Whether an app is called as ASGI apps are, `await app(scope, receive, send)`; told by its signature.

    Example:
        >>> async def app(scope, receive, send): ...
        >>> is_asgi(app)
        True
        >>> is_asgi(print)
        False
    """
    if isinstance(app, type) or not callable(app):
        return False
    call = app if inspect.isroutine(app) else type(app).__call__
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return False
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    needed = [each.name for each in parameters if each.default is each.empty and each.kind not in several]
    return len(needed) == 3 and (inspect.iscoroutinefunction(call) or needed[0] == "scope")


def _is_base(url: str) -> bool:
    """Whether it is the beginning of a URL, to which a path can be added."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0 and parts.query == parts.fragment == ""
    )


def _is_pair_of_text(value: object) -> bool:
    return isinstance(value, (tuple, list)) and len(value) == 2 and all(isinstance(part, str) for part in value)


def _choose(name: str, value: object, choices: tuple[str, ...]) -> str:
    return f"Receiver({name}={value!r}): choose one of {', '.join(map(repr, choices))}"


def _accepts(function: Callable[..., Any], arguments: int) -> bool:
    """Whether `function` can be called with so many positional arguments; built-ins without a signature are trusted."""
    try:
        inspect.signature(function).bind(*[None] * arguments)
    except TypeError:
        return False
    except ValueError:
        return True
    return True
