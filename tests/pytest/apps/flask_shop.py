"""A shop that mails its VIPs, in Flask, as one would write it after a first reading of Mixpanel's page.

It has one bug, which no example test of its author would meet.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from flask import Flask, request

SCHEMA = """
    CREATE TABLE vip (cohort TEXT, user TEXT, email TEXT, session TEXT, PRIMARY KEY (cohort, user));
    CREATE TABLE mail (cohort TEXT, user TEXT);
"""

ENTER = """
    INSERT INTO vip (cohort, user, email, session) VALUES (?, ?, ?, ?)
    ON CONFLICT (cohort, user) DO UPDATE SET email = excluded.email, session = excluded.session
"""


class Shop:
    """The shop's database."""

    def __init__(self, path: str = ":memory:") -> None:
        self.db = sqlite3.connect(path)
        self.db.executescript(SCHEMA)

    def enter(self, cohort: str, session: str, users: list[dict[str, Any]]) -> None:
        known = self.members(cohort)
        for user in users:
            distinct_id = user["mixpanel_distinct_id"]
            self.db.execute(ENTER, (cohort, distinct_id, user.get("email"), session))
            if distinct_id not in known:
                self.db.execute("INSERT INTO mail VALUES (?, ?)", (cohort, distinct_id))

    def leave(self, cohort: str, users: list[dict[str, Any]]) -> None:
        gone = [(cohort, user["mixpanel_distinct_id"]) for user in users]
        self.db.executemany("DELETE FROM vip WHERE cohort = ? AND user = ?", gone)

    def sweep(self, cohort: str, session: str) -> None:
        self.db.execute("DELETE FROM vip WHERE cohort = ? AND session <> ?", (cohort, session))

    def members(self, cohort: str) -> set[str]:
        return {user for (user,) in self.db.execute("SELECT user FROM vip WHERE cohort = ?", (cohort,))}

    def mails(self) -> list[tuple[str, str]]:
        return self.db.execute("SELECT cohort, user FROM mail").fetchall()


def create_app(shop: Shop) -> Flask:
    """The shop's web server."""
    app = Flask(__name__)

    @app.post("/mixpanel/cohorts")
    def cohorts() -> Any:
        credentials = request.authorization
        if credentials is None or (credentials.username, credentials.password) != ("mixpanel", "s3cret"):
            return {"action": "members", "status": "failure", "error": {"message": "who are you?", "code": 401}}, 401
        try:
            message = json.loads(request.get_data())
            parameters = message["parameters"]
            cohort, session = parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"]
            missing = [user for user in parameters["members"] if not user["mixpanel_distinct_id"]]
            if missing or message["action"] not in ("members", "add_members", "remove_members"):
                raise ValueError("unknown action or user")
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            reason = {"message": repr(error), "code": 400}
            return {"action": "unknown", "status": "failure", "error": reason}, 400
        page = parameters.get("page_info", {"total_pages": 1, "page_count": 1})
        with shop.db:
            if message["action"] == "remove_members":
                shop.leave(cohort, parameters["members"])
            else:
                shop.enter(cohort, session, parameters["members"])
            if message["action"] == "members" and page["page_count"] == page["total_pages"] - 1:
                shop.sweep(cohort, session)
        return {"action": message["action"], "status": "success"}

    return app
