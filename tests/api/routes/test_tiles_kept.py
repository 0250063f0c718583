"""However many tiles one visitor asks for, what they leave on disk is bounded by what the map itself asks for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from pathlib import Path

import mapbox_vector_tile
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.main import create_app
from layers.cache.folders import Folder
from layers.tiles.cache import TileCache
from tests.worlds.three_districts import DEFAULT, NUROBOD, OTHER, QUBODIYON, RASHT, Land

FINE, COARSE = "/tiles/plots/15/22789/12520.mvt", "/tiles/plots/11/1424/782.mvt"  # both within Rasht alone
FURTHER = ("slope_pct", "soil_depth_cm", "jamoat", "area_ha", "land_form")


@pytest.fixture
def client(land: Land, tmp_path: Path) -> Iterator[TestClient]:  # noqa: ARG001 - the land must be there
    """A client of the service, whose tiles lie below a folder of this test."""
    app = create_app()
    with TestClient(app) as opened:
        assert isinstance(opened.app, FastAPI)
        opened.app.state.tiles = TileCache(Folder("tiles", tmp_path, 1_000_000_000))
        yield opened


def kept(folder: Path) -> list[str]:
    """Names of the tiles on disk."""
    return sorted(path.name for path in folder.rglob("*") if path.suffix in (".mvt", ".png"))


def test_one_visitor_who_asks_for_every_variant_leaves_only_what_the_map_asks_for(
    client: TestClient, land: Land, tmp_path: Path
) -> None:
    lists = [",".join(names) for size in (0, 2, 3) for names in permutations(FURTHER, size)]
    asked = [f"attributes={names}" for names in lists]
    asked += [f"district={code}" for code in (RASHT, NUROBOD, QUBODIYON)]
    asked += [f"run={run}" for run in land.runs.values()] + [f"scheme={scheme}" for scheme in (DEFAULT, OTHER)]
    asked += [f"attributes={name}&district={RASHT}&run={land.runs[OTHER]}" for name in FURTHER]
    for query in asked:
        for tile in (FINE, COARSE):
            assert client.get(f"{tile}?{query}").status_code == 200
    assert kept(tmp_path) == ["12520.mvt", "782.mvt"]
    for name in ("slope_pct", "jamoat", "confidence"):  # the map colours by the first and the last, never by the second
        client.get(f"{FINE}?attributes={name}")
    assert len(kept(tmp_path)) == 4


def test_what_holds_the_same_is_made_once(client: TestClient, land: Land) -> None:
    tiles = client.app.state.tiles  # type: ignore[attr-defined]
    plain = client.get(FINE)
    same = ["class,score", "score,limiting,plot_id", ""]
    for query in [*(f"attributes={names}" for names in same), f"district={RASHT}", f"run={land.runs[DEFAULT]}"]:
        assert client.get(f"{FINE}?{query}").headers["etag"] == plain.headers["etag"], query
    assert len(tiles._memory) == 1
    tags = {
        client.get(f"{FINE}?attributes={','.join(names)}").headers["etag"]
        for pair in combinations(FURTHER[:3], 2)
        for names in permutations((*pair, pair[0]))
    }
    assert len(tags) == 3
    assert len(tiles._memory) == 1 + 3
    assert client.get(f"{COARSE}?attributes=slope_pct").headers["etag"] == client.get(COARSE).headers["etag"]
    assert client.get(f"{COARSE}?attributes=nothing").status_code == 400


def test_tiles_that_are_kept_as_one_hold_what_was_asked_for(client: TestClient, land: Land) -> None:
    rows = {row["plot_no"]: row for row in land.of(RASHT)}
    for query in ("attributes=jamoat,slope_pct", "attributes=slope_pct,jamoat,class"):
        (layer,) = mapbox_vector_tile.decode(client.get(f"{FINE}?{query}").content).values()
        assert layer["features"]
        for feature in layer["features"]:
            row = rows[feature["id"]]
            assert feature["properties"].get("jamoat") == row["jamoat"]
            assert feature["properties"]["class"] == row["class"]
    nowhere = client.get(f"{FINE}?district={NUROBOD}")
    assert nowhere.content == client.get(f"{FINE}?district={QUBODIYON}").content == b""


def test_tiles_where_nothing_is_leave_nothing_on_disk(client: TestClient, tmp_path: Path) -> None:
    for layer, suffix in (("plots", "mvt"), ("canals", "mvt"), ("dem", "png")):
        for x in range(40):
            assert client.get(f"/tiles/{layer}/12/{x}/0.{suffix}").status_code == 200
    assert not kept(tmp_path)
