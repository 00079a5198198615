"""cgrd as a process, on a CGRateS configuration and tariff plan, and its JSON-RPC."""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from rig import real_janus
from rig.processes import Process

RPC, HTTP, BIRPC = 18012, 18080, 18014

CONFIG: dict[str, Any] = {
    "general": {"node_id": "e2e", "log_level": 6, "logger": "*stdout"},
    "listen": {"rpc_json": f"127.0.0.1:{RPC}", "rpc_gob": "", "birpc_json": f"127.0.0.1:{BIRPC}", "http": f"0.0.0.0:{HTTP}"},
    "data_db": {"db_type": "*internal"},
    "stor_db": {"db_type": "*internal"},
    "rals": {"enabled": True},
    "schedulers": {"enabled": True},
    "attributes": {"enabled": True},
    "chargers": {"enabled": True},
    "cdrs": {"enabled": True, "chargers_conns": ["*internal"], "rals_conns": ["*internal"]},
    "sessions": {
        "enabled": True,
        "debit_interval": "1s",
        "rals_conns": ["*internal"],
        "cdrs_conns": ["*internal"],
        "chargers_conns": ["*internal"],
        "attributes_conns": ["*internal"],
    },
    "apiers": {"enabled": True, "scheduler_conns": ["*internal"]},
    "janus_agent": {
        "enabled": True,
        "url": "/janus",
        "sessions_conns": ["*internal"],
        "janus_conns": [
            {
                "address": f"127.0.0.1:{real_janus.WS}",
                "type": "*ws",
                "admin_address": f"localhost:{real_janus.ADMIN_WS}",
                "admin_password": real_janus.ADMIN_SECRET,
            }
        ],
    },
}

PLAN = {
    "Destinations.csv": "#Id,Prefix\nECHO,echotest\nROOMS,videoroom\n",
    "Rates.csv": "#Id,ConnectFee,Rate,RateUnit,RateIncrement,GroupIntervalStart\nR1,0,0.6,60s,1s,0s\n",
    "DestinationRates.csv": "#Id,DestinationId,RatesTag,RoundingMethod,RoundingDecimals,MaxCost,MaxCostStrategy\nDR,ECHO,R1,*up,4,0,\nDR,ROOMS,R1,*up,4,0,\n",
    "RatingPlans.csv": "#Id,DestinationRatesId,TimingTag,Weight\nRP,DR,*any,10\n",
    "RatingProfiles.csv": "#Tenant,Category,Subject,ActivationTime,RatingPlanId,RatesFallbackSubject\ncgrates.org,call,*any,2019-01-01T00:00:00Z,RP,\n",
    "Chargers.csv": "#Tenant,ID,FilterIDs,ActivationInterval,RunID,AttributeIDs,Weight\ncgrates.org,DEFAULT,,,*default,*none,0\n",
    "Attributes.csv": "#Tenant,ID,Context,FilterIDs,ActivationInterval,AttributeFilterIDs,Path,Type,Value,Blocker,Weight\n"
    "cgrates.org,ATTR_JANUS,*sessions,,,,*req.RequestType,*constant,*prepaid,false,0\n",
}

RATE = Decimal("0.01")
"""Money per second that has begun."""


class RpcError(Exception):
    """What the daemon answered in the place of a result."""


class Daemon:
    """Start, kill and start again, on one state folder."""

    def __init__(self, *, folder: Path, config: dict[str, Any] = CONFIG, http: int = HTTP) -> None:
        self.folder = folder
        self.http = http
        self.process: Process | None = None
        self._numbers = itertools.count(1)
        for name, text in ({"conf/cgrates.json": json.dumps(config, indent=1)} | {f"plan/{name}": text for name, text in PLAN.items()}).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def start(self) -> None:
        """Run `cgrd` of this environment (or what $CGRD names); returns when it serves."""
        program = os.environ.get("CGRD", str(Path(sys.executable).parent / "cgrd"))
        command = [program, "run", "--config", str(self.folder / "conf"), "--state", str(self.folder / "state")]
        self.process = Process(command, log=self.folder / "cgrd.log")
        self.process.wait_for_port(self.http)

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()

    def stop(self) -> None:
        """SIGTERM."""
        if self.process is not None:
            self.process.stop()

    def linked(self) -> bool:
        """Whether its agent reaches Janus."""
        try:
            return bool(httpx.get(f"http://127.0.0.1:{self.http}/janus/info").json()["janus"] == "server_info")
        except httpx.HTTPError:
            return False

    def load_plan(self) -> None:
        """Load the tariff plan."""
        self.rpc("APIerSv1.LoadTariffPlanFromFolder", FolderPath=str(self.folder / "plan"))

    def rpc(self, method: str, **params: Any) -> Any:
        """The result of a method; raises `RpcError`."""
        request = {"method": method, "params": [params], "id": next(self._numbers)}
        answer = json.loads(httpx.post(f"http://127.0.0.1:{self.http}/jsonrpc", json=request, timeout=10).text, parse_float=Decimal)
        if answer.get("error"):
            raise RpcError(f"{method}: {answer['error']}")
        return answer["result"]


class Account:
    """A client address as the account it is: its money and its records."""

    def __init__(self, *, daemon: Daemon, name: str) -> None:
        self.daemon = daemon
        self.name = name

    def fund(self, value: str) -> None:
        """Set its money; makes the account."""
        self.daemon.rpc(
            "APIerSv1.SetBalance", Tenant="cgrates.org", Account=self.name, BalanceType="*monetary", Value=float(value), Balance={"ID": "money", "Weight": 10}
        )

    def make(self) -> None:
        """The account without any balance."""
        self.daemon.rpc("APIerSv2.SetAccount", Tenant="cgrates.org", Account=self.name)

    @property
    def balance(self) -> Decimal:
        """What is left."""
        account = self.daemon.rpc("APIerSv2.GetAccount", Tenant="cgrates.org", Account=self.name)
        found = (account["BalanceMap"] or {}).get("*monetary", [])
        return sum((Decimal(str(each["Value"])) for each in found), Decimal(0))

    def cdrs(self, session: int, *, seconds: float = 10) -> list[dict[str, Any]]:
        """The records of a Janus session, once there are any; raises `TimeoutError`."""
        return wait_for(lambda: self._cdrs(session), what=f"CDR of {session}", seconds=seconds)

    def cdr(self, session: int, *, seconds: float = 10) -> dict[str, Any]:
        """Its one record of the charged run."""
        found = [record for record in self.cdrs(session, seconds=seconds) if record["RunID"] == "*default"]
        assert len(found) == 1, found
        return found[0]

    def _cdrs(self, session: int) -> list[dict[str, Any]]:
        try:
            found: list[dict[str, Any]] = self.daemon.rpc("CDRsV1.GetCDRs", OriginIDs=[str(session)])
        except (RpcError, httpx.HTTPError):
            return []
        return found


def wait_for(look: Callable[[], Any], *, what: str, seconds: float = 10) -> Any:
    """What `look` finds, once it finds something; raises `TimeoutError`."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: nothing within {seconds} s")
        time.sleep(0.05)
    return found
