"""Your own district in an afternoon, as the README tells it: fetch, ask, load, and what each step adds."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Engine, text

from tests.clients.mirror import Mirror
from tests.drills import afternoon
from tests.drills.afternoon import Known
from tests.scripts.verbs.conftest import Obod
from tests.worlds import open_data

WEST, SOUTH, SIDE = 70.300, 39.000, 0.0004  # some 35 m x 44 m, 0.15 ha
PLOTS = [f"p{number}" for number in range(12)]


@pytest.fixture
def obod(sources: Mirror, command_line: Obod) -> Obod:
    assert sources.log == []
    return command_line


def plot(number: int) -> shapely.Polygon:
    west, south = WEST + 0.0005 * (number % 4), SOUTH + 0.0005 * (number // 4)
    return shapely.box(west, south, west + SIDE, south + SIDE)


def odk(shape: shapely.Polygon | shapely.Point) -> str:
    """A shape as ODK writes it."""
    corners = [shape] if isinstance(shape, shapely.Point) else [shapely.Point(*xy) for xy in shape.exterior.coords]
    return ";".join(f"{corner.y:.6f} {corner.x:.6f} 0 0" for corner in corners)


def answers(path: Path, *rows: dict[str, Any]) -> Path:
    """Answers of a form as ODK Central exports them."""
    made = [{"KEY": f"uuid:{path.stem}-{number}", **row} for number, row in enumerate(rows)]
    with path.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, list(dict.fromkeys(name for row in made for name in row)))
        writer.writeheader()
        writer.writerows(made)
    return path


def known(obod: Obod, database: Engine) -> Known:
    """Score the district; what is known of its land, by area."""
    code, out, err = obod("score", "--district", open_data.CODE, "--json")
    assert code == 0, err
    run = json.loads(out)["run"]
    query = (
        "SELECT 100 * sum(area_ha) FILTER (WHERE class <> 'NE') / sum(area_ha) AS classed, "
        "100 * sum(area_ha) FILTER (WHERE class <> 'NE' AND settled) / sum(area_ha) AS settled, "
        "sum(area_ha * known_weight_pct) / sum(area_ha) AS weight, "
        "sum(area_ha * coalesce(score_high - score_low, 100)) / sum(area_ha) AS width FROM suitability "
        "WHERE base_run = (SELECT coalesce(base_run, run_id) FROM scoring_runs WHERE run_id = :run) "
        "AND from_run <= :run AND (until_run IS NULL OR until_run > :run)"
    )
    with database.connect() as connection:
        found = connection.execute(text(query), {"run": run}).one()
    return Known(*(float(share or 0.0) for share in found))


def test_each_step_of_the_afternoon_adds_to_what_is_known(
    obod: Obod, database: Engine, mirror: Mirror, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    open_data.put_real_cells(mirror)
    code, _, err = obod("fetch", "all", "--district", open_data.CODE)
    assert code == 0, err
    cadastre = gpd.GeoDataFrame({"plot_id": PLOTS}, geometry=[plot(n) for n in range(12)], crs=4326)
    cadastre.to_file(tmp_path / "cadastre.gpkg")
    assert obod("layer", "load", "plots", tmp_path / "cadastre.gpkg", "--key", "plot_id")[0] == 0
    open_alone = known(obod, database)
    assert obod("susceptibility", "--district", open_data.CODE)[0] == 0
    derived = known(obod, database)

    # Mines are known of here: no form before the centre has answered.
    form = ("form", "canals", "--district", open_data.CODE, "--lang", "tg", "-o", tmp_path / "canals.xlsx")
    code, _, err = obod(*form)
    assert (code, err.startswith("Mines are known of in TJ0401. Ask the mine action centre in writing")) == (1, True)
    letter = gpd.GeoDataFrame(
        {"code": ["letter 12"], "kind": ["mine_cleared"], "status_date": ["2026-05-04"]},
        geometry=[shapely.buffer(open_data.DISTRICT, 0.01)],
        crs=4326,
    )
    letter.to_file(tmp_path / "letter.gpkg")
    assert obod("layer", "load", "exclusions", tmp_path / "letter.gpkg", "--source", "Mine action centre")[0] == 0
    answered = known(obod, database)
    assert obod(*form)[0] == 0

    mark = {}
    for layer in ("canals", "command_areas", "plot_surveys", "services"):
        path = tmp_path / f"{layer}.xlsx"
        code, out, err = obod("form", layer, "--district", open_data.CODE, "-o", path, "--json")
        assert code == 0, err
        mark[layer] = json.loads(out)["form_id"]
    land = shapely.box(WEST - 0.0005, SOUTH - 0.0005, WEST + 0.0025, SOUTH + 0.002)
    repaired = {"code": "osm-w23", "condition": "2", "lining": "earth", "soil": "loam", "form": mark["canals"]}
    loads = (
        ("canals", "update", answers(tmp_path / "c.csv", repaired)),
        (
            "command_areas",
            "add",
            answers(
                tmp_path / "a.csv",
                {
                    **{"code": "area-1", "reach": "osm-w23", "turns_scheduled": "20", "turns_delivered": "17"},
                    **{"sdr": "0.9", "sdr_basis": "surveyed", "sdr_date": "2026 season"},
                    **{"shape": odk(land), "form": mark["command_areas"]},
                },
            ),
        ),
        (
            "plot_surveys",
            "add",
            answers(
                tmp_path / "s.csv",
                *(
                    {
                        **{"plot_id": name, "survey_date": "2026-06-01", "salinity_class": "slight"},
                        **{"groundwater_low": "2.5", "soil_depth_cm": "110", "coarse_fragments_pct": "5"},
                        "awc_mm_m": "150",
                        "form": mark["plot_surveys"],
                    }
                    for name in PLOTS
                ),
            ),
        ),
    )
    bazaar = {"code": "bazaar", "kind": "market", "name_tg": "Бозор", "shape": odk(shapely.Point(WEST, SOUTH))}
    market = ("services", "add", answers(tmp_path / "m.csv", {**bazaar, "form": mark["services"]}))
    for layer, mode, path in (*loads, market):
        code, out, err = obod("layer", "load", layer, path, "--from-odk", "--mode", mode, "--json")
        assert code == 0, err
        assert json.loads(out)["rejected"] == 0
    asked = known(obod, database)
    steps = {
        "open data and outlines of plots": open_alone,
        "zones of danger derived from the relief": derived,
        "the letter of the mine centre": answered,
        "answers": asked,
    }
    for before, after in pairwise(steps.values()):
        assert after.classed_pct >= before.classed_pct
        assert after.settled_pct >= before.settled_pct
        assert after.weight_pct >= before.weight_pct
        assert after.width <= before.width
    assert answered.weight_pct == derived.weight_pct  # a fresh letter opens the ground and makes no plot better
    assert open_alone.weight_pct < derived.weight_pct < asked.weight_pct
    assert (answered.classed_pct, asked.classed_pct) == (0.0, 100.0)  # no class before somebody says what water comes
    assert asked.width < answered.width
    if request.config.getoption("--figures"):
        afternoon.write(afternoon.table(steps))
    assert afternoon.written() == afternoon.table(steps)
    code, out, err = obod("qfield", open_data.CODE, "-o", tmp_path / "pack.zip", "--json")
    assert code == 0, err
    assert json.loads(out)["rows"]["canals"] == 1
