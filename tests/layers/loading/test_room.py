"""A file for which there is no room is refused before anything of it is stored."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from layers.errors import DataRefused
from layers.loading import Options, load_file
from layers.loading.room import require_room
from tests.clients.process import forget_settings

MB = 2**20


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Give a folder on a disk of which 100 MB are free."""
    usage = shutil.disk_usage(tmp_path)._replace(free=100 * MB)
    monkeypatch.setattr("layers.loading.room.shutil.disk_usage", lambda _folder: usage)
    return tmp_path


def _file(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_room_needed_and_free_are_told(disk: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool) -> None:
    monkeypatch.setenv("OBOD_HOME", str(disk / "not" / "yet"))
    monkeypatch.delenv("OBOD_DATABASE_URL", raising=False)
    if elsewhere:
        monkeypatch.setenv("OBOD_DATABASE_URL", "postgresql://me@elsewhere/obod")
    forget_settings()
    require_room(_file(disk / "villages.csv", 10 * MB))
    told = r"many\.csv needs about 128 MB of room, and 100 MB are free"
    with pytest.raises(DataRefused, match=told):
        require_room(_file(disk / "many.csv", 20 * MB))
    forget_settings()


def test_all_parts_of_a_shapefile_count(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBOD_HOME", str(disk))
    for suffix in ("shp", "dbf", "shx"):
        _file(disk / f"plots.{suffix}", 7 * MB)
    forget_settings()
    with pytest.raises(DataRefused, match=re.escape("plots.shp needs about 132 MB")):
        require_room(disk / "plots.shp")
    forget_settings()


def test_nothing_is_stored_of_a_file_without_room(connection: Connection, disk: Path) -> None:
    (disk / "villages.csv").write_text("code,lon,lat\nv1,70.5,39.1\n" + "#" * 30 * MB)
    before = connection.execute(text("SELECT count(*) FROM loads")).scalar()
    with pytest.raises(DataRefused, match="of room"):
        load_file(connection, "settlements", disk / "villages.csv", Options())
    assert connection.execute(text("SELECT count(*) FROM loads")).scalar() == before
