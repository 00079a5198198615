"""What really happened: Janus' own event stream, kept with Janus' stamps, to hold the CDRs against."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Talk:
    """One PeerConnection as Janus saw it, in unix seconds; `end` is 0 while it is up."""

    start: float
    end: float
    reason: str

    @property
    def seconds(self) -> float:
        """How long media could flow."""
        return self.end - self.start


class Witness:
    """An HTTP server that takes the event handler's posts, and gives the browser its page."""

    def __init__(self, *, page: Path, port: int = 18090) -> None:
        self.events: list[dict[str, Any]] = []
        self.port = port
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer(("0.0.0.0", port), _handler(self, page))  # the browser is on another interface
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where Janus posts."""
        return f"http://127.0.0.1:{self.port}/events"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, body: bytes) -> None:
        """Keep what was posted: one event or a list of them."""
        found = json.loads(body)
        with self._news:
            self.events.extend(found if isinstance(found, list) else [found])
            self._news.notify_all()

    def talks(self, session: int) -> list[Talk]:
        """The PeerConnections of a Janus session, in the order of their start."""
        started: dict[int, float] = {}
        talks = []
        for event in self.events:
            body = event.get("event", {})
            if event.get("session_id") != session or not isinstance(body, dict):
                continue
            stamp, handle = event["timestamp"] / 1e6, event.get("handle_id", 0)
            if body.get("connection") == "webrtcup":
                started[handle] = stamp
            elif reason := _end_of_media(body):
                # Detaching or destroying ends the media without an event of its own; a session's end has no handle.
                for over in [handle] if handle else list(started):
                    if over in started:
                        talks.append(Talk(start=started.pop(over), end=stamp, reason=reason))
        return talks + [Talk(start=stamp, end=0, reason="") for stamp in started.values()]

    def wait_for_talk(self, session: int, *, seconds: float = 10) -> Talk:
        """The first PeerConnection of the session, once it is over."""
        deadline = time.monotonic() + seconds
        with self._news:
            while not (over := [talk for talk in self.talks(session) if talk.end]):
                if not self._news.wait(max(0, deadline - time.monotonic())):
                    raise TimeoutError(f"Janus told no end of a call in session {session} within {seconds} s: {self.talks(session)}")
        return over[0]


def _end_of_media(body: dict[str, Any]) -> str:
    """Why media ended, when this event says so; "" when it does not."""
    if body.get("connection") == "hangup":
        return str(body.get("reason") or "hangup")
    name = str(body.get("name", ""))
    return name if name in ("detached", "destroyed", "timeout") else ""


def _handler(witness: Witness, page: Path) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(page.read_bytes(), "text/html; charset=utf-8")

        def do_POST(self) -> None:
            witness.take(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(b"", "text/plain")

        def _answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the log is the list of events."""

    return Handler
