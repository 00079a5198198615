"""Who is told of things: a web server and a mail server on real sockets of 127.0.0.1, which keep what they get and fail on demand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from functools import partial
from typing import Any

import trio

from cgrd.codec import decode

PATIENCE_SECONDS = 10


class _Receiver:
    """Something that listens.

    Attributes:
        port: where.
        refuses: whether whoever comes is sent away.
        silent: whether it takes what comes and says nothing.
    """

    def __init__(self) -> None:
        self.port = 0
        self.refuses = False
        self.silent = False
        self.told = trio.Event()

    def _tell(self) -> None:
        self.told.set()
        self.told = trio.Event()

    async def until(self, met: Callable[[], Any]) -> None:
        """Return when something has come that meets a condition.

        Raises:
            trio.TooSlowError: nothing did.
        """
        with trio.fail_after(PATIENCE_SECONDS):
            while not met():
                await self.told.wait()

    async def serve(self, stream: trio.SocketStream) -> None:
        """One connection."""
        lines = _Lines(stream)
        try:
            await self._talk(stream, lines)
        except (trio.BrokenResourceError, trio.ClosedResourceError, EOFError):
            return

    async def _talk(self, stream: trio.SocketStream, lines: _Lines) -> None:
        raise TypeError("say what is talked about")


class WebReceiver(_Receiver):
    """A web server that takes POST requests.

    Attributes:
        posts: path and body (JSON) of each.
        keys: the `Idempotency-Key` of each.
        status: what it answers.
    """

    def __init__(self) -> None:
        super().__init__()
        self.posts: list[tuple[str, Any]] = []
        self.keys: list[str] = []
        self.status = 200

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.port}"

    async def _talk(self, stream: trio.SocketStream, lines: _Lines) -> None:
        path = (await lines.line()).split()[1].decode()
        headers = {}
        while line := await lines.line():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        body = await lines.exactly(int(headers.get("content-length", "0")))
        self.posts.append((path, decode(body)))
        self.keys.append(headers.get("idempotency-key", ""))
        self._tell()
        if self.silent:
            await trio.sleep_forever()
        await stream.send_all(b"HTTP/1.1 %d Told\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK" % self.status)


class MailReceiver(_Receiver):
    """A mail server (RFC 5321).

    Attributes:
        letters: what has come.
    """

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[Message] = []

    @property
    def address(self) -> str:
        """Where to send mail: what section `mailer` calls `server`."""
        return f"127.0.0.1:{self.port}"

    async def _talk(self, stream: trio.SocketStream, lines: _Lines) -> None:
        await stream.send_all(b"421 come again\r\n" if self.refuses else b"220 here\r\n")
        while not self.refuses:
            verb = (await lines.line())[:4].upper()
            if verb == b"DATA":
                await stream.send_all(b"354 go on\r\n")
                self.letters.append(message_from_bytes(await self._letter(lines), policy=default))
                self._tell()
            if self.silent:
                await trio.sleep_forever()
            await stream.send_all(b"221 bye\r\n" if verb == b"QUIT" else b"250 OK\r\n")

    async def _letter(self, lines: _Lines) -> bytes:
        found = []
        while (line := await lines.line()) != b".":
            found.append(line.removeprefix(b"."))  # RFC 5321 §4.5.2
        return b"\r\n".join(found)


class _Lines:
    """What comes over a stream, a line at a time."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._had = b""

    async def line(self) -> bytes:
        """The next line, without its end."""
        while b"\n" not in self._had:
            await self._more()
        line, _, self._had = self._had.partition(b"\n")
        return line.rstrip(b"\r")

    async def exactly(self, count: int) -> bytes:
        """So many octets."""
        while len(self._had) < count:
            await self._more()
        found, self._had = self._had[:count], self._had[count:]
        return found

    async def _more(self) -> None:
        piece = await self._stream.receive_some()
        if not piece:
            raise EOFError
        self._had += piece


@asynccontextmanager
async def web_receiver(port: int = 0) -> AsyncIterator[WebReceiver]:
    """`async with web_receiver() as web:` a web server; on a port of its own unless one is given."""
    web = WebReceiver()
    async with _listening(web, web.serve, port):
        yield web


@asynccontextmanager
async def mail_receiver() -> AsyncIterator[MailReceiver]:
    """`async with mail_receiver() as post:` a mail server."""
    mail = MailReceiver()
    async with _listening(mail, mail.serve, 0):
        yield mail


@asynccontextmanager
async def _listening(receiver: _Receiver, serve: Callable[[trio.SocketStream], Awaitable[None]], port: int) -> AsyncIterator[None]:
    failure: BaseException | None = None
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(partial(trio.serve_tcp, serve, port, host="127.0.0.1"))
        receiver.port = listeners[0].socket.getsockname()[1]
        try:
            yield
        except trio.Cancelled:
            raise
        except BaseException as error:  # raised again outside of the nursery, which would wrap it in a group
            failure = error
        nursery.cancel_scope.cancel()
    if failure is not None:
        raise failure
