"""Exports records to CSV files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cgrd import hookimpl


@hookimpl
def cgrd_exporters() -> Mapping[str, type[Any]]:
    from cgrd_exporter_csv.files import CsvFiles

    return {"*file_csv": CsvFiles}
