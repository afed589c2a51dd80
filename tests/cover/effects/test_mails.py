from __future__ import annotations

import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from cohortprop.effects import Mail, SmtpSink, header, in_text, recipient_as_user, subject
from cohortprop.errors import UsageError
from cohortprop.sender import default_profile


def mail(to: str = "ann@example.com", about: str = "Welcome to 7", text: str = "", **headers: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "shop@example.com", to, about
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def send(sink: SmtpSink, *messages: EmailMessage) -> None:
    with smtplib.SMTP(sink.host, sink.port, timeout=5) as connection:
        for message in messages:
            connection.send_message(message)


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink(cohort=subject(r"Welcome to (\d+)")) as opened:
        yield opened


def test_each_mail_to_each_recipient_is_an_arrival(sink: SmtpSink) -> None:
    send(sink, mail(), mail("ann@example.com, bob@example.com", "Welcome to 8"))
    assert sorted(sink.arrivals()) == [("7", "ann"), ("8", "ann"), ("8", "bob")]


def test_other_mails_are_none(sink: SmtpSink) -> None:
    send(sink, mail(about="Your invoice"), mail(about="Welcome to 7"))
    assert sink.arrivals() == [("7", "ann")]
    assert [each.subject for each in sink.unmatched] == ["Your invoice"]
    assert [each.subject for each in sink.mails] == ["Your invoice", "Welcome to 7"]


@pytest.mark.parametrize("user", ["ann", "a b", "Ünal", "007", "-", "a-2d-b", "x" * 300, "ann@example.com"])
def test_the_default_address_leads_back_to_the_user(sink: SmtpSink, user: str) -> None:
    address = str(default_profile(user)["email"])
    with smtplib.SMTP(sink.host, sink.port, timeout=5) as connection:
        connection.sendmail("shop@example.com", [address], "Subject: Welcome to 7\r\n\r\nHello")
    assert sink.arrivals() == [("7", user)]


@pytest.mark.parametrize(
    ("reading", "expected"),
    [
        (header("X-Cohort"), "7"),
        (header("X-Missing"), None),
        (header("X-Tags", r"cohort=(\d+)"), "8"),
        (header("X-Tags", r"nothing"), None),
        (subject(r"\d+"), "9"),
        (in_text(r"cohort/(\d+)"), "10"),
    ],
)
def test_what_can_be_read_off_a_mail(reading: object, expected: str | None) -> None:
    message = mail(about="Hello 9", text="Grüße, https://example.com/cohort/10\n", X_Cohort="7", X_Tags="a, cohort=8")
    assert callable(reading)
    assert reading(Mail("a@example.com", "b@example.com", message)) == expected


def test_html_and_other_encodings_are_read_too() -> None:
    message = mail(text="plain")
    message.add_alternative("<a href='cohort/11'>grün</a>", subtype="html", charset="latin-1")
    assert in_text(r"cohort/(\d+)'>(?:grün)")(Mail("", "", message)) == "11"


def test_a_rule_may_be_a_function() -> None:
    with SmtpSink(rule=lambda each: ("7", each.recipient) if "Welcome" in each.subject else None) as sink:
        send(sink, mail(), mail(about="Bye"))
        assert sink.arrivals() == [("7", "ann@example.com")]


def test_only_some_mails_may_count() -> None:
    with SmtpSink(cohort=lambda _mail: "7", only=subject("^Welcome")) as sink:
        send(sink, mail(), mail(about="Sorry to see you go"))
        assert sink.arrivals() == [("7", "ann")]


def test_a_rule_that_fails_is_told_to_the_user_and_not_to_the_app() -> None:
    def broken(_mail: Mail) -> str:
        raise KeyError("X-Cohort")

    with SmtpSink(cohort=broken) as sink:
        send(sink, mail())
        with pytest.raises(
            UsageError, match=r"SmtpSink: a rule failed: KeyError: 'X-Cohort' \(test_mails.py, line \d+\)"
        ):
            sink.arrivals()
        sink.reset()
        assert sink.arrivals() == []


@pytest.mark.parametrize("pair", ["ab", 7, ("7",), ("7", None)])
def test_a_rule_that_gives_no_pair_is_told(pair: object) -> None:
    with SmtpSink(rule=lambda _mail: pair) as sink:  # type: ignore[arg-type, return-value]
        send(sink, mail())
        with pytest.raises(UsageError, match="expected a pair of cohort id and user, or None"):
            sink.arrivals()


def test_without_a_cohort_the_way_out_is_told() -> None:
    with SmtpSink() as sink:
        send(sink, mail())
        with pytest.raises(UsageError, match=r"give SmtpSink\(cohort=\.\.\.\), or wrap the app in its watch\(\)"):
            sink.arrivals()


def test_a_rule_stands_alone() -> None:
    with pytest.raises(UsageError, match="leave out cohort="):
        SmtpSink(rule=lambda _mail: None, cohort=subject("x"))


def test_a_sink_must_be_open() -> None:
    with pytest.raises(UsageError, match="call start"):
        _ = SmtpSink().port


def test_a_login_is_taken(sink: SmtpSink) -> None:
    with smtplib.SMTP(sink.host, sink.port, timeout=5) as connection:
        connection.login("shop", "s3cret")
        connection.send_message(mail())
    assert sink.arrivals() == [("7", "ann")]


def test_a_refused_mail_is_no_arrival(sink: SmtpSink) -> None:
    with sink.failing(452), pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        send(sink, mail())
    assert refused.value.recipients["ann@example.com"][0] == 452
    assert sink.mails == []
    send(sink, mail())
    assert sink.arrivals() == [("7", "ann")]


def test_a_reset_forgets_all(sink: SmtpSink) -> None:
    send(sink, mail())
    sink.reset()
    assert (sink.arrivals(), sink.mails, sink.unmatched) == ([], [], [])


def test_a_mail_under_way_is_waited_for(sink: SmtpSink) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with smtplib.SMTP(sink.host, sink.port, timeout=5) as connection:
            connection.ehlo()
            connection.mail("shop@example.com")
            begun.set()
            go_on.wait(5)
            connection.rcpt("ann@example.com")
            connection.data("Subject: Welcome to 7\r\n\r\nHello")

    thread = threading.Thread(target=slow)
    thread.start()
    begun.wait(5)
    threading.Timer(0.1, go_on.set).start()
    sink.drain()
    assert sink.arrivals() == [("7", "ann")]
    thread.join()


def test_a_connection_that_stays_open_is_not_waited_for_for_ever(sink: SmtpSink) -> None:
    with smtplib.SMTP(sink.host, sink.port, timeout=5) as connection:
        sink.drain()  # it may be about to send
        connection.send_message(mail())
        sink.drain()


def test_nothing_is_left_over() -> None:
    threads = threading.active_count()
    sink = SmtpSink(cohort=subject("7")).start()
    port = sink.port
    lingering = smtplib.SMTP(sink.host, port, timeout=5)
    sink.close()
    sink.close()
    assert threading.active_count() == threads
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((sink_host(), port), timeout=5)
    lingering.close()


def sink_host() -> str:
    return "127.0.0.1"


def test_a_process_may_end_with_an_open_sink() -> None:
    code = "from cohortprop.effects import SmtpSink, HttpSink; SmtpSink().start(); HttpSink().start(); print('done')"
    command = [sys.executable, "-W", "error", "-X", "dev", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "cohortprop.effects.smtp_server", raising=False)
    monkeypatch.setitem(sys.modules, "aiosmtpd.smtp", None)
    with pytest.raises(UsageError, match=r"pip install 'cohortprop\[effects\]'"):
        SmtpSink().start()


def test_an_address_that_nobody_encoded_is_taken_as_it_is() -> None:
    assert recipient_as_user(Mail("", "ann.smith@example.com", EmailMessage())) == "ann.smith"
