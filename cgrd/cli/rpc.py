"""`cgrd console METHOD Key=value …`: one call to a running daemon from the shell."""

from __future__ import annotations

import json
import re
import socket
import sys
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import typer

from cgrd.arguments import Taken, unknown_keys
from cgrd.cli.options import SERVER, Server, failed
from cgrd.codec import convert, decode, encode
from cgrd.config.check import did_you_mean
from cgrd.errors import CgrdError

__all__ = [
    "argument",
    "ask",
    "params_of",
    "print_json",
]

VALUES = """values are JSON: Limit=10 IDs='["a","b"]' Account='"1001"'; plain words need no quotes"""


_NO_NUMBER = re.compile(r"cannot use a number for (\w+): a text is wanted")


def add_to(app: typer.Typer) -> None:
    """Add this file's commands."""
    app.command()(console)


def ask(server: str, method: str, params: Any, *, timeout: float = 300) -> Any:
    """The answer of a running daemon.

    Raises:
        CgrdError: nothing answers there, or the daemon answered with an error.
    """
    host, _, port = server.rpartition(":")
    request = encode({"jsonrpc": "2.0", "method": method, "params": [params], "id": 1}) + b"\n"
    try:
        with socket.create_connection((host or "127.0.0.1", int(port)), timeout=timeout) as connection:
            connection.sendall(request)
            answer = decode(connection.makefile("rb").readline() or b"null")
    except (OSError, ValueError) as error:
        raise CgrdError(f"no answer from {server}: {error}", explain="is the daemon running there? --server names another address") from error
    if not isinstance(answer, dict):
        raise CgrdError(f"{server} closed the connection")
    if failure := answer.get("error"):
        data = failure.get("data") or {}
        raise CgrdError(str(failure.get("message")), explain=str(data.get("explain", "")))
    return answer.get("result")


def argument(text: str) -> tuple[str, Any]:
    """`Key=value`, the value JSON, or plain text where it is none.

    Raises:
        CgrdError: there is no `=`.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise CgrdError(f"{text}: wanted Key=value", explain=VALUES)
    try:
        return key, decode(value)
    except msgspec.DecodeError:
        return key, value


def console(
    method: Annotated[str, typer.Argument(help="as APIerSv2.GetAccount")],
    arguments: Annotated[list[str] | None, typer.Argument(help=f"Key=value …, or one JSON object; - reads it from standard input; {VALUES}")] = None,
    server: Server = SERVER,
) -> None:
    """Call a method of a running daemon and print what it answers."""
    try:
        params = params_of(arguments or [])
        warn_of_unknown_keys(server, method, params)
        print_json(ask_patiently(server, method, params))
    except CgrdError as error:
        failed(error)


def warn_of_unknown_keys(server: str, method: str, params: Any) -> None:
    """Say on stderr which keys the method will ignore; nothing where the server does not tell what it takes, as CGRateS does not."""
    if not isinstance(params, dict):
        return
    try:
        taken = convert(ask(server, "CoreSv1.Arguments", {"Method": method}), Taken)
    except (CgrdError, msgspec.ValidationError):
        return
    for path, key, known in unknown_keys(params, taken.Fields):
        where = f"{path} of {method}" if path else method
        mend = did_you_mean(key, known) or f"; it knows {', '.join(known)}"
        print(f"cgrd: {where} knows no {key}, it is ignored{mend}", file=sys.stderr)


def ask_patiently(server: str, method: str, params: Any) -> Any:
    """The answer; where a number was typed and the method wants a text (`Account=1001`), it is asked again with the text.

    Raises:
        CgrdError: as `ask`.
    """
    while True:
        try:
            return ask(server, method, params)
        except CgrdError as error:
            found = _NO_NUMBER.search(str(error))
            if found is None or not isinstance(params, dict) or not isinstance(params.get(found[1]), (int, Decimal)):
                raise
            params = {**params, found[1]: str(params[found[1]])}


def params_of(arguments: list[str]) -> Any:
    """The request's argument."""
    if arguments == ["-"]:
        return decode(sys.stdin.buffer.read())
    if len(arguments) == 1 and arguments[0][:1] in '{["':
        return decode(arguments[0])
    return dict(argument(text) for text in arguments)


def print_json(value: Any) -> None:
    """Print an answer for a person."""
    print(json.dumps(value, indent=1, ensure_ascii=False, default=lambda amount: float(amount) if isinstance(amount, Decimal) else str(amount)))
