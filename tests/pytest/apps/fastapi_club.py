"""A club's list of VIPs, in FastAPI, as one would write it after a first reading of Mixpanel's page.

It has one bug, which no example test of its author would meet.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

KNOCK = "Basic " + base64.b64encode(b"mixpanel:s3cret").decode()


class Club:
    """The club's lists, behind a lock that belongs to the server's event loop."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.lists: dict[str, dict[str, str]] = {}
        self.invited: list[tuple[str, str]] = []

    async def add(self, cohort: str, session: str, users: list[str]) -> None:
        async with self.lock:
            await asyncio.sleep(0)
            known = self.lists.setdefault(cohort, {})
            self.invited += [(cohort, user) for user in users if user not in known]
            known.update(dict.fromkeys(users, session))

    async def remove(self, cohort: str, users: list[str]) -> None:
        async with self.lock:
            await asyncio.sleep(0)
            for user in users:
                self.lists.get(cohort, {}).pop(user, None)

    async def sweep(self, cohort: str, session: str) -> None:
        async with self.lock:
            await asyncio.sleep(0)
            known = self.lists.setdefault(cohort, {})
            self.lists[cohort] = {user: last for user, last in known.items() if last == session}

    async def members(self, cohort: str) -> list[str]:
        async with self.lock:
            return list(self.lists.get(cohort, ()))

    async def arrivals(self) -> list[tuple[str, str]]:
        return self.invited


def failure(code: int, message: str) -> JSONResponse:
    return JSONResponse({"action": "?", "status": "failure", "error": {"message": message, "code": code}}, code)


async def hook(request: Request) -> Any:
    if request.headers.get("authorization") != KNOCK:
        return failure(401, "who are you?")
    try:
        message = await request.json()
        parameters = message["parameters"]
        cohort, session = parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"]
        users = [user["mixpanel_distinct_id"] for user in parameters["members"]]
        if not all(users) or message["action"] not in ("members", "add_members", "remove_members"):
            raise ValueError("unknown action or user")
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        return failure(400, repr(error))
    club = request.app.state.club
    page = parameters.get("page_info", {"total_pages": 1, "page_count": 1})
    if message["action"] == "remove_members":
        await club.remove(cohort, users)
    else:
        await club.add(cohort, session, users)
    if message["action"] == "members" and page["page_count"] == page["total_pages"] > 1:
        await club.sweep(cohort, session)
    return {"action": message["action"], "status": "success"}


def create_app() -> FastAPI:
    """The club's web server, whose lists are there once it has started."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.club = Club()
        yield

    app = FastAPI(lifespan=lifespan)
    app.post("/mixpanel/cohorts", response_model=None)(hook)
    return app
