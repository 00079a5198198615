"""Certificates of listeners and clients, from the section `tls`."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from cgrd.errors import ConfigurationError


def server_tls(section: Mapping[str, Any]) -> ssl.SSLContext | None:
    """The context of TLS listeners; None where no certificate is configured.

    `server_policy` is the reference's scale: 0 asks for no client certificate, 1 asks, 2 wants any, 3 checks what is given, 4
    wants one that `ca_certificate` signed. Without a `ca_certificate` there is nothing to check by, and none is asked for.

    Raises:
        ConfigurationError: a file cannot be used.
    """
    if not section.get("server_certificate") or not section.get("server_key"):
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_server_tls(context, section)
    return context


def load_server_tls(context: ssl.SSLContext, section: Mapping[str, Any]) -> None:
    """Read the files again into a context in use: connections from now on get the new certificate.

    Raises:
        ConfigurationError: a file cannot be used; the context keeps what it has.
    """
    try:
        context.load_cert_chain(section["server_certificate"], section["server_key"])
        if section.get("ca_certificate"):
            context.load_verify_locations(section["ca_certificate"])
            context.verify_mode = _policy(int(section.get("server_policy", 4)))
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"tls.server_certificate, server_key or ca_certificate cannot be used: {error}") from error


def _policy(policy: int) -> ssl.VerifyMode:
    # OpenSSL always checks a certificate that was given; the reference's 1 and 2, which do not, become 3 and 4.
    return {0: ssl.CERT_NONE, 1: ssl.CERT_OPTIONAL, 3: ssl.CERT_OPTIONAL}.get(policy, ssl.CERT_REQUIRED)


def client_tls(*, ca_certificate: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """The context of a connection to another daemon; the server's name and certificate are checked.

    Raises:
        ConfigurationError: a file cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca_certificate or None)
        if certificate:
            context.load_cert_chain(certificate, key or None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"tls of a connection: {ca_certificate or certificate} cannot be used: {error}") from error
    return context
