"""STIR/SHAKEN: headers that are signed here verify here, and everything else is refused with a reason."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cgrd_subsystem_sessions.passport import Destination, Originator, Payload, check, read_identity, signed, verified
from cgrd_subsystem_sessions.stir import AuthenticateArgs, IdentityArgs, StirShaken
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from cgrd.durations import MINUTE, SECOND
from cgrd.errors import Wrong
from cgrd.testing import VirtualClock


def keys() -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    return (
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    )


CALL = Payload(attest="A", orig=Originator(tn="1001"), dest=Destination(tn=["1002"]), iat=1_000, origid="o")


def test_what_is_signed_is_verified() -> None:
    private, public = keys()
    header = signed(CALL, private_key=private, public_key_at="https://keys.example/1.pem")
    identity = read_identity(header)
    assert identity.info == "https://keys.example/1.pem"
    assert verified(identity, public) == CALL


def test_another_key_does_not_verify() -> None:
    header = signed(CALL, private_key=keys()[0], public_key_at="k")
    with pytest.raises(Wrong, match=r"^wrong header$"):
        verified(read_identity(header), keys()[1])


def test_a_token_moved_to_another_key_is_refused() -> None:
    private, public = keys()
    header = signed(CALL, private_key=private, public_key_at="k").replace("info=<k>", "info=<other>")
    with pytest.raises(Wrong, match=r"^wrong header$"):
        verified(read_identity(header), public)


@pytest.mark.parametrize(
    ("text", "word"),
    [("", "missing parts of the message header"), ("a;b;c", "missing parts of the message header"), ("t;info=k;alg=ES256;ppt=shaken", "wrong header format"),
     ("t;info=<k>;alg=none;ppt=shaken", "wrong header format")],
)  # fmt: skip
def test_a_header_of_another_form_is_refused(text: str, word: str) -> None:
    with pytest.raises(Wrong, match=word):
        read_identity(text)


@given(st.text(max_size=200) | st.builds(lambda token: f"{token};info=<k>;alg=ES256;ppt=shaken", st.text(max_size=200)))
def test_any_text_gives_an_error_and_nothing_else(text: str) -> None:
    with pytest.raises(Wrong):
        verified(read_identity(text), b"no key")


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"attest": ["B"]}, "wrong attest level"), ({"now_ns": 2_000 * SECOND}, "expired payload"), ({"originator": Originator(tn="9")}, "wrong originatorTn"),
     ({"originator": Originator(tn="1001", uri="sip:x")}, "wrong originatorURI"), ({"called": Originator(tn="9")}, "wrong destinationTn"),
     ({"called": Originator(uri="sip:x")}, "wrong destinationURI")],
)  # fmt: skip
def test_claims_of_another_call_are_refused(changes: dict[str, Any], word: str) -> None:
    asked: dict[str, Any] = {
        "attest": ["A"], "originator": Originator(tn="1001"), "called": Originator(tn="1002"), "max_age_ns": MINUTE, "now_ns": 1_010 * SECOND,
    }  # fmt: skip
    check(CALL, **asked)
    with pytest.raises(Wrong, match=rf"^{word}$"):
        check(CALL, **{**asked, **changes})


async def test_the_methods_read_keys_from_files(tmp_path: Path) -> None:
    private, public = keys()
    (tmp_path / "private.pem").write_bytes(private)
    (tmp_path / "public.pem").write_bytes(public)
    config = {"stir": {"allowed_attest": ["*any"], "payload_maxduration": "-1", "publickey_path": str(tmp_path / "public.pem"), "privatekey_path": ""}}
    owner = SimpleNamespace(config=config, services=SimpleNamespace(clock=VirtualClock()))
    stir = StirShaken(cast("Any", owner))
    header = await stir.identity(IdentityArgs(Payload=CALL, PrivateKeyPath=str(tmp_path / "private.pem"), OverwriteIAT=True))
    assert await stir.authenticate(AuthenticateArgs(Identity=header, OriginatorTn="1001", DestinationTn="1002", PayloadMaxDuration="1s")) == "OK"
    with pytest.raises(Wrong, match=r"^\*stir_authenticate: wrong destinationTn$"):
        await stir.authenticate(AuthenticateArgs(Identity=header, OriginatorTn="1001", DestinationTn="9"))
