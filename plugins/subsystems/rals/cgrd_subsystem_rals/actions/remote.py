"""*cgr_rpc: calling a method of another service by its address.

Source: spec/tariffplans.md (action types).
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
import trio

from cgrd import without_account
from cgrd.codec import decode, encode, plain_tree
from cgrd.errors import CgrdError, Disconnected, RemoteError, ReplyTimeout, Unreachable, Wrong
from cgrd.fields import MISSING, descend, split_path, text_of
from cgrd.hops import deeper, hops
from cgrd_subsystem_rals.actions.doing import Doing, Run
from cgrd_subsystem_rals.desk import Desk
from cgrd_subsystem_rals.effects import Effect

_PLACE = re.compile(r"<<\s*\.([^<>]*?)\s*>>")
_LONGEST_ANSWER = 10_000_000
INTERNAL: Final = "*internal"
CALL: Final = "*cgr_rpc"


class Parameters(msgspec.Struct):
    """Whom to call, and how: `*json` over TCP, or `*http_jsonrpc`."""

    Address: str = ""
    Transport: str = "*json"
    Method: str = ""
    Attempts: int = 1
    Async: bool = False
    Params: Any = None


def filled_parameters(doing: Doing) -> Parameters:
    """ExtraParameters with `<<.Account.ID>>` and the like filled in.

    Raises:
        Wrong: they are no JSON, or lack a method.
    """
    roots = {"Account": doing.account() if doing.key else None, "Action": doing.action, "Event": dict(doing.event or {})}

    def fill(match: re.Match[str]) -> str:
        found = descend(roots, split_path(match[1]))
        return "" if found is MISSING else encode(text_of(found)).decode()[1:-1]

    try:
        made: Parameters = decode(_PLACE.sub(fill, doing.action.ExtraParameters), Parameters)
    except (msgspec.DecodeError, ValueError) as error:
        raise Wrong(f"*cgr_rpc: ExtraParameters cannot be read: {error}", explain="they are JSON with Address, Transport, Method and Params") from error
    if not made.Method:
        raise Wrong("*cgr_rpc: no Method", explain="ExtraParameters name the method to call")
    return made


@without_account
def cgr_rpc(doing: Doing) -> None:
    """Call a method of this daemon or another; where it is `Async`, nobody waits for the answer.

    ExtraParameters: JSON with Address (`host:port`, a URL, or `*internal`), Transport (`*json`, `*http_jsonrpc`), Method, Params,
    Attempts and Async; `<<.Account.ID>>`, `<<.Action.…>>` and `<<.Event.…>>` are filled in.
    """
    asked = filled_parameters(doing)
    doing.send(CALL, asked.Address, asked, waited=not asked.Async, told=not asked.Async, attempts=asked.Attempts)


async def call(desk: Desk, ordered: Effect) -> None:
    """Sender: call a method, `Attempts` times at most where somebody waits for it.

    Raises:
        CgrdError: what the other answered, or that it could not be reached.
    """
    asked: Parameters = decode(ordered.body, Parameters)
    failure: CgrdError | None = None
    with deeper(f"*cgr_rpc {asked.Method} of actions {ordered.about}"):
        for _ in range(max(1, asked.Attempts) if ordered.waited else 1):
            try:
                return await _once(desk, asked)
            except Unreachable as error:
                failure = error
    assert failure is not None
    raise failure


async def _once(desk: Desk, asked: Parameters) -> None:
    if asked.Address == INTERNAL:
        await desk.call_here(asked.Method, asked.Params)
        return
    limit = desk.reply_timeout
    request = encode({"id": 1, "method": asked.Method, "params": [plain_tree(asked.Params)], "hops": hops()})
    try:
        with trio.fail_after(limit):
            body = await (_over_http(asked.Address, request) if "http" in asked.Transport else _over_tcp(asked.Address, request))
    except trio.TooSlowError as error:
        raise ReplyTimeout(explain=f"{asked.Address} did not answer {asked.Method} in {limit} s") from error
    answer = decode(body)
    if answer.get("error"):
        raise RemoteError(str(answer["error"]), explain=f"answered by {asked.Address}")


async def _over_http(address: str, request: bytes) -> bytes:
    import httpx  # a tenth of the start for those who never post

    try:
        async with httpx.AsyncClient(timeout=None) as client:
            answer = await client.post(address, content=request, headers={"Content-Type": "application/json"})
            return answer.content
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Disconnected(explain=f"{address}: {error}") from error


async def _over_tcp(address: str, request: bytes) -> bytes:
    host, _, port = address.rpartition(":")
    try:
        stream = await trio.open_tcp_stream(host, int(port))
        async with stream:
            await stream.send_all(request + b"\n")
            return await _one_value(stream)
    except (OSError, ValueError, trio.BrokenResourceError) as error:
        raise Disconnected(explain=f"{address}: {error}") from error


async def _one_value(stream: trio.SocketStream) -> bytes:
    """The JSON value that the other end sends; it may come in pieces."""
    body = b""
    while len(body) < _LONGEST_ANSWER:
        piece = await stream.receive_some()
        if not piece:
            break
        body += piece
        try:
            decode(body)
        except msgspec.DecodeError:
            continue
        return body
    raise Disconnected(explain="the other end closed the connection before it had answered")


TYPES: dict[str, Run] = {"*cgr_rpc": cgr_rpc}
