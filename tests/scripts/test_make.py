"""``make clean`` takes away what can be made again, and no data."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_cleaning_leaves_the_data(tmp_path: Path) -> None:
    for name in ("Makefile", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    kept = [".obod/postgres/data/PG_VERSION", ".obod/rasters/dem.tif", ".obod/rejects/rows.csv", ".obod/database.json"]
    made_again = [".venv/pyvenv.cfg", "node_modules/installed", ".obod/tiles/t", ".obod/features/f", ".obod/scoring/s"]
    for name in (*kept, *made_again):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    said = subprocess.run(["make", "clean"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert [name for name in kept if not (tmp_path / name).exists()] == []
    assert [name for name in made_again if (tmp_path / name).exists()] == []
    assert "obod db remove" in said.stdout
