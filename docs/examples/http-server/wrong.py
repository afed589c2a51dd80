"""A club, without a framework: who is in a cohort, and who was welcomed, in a JSON file."""

import atexit
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from urllib.parse import unquote

ACTIONS = ("members", "add_members", "remove_members")
FILE = Path("club.json")


class Club:
    def __init__(self):
        self.lock = Lock()
        self.members, self.pages, self.mails = {}, {}, []
        if FILE.exists():
            self.members, self.pages, self.mails = json.loads(FILE.read_text())

    def save(self):
        new = FILE.with_suffix(".new")
        new.write_text(json.dumps([self.members, self.pages, self.mails]))
        new.replace(FILE)  # all of it or nothing

    def take(self, action, cohort, session, page, pages, users):
        held = self.members.setdefault(cohort, [])
        if action == "remove_members":
            self.members[cohort] = [user for user in held if user not in users]
            return
        if action == "members":
            come = self.pages.setdefault(session, {})
            come[str(page)] = users
            if len(come) < pages:
                return
            users = {user for each in come.values() for user in each}
            self.members[cohort] = held = [user for user in held if user in users]
        new = [user for user in dict.fromkeys(users) if user not in held]
        held += new
        self.mails += [[cohort, user] for user in new]

    def empty(self):
        self.members, self.pages, self.mails = {}, {}, []


def read(data):
    """What a delivery says; an exception if it is none."""
    body = json.loads(data)
    if body["action"] not in ACTIONS:
        raise ValueError("unknown action")
    parameters = body["parameters"]
    users = {member["mixpanel_distinct_id"]: None for member in parameters["members"]}
    cohort, session = parameters["mixpanel_cohort_id"], parameters["mixpanel_session_id"]
    if not all(isinstance(each, str) for each in (cohort, session, *users)):
        raise TypeError("ids are strings")
    page = parameters.get("page_info", {"page_count": 1, "total_pages": 1})
    return body["action"], cohort, session, int(page["page_count"]), int(page["total_pages"]), list(users)


club = Club()
atexit.register(club.save)
signal.signal(signal.SIGTERM, lambda *_: sys.exit())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections open

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/mixpanel":
            self.take(data)
        elif self.path == "/test/reset" and "TESTING" in os.environ:
            club.empty()
            self.answer(200, {})
        else:
            self.send_error(404)

    def take(self, data):
        try:
            delivery = read(data)
        except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
            self.send_error(400, f"not a delivery: {error!r}")
            return
        with club.lock:
            club.take(*delivery)
        self.answer(200, {"action": delivery[0], "status": "success"})

    def do_GET(self):
        match self.path.split("/"):
            case ["", "health"]:
                self.answer(200, {})
            case ["", "cohorts", cohort, "members"]:
                self.answer(200, {"ids": club.members.get(unquote(cohort), [])})
            case ["", "mails"]:
                self.answer(200, {"sent": club.mails})
            case _:
                self.send_error(404)

    def answer(self, code, body, **headers):
        data = json.dumps(body).encode()
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def send_error(self, code, message=None, _explain=None):
        reason = {"message": message or self.responses[code][0], "code": code}
        refusal = {"action": "unknown", "status": "failure", "error": reason}
        self.answer(code, refusal, Connection="close")  # for who knows what of the request has been read


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8000"))), Handler).serve_forever()
