"""What actions send outlives SIGKILL: the receiver was away when it was ordered, the daemon is killed, and it arrives after the restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from rig.books import FRONT_PORTS, PORTS, money_config
from rig.daemon import Daemon, wait_for

HOOK = FRONT_PORTS["http"]
"""Where the receiver listens when it is there."""


class Receiver:
    """A web server that comes and goes."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.answers = threading.Event()

    @contextmanager
    def here(self) -> Iterator[None]:
        """It listens."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                if receiver.answers.wait(30):
                    self.send_response(200)
                    self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", HOOK), Handler)
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()


def order(daemon: Daemon, account: str) -> None:
    """An account gets money, and the receiver is to hear of it."""
    gift = {"Identifier": "*topup", "BalanceType": "*monetary", "BalanceId": "main", "Units": "5", "Weight": 20}
    post = {"Identifier": "*http_post_async", "ExtraParameters": f"http://127.0.0.1:{HOOK}/", "Weight": 10}
    daemon.rpc("APIerSv2.SetActions", ActionsId="TELL", Actions=[gift, post], Overwrite=True)
    assert daemon.rpc("APIerSv1.ExecuteAction", Tenant="cgrates.org", Account=account, ActionsId="TELL") == "OK"


def test_an_order_that_was_answered_arrives_though_the_daemon_was_killed(tmp_path: Path) -> None:
    receiver = Receiver()
    config = money_config()
    config["general"] = {**config["general"], "poster_attempts": 20}
    daemon = Daemon(folder=tmp_path, config=config, http=PORTS["http"])
    daemon.start()
    try:
        order(daemon, "5001")
        daemon.kill()  # nobody could be reached yet
        with receiver.here():
            daemon.start()
            wait_for(lambda: receiver.posts, what="the post after the restart")
            daemon.kill()  # the receiver has it, and has not said so
            receiver.answers.set()
            daemon.start()
            wait_for(lambda: len(receiver.posts) > 1, what="the post after the second restart")
            order(daemon, "5002")
            wait_for(lambda: receiver.posts[-1]["ID"] == "cgrates.org:5002", what="the next post")
            daemon.stop()
            daemon.start()
    finally:
        daemon.stop()
    told = [post["ID"] for post in receiver.posts]
    assert told == ["cgrates.org:5001", "cgrates.org:5001", "cgrates.org:5002"]
    assert {post["BalanceMap"]["*monetary"][0]["Value"] for post in receiver.posts} == {5}
