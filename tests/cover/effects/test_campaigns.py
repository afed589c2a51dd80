"""An app's mails, calls and events are its arrivals: the right app passes, one that sends twice is found for that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from cohortprop.effects import CallRule, HttpSink, MixpanelSink, Recorder, SmtpSink, at_pointer
from cohortprop.receiver import Receiver
from tests.cover.effects.shops import (
    ADDRESSED,
    MailsOnRetry,
    Send,
    Shop,
    by_call,
    by_import,
    by_mail,
    by_track,
    found_in,
)


@dataclass
class Way:
    """A sink, and how an app sends to it."""

    sink: Any
    send: Send
    watched: bool = False
    excludes: tuple[str, ...] = ()

    def make(self, kind: type[Shop]) -> Callable[[], Receiver]:
        def make() -> Receiver:
            self.sink.reset()
            shop = kind(self.send)
            return Receiver(
                self.sink.watch(shop.app) if self.watched else shop.app,
                members=shop.roster.members,
                arrivals=self.sink.arrivals,
                arrival_policy="once_per_user",
                drain=getattr(self.sink, "drain", None),
                dependency=self.sink.failing,
                excludes=self.excludes,
            )

        return make


OpenWay: TypeAlias = Callable[[], AbstractContextManager[Way]]


@contextmanager
def recorded() -> Iterator[Way]:
    recorder = Recorder()
    yield Way(recorder, lambda cohort, member: recorder.mail(cohort, member["mixpanel_distinct_id"]))


@contextmanager
def mailed() -> Iterator[Way]:
    with SmtpSink() as sink:
        yield Way(sink, by_mail(sink.host, sink.port), watched=True, excludes=ADDRESSED)


@contextmanager
def called() -> Iterator[Way]:
    with HttpSink(CallRule("POST", "/v1/mails", cohort=at_pointer("/tags/0"), user=at_pointer("/to"))) as sink:
        yield Way(sink, by_call(sink.url))


@contextmanager
def tracked() -> Iterator[Way]:
    with MixpanelSink() as sink:
        yield Way(sink, by_track(sink.url))


@contextmanager
def imported() -> Iterator[Way]:
    with MixpanelSink() as sink:
        yield Way(sink, by_import(sink.url))


EACH_WAY = pytest.mark.parametrize(
    "open_way", [recorded, mailed, called, tracked, imported], ids=lambda open_way: open_way.__name__
)


@EACH_WAY
def test_the_right_shop_passes(open_way: OpenWay) -> None:
    with open_way() as way:
        assert found_in(way.make(Shop)) == set()


@EACH_WAY
def test_a_shop_that_sends_again_on_a_retry_is_found(open_way: OpenWay) -> None:
    with open_way() as way:
        assert found_in(way.make(MailsOnRetry), ["a-lost-acknowledgement"]) == {"arrivals/duplicate-on-retry"}


@pytest.mark.parametrize("clock", ["time_machine", "none"])
@pytest.mark.parametrize("open_way", [mailed, imported], ids=lambda way: way.__name__)
def test_other_clocks_do_not_disturb_a_sink(clock: str, open_way: OpenWay) -> None:
    with open_way() as way:
        assert found_in(way.make(Shop), ["a-lost-acknowledgement"], clock) == set()
        assert found_in(way.make(MailsOnRetry), ["a-lost-acknowledgement"], clock) == {"arrivals/duplicate-on-retry"}
