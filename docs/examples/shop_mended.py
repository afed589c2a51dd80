"""A shop that welcomes whoever becomes a VIP, whatever the network does."""

from flask import Flask, request

from cohortprop import Receiver


class Shop:
    def __init__(self):
        self.members = {}
        self.pages = {}
        self.mails = []
        self.app = Flask("shop")
        self.app.post("/mixpanel")(self.webhook)

    def webhook(self):
        body = request.get_json()
        parameters = body["parameters"]
        cohort = parameters["mixpanel_cohort_id"]
        users = {each["mixpanel_distinct_id"]: each for each in parameters["members"]}
        held = self.members.setdefault(cohort, set())
        if body["action"] == "remove_members":
            held.difference_update(users)
        elif body["action"] == "add_members":
            self.welcome(cohort, users)
        else:
            page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
            pages = self.pages.setdefault(parameters["mixpanel_session_id"], {})
            pages[page["page_count"]] = users
            if len(pages) == page["total_pages"]:
                everybody = {user: about for each in pages.values() for user, about in each.items()}
                held.intersection_update(everybody)
                self.welcome(cohort, everybody)
        return {"action": body["action"], "status": "success"}

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
