"""The agent beside Janus: the same bytes get the same answers, and clients do not get one another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from threading import Barrier
from typing import Any

import httpx
import pytest
from rig.daemon import HTTP, Account, Daemon
from rig.real_janus import HTTP as JANUS_HTTP
from rig.websocket import WebSocketClient


def ask(port: int, method: str, path: str, body: bytes | None, host: str = "127.0.0.1") -> tuple[int, dict[str, str], Any]:
    """Status, the headers that browsers look at, and the body without what differs by nature."""
    headers = {"Origin": "http://page", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = httpx.request(method, f"http://{host}:{port}{path}", content=body, headers=headers)
    looked = {name: value for name, value in answer.headers.items() if name.startswith("access-control") or (name == "content-type" and answer.content)}
    found = answer.json() if answer.content else None
    if isinstance(found, dict) and found.get("error", {}).get("code") == 454:
        found["error"]["reason"] = "…"
    if isinstance(found, dict) and found.get("janus") == "server_info":
        found.pop("transaction", None)
    return answer.status_code, looked, found


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/janus", b"nojson"),
        ("POST", "/janus", b"[]"),
        ("POST", "/janus", b"{}"),
        ("POST", "/janus", b'{"janus":"create","transaction":5}'),
        ("POST", "/janus", b'{"janus":"ping","transaction":"p"}'),
        ("POST", "/janus", b'{"janus":"juggle","transaction":"p"}'),
        ("POST", "/janus/78", b'{"janus":"keepalive","transaction":"p"}'),
        ("POST", "/janus/78/5", b'{"janus":"message","transaction":"p","body":{}}'),
        ("GET", "/janus/info", None),
        ("GET", "/janus", None),
        ("GET", "/janus/78", None),
        ("OPTIONS", "/janus", None),
        ("OPTIONS", "/janus/78/5", None),
        ("PUT", "/janus", None),
        ("DELETE", "/janus/78", None),
    ],
)
def test_same_bytes_same_answer_as_janus(daemon: Any, method: str, path: str, body: bytes | None) -> None:
    assert ask(HTTP, method, path, body) == ask(JANUS_HTTP, method, path, body)


Ask = Callable[..., Any]
Events = Callable[[int], Any]


@contextmanager
def rest_client() -> Iterator[tuple[Ask, Events]]:
    """A client whose every request has the same transaction id."""
    with httpx.Client(base_url=f"http://127.0.0.1:{HTTP}", timeout=20) as http:

        def ask(session: int = 0, handle: int = 0, **message: Any) -> Any:
            path = "".join(f"/{part}" for part in ("janus", session, handle) if part)
            return http.post(path, json={"transaction": "same", **message}).json()

        yield ask, lambda session: http.get(f"/janus/{session}").json()


@contextmanager
def socket_client() -> Iterator[tuple[Ask, Events]]:
    """The same over a WebSocket."""
    with WebSocketClient(f"ws://127.0.0.1:{HTTP}/janus") as socket:

        def ask(session: int = 0, handle: int = 0, **message: Any) -> Any:
            named = {name: value for name, value in (("session_id", session), ("handle_id", handle)) if value}
            return socket.ask({"transaction": "same", **named, **message})

        yield ask, lambda session: socket.event()


@pytest.mark.parametrize("client", [rest_client, socket_client])
def test_twenty_clients_with_the_same_transactions_get_their_own_answers(
    daemon: Daemon, client: Callable[[], AbstractContextManager[tuple[Ask, Events]]]
) -> None:
    Account(daemon=daemon, name="127.0.0.1").fund("10")
    all_there = Barrier(20)

    def talk(place: int) -> tuple[int, int, Any]:
        with client() as (ask, events):
            all_there.wait(20)

            def right(**message: Any) -> Any:
                found = ask(**message)
                assert found["transaction"] == "same", found
                return found

            session = right(janus="create")["data"]["id"]
            handle = right(session=session, janus="attach", plugin="janus.plugin.echotest", opaque_id=f"n{place}")["data"]["id"]
            assert right(session=session, handle=handle, janus="message", body={"audio": False, "place": place})["janus"] == "ack"
            event = events(session)
            assert right(session=session, janus="destroy")["janus"] == "success"
            return session, handle, event

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(talk, range(20)))
    assert len({session for session, _, _ in found}) == 20
    assert len({handle for _, handle, _ in found}) == 20
    assert all((event["session_id"], event["sender"], event["transaction"]) == (session, handle, "same") for session, handle, event in found)
