"""STIR/SHAKEN over the API and in events: verifying who calls, and vouching for it.

Source: spec/sessions.md §4 and §7.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from uuid import uuid4

import msgspec
import trio

from cgrd import Flow, Run, method, stage
from cgrd.config import as_duration
from cgrd.durations import HOUR, SECOND, parse_duration
from cgrd.errors import CgrdError, MandatoryMissing, Wrong
from cgrd_subsystem_sessions.passport import Destination, Originator, Payload, check, read_identity, signed, verified

if TYPE_CHECKING:
    from cgrd_subsystem_sessions.service import SessionS

KEY_KEPT_NS: Final = 3 * HOUR
KEY_BYTES: Final = 64 * 1024
FETCH_SECONDS: Final = 5


class AuthenticateArgs(msgspec.Struct, kw_only=True):
    """An Identity header and the call it should be of."""

    Attest: list[str] | None = None
    DestinationTn: str = ""
    DestinationURI: str = ""
    Identity: str = ""
    OriginatorTn: str = ""
    OriginatorURI: str = ""
    PayloadMaxDuration: str = ""
    APIOpts: dict[str, Any] | None = None


class IdentityArgs(msgspec.Struct, kw_only=True):
    """Claims to be signed; keys where the configuration's are not meant."""

    Payload: Payload | None = None
    PublicKeyPath: str = ""
    PrivateKeyPath: str = ""
    OverwriteIAT: bool = False
    APIOpts: dict[str, Any] | None = None


class StirShaken:
    """Serves the STIR methods, and keeps the keys it fetched.

    Args:
        owner: SessionS with its parts.
    """

    def __init__(self, owner: SessionS) -> None:
        self._owner = owner
        self._keys: dict[str, tuple[int, bytes]] = {}

    @method("SessionSv1.STIRAuthenticate")
    async def authenticate(self, args: AuthenticateArgs) -> str:
        """Whether an Identity header is genuine and of this call.

        Raises:
            Wrong: `*stir_authenticate: ` and what is wrong.
        """
        settings = self._owner.config["stir"]
        try:
            identity = read_identity(args.Identity)
            payload = verified(identity, await self.key(identity.info))
            given = args.PayloadMaxDuration
            check(
                payload,
                attest=args.Attest or settings["allowed_attest"],
                originator=Originator(tn=args.OriginatorTn, uri=args.OriginatorURI),
                called=Originator(tn=args.DestinationTn, uri=args.DestinationURI),
                max_age_ns=parse_duration(given) if given else as_duration(settings["payload_maxduration"]),
                now_ns=self._owner.services.clock.now_ns(),
            )
        except CgrdError as error:
            raise Wrong(f"*stir_authenticate: {error}", explain=error.explain) from error
        return "OK"

    @method("SessionSv1.STIRIdentity")
    async def identity(self, args: IdentityArgs) -> str:
        """The Identity header of signed claims.

        Raises:
            MandatoryMissing: no payload.
            Wrong: a key cannot be read or used.
        """
        settings = self._owner.config["stir"]
        if args.Payload is None:
            raise MandatoryMissing("Payload")
        payload = args.Payload
        if args.OverwriteIAT or not payload.iat:
            payload = msgspec.structs.replace(payload, iat=self._owner.services.clock.now_ns() // SECOND)
        private_key = await self.key(args.PrivateKeyPath or settings["privatekey_path"])
        return signed(payload, private_key=private_key, public_key_at=args.PublicKeyPath or settings["publickey_path"])

    async def key(self, path: str) -> bytes:
        """A key by its file or https URL, kept for hours.

        Raises:
            Wrong: it cannot be read.
        """
        now = self._owner.services.clock.monotonic_ns()
        kept = self._keys.get(path)
        if kept is not None and kept[0] > now:
            return kept[1]
        found = await _fetched(path) if path.startswith(("https://", "http://")) else await _read(path)
        if len(self._keys) >= 1000:
            self._keys.clear()
        self._keys[path] = (now + KEY_KEPT_NS, found)
        return found


async def _read(path: str) -> bytes:
    try:
        return await trio.Path(Path(path)).read_bytes()
    except (OSError, ValueError) as error:
        raise Wrong(f"the key {path or '(no path)'} cannot be read: {error}", explain="set sessions.stir, or give a path") from error


async def _fetched(url: str) -> bytes:
    import httpx

    try:
        async with httpx.AsyncClient(timeout=FETCH_SECONDS) as client, client.stream("GET", url) as answer:
            answer.raise_for_status()
            found = b""
            async for piece in answer.aiter_bytes():
                found += piece
                if len(found) > KEY_BYTES:
                    raise Wrong(f"the key at {url} is longer than {KEY_BYTES} octets")
            return found
    except httpx.HTTPError as error:
        raise Wrong(f"the key at {url} cannot be fetched: {error}") from error


def _stir(flow: Flow) -> StirShaken:
    return cast("SessionS", flow.driver).stir


PLACE: Final[dict[str, Any]] = {
    "of": "event", "per": "run", "after": "*chargers *attributes *routes *thresholds *stats", "before": "*resources *ips *rals *cdrs",
}  # fmt: skip


@stage("*stir_authenticate", **PLACE)
async def authenticate_view(flow: Flow, run: Run) -> None:
    """Verify the caller of one view of the event by the options it came with."""
    options, fields = run.event.options(), run.event.Event
    attest = options.get("*stirATest")
    args = AuthenticateArgs(
        Attest=[str(attest)] if attest else None,
        Identity=str(options.get("*stirIdentity", "")),
        OriginatorTn=str(options.get("*stirOriginatorTn") or fields.get("Account", "")),
        OriginatorURI=str(options.get("*stirOriginatorURI", "")),
        DestinationTn=str(options.get("*stirDestinationTn") or fields.get("Destination", "")),
        DestinationURI=str(options.get("*stirDestinationURI", "")),
        PayloadMaxDuration=str(options.get("*stirPayloadMaxDuration", "")),
    )
    await _stir(flow).authenticate(args)


@stage("*stir_initiate", reply="STIRIdentity", **PLACE)
async def vouch_for_view(flow: Flow, run: Run) -> str | None:
    """The Identity header for one view of the event."""
    if "*stir_authenticate" in flow.asked:
        return None
    options, fields = run.event.options(), run.event.Event
    caller_uri, called_uri = str(options.get("*stirOriginatorURI", "")), str(options.get("*stirDestinationURI", ""))
    caller, called = str(options.get("*stirOriginatorTn") or fields.get("Account", "")), str(options.get("*stirDestinationTn") or fields.get("Destination", ""))
    payload = Payload(
        attest=str(options.get("*stirATest") or flow.driver.config["stir"]["default_attest"]),
        orig=Originator(uri=caller_uri) if caller_uri else Originator(tn=caller),
        dest=Destination(uri=[called_uri]) if called_uri else Destination(tn=[called]),
        origid=str(uuid4()),
    )
    args = IdentityArgs(
        Payload=payload,
        PublicKeyPath=str(options.get("*stirPublicKeyPath", "")),
        PrivateKeyPath=str(options.get("*stirPrivateKeyPath", "")),
        OverwriteIAT=True,
    )
    return await _stir(flow).identity(args)
