"""A shop that welcomes whoever becomes a VIP. A first attempt."""

from flask import Flask, request

from cohortprop import Receiver


class Shop:
    def __init__(self):
        self.members = {}
        self.mails = []
        self.app = Flask("shop")
        self.app.post("/mixpanel")(self.webhook)

    def webhook(self):
        body = request.get_json()
        cohort = body["parameters"]["mixpanel_cohort_id"]
        held = self.members.setdefault(cohort, set())
        for member in body["parameters"]["members"]:
            user = member["mixpanel_distinct_id"]
            if body["action"] == "remove_members":
                held.discard(user)
            elif user not in held:
                self.mails.append((cohort, user, f"Welcome, {member['first_name']}!"))
                held.add(user)
        return {"action": body["action"], "status": "success"}


def receiver():
    shop = Shop()
    return Receiver(
        shop.app,
        path="/mixpanel",
        members=lambda cohort: shop.members.get(cohort, ()),
        arrivals=lambda: [(cohort, user) for cohort, user, _ in shop.mails],
    )
