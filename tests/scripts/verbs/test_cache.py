"""What is kept that can be made again, told and cleared from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.main import app
from tests.clients.process import other_settings


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    for name, size in (("tiles/plots/10/1/2.mvt", 300), ("scoring/a.arrow", 2_000), ("rasters/dem.tif", 10)):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(bytes(size))
    with other_settings(HOME=str(tmp_path), TILE_CACHE_GB="0.5"):
        yield tmp_path


def test_it_says_what_is_kept_where_and_how_much_room_there_is(home: Path) -> None:
    said = CliRunner().invoke(app, ["cache", "show", "--json"])
    assert said.exit_code == 0, said.output
    found = {row["kind"]: row for row in json.loads(said.stdout)["disk"]}
    assert set(found) == {"tiles", "exports", "jobs", "features", "pictures", "scoring"}
    assert found["tiles"]["folder"] == str(home / "tiles")
    assert (found["tiles"]["files"], found["tiles"]["bytes"], found["tiles"]["limit_bytes"]) == (1, 300, 500_000_000)
    assert (found["features"]["files"], found["features"]["bytes"], found["features"]["oldest_s"]) == (0, 0, None)
    assert {row["kind"] for row in json.loads(said.stdout)["memory"]} == {"tiles", "answers", "results"}
    people = CliRunner().invoke(app, ["cache", "show"])
    assert people.exit_code == 0
    assert "finished tiles of maps" in people.stdout


def test_it_clears_what_is_named_or_everything_and_never_data(home: Path) -> None:
    said = CliRunner().invoke(app, ["cache", "clear", "tiles", "--json"])
    assert json.loads(said.stdout) == {"cleared": [{"kind": "tiles", "files": 1, "bytes": 300}]}
    assert (home / "scoring/a.arrow").exists()
    assert CliRunner().invoke(app, ["cache", "clear"]).exit_code == 0
    assert not (home / "scoring/a.arrow").exists()
    assert (home / "rasters/dem.tif").exists()
    again = CliRunner().invoke(app, ["cache", "clear", "--json"])
    assert {row["files"] for row in json.loads(again.stdout)["cleared"]} == {0}


def test_a_kind_that_is_not_kept_is_refused_and_nothing_removed(home: Path) -> None:
    said = CliRunner().invoke(app, ["cache", "clear", "tiles", "rasters"])
    assert said.exit_code != 0
    assert "expected one of tiles, exports, jobs, features, pictures, scoring" in str(said.exception)
    assert (home / "tiles/plots/10/1/2.mvt").exists()
