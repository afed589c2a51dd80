"""A webhook as a user would write it, with a few bugs to choose from.

It is compiled from text, under a file name of its own, so that its tracebacks read the same wherever and with whatever
Python the tests run.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from cohortprop import Receiver

FILE = "shop/webhook.py"

SOURCE = """\
import json
import logging
import threading

log = logging.getLogger("shop")


class Shop:
    def __init__(self, bug):
        self.bug = bug
        self.held = {}
        self.lock = threading.Lock()

    def __call__(self, environ, start_response):
        delivery = json.loads(environ["wsgi.input"].read())
        self.take(delivery["action"], delivery["parameters"])
        status, answer = self.answer(delivery["action"])
        start_response(status, [("Content-Type", "application/json")])
        return [answer.encode()]

    def answer(self, action):
        return "200 OK", json.dumps({"action": action, "status": "success"})

    def take(self, action, parameters):
        log.warning("%s for cohort %s", action, parameters["mixpanel_cohort_id"])
        held = self.held.setdefault(parameters["mixpanel_cohort_id"], set())
        for member in parameters["members"]:
            self.save(held, member, action)

    def save(self, held, member, action):
        if self.bug == "needs an address":
            log.error("saving %s", member["mixpanel_distinct_id"])
            domain = member["email"].partition("@")
        if self.bug == "locks twice" and action == "remove_members":
            self.lock.acquire()
            self.lock.acquire()
        held.add(member["mixpanel_distinct_id"])
        if action == "remove_members":
            held.remove(member["mixpanel_distinct_id"])
"""


def shop(bug: str = "", **description: Any) -> Callable[[], Receiver]:
    """A factory of receivers with this bug."""
    linecache.cache[FILE] = (len(SOURCE), None, SOURCE.splitlines(keepends=True), FILE)
    module: dict[str, Any] = {"__name__": "shop.webhook"}
    exec(compile(SOURCE, FILE, "exec"), module)  # noqa: S102 - the text above
    made = SimpleNamespace(**module)

    def factory() -> Receiver:
        app = made.Shop(bug)
        return Receiver(app, members=lambda cohort: app.held.get(cohort, ()), **description)

    return factory
