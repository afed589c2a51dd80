"""The webhook, in Flask: it looks whether it is a delivery, and leaves the work to a worker."""

import json

from flask import Flask, request
from werkzeug.exceptions import BadRequest, HTTPException

ACTIONS = ("members", "add_members", "remove_members")


def create_app(take):
    app = Flask("club")

    @app.post("/mixpanel")
    def webhook():
        try:
            delivery = read(request.get_data())
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise BadRequest(f"not a delivery: {error!r}") from None
        take.delay(*delivery)
        return {"action": delivery[0], "status": "success"}

    @app.errorhandler(HTTPException)
    def refuse(error):
        reason = {"message": error.description, "code": error.code}
        return {"action": "unknown", "status": "failure", "error": reason}, error.code

    return app


def read(data):
    """What a delivery says; an exception if it is none."""
    body = json.loads(data)
    if body["action"] not in ACTIONS:
        raise ValueError("unknown action")
    parameters = body["parameters"]
    users = [member["mixpanel_distinct_id"] for member in parameters["members"]]
    cohort, session = parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"]
    if not all(isinstance(each, str) for each in (cohort, session, *users)):
        raise TypeError("ids are strings")
    page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
    return body["action"], cohort, session, int(page["page_count"]), int(page["total_pages"]), users
