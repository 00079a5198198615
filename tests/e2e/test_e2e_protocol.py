"""The agent beside Janus: the same bytes get the same answers, and clients do not get one another's."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from rig.daemon import HTTP, Account
from rig.network import Network
from rig.real_janus import HTTP as JANUS_HTTP


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


def test_twenty_clients_with_the_same_transactions_get_their_own_answers(account: Account, number: int, network: Network) -> None:
    Account(daemon=account.daemon, name="127.0.0.1").fund("10")

    def client(place: int) -> tuple[int, int, Any]:
        with httpx.Client(base_url=f"http://127.0.0.1:{HTTP}", timeout=20) as http:

            def post(path: str, **message: Any) -> Any:
                found = json.loads(http.post(path, json={"transaction": "same", **message}).content)
                assert found["transaction"] == "same", found
                return found

            session = post("/janus", janus="create")["data"]["id"]
            handle = post(f"/janus/{session}", janus="attach", plugin="janus.plugin.echotest", opaque_id=f"n{place}")["data"]["id"]
            assert post(f"/janus/{session}/{handle}", janus="message", body={"audio": False, "place": place})["janus"] == "ack"
            event = http.get(f"/janus/{session}").json()
            post(f"/janus/{session}", janus="destroy")
            return session, handle, event

    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(client, range(20)))
    assert len({session for session, _, _ in found}) == 20
    assert len({handle for _, handle, _ in found}) == 20
    assert all((event["session_id"], event["sender"], event["transaction"]) == (session, handle, "same") for session, handle, event in found)
