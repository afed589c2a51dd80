"""A webhook without a framework: a function and a dictionary. It has one bug."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from cohortprop import Receiver


def create_receiver() -> Receiver:
    """The app and how to look into it, anew for each trial."""
    members: dict[str, set[str]] = {}
    staged: dict[str, dict[int, set[str]]] = {}

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            message = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
            parameters = message["parameters"]
            cohort = parameters["mixpanel_cohort_id"]
            ids = {member["mixpanel_distinct_id"] for member in parameters["members"]}
            if message["action"] not in ("members", "add_members", "remove_members"):
                raise ValueError("unknown action")
        except (KeyError, RecursionError, TypeError, ValueError) as error:
            start_response("400 Bad Request", [("Content-Type", "application/json")])
            reason = {"message": repr(error), "code": 400}
            return [json.dumps({"action": "unknown", "status": "failure", "error": reason}).encode()]
        held = members.setdefault(cohort, set())
        if message["action"] == "add_members":
            held |= ids
        elif message["action"] == "remove_members":
            held ^= ids
        else:
            page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
            pages = staged.setdefault(parameters["mixpanel_session_id"], {})
            pages[page["page_count"]] = ids
            if len(pages) == page["total_pages"]:
                held.clear()
                held.update(*pages.values())
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"action": message["action"], "status": "success"}).encode()]

    return Receiver(app, members=lambda cohort_id: members.get(cohort_id, ()))
