"""What is typed into the field for places and plots: links that lead to the page of the place or plot."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import geopandas as gpd
import pytest
import shapely
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text

from api.main import create_app
from layers.loading.load import load_frame
from layers.postgres.engine import writing
from tests.worlds import region_on_the_page
from tests.worlds.region_on_the_page import plot_id

PLOT = plot_id(1, "S1")


def river() -> gpd.GeoDataFrame:
    """Two lines of one name, drawn one after the other."""
    west, east = shapely.LineString([(70.1, 38.9), (70.5, 39.0)]), shapely.LineString([(70.5, 39.0), (70.9, 39.1)])
    names = {"code": ["w2", "w1"], "name_tg": ["Сурхоб"] * 2, "name_en": ["Surkhob"] * 2}
    return gpd.GeoDataFrame({**names, "basis": ["mapped"] * 2}, geometry=[east, west], crs="EPSG:4326")


@pytest.fixture(scope="module", name="number")
def _number(database: Engine) -> int:  # noqa: ARG001 - names the database that is written to
    """The region on the page, and a river of two lines of one name; the number of the plot."""
    with writing() as connection:
        region_on_the_page.fill(connection)
        load_frame(connection, "rivers", river())
        number: int = connection.execute(
            text("SELECT plot_no FROM plots WHERE plot_id = :plot AND ended_by IS NULL"), {"plot": PLOT}
        ).scalar_one()
    return number


@pytest.fixture(scope="module", name="client")
def _client(number: int) -> Iterator[TestClient]:
    assert number
    with TestClient(create_app()) as opened:
        yield opened


def found(client: TestClient, said: str, lang: str = "en") -> list[tuple[str, str, str]]:
    """Address, name and description of each link."""
    html = client.get("/found", params={"q": said, "lang": lang}).text
    links = re.findall(r'<a href="([^"]*)">([^<]*)</a> <span class="note">([^<]*)</span>', html)
    return [(unescape(address), unescape(name), unescape(about)) for address, name, about in links]


@pytest.mark.parametrize("form", ["{}", "№ {}", "plot {}", "участок {}", "Қитъаи {}", " #{} "])
def test_a_plot_is_found_by_its_number(client: TestClient, number: int, form: str) -> None:
    assert [(name, f"plot={PLOT}" in address) for address, name, _ in found(client, form.format(number))] == [
        (PLOT, True)
    ]


def test_a_plot_is_found_by_its_id(client: TestClient) -> None:
    assert found(client, f" {PLOT} ")[0][1] == PLOT
    address, _, about = found(client, PLOT, "ru")[0]
    assert about.startswith("Участок, ")
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("said", ["9" * 18, "9" * 19, "%", "'", "0", "plot"])
def test_what_is_called_nothing_finds_nothing(client: TestClient, said: str) -> None:
    assert found(client, said) == []


def test_lines_of_one_name_are_one_river_whose_link_shows_all_of_it(client: TestClient) -> None:
    ((address, name, about),) = found(client, "река Сурхоб")
    assert (name, about) == ("Surkhob", "River, Сурхоб")
    assert "at=8/39.00000/70.50000" in address
    assert found(client, "дарёи Сурхоб", "tg")[0][2] == "Дарё"


def test_a_village_that_is_found_is_marked_and_a_district_is_not(client: TestClient) -> None:
    (village,) = [address for address, _, about in found(client, "Gharm") if about.startswith("Village or town")]
    assert "village=v1" in village
    assert not [address for address, *_ in found(client, "Qubodiyon") if "village=" in address]
    page = client.get(village).text
    assert "village=v1" in unescape(page).partition('<iframe id="map" src="')[2].partition('"')[0]
    assert '"marked": {"lat": 39.0365, "lon": 70.381, "name": "Gharm"}' in client.get("/maps/plots.js?village=v1").text
    assert client.get("/?village=v2").status_code == 404
