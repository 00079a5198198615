"""`make demo`: Janus, cgrd and a page on which a call is placed, charged while it lasts, and cut when the money ends.

Without Janus the same flow runs on simulated events. Ctrl-C ends everything; nothing is left behind.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent
CGRD = Path(sys.executable).with_name("cgrd")
RPC = ("127.0.0.1", 2012)
PAGE = "http://localhost:2080/demo"
TENANT, ACCOUNT = "cgrates.org", "127.0.0.1"


def main() -> None:
    """Start everything, say what to try, wait."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--once", action="store_true", help="end when everything serves (for tests)")
    once = given.parse_args().once
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cgrd-demo-")))
        has_janus = shutil.which("janus") is not None
        if has_janus:
            stack.enter_context(running(["janus", "-F", str(janus_folder(folder))], folder / "janus.log", port=8188))
        config = HERE / "conf" / "demo" / "cgrd.toml"
        stack.enter_context(running([str(CGRD), "run", "--config", str(config), "--state", str(folder / "state")], folder / "cgrd.log", port=RPC[1]))
        ask("APIerSv1.LoadTariffPlanFromFolder", FolderPath=str(HERE / "conf" / "demo" / "tariff"))
        fund(1)
        if not has_janus:
            print("Janus is not installed here (Debian: apt-get install janus); the same flow runs on simulated events.\n")
            simulate()
        tell(has_janus)
        with contextlib.suppress(KeyboardInterrupt):
            while not once:
                time.sleep(3600)


def tell(has_janus: bool) -> None:
    """What to open and what to try."""
    print(f"cgrd serves. Open {PAGE}" + (" and place a call." if has_janus else " (calls need Janus)."))
    print(f"""
From another terminal:
  .venv/bin/cgrd console APIerSv2.GetAccount Tenant={TENANT} Account={ACCOUNT}
  .venv/bin/cgrd console CDRsV1.GetCDRs Accounts='["{ACCOUNT}"]'
  .venv/bin/cgrd console APIerSv1.SetBalance Tenant={TENANT} Account={ACCOUNT} BalanceType='*monetary' Value=5 Balance='{{"ID":"demo"}}'
  .venv/bin/cgrd trace
  curl -s http://127.0.0.1:2080/jsonrpc -d '{{"method":"SessionSv1.GetActiveSessions","params":[{{}}],"id":1}}'

Ctrl-C ends it.""", flush=True)


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
    sys.exit(f"{process.args} does not listen on {port}:\n{log.read_text()[-2000:]}")


def ask(method: str, **params: Any) -> Any:
    """One JSON-RPC call."""
    with socket.create_connection(RPC, timeout=30) as connection:
        connection.sendall(json.dumps({"method": method, "params": [params], "id": 1}).encode() + b"\n")
        answer = json.loads(connection.makefile("rb").readline())
    if answer["error"]:
        raise SystemExit(f"{method}: {answer['error']}")
    return answer["result"]


def fund(amount: float) -> None:
    """Give the demo's account its money."""
    ask("APIerSv1.SetBalance", Tenant=TENANT, Account=ACCOUNT, BalanceType="*monetary", Value=amount, Balance={"ID": "demo", "Weight": 10})


def balance() -> float:
    """What the account has left."""
    found = ask("APIerSv2.GetAccount", Tenant=TENANT, Account=ACCOUNT)
    return float(found["BalanceMap"]["*monetary"][0]["Value"])


def simulate() -> None:
    """A call of ten seconds without a gateway: authorised, started, charged, ended, recorded."""
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    event = {
        "Account": ACCOUNT, "Destination": "echotest", "OriginID": "simulated", "OriginHost": "demo", "Category": "call",
        "RequestType": "*prepaid", "ToR": "*voice", "SetupTime": start, "AnswerTime": start, "Usage": "10s", "Source": "demo",
    }  # fmt: skip
    grant = ask("SessionSv1.AuthorizeEvent", Tenant=TENANT, ID="1", Event=event, GetMaxUsage=True)
    print(f"authorised for {grant['MaxUsage'] / 1e9:.0f} s; balance {balance():.2f}")
    ask("SessionSv1.InitiateSession", Tenant=TENANT, ID="2", Event=event, InitSession=True)
    for second in range(3):
        print(f"the call goes on; balance {balance():.2f}")
        time.sleep(1 if second < 2 else 0)
    ask("SessionSv1.TerminateSession", Tenant=TENANT, ID="3", Event=event, TerminateSession=True)
    ask("SessionSv1.ProcessCDR", Tenant=TENANT, ID="4", Event=event)
    cost = ask("CDRsV1.GetCDRs", OriginIDs=["simulated"])[0]["Cost"]
    print(f"recorded: 10 s for {cost}; balance {balance():.2f}\n")


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
