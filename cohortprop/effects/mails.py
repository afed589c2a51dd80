"""A mail server of our own: what the app sends through SMTP arrives here, and counts.

The app is told host and port, and nothing else changes. Each recipient of each mail is one arrival, if it can be told
for which cohort and which user it is; the server has taken it down before it says so to the app.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

from cohortprop.effects.address_book import AddressBook, Pair
from cohortprop.effects.ledger import Ledger
from cohortprop.errors import UsageError

if TYPE_CHECKING:
    from cohortprop.effects.smtp_server import SmtpServer

__all__ = ["Mail", "SmtpSink", "header", "in_text", "recipient_as_user", "subject"]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail for one recipient.

    Args:
        sender: address on the envelope.
        recipient: address on the envelope; a mail to three people is three of these.
        message: headers and content.
    """

    sender: str
    recipient: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        """The subject line, decoded; empty if there is none."""
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """All text parts, plain and HTML, decoded."""
        parts = [part for part in self.message.walk() if part.get_content_maintype() == "text"]
        return "\n".join(str(part.get_content()) for part in parts)


Reading: TypeAlias = Callable[[Mail], str | None]
"""Reads a cohort id, or a user, off a mail; None if it does not say."""


def header(name: str, pattern: str | None = None) -> Reading:
    """Reads a header, or what the first group of a pattern finds in it."""
    return lambda mail: _found(pattern, None if mail.message[name] is None else str(mail.message[name]))


def subject(pattern: str) -> Reading:
    """Reads what the first group of a pattern finds in the subject line."""
    return lambda mail: _found(pattern, mail.subject)


def in_text(pattern: str) -> Reading:
    """Reads what the first group of a pattern finds in the text, plain or HTML."""
    return lambda mail: _found(pattern, mail.text)


def recipient_as_user(mail: Mail) -> str:
    """The user whose address that is by default: the members of a scenario are called so until it is edited.

    Example:
        >>> recipient_as_user(Mail("shop@example.com", "a-2d-b@example.com", EmailMessage()))
        'a-b'
    """
    local = mail.recipient.rpartition("@")[0]
    return re.sub(r"-([0-9a-f]+)-", lambda code: chr(int(code[1], 16)), local)


def _found(pattern: str | None, text: str | None) -> str | None:
    if text is None or pattern is None:
        return text
    match = re.search(pattern, text)
    if match is None:
        return None
    return str(match[1] if match.re.groups else match[0])


_PATIENCE: Final = 10.0


class SmtpSink:
    r"""An SMTP server on a free port of this machine that counts each mail as an arrival.

    There are three ways to tell for whom a mail is. An app that is wrapped in `watch` needs nothing else: the delivery
    that is being handled says whose address that is, and for which cohort. Where that cannot be done, since the app is
    in another process, `cohort` and `user` read the mail, or `rule` does both. A mail for which they cannot tell is no
    arrival; `unmatched` has them.

    The server takes any user name and password. It offers no TLS.

    Args:
        cohort: reads the cohort's id off a mail: `header`, `subject`, `in_text`, or a function from `Mail` to text.
        user: reads the user; by default who is known by the recipient's address.
        only: which mails count at all, where the app sends others too: as in ``only=subject("^Welcome")``.
        rule: in place of all three, from `Mail` to a pair of cohort id and user, or None.
        id_property: the property on which the app keys its users, as in `Receiver`.
        address_property: the property that holds the address to which the app sends.

    Raises:
        UsageError: aiosmtpd is not installed, or `rule` is given beside the others.

    Example:
        >>> import smtplib
        >>> with SmtpSink(cohort=subject(r"Welcome to (\d+)")) as sink:
        ...     with smtplib.SMTP(sink.host, sink.port) as connection:
        ...         refused = connection.sendmail("shop@example.com", "ann@example.com", "Subject: Welcome to 7")
        ...     sink.arrivals()
        [('7', 'ann')]
    """

    def __init__(
        self,
        *,
        cohort: Reading | None = None,
        user: Reading | None = None,
        only: Reading | None = None,
        rule: Callable[[Mail], Pair | None] | None = None,
        id_property: str = "mixpanel_distinct_id",
        address_property: str = "email",
    ) -> None:
        if rule is not None and not (cohort is user is only is None):
            raise UsageError("SmtpSink(rule=...) tells all there is to tell; leave out cohort=, user= and only=")
        self._cohort = cohort
        self._user = user
        self._only = only
        self._rule = rule
        self._book = AddressBook(id_property, address_property)
        self._ledger: Ledger[Mail] = Ledger("SmtpSink", self._pair)
        self._server: SmtpServer | None = None

    # Where it is

    @property
    def host(self) -> str:
        """The address to send to."""
        return self._open().host

    @property
    def port(self) -> int:
        """The port to send to."""
        return self._open().port

    def start(self) -> Self:
        """Open it until `close`, or the end of the process; where a ``with`` will not do."""
        if self._server is None:
            try:
                from cohortprop.effects.smtp_server import SmtpServer
            except ImportError:
                raise UsageError("SmtpSink needs a package: pip install 'cohortprop[effects]'") from None
            self._server = SmtpServer(self._take)
        return self

    def close(self) -> None:
        """Close it; its threads and sockets are gone afterwards."""
        server, self._server = self._server, None
        if server is not None:
            server.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # For the Receiver

    def watch(self, app: Callable[..., Any]) -> Callable[..., Any]:
        """The same WSGI or ASGI app, with its deliveries read on their way: they tell whose address is whose."""
        return self._book.watch(app)

    def arrivals(self) -> list[Pair]:
        """Cohort id and user for each mail since the last reset, for ``Receiver(arrivals=...)``.

        Raises:
            UsageError: a rule has failed on a mail.
        """
        return self._ledger.arrivals()

    def drain(self) -> None:
        """Wait until all that was sent has been taken down, for ``Receiver(drain=...)``."""
        self._open().drain(_PATIENCE)

    @contextlib.contextmanager
    def failing(self, code: int = 451) -> Iterator[None]:
        """Mails are refused meanwhile, for ``Receiver(dependency=...)``.

        Args:
            code: of the answer; 451 is a failure that passes.
        """
        with self._open().failing(code):
            yield

    def reset(self) -> None:
        """Forget all, as at the start of a trial; what is still on its way is waited for first."""
        self.drain()
        self._ledger.reset()
        self._book.reset()

    # For a look

    @property
    def mails(self) -> list[Mail]:
        """All mails since the last reset, one for each recipient."""
        return self._ledger.taken()

    @property
    def unmatched(self) -> list[Mail]:
        """Those that are no arrival, since no cohort or no user could be told."""
        return self._ledger.unmatched()

    def _open(self) -> SmtpServer:
        if self._server is None:
            raise UsageError("SmtpSink is not open: use it in a with statement, or call start()")
        return self._server

    def _take(self, sender: str, recipients: list[str], content: bytes) -> None:
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        for recipient in recipients:
            self._ledger.add(Mail(sender, recipient, message))

    def _pair(self, mail: Mail, arrived: list[Pair]) -> Pair | None:
        """For whom a mail is."""
        if self._rule is not None:
            return self._rule(mail)
        if self._only is not None and not self._only(mail):
            return None
        cohort = None if self._cohort is None else self._cohort(mail)
        if self._cohort is not None and cohort is None:
            return None
        if self._user is None and self._book.watching:
            return self._book.whose(arrived, address=mail.recipient, cohort=cohort)
        user = recipient_as_user(mail) if self._user is None else self._user(mail)
        if user is None or cohort is not None:
            return None if user is None or cohort is None else (cohort, user)
        if not self._book.watching:
            raise UsageError("it cannot tell the cohort: give SmtpSink(cohort=...), or wrap the app in its watch()")
        return self._book.whose(arrived, user=user)
