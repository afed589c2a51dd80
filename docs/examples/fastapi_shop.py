"""A shop that welcomes whoever becomes a VIP, in FastAPI. Its database is opened when the server starts."""

import asyncio
import contextlib
import json
import sqlite3

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from cohortprop import Receiver

SCHEMA = """
    CREATE TABLE vip (cohort TEXT, user TEXT, session TEXT, PRIMARY KEY (cohort, user));
    CREATE TABLE mail (cohort TEXT, user TEXT);
"""
ACTIONS = ("members", "add_members", "remove_members")


@contextlib.asynccontextmanager
async def lifespan(app):
    app.state.database = sqlite3.connect(":memory:")
    app.state.database.executescript(SCHEMA)
    app.state.mails = asyncio.Queue()
    postman = asyncio.create_task(send_mails(app))
    yield
    postman.cancel()
    app.state.database.close()


async def send_mails(app):
    while True:
        arrival = await app.state.mails.get()
        app.state.database.execute("INSERT INTO mail VALUES (?, ?)", arrival)
        app.state.mails.task_done()


def create_app():
    app = FastAPI(lifespan=lifespan)
    app.post("/mixpanel")(webhook)
    return app


def read(data):
    """What a delivery says; an exception if it is none."""
    message = json.loads(data)
    parameters = message["parameters"]
    users = {each["mixpanel_distinct_id"] for each in parameters["members"]}
    if message["action"] not in ACTIONS or not all(users):
        raise ValueError("unknown action or user")
    page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
    return message["action"], parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"], page, users


async def webhook(request: Request):
    try:
        action, cohort, session, page, users = read(await request.body())
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        reason = {"message": f"not a delivery: {error!r}", "code": 400}
        return JSONResponse({"action": "unknown", "status": "failure", "error": reason}, 400)
    state = request.app.state
    with state.database:
        if action == "remove_members":
            rows = [(cohort, user) for user in users]
            state.database.executemany("DELETE FROM vip WHERE cohort = ? AND user = ?", rows)
        else:
            for user in users - held(request.app, cohort):
                state.mails.put_nowait((cohort, user))
            rows = [(cohort, user, session) for user in users]
            state.database.executemany("INSERT OR REPLACE INTO vip VALUES (?, ?, ?)", rows)
        if action == "members" and page["page_count"] == page["total_pages"]:
            state.database.execute("DELETE FROM vip WHERE cohort = ? AND session <> ?", (cohort, session))
    return {"action": action, "status": "success"}


def held(app, cohort):
    found = app.state.database.execute("SELECT user FROM vip WHERE cohort = ?", (cohort,))
    return {user for (user,) in found}


def receiver():
    app = create_app()

    async def mails():
        return app.state.database.execute("SELECT cohort, user FROM mail").fetchall()

    async def drain():
        await app.state.mails.join()

    return Receiver(
        app,
        path="/mixpanel",
        members=lambda cohort: held(app, cohort),
        arrivals=mails,
        drain=drain,
    )
