"""Files of rejected rows have a limit on disk: the oldest go, the newest stays whatever it takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from layers.loading.rejects import remove_older


@pytest.mark.parametrize(
    ("most_bytes", "left"),
    [(600, {"a", "b", "c"}), (599, {"b", "c"}), (300, {"c"}), (299, {"c"}), (0, {"c"})],
)
def test_the_oldest_make_room(tmp_path: Path, most_bytes: int, left: set[str]) -> None:
    for age, (name, size) in enumerate((("c", 300), ("b", 200), ("a", 100))):
        (tmp_path / name).write_bytes(bytes(size))
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    remove_older(tmp_path, most_bytes)
    assert {path.name for path in tmp_path.iterdir()} == left
