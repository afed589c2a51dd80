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
        message = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        parameters = message["parameters"]
        held = members.setdefault(parameters["mixpanel_cohort_id"], set())
        ids = {member["mixpanel_distinct_id"] for member in parameters["members"]}
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
