#!/usr/bin/env bash
# Makes the virtual environment named by $1 with exactly the versions of constraints.txt.
set -euo pipefail
venv=$1

for python in python3 python3.13 python3.12 python3.11; do
  "$python" -c 'import sys; assert sys.version_info >= (3, 11)' 2>/dev/null && break
done
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$(grep '^uv==' constraints.txt)"
# Compiling once here saves seconds at every start of a command.
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --compile-bytecode -c constraints.txt -e '.[dev]' ||
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
