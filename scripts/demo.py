"""`make demo`: Janus, cgrd and a page on which a call is placed, charged while it lasts, and cut when the money ends.

Without Janus the same flow runs on simulated events. Ctrl-C ends everything; nothing is left behind.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
CGRD = Path(sys.executable).with_name("cgrd")
CONFIG, TARIFF = HERE / "conf" / "demo" / "cgrd.toml", HERE / "conf" / "demo" / "tariff"
RPC = ("127.0.0.1", 2012)
PORTS = {"cgrd's JSON-RPC": 2012, "cgrd's page": 2080, "cgrd's Janus API": 8089, "Janus' WebSocket": 8188, "Janus' admin WebSocket": 7188}
PAGE = "http://localhost:2080/demo"
TENANT, ACCOUNT = "cgrates.org", "127.0.0.1"


def main() -> None:
    """Start everything, say what to try, wait."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--once", action="store_true", help="end when everything serves (for tests)")
    given.add_argument("--without-janus", action="store_true", help="simulated events, also where Janus is installed")
    options = given.parse_args()
    # A `kill` ends it as Ctrl-C does, with everything that was started; and Ctrl-C does although a shell started it with `&`, which ignores it.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt), contextlib.ExitStack() as stack:
        start(stack, has_janus=shutil.which("janus") is not None and not options.without_janus)
        while not options.once:
            time.sleep(3600)


def start(stack: contextlib.ExitStack, *, has_janus: bool) -> None:
    """Run what there is until the stack is left; returns when all of it serves."""
    refuse_taken_ports()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cgrd-demo-")))
    if has_janus:
        stack.enter_context(running(["janus", "-F", str(janus_folder(folder))], folder / "janus.log", port=8188))
    command = [str(CGRD), "run", "--config", str(CONFIG), "--state", str(folder / "state")]
    stack.enter_context(running(command, folder / "cgrd.log", port=RPC[1]))
    ask("APIerSv1.LoadTariffPlanFromFolder", FolderPath=str(TARIFF))
    fund(1)
    if not has_janus:
        print("Without Janus (Debian: apt-get install janus) the same flow runs on simulated events.\n", flush=True)
        simulate()
    tell(has_janus)


def refuse_taken_ports() -> None:
    """End with the reason where another program listens already."""
    for whose, port in PORTS.items():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            sys.exit(f"port {port} is taken; the demo needs it for {whose}. End the program that listens there and start again.")


def tell(has_janus: bool) -> None:
    """What to open and what to try."""
    print(f"cgrd serves. Open {PAGE}" + (" and place a call." if has_janus else " (its calls need Janus)."))
    print(
        f"""
From another terminal:
  .venv/bin/cgrd console APIerSv2.GetAccount Tenant={TENANT} Account={ACCOUNT}
  .venv/bin/cgrd console CDRsV1.GetCDRs Accounts='["{ACCOUNT}"]'
  .venv/bin/cgrd console APIerSv1.SetBalance Tenant={TENANT} Account={ACCOUNT} BalanceType='*monetary' Value=5 Balance='{{"ID":"demo"}}'
  .venv/bin/cgrd trace
  curl -s http://127.0.0.1:2080/jsonrpc -d '{{"method":"SessionSv1.GetActiveSessions","params":[{{}}],"id":1}}'

Ctrl-C ends it.""",
        flush=True,
    )


@contextlib.contextmanager
def running(command: list[str], log: Path, *, port: int) -> Iterator[None]:
    """A program until the end of the block; its last words are shown when it does not come up."""
    with log.open("w") as words:
        process = subprocess.Popen(command, stdout=words, stderr=words, cwd=log.parent)
    try:
        wait_for(port, process, log)
        yield
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when something listens on the port."""
    until = time.monotonic() + 20
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    sys.exit(f"{log.stem} does not listen on {port}:\n{log.read_text()[-2000:]}")


def ask(method: str, **params: Any) -> Any:
    """One JSON-RPC call."""
    with socket.create_connection(RPC, timeout=30) as connection:
        connection.sendall(json.dumps({"method": method, "params": [params], "id": 1}).encode() + b"\n")
        answer = json.loads(connection.makefile("rb").readline())
    if answer["error"]:
        raise SystemExit(f"{method}: {answer['error']}")
    return answer["result"]


def fund(amount: float) -> None:
    """Give the demo's account its money, in the place of what it has; SetBalance would leave it for an amount of 0."""
    balance = {"ID": "demo", "Weight": 10}
    ask("APIerSv1.AddBalance", Tenant=TENANT, Account=ACCOUNT, BalanceType="*monetary", Value=amount, Overwrite=True, Balance=balance)


def balance() -> float:
    """What the account has left."""
    found = ask("APIerSv2.GetAccount", Tenant=TENANT, Account=ACCOUNT)
    return float(found["BalanceMap"]["*monetary"][0]["Value"])


def simulate() -> None:
    """A short call without a gateway: authorised, started, charged while it lasts, ended, recorded; then one that is refused."""
    begin = datetime.now(UTC)
    event = {
        "Account": ACCOUNT, "Destination": "echotest", "OriginID": "simulated", "OriginHost": "demo", "Category": "call",
        "RequestType": "*prepaid", "ToR": "*voice", "SetupTime": begin.isoformat(), "AnswerTime": begin.isoformat(), "Source": "demo",
    }  # fmt: skip
    print(f"authorised for {authorized(event):.0f} s; balance {balance():.2f}", flush=True)
    ask("SessionSv1.InitiateSession", Tenant=TENANT, ID="2", Event=event, InitSession=True)
    for second in range(4):
        time.sleep(0.5 if second == 0 else 1)
        print(f"the call goes on; balance {balance():.2f}", flush=True)
    usage = round((datetime.now(UTC) - begin).total_seconds() * 1e9)
    ended = {**event, "Usage": usage}
    ask("SessionSv1.TerminateSession", Tenant=TENANT, ID="3", Event=ended, TerminateSession=True)
    ask("SessionSv1.ProcessCDR", Tenant=TENANT, ID="4", Event=ended)
    cost = ask("CDRsV1.GetCDRs", OriginIDs=["simulated"])[0]["Cost"]
    print(f"recorded: {usage / 1e9:.1f} s for {cost:.2f}; balance {balance():.2f}", flush=True)
    fund(0)
    print(f"with a balance of 0 a call may last {authorized(event):.0f} s: the Janus agent answers that with 403 before any media\n", flush=True)
    fund(1)


def authorized(event: dict[str, Any]) -> float:
    """The seconds that a call may last."""
    return float(ask("SessionSv1.AuthorizeEvent", Tenant=TENANT, ID="1", Event=event, GetMaxUsage=True)["MaxUsage"]) / 1e9


def janus_folder(folder: Path) -> Path:
    """A configuration of Janus for this demo: WebSocket and admin on loopback, media on the machine's own address."""
    janus = folder / "janus"
    janus.mkdir()
    library = next(Path("/usr/lib").glob("*/janus"), Path("/usr/lib/janus"))
    files = {
        "janus.jcfg": f"""general: {{ configs_folder = "{janus}" plugins_folder = "{library}/plugins" transports_folder = "{library}/transports"
  events_folder = "{library}/events" loggers_folder = "/nonexistent" admin_secret = "janusoverlord" debug_level = 3 }}
nat: {{ full_trickle = true }}
plugins: {{ disable = "libjanus_duktape.so,libjanus_lua.so,libjanus_sip.so,libjanus_nosip.so,libjanus_voicemail.so" }}
transports: {{ disable = "libjanus_http.so,libjanus_mqtt.so,libjanus_nanomsg.so,libjanus_pfunix.so,libjanus_rabbitmq.so" }}
""",
        "janus.transport.websockets.jcfg": """general: { json = "compact" ws = true ws_port = 8188 ws_ip = "127.0.0.1" wss = false }
admin: { admin_ws = true admin_ws_port = 7188 admin_ws_ip = "127.0.0.1" admin_wss = false }
""",
        "janus.plugin.echotest.jcfg": "general: { }\n",
        "janus.plugin.videoroom.jcfg": 'general: { }\nroom-1234: { description = "Demo" publishers = 6 }\n',
    }
    for name, text in files.items():
        (janus / name).write_text(text)
    return janus


if __name__ == "__main__":
    main()
