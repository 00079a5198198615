"""TLS listeners and clients: the certificate is checked, and changed without a restart."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import trio

from cgrd.clock import SystemClock
from cgrd.errors import ConfigurationError, Disconnected
from cgrd.rpc.http_listeners import http_servers
from cgrd.rpc.pool import Pools
from cgrd.rpc.server import TcpServer
from cgrd.rpc.tls import load_server_tls, server_tls

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="certificates are made by the openssl command")


def certificate(folder: Path, name: str) -> dict[str, str]:
    """A self-signed certificate of this machine, as the section `tls` names it."""
    section = {"server_certificate": str(folder / f"{name}.crt"), "server_key": str(folder / f"{name}.key")}
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *subject, "-keyout", section["server_key"], "-out", section["server_certificate"]], check=True, capture_output=True)
    return section


async def ask(nursery: trio.Nursery, address: str, trusted: str, transport: str = "*json") -> Any:
    pools = Pools(
        rpc_conns={"remote": {"conns": [{"address": address, "transport": transport, "tls": True, "ca_certificate": trusted}]}},
        general={"connect_attempts": 1, "connect_timeout": "2s", "reply_timeout": "2s"},
        tls={},
        clock=SystemClock(),
    )
    await nursery.start(pools.serve)
    return await pools["remote"].call("Desk.Ping", {})


async def test_the_certificate_is_checked_and_may_change(desk: Any, nursery: trio.Nursery, tmp_path: Path) -> None:
    old, new = certificate(tmp_path, "old"), certificate(tmp_path, "new")
    context = server_tls(old)
    assert context is not None
    address = (await nursery.start(TcpServer(address="127.0.0.1:0", directory=desk, tls=context).serve))[0]
    assert await ask(nursery, address, old["server_certificate"]) == "Pong"
    with pytest.raises(Disconnected):
        await ask(nursery, address, new["server_certificate"])
    load_server_tls(context, new)
    assert await ask(nursery, address, new["server_certificate"]) == "Pong"


async def test_http_and_websocket_are_secured_too(desk: Any, nursery: trio.Nursery, tmp_path: Path) -> None:
    section = certificate(tmp_path, "web")
    servers = http_servers(listen="127.0.0.1:0", http={"json_rpc_url": "/jsonrpc", "ws_url": "/ws"}, directory=desk, tls=server_tls(section))
    address = (await nursery.start(servers[0].serve))[0]
    assert await ask(nursery, f"{address}/jsonrpc", section["server_certificate"], "*http_jsonrpc") == "Pong"
    assert await ask(nursery, f"{address}/ws", section["server_certificate"], "*ws_jsonrpc") == "Pong"


def test_no_certificate_is_no_tls_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    assert server_tls({"server_certificate": "", "server_key": ""}) is None
    with pytest.raises(ConfigurationError, match=r"tls\.server_certificate"):
        server_tls({"server_certificate": str(tmp_path / "none"), "server_key": str(tmp_path / "none")})
