#!/usr/bin/env bash
# Replays recorded answers: the sample that the project carries, and all of them where ../shared is beside the checkout.
# departures.toml lists what differs on purpose; anything else that differs fails.
set -euo pipefail
cd "$(dirname "$0")/.."
start="$PWD/.venv/bin/cgrd run --config {conf} --state {state}"
if [ -d ../shared/conformance/cases ]; then
  mapfile -t cases < <(ls ../shared/conformance/cases/*/*.json)
else
  mapfile -t cases < <(ls tests/conformance/cases/*.json)
fi
.venv/bin/python tests/conformance/replay.py --workers 2 --departures tests/conformance/departures.toml --start "$start" "${cases[@]}"
