"""What a page must not tell: whatever would open the door to the receiver, and addresses of real people."""

from __future__ import annotations

import pytest

from cohortprop import Receiver, zoo
from cohortprop.reports.html import page_of_finding
from cohortprop.reports.html.masking import HIDDEN, Mask
from cohortprop.simulation.steps import Sync
from tests.cover.reports.cases import finding_of, scenario, told_to_its_end


def an_app(environ: object, start_response: object) -> list[bytes]:
    raise AssertionError("is not called")


def test_credentials_are_hidden_and_other_headers_are_not() -> None:
    receiver = Receiver(
        an_app,
        path="/hook?key=opensesame",
        auth=("mixpanel", "s3cret-word"),
        headers={"X-Hook-Token": "tok-12345", "X-Shop": "berlin"},
    )
    head = Mask(receiver).request_head()
    assert head[0] == ("POST", f"/hook?key={HIDDEN}")
    assert dict(head[1:]) == {
        "Host": "localhost",
        "Content-Type": "application/json",
        "Authorization": HIDDEN,
        "X-Hook-Token": HIDDEN,
        "X-Shop": "berlin",
    }


@pytest.mark.parametrize(
    "text",
    [
        "said s3cret-word aloud",
        "Authorization: Basic bWl4cGFuZWw6czNjcmV0LXdvcmQ=",
        "{'HTTP_AUTHORIZATION': 'Basic bWl4cGFuZWw6czNjcmV0LXdvcmQ='}",
        "token tok-12345 was wrong",
        '{"x-hook-token": "tok-12345"}',
        "Cookie: session=tok-12345; path=/",
    ],
)
def test_secrets_are_hidden_wherever_they_stand(text: str) -> None:
    mask = Mask(Receiver(an_app, auth=("mixpanel", "s3cret-word"), headers={"X-Hook-Token": "tok-12345"}))
    masked = mask(text)
    assert HIDDEN in masked
    for secret in ("s3cret-word", "tok-12345", "bWl4cGFuZWw6czNjcmV0LXdvcmQ="):
        assert secret not in masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Bearer abc.def-ghi", f"Bearer {HIDDEN}"),
        ("postgres://shop:hunter22@db.internal/shop", f"postgres://{HIDDEN}@db.internal/shop"),
        ("a basic thing", "a basic thing"),
        ("(Basic authentication); a token that...", "(Basic authentication); a token that..."),
        ("Basic c2hvcDpodW50ZXI", f"Basic {HIDDEN}"),
        ("ann@example.com and ann@new.example.com", "ann@example.com and ann@new.example.com"),
        ("jo@shop.de, kim@shop.de, JO@shop.de", "[e-mail 1], [e-mail 2], [e-mail 1]"),
        ("ann@notexample.com", "[e-mail 1]"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_without_knowing_it(text: str, masked: str) -> None:
    assert Mask()(text) == masked


def test_no_secret_and_no_address_is_in_the_page() -> None:
    people = ("jo@shop.de", "kim@shop.de")
    finding = told_to_its_end(zoo.asks_for_a_token, scenario(Sync("1001"), members=people), user=people[0])
    receiver = zoo.asks_for_a_token()
    page = page_of_finding(finding, "zoo:asks_for_a_token", receiver=receiver)
    secrets = [receiver.sent_headers[name] for name in receiver.credentials or ()]
    assert secrets
    for hidden in (*secrets, *people, "shop.de"):
        assert hidden not in page
    assert "[e-mail 1]" in page


def test_addresses_that_cohortprop_makes_up_stay() -> None:
    assert "ann@example.com" in page_of_finding(finding_of("ghost-after-four-days"), "zoo:merges_full_sync")
