"""PASSporT: the signed token of STIR/SHAKEN that says who calls whom, and the SIP Identity header that carries it.

Pure. Source: RFC 8225 (PASSporT), RFC 8224 §4 (Identity header), RFC 8588 (shaken), spec/sessions.md §7.
"""

from __future__ import annotations

from typing import Any

import msgspec

from cgrd.errors import Wrong

ALGORITHM = "ES256"


class Originator(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Who calls: a number or a URI."""

    tn: str = ""
    uri: str = ""


class Destination(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Who is called: numbers or URIs."""

    tn: list[str] = []
    uri: list[str] = []


class Payload(msgspec.Struct, kw_only=True):
    """The claims: attestation, called, when (unix seconds), calling, an id of the origin."""

    attest: str = ""
    dest: Destination = msgspec.field(default_factory=Destination)
    iat: int = 0
    orig: Originator = msgspec.field(default_factory=Originator)
    origid: str = ""


class Header(msgspec.Struct, kw_only=True):
    """How it is signed, and where the certificate is."""

    alg: str = ALGORITHM
    ppt: str = "shaken"
    typ: str = "passport"
    x5u: str = ""


class Identity(msgspec.Struct, frozen=True):
    """An Identity header taken apart: the token, and where the public key is."""

    token: str
    info: str


def read_identity(text: str) -> Identity:
    """The parts of an Identity header; nothing is verified but its form.

    Raises:
        Wrong: what is wrong with it.
    """
    parts = [part.strip() for part in text.split(";")]
    if len(parts) != 4:
        raise Wrong("missing parts of the message header", explain="an Identity header is token;info=<url>;alg=ES256;ppt=shaken")
    fields = dict(part.partition("=")[::2] for part in parts[1:])
    info = fields.get("info", "")
    algorithm, kind = fields.get("alg", "").strip('"'), fields.get("ppt", "").strip('"')
    if not (info.startswith("<") and info.endswith(">")) or algorithm != ALGORITHM or kind != "shaken":
        raise Wrong("wrong header format", explain=f"wanted info=<url>, alg={ALGORITHM} and ppt=shaken in {';'.join(parts[1:])}")
    return Identity(token=parts[0], info=info[1:-1])


def verified(identity: Identity, public_key: bytes) -> Payload:
    """The claims of a token that the key has signed.

    Args:
        public_key: PEM, of a key or of a certificate.

    Raises:
        Wrong: the token was not signed with it, or is no PASSporT of SHAKEN.
    """
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        token = jws.deserialize_compact(identity.token, _key(public_key), registry=_registry())
        header = msgspec.convert(token.headers(), Header)
        payload = msgspec.json.decode(token.payload, type=Payload)
    except (JoseError, ValueError, msgspec.MsgspecError, UnicodeError) as error:
        raise Wrong("wrong header", explain=f"the token cannot be verified: {error}") from error
    if header != Header(x5u=identity.info):
        raise Wrong("wrong header", explain=f"the token's header must name {ALGORITHM}, shaken, passport and the key at {identity.info}")
    return payload


def signed(payload: Payload, *, private_key: bytes, public_key_at: str) -> str:
    """The Identity header of claims signed with a private key (PEM).

    Raises:
        Wrong: the key cannot be used.
    """
    from joserfc import jws
    from joserfc.errors import JoseError

    header: dict[str, Any] = msgspec.to_builtins(Header(x5u=public_key_at))
    try:
        token = jws.serialize_compact(header, msgspec.json.encode(payload), _key(private_key), registry=_registry())
    except (JoseError, ValueError) as error:
        raise Wrong(f"the private key cannot be used: {error}") from error
    return f"{token};info=<{public_key_at}>;alg={ALGORITHM};ppt=shaken"


def _key(pem: bytes) -> Any:
    from joserfc.jwk import ECKey

    return ECKey.import_key(_public_key(pem) if b"BEGIN CERTIFICATE" in pem else pem)


def _public_key(certificate: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import load_pem_x509_certificate

    return load_pem_x509_certificate(certificate).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _registry() -> Any:
    from joserfc.jws import JWSRegistry
    from joserfc.registry import HeaderParameter

    # JOSE knows no `ppt`, and wants a URL as `x5u` where a file may stand here.
    known = {"ppt": HeaderParameter("PASSporT extension", "str"), "x5u": HeaderParameter("where the public key is", "str")}
    return JWSRegistry(header_registry=known, algorithms=[ALGORITHM])


def check(payload: Payload, *, attest: list[str], originator: Originator, called: Originator, max_age_ns: int, now_ns: int) -> None:
    """Whether the claims are of this call; a URI counts before a number.

    Args:
        attest: levels that are accepted; "*any" is all.
        max_age_ns: greatest age of the claims; below 0 any.

    Raises:
        Wrong: what does not agree.
    """
    if "*any" not in attest and payload.attest not in attest:
        raise Wrong("wrong attest level", explain=f"{payload.attest or 'none'} is none of {' '.join(attest)}")
    if max_age_ns >= 0 and now_ns > payload.iat * 1_000_000_000 + max_age_ns:
        raise Wrong("expired payload", explain=f"made at unix {payload.iat} s, valid for {max_age_ns} ns")
    if originator.uri:
        _agree(payload.orig.uri == originator.uri, "originatorURI")
    else:
        _agree(payload.orig.tn == originator.tn, "originatorTn")
    if called.uri:
        _agree(called.uri in payload.dest.uri, "destinationURI")
    else:
        _agree(called.tn in payload.dest.tn, "destinationTn")


def _agree(agrees: bool, what: str) -> None:
    if not agrees:
        raise Wrong(f"wrong {what}", explain="the token was made for another call")
