#!/usr/bin/env bash
# mypy strict over the kernel and every plugin, each as the package it is installed as, and over a stranger's plugin that uses every vocabulary.
set -euo pipefail
packages=(-p cgrd)
for schema in plugins/*/*/pyproject.toml; do
  for package in "$(dirname "$schema")"/cgrd_*/; do
    [ -e "$package/__init__.py" ] && packages+=(-p "$(basename "$package")")
  done
done
.venv/bin/mypy "${packages[@]}"
.venv/bin/mypy tests/contracts/words/words.py
