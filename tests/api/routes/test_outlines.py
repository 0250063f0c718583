"""A second source of outlines is told wherever figures of a district are: list, page, paper and files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import Connection, Engine, text

from api.content.about_files import about_layer, about_plots
from api.main import create_app
from layers.catalogue.admin import District
from layers.catalogue.base import PUBLIC
from layers.features.features import layer_features
from layers.features.plots import scored_plots
from layers.loading import Options, load_file
from layers.postgres.engine import reading, writing
from layers.records.snapshot import SnapshotCache
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import RASHT

SAID = {
    "en": ("Outline agrees with Second survey (1 May 2020) to 50 %.", "The outline is doubtful"),
    "ru": ("Контур совпадает с Second survey", "Контур сомнителен"),
    "tg": ("Ҳудуд бо Second survey", "Ҳудуд шубҳанок аст"),
}


@pytest.fixture(scope="module", name="client")
def _client(database: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:  # noqa: ARG001
    folder = tmp_path_factory.mktemp("outlines")
    with writing() as connection:
        region_on_the_page.fill(connection)
        load_half(connection, folder)
    with TestClient(create_app()) as opened:
        yield opened


def load_half(connection: Connection, folder: Path) -> None:
    """The western half of the box of Rasht, so that half of the ground that either source gives to it is agreed on."""
    outline = text("SELECT ST_AsText(geom) FROM districts WHERE code = :code AND ended_by IS NULL")
    whole = shapely.from_wkt(connection.execute(outline, {"code": RASHT}).scalar_one())
    west, south, east, north = whole.bounds
    half = shapely.box(west, south, (west + east) / 2, north)
    frame = gpd.GeoDataFrame({"code": ["1"], "layer": ["districts"], "place": [RASHT]}, geometry=[half], crs=4326)
    path, mapping = folder / "half.gpkg", folder / "half.toml"
    frame.to_file(path)
    mapping.write_text(
        'layer = "reference_outlines"\nfiles = ["half.gpkg"]\nsource = "Second survey"\nlicence = "CC0"\n'
        'date = 2020-05-01\n[fields]\ncode = "code"\nlayer = "layer"\nplace = "place"\n'
    )
    assert load_file(connection, "reference_outlines", path, Options(mapping=mapping)).added == 1


def test_the_list_of_districts_has_it(client: TestClient) -> None:
    boundaries = {one["code"]: one["boundary"] for one in client.get("/districts").json()}
    rasht = boundaries.pop(RASHT)
    assert rasht["agreement"] == [{"source": "Second survey", "date": "2020-05-01", "licence": "CC0", "agrees_pct": 50}]
    assert rasht["doubtful"] is True
    assert boundaries
    assert all((other["agreement"], other["doubtful"]) == ([], None) for other in boundaries.values())


@pytest.mark.parametrize("lang", SAID)
@pytest.mark.parametrize("address", ["/", f"/districts/{RASHT}/report"])
def test_page_and_paper_say_it(client: TestClient, address: str, lang: str) -> None:
    asked = {"lang": lang, **({"district": RASHT} if address == "/" else {"f": "html"})}
    page = client.get(address, params=asked)
    assert page.status_code == 200
    for sentence in SAID[lang]:
        assert sentence in page.text


def test_the_page_of_the_country_says_nothing_of_one_district(client: TestClient) -> None:
    assert "Second survey" not in client.get("/", params={"lang": "en"}).text


def test_files_of_plots_and_of_districts_say_it(client: TestClient) -> None:  # noqa: ARG001 - fills the database
    with reading() as connection:
        served = SnapshotCache(reading).fresh(connection)
        plots = about_plots(connection, served, RASHT, {}, None, scored_plots(PUBLIC, {}), "en", cut_at=None)
        layer = about_layer(connection, layer_features(District, PUBLIC), "en")
    assert [said for name, said in plots.facts if name == "Outline"] == [
        "Outline agrees with Second survey (1 May 2020) to 50 %.",
        "The outline is doubtful, and so are figures of its area.",
    ]
    assert (
        "Outline",
        f"Outlines agree with Second survey (1 May 2020), in percent: {RASHT} 50. "
        "Below 90 figures of area are doubtful.",
    ) in layer.facts
