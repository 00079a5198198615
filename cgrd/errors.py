"""What can go wrong, as types; the words that go on the wire are made here and nowhere else.

An error has two texts. `str(error)` is the reference's word (`NOT_FOUND`), which clients compare. `explain` is prose for a
person: what was wanted, where it was looked for, what would mend it; it goes into JSON-RPC 2.0's `data`, the log and the trace.

Source: the error strings of the reference's API (spec/api.md), JSON-RPC 2.0 §5.1 for the numbers.
"""

from __future__ import annotations

__all__ = [
    "Busy",
    "CgrdError",
    "Circular",
    "ConfigurationError",
    "Disconnected",
    "Exists",
    "InsufficientCredit",
    "MandatoryMissing",
    "NotConnected",
    "NotFound",
    "PartiallyExecuted",
    "PluginError",
    "Prefixed",
    "RemoteError",
    "ReplyTimeout",
    "ServerError",
    "StoreError",
    "Unanswered",
    "UnknownMethod",
    "UnknownService",
    "Unreachable",
    "Wrong",
    "is_nothing",
]


class CgrdError(Exception):
    """An outcome that the caller is told. `code` is the JSON-RPC 2.0 error code."""

    code = -32000

    def __init__(self, word: str, *, explain: str = "") -> None:
        super().__init__(word)
        self.explain = explain

    @property
    def word(self) -> str:
        """The text of the reference's dialect."""
        return str(self.args[0])


class NotFound(CgrdError):
    """Nothing is there under that name; a normal answer to a question, an error to an order."""

    code = -32004

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("NOT_FOUND", explain=explain)

    @classmethod
    def of(cls, what: str, *, explain: str = "") -> NotFound:
        """`NOT_FOUND:<what>`: the form that names the missing thing."""
        error = cls(explain=explain)
        error.args = (f"NOT_FOUND:{what}",)
        return error


def is_nothing(error: CgrdError) -> bool:
    """Whether it says no more than that nothing was found, which is no failure for who asks in passing; one that names a thing is."""
    return isinstance(error, NotFound) and error.word == "NOT_FOUND"


class MandatoryMissing(CgrdError):
    """Fields that the method needs are empty: `MANDATORY_IE_MISSING: [ID Event]`."""

    code = -32602

    def __init__(self, *fields: str, explain: str = "") -> None:
        super().__init__(f"MANDATORY_IE_MISSING: [{' '.join(fields)}]", explain=explain)
        self.fields = fields


class ServerError(CgrdError):
    """`SERVER_ERROR: <text>`: the reference's wrapping of whatever its handler could not name."""

    def __init__(self, text: object, *, explain: str = "") -> None:
        super().__init__(f"SERVER_ERROR: {text}", explain=explain or getattr(text, "explain", ""))

    @classmethod
    def unless_known(cls, error: CgrdError) -> CgrdError:
        """Not-found words pass unchanged, everything else is wrapped (the API's column H)."""
        return error if is_nothing(error) or error.word.startswith("DSP_") else cls(error)


class Exists(CgrdError):
    """It was done before; nothing happened now."""

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("EXISTS", explain=explain)


class NotConnected(CgrdError):
    """A flag asks for a subsystem that no `*_conns` leads to."""

    def __init__(self, service: str, *, explain: str = "") -> None:
        super().__init__(f"NOT_CONNECTED: {service}", explain=explain)


class PartiallyExecuted(CgrdError):
    """The main work is done and kept, something beside it failed; the log says what."""

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("PARTIALLY_EXECUTED", explain=explain)


class InsufficientCredit(CgrdError):
    """The account cannot pay."""

    def __init__(self, word: str = "INSUFFICIENT_CREDIT", *, explain: str = "") -> None:
        super().__init__(word, explain=explain)


class Prefixed(CgrdError):
    """An error of a subsystem told by the driver of a flow: `RALS_ERROR:ACCOUNT_NOT_FOUND`."""

    def __init__(self, prefix: str, error: CgrdError) -> None:
        super().__init__(f"{prefix}:{error}", explain=error.explain)
        self.error = error


class Wrong(CgrdError):
    """Input that cannot be used; the text is prose and names what is wrong with it."""

    code = -32602


class Busy(CgrdError):
    """More requests are under way than `cores.caps` or a listener's limit allows."""

    code = -32003

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("MAX_CONCURRENT_RPC_EXCEEDED", explain=explain)


class Unreachable(CgrdError):
    """The other end was not asked or did not answer; the next connection of the pool is tried.

    `asked`: the request may have reached it, so what it asks for may have been done.
    """

    code = -32001
    asked = False


class Unanswered(CgrdError):
    """The other end was asked to do something once, and nobody knows whether it did: only the same request to the same end can tell."""

    code = -32001

    def __init__(self, error: Unreachable, *, explain: str) -> None:
        super().__init__(error.word, explain=explain)


class UnknownService(Unreachable):
    """`rpc: can't find service X.Y`: nothing here serves X."""

    code = -32601

    def __init__(self, method: str, *, explain: str = "") -> None:
        super().__init__(f"rpc: can't find service {_name(method)}", explain=explain)


class UnknownMethod(CgrdError):
    """`rpc: can't find method X.Y`: X is served, Y is not one of its methods."""

    code = -32601

    def __init__(self, method: str, *, explain: str = "") -> None:
        super().__init__(f"rpc: can't find method {_name(method)}", explain=explain)


class Disconnected(Unreachable):
    """The connection broke before the answer came."""

    def __init__(self, *, explain: str = "", asked: bool = False) -> None:
        super().__init__("DISCONNECTED", explain=explain)
        self.asked = asked


class ReplyTimeout(Unreachable):
    """No answer within `reply_timeout`."""

    asked = True

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("REPLY_TIMEOUT", explain=explain)


class Circular(CgrdError):
    """Thresholds and actions set off one another without end; the one that would have gone on is refused."""

    def __init__(self, *, explain: str = "") -> None:
        super().__init__("CIRCULAR_CALL", explain=explain)


class RemoteError(CgrdError):
    """What another daemon answered: its word, and its explanation where it gave one."""


class ConfigurationError(CgrdError):
    """The configuration cannot be used; the text names file, line, key and what would mend it."""


class PluginError(CgrdError):
    """A plugin cannot be used; the text names its distribution and why."""


class StoreError(CgrdError):
    """What was to be kept could not be committed; nothing of the request has happened."""

    def __init__(self, text: str, *, explain: str = "") -> None:
        super().__init__(f"STORE_ERROR: {text}", explain=explain)


def _name(method: str) -> str:
    """A method's name as an error tells it: whole where it could be one."""
    return method if len(method) <= 200 else f"{method[:100]}… ({len(method)} characters)"
