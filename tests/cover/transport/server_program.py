"""A receiver as a program: `python server_program.py`, with the port in PORT and what is wrong with it in FAULT.

It keeps its members in the file that STORE names. FAULT may be `merges` (a full sync removes nobody), `dies` (it exits
at the second delivery), `dies on garbage`, `dies when asked`, `hangs`, `forgets` (nothing is kept in STORE) or `broken
after restart`; each request is written to standard output.
"""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

FAULT = os.environ.get("FAULT", "")
STORE = os.environ.get("STORE", "")
held: dict[str, list[str]] = {}
count = 0


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        global count  # noqa: PLW0603 - a small program
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/reset":
            held.clear()
            self.answer(200, {})
            return
        count += 1
        print(f"delivery {count}: {len(body)} bytes")
        if FAULT == "dies" and count == 2:
            print("Error: out of luck", file=sys.stderr)
            os._exit(7)
        if FAULT == "hangs":
            time.sleep(30)
        try:
            payload = json.loads(body)
            action, parameters = payload["action"], payload["parameters"]
            cohort, users = (
                parameters["mixpanel_cohort_id"],
                [each["mixpanel_distinct_id"] for each in parameters["members"]],
            )
            if not all(isinstance(each, str) for each in (*users, cohort)) or action not in KNOWN:
                raise TypeError(action)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
            if FAULT == "dies on garbage":
                os._exit(1)
            error = {"message": type(fault).__name__, "code": 400}
            self.answer(400, {"action": "members", "status": "failure", "error": error})
            return
        before = set(held.get(cohort, ()))
        if action == "remove_members":
            after = before - set(users)
        elif action == "members" and parameters.get("page_info", {}).get("page_count", 1) == 1 and FAULT != "merges":
            after = set(users)
        else:
            after = before | set(users)
        held[cohort] = sorted(after)
        if STORE and FAULT != "forgets":
            draft = Path(f"{STORE}.new")
            draft.write_text(json.dumps(held), "utf-8")
            draft.replace(STORE)
        self.answer(200, {"action": action, "status": "success"})

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(200, {})
        elif FAULT == "dies when asked" and count:
            os._exit(3)
        else:
            cohort = self.path.removeprefix("/members/")
            self.answer(200 if cohort in held else 404, {"ids": held.get(cohort, [])})

    def answer(self, status: int, payload: Any) -> None:
        body = json.dumps(payload).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing beyond what is printed."""


class Server(ThreadingHTTPServer):
    """As it is, but for what it writes when a client has gone, which would hide what the tests look for."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


KNOWN = ("members", "add_members", "remove_members")

if __name__ == "__main__":
    if STORE and Path(STORE).exists():
        if FAULT == "broken after restart":
            print("the store is locked", file=sys.stderr)
            sys.exit(4)
        held.update(json.loads(Path(STORE).read_text("utf-8")))
    Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
