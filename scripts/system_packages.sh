#!/usr/bin/env bash
# Installs the real peers of the tests and of the demo from Debian, where they are missing and we may.
set -euo pipefail
wanted=()
command -v janus >/dev/null || wanted+=(janus)
command -v chromium >/dev/null || wanted+=(chromium)
command -v ip >/dev/null || wanted+=(iproute2)
[ "${#wanted[@]}" -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "missing: ${wanted[*]}; install them with your distribution's package manager" >&2
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends "${wanted[@]}"
