"""ConfigSv1 as the reference answered it: defaults, printed forms and errors of every section."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cgrd.codec import encode
from cgrd.config import ConfigService, Schemas, load
from cgrd.errors import CgrdError

ROOT = Path(__file__).parents[2]
RECORDED = ROOT.parent / "shared/conformance/cases/loaders_admin"


def cases() -> Iterator[Any]:
    for file in sorted(RECORDED.glob("*.json")):
        case = json.loads(file.read_text())
        if any(step.get("method", "").startswith("ConfigSv1.") for step in case["steps"]):
            yield pytest.param(case, id=file.stem)


async def answer(service: ConfigService, step: dict[str, Any]) -> tuple[Any, str | None]:
    served = {each.name: each for each in service.served()}[step["method"]]
    try:
        found = served.handler(msgspec.convert(step["params"], served.args))
        found = await found if served.is_async else found
    except CgrdError as error:
        return None, str(error)
    return json.loads(encode(found)), None


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers lie beside the project")
@pytest.mark.parametrize("case", list(cases()))
async def test_recorded_answers_hold(case: dict[str, Any], tmp_path: Path) -> None:
    for name, text in case["config"].items():
        (tmp_path / name).write_text(text)
    schemas = Schemas.kernel()
    for file in sorted((ROOT / "plugins").glob("*/*/cgrd_*/config.schema.json")):
        schemas.add_file(file, package=file.parent.name)
    service = ConfigService(tree=load(tmp_path, schemas))
    for step in case["steps"]:
        if step.get("method", "").startswith("ConfigSv1."):
            assert await answer(service, step) == (step["result"], step["error"]), step["params"]
