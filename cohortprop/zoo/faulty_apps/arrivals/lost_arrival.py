"""Somebody is in the cohort and never gets the mail."""

from __future__ import annotations

from cohortprop.receiver import Receiver
from cohortprop.zoo.dependency import Dependency
from cohortprop.zoo.entry import faulty
from cohortprop.zoo.envelope import Page, webhook
from cohortprop.zoo.roster import Roster


@faulty(
    check="arrivals",
    cause="lost-arrival",
    design="in memory, ledger of mails",
    summary="notes a mail as sent before it is sent: if sending fails, the retry skips it",
)
def forgets_to_mail() -> Receiver:
    """Nobody must be mailed twice, so the ledger is written first, and whoever is in it is skipped.

    The mail server is down, the page is answered 503, and comes again. The ledger says that all is done.
    """
    mail_server = Dependency("mail server")
    roster = Roster()
    ledger: set[tuple[str, str]] = set()
    sent: list[tuple[str, str]] = []

    def take(page: Page) -> None:
        roster.take(page)
        if page.action == "remove_members":
            return
        news = [(page.cohort, user) for user in page.ids if (page.cohort, user) not in ledger]
        ledger.update(news)
        if news:
            mail_server.use()
        sent.extend(news)

    return Receiver(
        webhook(take),
        members=roster.members,
        arrivals=lambda: list(sent),
        arrival_policy="once_per_user",
        dependency=mail_server.fails,
    )


@faulty(
    check="arrivals",
    cause="lost-arrival",
    design="in memory, outbox in memory",
    summary="keeps mails to be sent in the memory of the process: a restart loses them",
)
def mails_from_memory() -> Receiver:
    """Members are saved at once; mails are slow, so a background task sends them after the answer.

    The background task keeps them in memory. A deploy in between, and nobody will ever send them.
    """
    durable = Roster()
    outbox: list[tuple[str, str]] = []
    sent: list[tuple[str, str]] = []

    def take(page: Page) -> None:
        if page.action != "remove_members":
            held = durable.members(page.cohort)
            outbox.extend((page.cohort, user) for user in page.ids if user not in held)
        durable.take(page)

    def drain() -> None:
        sent.extend(outbox)
        outbox.clear()

    return Receiver(
        webhook(take),
        members=durable.members,
        arrivals=lambda: list(sent),
        drain=drain,
        restart=outbox.clear,
    )


@faulty(
    check="arrivals",
    cause="lost-arrival",
    design="in memory",
    summary="mails those whom a diff names, and nobody whom only a full sync names",
)
def silent_on_full_sync() -> Receiver:
    """`add_members` is the event, `members` is mere state, so only the event sends mails. Nobody decided that.

    Who enters during an outage of more than three days comes with a full sync and never gets the mail.
    """
    roster = Roster()
    sent: list[tuple[str, str]] = []

    def take(page: Page) -> None:
        if page.action == "add_members":
            held = roster.members(page.cohort)
            sent.extend((page.cohort, user) for user in page.ids if user not in held)
        roster.take(page)

    return Receiver(webhook(take), members=roster.members, arrivals=lambda: list(sent))
