"""*cgr_rpc: calling a method of another service by its address.

Source: spec/tariffplans.md (action types).
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import trio

from cgrd.codec import decode, encode, plain_tree
from cgrd.durations import SECOND, parse_duration
from cgrd.errors import CgrdError, Disconnected, RemoteError, ReplyTimeout, Unreachable, Wrong
from cgrd.fields import MISSING, descend, split_path, text_of
from cgrd_subsystem_rals.actions.doing import Doing

_PLACE = re.compile(r"<<\s*\.([^<>]*?)\s*>>")
_LONGEST_ANSWER = 10_000_000
INTERNAL = "*internal"


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


async def call_other(doing: Doing, asked: Parameters) -> None:
    """Call, `Attempts` times at most.

    Raises:
        CgrdError: what the other answered, or that it could not be reached.
    """
    failure: CgrdError | None = None
    for _ in range(max(1, asked.Attempts)):
        try:
            await _once(doing, asked)
        except Unreachable as error:
            failure = error
        else:
            return
    assert failure is not None
    raise failure


async def _once(doing: Doing, asked: Parameters) -> None:
    services = doing.desk.services
    if asked.Address == INTERNAL:
        await doing.desk.call_here(asked.Method, asked.Params)
        return
    limit = parse_duration(str(services.config.general["reply_timeout"])) / SECOND
    request = encode({"id": 1, "method": asked.Method, "params": [plain_tree(asked.Params)]})
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
