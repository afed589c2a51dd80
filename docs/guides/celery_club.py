"""A club that mails whoever enters one of its lists, by a Celery task, in Flask."""

from celery import Celery
from flask import Flask, request

ACTIONS = ("members", "add_members", "remove_members")
NOT_A_DELIVERY = (AttributeError, KeyError, RecursionError, TypeError, ValueError)

celery = Celery("club", broker="memory://")
celery.conf.broker_transport_options = {"polling_interval": 0.01}


class Club:
    def __init__(self, mailer):
        self.mailer = mailer
        self.members = {}
        self.pages = {}
        self.welcomed = set()
        self.app = Flask("club")
        self.app.post("/mixpanel")(self.webhook)

    def webhook(self):
        try:
            action, list_id, session, page, users = read(request.get_json(force=True))
        except NOT_A_DELIVERY as error:
            reason = {"message": repr(error), "code": 400}
            return {"action": "unknown", "status": "failure", "error": reason}, 400
        held = self.members.setdefault(list_id, set())
        if action == "remove_members":
            held -= users
            return {"action": action, "status": "success"}
        if action == "members":
            pages = self.pages.setdefault(session, {})
            pages[page["page_count"]] = users
            if len(pages) == page["total_pages"]:
                held &= set().union(*pages.values())
        held |= users
        for user in users:
            if (list_id, user) not in self.welcomed:
                welcome.delay(list_id, user)
                self.welcomed.add((list_id, user))
        return {"action": action, "status": "success"}


def read(body):
    if body["action"] not in ACTIONS:
        raise ValueError("unknown action")
    parameters = body["parameters"]
    page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
    users = {member["mixpanel_distinct_id"] for member in parameters["members"]}
    for user in users:
        user.encode()  # which only text can, and only if it can be sent on
    return body["action"], parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"], page, users


@celery.task
def welcome(list_id, user):
    celery.club.mailer.mail(list_id, user)


def create_app(mailer):
    celery.club = Club(mailer)
    return celery.club
