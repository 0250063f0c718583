"""The ways of a plot as people get them: in the explanation, as lines for a map, and as a table of a district."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from typer.testing import CliRunner

from api.language.translate import LANGUAGES, translate
from api.main import create_app
from geo.geometry.crs import to_working
from geo.hazard.levels import SUSCEPTIBILITY
from geo.measures.ways_of_plot import SERVICE_KINDS
from geo.panel.scheme import load_scheme
from layers.catalogue.base import STAFF
from layers.loading import load_frame
from layers.postgres.engine import writing
from layers.postgres.roles import ROLES
from layers.runs.score import score
from scripts.main import app
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley

PLOT = "mudflow"


@pytest.fixture(scope="module")
def client(database: Engine) -> Iterator[TestClient]:
    with writing() as connection:
        load_valley(connection, second=False)
        derived = valley.hazard_zones().assign(
            code="slope", process="avalanche", level="low", intensity="unknown", months="12-4", source_class="derived"
        )
        load_frame(connection, "hazard_zones", derived.to_crs(4326), source="made up", synthetic=True)
    score(database, load_scheme(), districts=[RASHT], day=valley.AS_OF)
    with TestClient(create_app()) as opened:
        yield opened


def test_the_explanation_tells_the_way_from_home(client: TestClient) -> None:
    found = client.get(f"/plots/{PLOT}/explanation").json()
    shown = client.get(f"/plots/{PLOT}").json()["properties"]
    way = found["way"]
    assert way["home"] == "village"
    assert not way["home_assumed"]
    assert (way["minutes_out"] + way["minutes_back"]) / 2 == pytest.approx(shown["walk_minutes"], abs=0.06)
    assert way["exposure_m"] == pytest.approx(shown["way_exposure_m"], abs=0.6)
    assert way["exposure_m"] > 0
    # Mudflow, medium, April to July; avalanche, low, December to April; the higher of the two counts in April.
    by_month = way["exposure_by_month_m"]
    assert len(by_month) == 12
    assert by_month[3] == by_month[6] == way["exposure_m"]
    assert by_month[0] == by_month[11] == pytest.approx(way["exposure_m"] / 2, abs=1)
    assert by_month[7:11] == [0, 0, 0, 0]
    assert {met["process"] for met in way["meets"]} == {"debris_flow", "avalanche"}
    # The plot itself lies in the danger, but the zone can be entered from its nearer edge.
    saved = way["safer"]["exposure_saved_m"]
    assert saved > 0
    assert way["safer"]["exposure_m"] == pytest.approx(way["exposure_m"] - saved, abs=1)
    assert way["safer"]["extra_minutes"] >= 0.0


def test_nobody_but_staff_is_answered_through_the_role_of_staff(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROLES, STAFF, replace(ROLES[STAFF], name="nobody_made_this_role"))
    found = client.get(f"/plots/{PLOT}/explanation")
    assert found.status_code == 200, found.text
    assert found.json()["way"]["home"] == "village"
    assert found.json()["criteria"]
    assert client.get(f"/plots/{PLOT}/way").status_code == 200


def test_hazards_on_the_plot_tell_life_from_crop_and_mapped_from_derived(client: TestClient) -> None:
    found = client.get(f"/plots/{PLOT}/explanation").json()["hazards"]
    mapped = {"process": "debris_flow", "level": "medium", "months": "4-7", "threatens": "life"}
    derived = {"process": "avalanche", "level": "low", "months": "12-4", "threatens": "crop"}
    assert found == [
        {**mapped, "source_class": "official", "caution": None},
        {**derived, "source_class": "derived", "caution": SUSCEPTIBILITY},
    ]
    assert client.get("/plots/clean/explanation").json()["hazards"] == []
    page = client.get(f"/plots/{PLOT}/why?lang=en").text
    assert "Mudflow: medium level, April–July, danger to life" in page
    assert f"Avalanche: low level, December–April, danger to crop and land ({SUSCEPTIBILITY})" in page
    for lang in LANGUAGES:
        assert translate(SUSCEPTIBILITY, lang) in client.get(f"/plots/{PLOT}/why?lang={lang}").text
    assert translate(SUSCEPTIBILITY, "tg") != translate(SUSCEPTIBILITY, "ru") != SUSCEPTIBILITY
    assert SUSCEPTIBILITY not in client.get("/plots/clean/why?lang=en").text


def test_every_kind_of_service_is_answered_and_an_unloaded_one_is_not_known(client: TestClient) -> None:
    found = {row["kind"]: row for row in client.get("/plots/clean/explanation").json()["services"]}
    assert tuple(found) == SERVICE_KINDS
    for kind, code in (("market", "bazaar"), ("health", "post")):
        assert found[kind]["known"]
        assert found[kind]["nearest"]["code"] == code
        assert 0.0 <= found[kind]["minutes"] <= found[kind]["minutes_winter"]
    unknown = {"known": False, "minutes": None, "minutes_winter": None, "farther_than_minutes": None, "nearest": None}
    assert found["registry"] == {"kind": "registry", "why_unknown": "none is on record near here", **unknown}


def test_the_way_is_drawn_from_home_to_plot_and_back(client: TestClient) -> None:
    answer = client.get(f"/plots/{PLOT}/way")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/geo+json")
    lines = {
        (feature["properties"]["way"], feature["properties"]["direction"]): to_working(
            shapely.from_geojson([str(feature["geometry"]).replace("'", '"').replace("(", "[").replace(")", "]")])
        )[0]
        for feature in answer.json()["features"]
    }
    assert set(lines) == {(name, direction) for name in ("quickest", "safer") for direction in ("out", "back")}
    zone = valley.square(PLOT, 15.0)
    assert lines["safer", "out"].intersection(zone).length < lines["quickest", "out"].intersection(zone).length
    out, back = lines["quickest", "out"], lines["quickest", "back"]
    village = shapely.Point(valley.X + 1_485.0, valley.Y + 1_755.0)
    plot = valley.square(PLOT)
    for start, end in ((out.coords[0], out.coords[-1]), (back.coords[-1], back.coords[0])):
        assert shapely.Point(start).distance(village) < 30.0
        assert shapely.Point(end).distance(plot) < 30.0
    explained = client.get(f"/plots/{PLOT}/explanation").json()["way"]
    told = answer.json()["features"][0]["properties"]
    assert {name: told[name] for name in told if name in explained} == {
        name: explained[name] for name in told if name in explained
    }
    missing = client.get("/plots/nowhere/way")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"


def test_the_command_line_says_the_same(client: TestClient, tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["explain", PLOT])
    assert told.exit_code == 0, told.output
    for words in ("From home ", "danger to life", SUSCEPTIBILITY, "registry: not known", "Market: "):
        assert words in told.stdout
    file = tmp_path / "services.csv"
    done = CliRunner().invoke(app, ["services", "--district", RASHT, "-o", str(file)])
    assert done.exit_code == 0, done.output
    refused = CliRunner().invoke(
        app, ["services", "--district", RASHT, "-o", str(tmp_path / "nowhere" / "services.csv")]
    )
    assert str(refused.exception) == "services.csv cannot be written: no such folder."
    table = pd.read_csv(file, index_col="plot_id")
    assert sorted(table.index) == sorted(valley.NAMES)
    assert [name for name in table.columns if name.startswith("registry")] == []
    services = client.get("/plots/clean/explanation").json()["services"]
    market = next(row for row in services if row["kind"] == "market")
    assert table.loc["clean", "market_min"] == pytest.approx(market["minutes"], abs=0.1)
    assert table.loc["clean", "market_nearest"] == "bazaar"
