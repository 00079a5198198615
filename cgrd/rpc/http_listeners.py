"""The HTTP listeners of a configuration: the shared one with JSON-RPC and components' faces, and those of faces that want their own."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping
from typing import Any

from cgrd.component import HttpFace
from cgrd.rpc.basic_auth import BasicAuth
from cgrd.rpc.http_rpc import JsonRpcFace
from cgrd.rpc.http_server import HttpServer
from cgrd.rpc.interface import Directory
from cgrd.rpc.limits import Limits
from cgrd.rpc.origins import Origins, host_of
from cgrd.rpc.websocket import WebSocketFace


def http_servers(
    *,
    listen: str,
    http: Mapping[str, Any],
    directory: Directory,
    faces: Iterable[HttpFace] = (),
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
    hosts: Iterable[str] = (),
) -> list[HttpServer]:
    """The servers to start. Import this module when HTTP is wanted: it loads hypercorn and Starlette.

    Args:
        listen: address of the shared listener (`listen.http`, or `listen.http_tls` with `tls`); empty = none.
        http: the section of that name; an empty path is not served. Its users hold for the shared listener; a face on a
            listener of its own authenticates as its component says.
        directory: the methods.
        faces: what components serve by HTTP.
        limits: what peers may ask.
        tls: certificates of the shared listener.
        hosts: names under which browsers reach it, beside addresses, localhost and the name in `listen` (`rpc.allowed_hosts`).

    Raises:
        ConfigurationError: a password is not base64, or two faces have one path.
    """
    limits = limits or Limits()
    auth = BasicAuth(http.get("auth_users") or {}) if http.get("use_basic_auth") else None
    by_address: dict[str, list[HttpFace]] = {}
    for face in faces:
        by_address.setdefault(face.listen, []).append(face)
    shared = by_address.pop("", [])
    servers = [HttpServer(address=address, faces=own, limits=limits) for address, own in by_address.items()]
    if listen:
        origins = Origins([host_of(listen), *hosts])
        socket = WebSocketFace(directory=directory, limits=limits, origins=origins)
        post = JsonRpcFace(directory=directory, limits=limits, origins=origins)
        rpc = [HttpFace(path=http.get("json_rpc_url", ""), app=post), HttpFace(path=http.get("ws_url", ""), app=socket)]
        shared += [face for face in rpc if face.path]
        servers.append(HttpServer(address=listen, faces=shared, limits=limits, auth=auth, tls=tls, stopping=[socket.stop]))
    return servers
