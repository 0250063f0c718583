#!/usr/bin/env bash
# Makes the virtual environment named by $1 with exactly the files of constraints.txt: a package without its hash, or with
# another, is refused. The project itself is then built by what is installed, without asking for anything.
set -euo pipefail
venv=$1

for python in python3 python3.13 python3.12 python3.11; do
  "$python" -c 'import sys; assert sys.version_info >= (3, 11)' 2>/dev/null && break
done
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
pip=("$venv/bin/python" -m pip --quiet --disable-pip-version-check)
"${pip[@]}" install --require-hashes -r <(sed -n '/^uv==/,/[^\\]$/p' constraints.txt)
uv=("$venv/bin/uv" pip install --quiet --python "$venv/bin/python")
# Compiling once here saves seconds at every start of a command.
"${uv[@]}" --compile-bytecode --no-deps --require-hashes -r constraints.txt ||
  "${pip[@]}" install --no-deps --require-hashes -r constraints.txt
"${uv[@]}" --no-deps --no-build-isolation -e .
