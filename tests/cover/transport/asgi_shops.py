"""The same webhook, right or with one bug, in each framework: bare ASGI, Starlette, FastAPI, Litestar, and Flask."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, TypeAlias

from fastapi import FastAPI
from flask import Flask
from flask import request as flask_request
from flask.typing import ResponseReturnValue
from litestar import Litestar, post
from litestar import Request as LitestarRequest
from litestar import Response as LitestarResponse
from starlette import requests as starlette_requests
from starlette import responses as starlette_responses
from starlette.applications import Starlette
from starlette.routing import Route

from cohortprop import Receiver
from tests.cover.transport.asgi_apps import Receive, Scope, Send

BUGS = ("", "merges", "mails on each delivery", "ignores remove_members", "crashes on garbage")


class Shop:
    """Whom the webhook holds, and whom it has mailed.

    Args:
        bug: one of BUGS.
    """

    def __init__(self, bug: str = "") -> None:
        self.bug = bug
        self.held: dict[str, set[str]] = {}
        self.pages: dict[str, set[str]] = {}
        self.mails: list[tuple[str, str]] = []

    def take(self, message: dict[str, Any]) -> dict[str, Any]:
        action, parameters = message["action"], message["parameters"]
        cohort, session, page = (
            parameters["mixpanel_cohort_id"],
            parameters["mixpanel_session_id"],
            parameters["page_info"],
        )
        users = {member["mixpanel_distinct_id"] for member in parameters["members"]}
        held = self.held.setdefault(cohort, set())
        if action == "remove_members":
            if self.bug != "ignores remove_members":
                held -= users
            return {"action": action, "status": "success"}
        if action not in ("members", "add_members"):
            raise ValueError(f"no such action: {action}")
        mailed = users if self.bug == "mails on each delivery" else users - held
        self.mails += [(cohort, user) for user in sorted(mailed)]
        held |= users
        if action == "members":
            named = self.pages.setdefault(session, set())
            named |= users
            if page["page_count"] == page["total_pages"] and self.bug != "merges":
                held &= named
        return {"action": action, "status": "success"}

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """The status and the answer to a request."""
        if self.bug == "crashes on garbage":
            return 200, self.take(json.loads(body))
        try:
            return 200, self.take(json.loads(body))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as fault:
            error = {"message": str(fault) or "what is this?", "code": 400}
            return 400, {"action": "members", "status": "failure", "error": error}

    async def members(self, cohort: str) -> set[str]:
        await asyncio.sleep(0)
        return self.held.get(cohort, set())

    async def arrivals(self) -> list[tuple[str, str]]:
        await asyncio.sleep(0)
        return self.mails


def bare(shop: Shop) -> Any:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        status, answer = shop.answer(body)
        await send({
            "type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]
        })  # fmt: skip
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    return app


def starlette(shop: Shop) -> Any:
    async def hook(request: starlette_requests.Request) -> starlette_responses.Response:
        status, answer = shop.answer(await request.body())
        return starlette_responses.JSONResponse(answer, status)

    return Starlette(routes=[Route("/", hook, methods=["POST"])])


def fastapi(shop: Shop) -> Any:
    app = FastAPI()

    @app.post("/")
    async def hook(request: starlette_requests.Request) -> starlette_responses.Response:
        status, answer = shop.answer(await request.body())
        return starlette_responses.JSONResponse(answer, status)

    return app


def litestar(shop: Shop) -> Any:
    @post("/", status_code=200)
    async def hook(request: LitestarRequest[Any, Any, Any]) -> LitestarResponse[Any]:
        status, answer = shop.answer(await request.body())
        return LitestarResponse(answer, status_code=status, media_type="application/json")

    return Litestar([hook], openapi_config=None, logging_config=None)  # its own would stay for other tests


def flask(shop: Shop) -> Any:
    app = Flask("shop")

    @app.post("/")
    def hook() -> ResponseReturnValue:
        status, answer = shop.answer(flask_request.get_data())
        return answer, status

    return app


FRAMEWORKS: dict[str, Callable[[Shop], Any]] = {
    "bare": bare,
    "starlette": starlette,
    "fastapi": fastapi,
    "litestar": litestar,
    "flask": flask,
}

Factory: TypeAlias = Callable[[], Receiver]


def factory(framework: str, bug: str = "") -> Factory:
    def receiver() -> Receiver:
        shop = Shop(bug)
        return Receiver(FRAMEWORKS[framework](shop), members=shop.members, arrivals=shop.arrivals)

    return receiver


for _make in FRAMEWORKS.values():
    _make(Shop())  # some import more when the first app is made, and will not in frozen time
