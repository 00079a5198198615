"""HTTP basic authentication (RFC 7617) by the users that the section `http` names."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

from cgrd.errors import ConfigurationError

CHALLENGE = {"WWW-Authenticate": 'Basic realm="Restricted"'}
"""What a refusal (401) carries."""


class BasicAuth:
    """Who may use a listener.

    Args:
        users: name → base64 of the password (`http.auth_users`).

    Raises:
        ConfigurationError: a password is not base64.
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._passwords = {name.encode(): _password(name, told) for name, told in users.items()}

    def allows(self, authorization: str) -> bool:
        """Whether the header `Authorization` names one of them with the right password."""
        scheme, _, credentials = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            name, _, password = base64.b64decode(credentials.strip(), validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        # Compared also for unknown users, so that the time tells nothing.
        known = self._passwords.get(name)
        return hmac.compare_digest(known or b"", password) and known is not None


def _password(name: str, told: str) -> bytes:
    try:
        return base64.b64decode(told, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ConfigurationError(f"http.auth_users.{name}: a password is given as base64; `printf %s PASSWORD | base64` makes it") from error
