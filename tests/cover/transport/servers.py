"""Servers for these tests: one that is a thread of ours, with an evil for each request, and one as a program."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("server_program.py")
"""A receiver as a program of its own; what is wrong with it stands in the environment variable FAULT."""

Evil = Callable[["Handler"], object]


class Handler(BaseHTTPRequestHandler):
    """Applies pages, and answers; or does what its server is told to do instead."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.path, dict(self.headers), self.body))
        if self.path == "/reset":
            self.server.held.clear()
            self.answer(204, b"")
            return
        evil = self.server.evil
        if evil is not None:
            evil(self)
            return
        self.answer(*self.server.take(self.body))

    def do_GET(self) -> None:
        if self.server.silent or self.server.looks_to_cut > 0:
            self.server.looks_to_cut -= 1
            self.close_connection = True
            return
        self.server.requests.append((self.path, dict(self.headers), b""))
        cohort = self.path.removeprefix("/members/")
        found = self.server.looks.get(self.path)
        if found is not None:
            self.answer(*found)
        elif cohort in self.server.held:
            self.answer(200, json.dumps({"ids": sorted(self.server.held[cohort])}).encode())
        else:
            self.answer(404, b"{}")

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def raw(self, data: bytes) -> None:
        """Write bytes, and close the connection."""
        self.wfile.write(data)
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, evil: Evil | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.evil = evil
        self.held: dict[str, set[str]] = {}
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.looks: dict[str, tuple[int, bytes]] = {}
        self.connections = 0
        self.merges = False
        self.silent = False
        self.looks_to_cut = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def get_request(self) -> tuple[socket.socket, Any]:
        self.connections += 1
        return super().get_request()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients of an evil server hang up."""

    def take(self, body: bytes) -> tuple[int, bytes]:
        """Apply a page: each at once, full syncs are empties first, unless it merges them."""
        try:
            payload = json.loads(body)
            action, parameters = payload["action"], payload["parameters"]
            users = {each["mixpanel_distinct_id"] for each in parameters["members"]}
            cohort = parameters["mixpanel_cohort_id"]
            if not all(isinstance(each, str) for each in (*users, cohort)):
                raise TypeError("an id is no text")
            if action not in ("members", "add_members", "remove_members"):
                raise ValueError(action)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
            error = {"message": type(fault).__name__, "code": 400}
            return 400, json.dumps({"action": "members", "status": "failure", "error": error}).encode()
        held = self.held.setdefault(cohort, set())
        if action == "remove_members":
            held -= users
        else:
            page = parameters.get("page_info", {}).get("page_count", 1)
            if action == "members" and page == 1 and not self.merges:
                held.clear()
            held |= users
        return 200, json.dumps({"action": action, "status": "success"}).encode()


@contextlib.contextmanager
def serving(evil: Evil | None = None) -> Iterator[Server]:
    """A server in a thread, for as long as this lasts."""
    with Server(evil) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
