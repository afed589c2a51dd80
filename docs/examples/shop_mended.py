"""A shop that welcomes whoever becomes a VIP, whatever the network does."""

import json

from flask import Flask, request

from cohortprop import Receiver

ACTIONS = ("members", "add_members", "remove_members")


def read(data):
    """What a delivery says; an exception if it is none."""
    body = json.loads(data)
    if body["action"] not in ACTIONS:
        raise ValueError("unknown action")
    parameters = body["parameters"]
    users = {each["mixpanel_distinct_id"]: each for each in parameters["members"]}
    page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
    return body["action"], parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"], page, users


class Shop:
    def __init__(self):
        self.members = {}
        self.pages = {}
        self.mails = []
        self.app = Flask("shop")
        self.app.post("/mixpanel")(self.webhook)

    def webhook(self):
        try:
            action, cohort, session, page, users = read(request.get_data())
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            reason = {"message": f"not a delivery: {error!r}", "code": 400}
            return {"action": "unknown", "status": "failure", "error": reason}, 400
        held = self.members.setdefault(cohort, set())
        if action == "remove_members":
            held.difference_update(users)
        elif action == "add_members":
            self.welcome(cohort, users)
        else:
            pages = self.pages.setdefault(session, {})
            pages[page["page_count"]] = users
            if len(pages) == page["total_pages"]:
                everybody = {user: about for each in pages.values() for user, about in each.items()}
                held.intersection_update(everybody)
                self.welcome(cohort, everybody)
        return {"action": action, "status": "success"}

    def welcome(self, cohort, users):
        for user in users.keys() - self.members[cohort]:
            name = users[user].get("first_name", "dear VIP")
            self.mails.append((cohort, user, f"Welcome, {name}!"))
            self.members[cohort].add(user)


def receiver():
    shop = Shop()
    return Receiver(
        shop.app,
        path="/mixpanel",
        members=lambda cohort: shop.members.get(cohort, ()),
        arrivals=lambda: [(cohort, user) for cohort, user, _ in shop.mails],
    )
