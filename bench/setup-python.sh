#!/usr/bin/env bash
# Makes bench/.venv with the Python packages that the benchmarks compare with (about 400 MB); again to bring it up to date.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement python/requirements.txt
.venv/bin/python -m pip check
