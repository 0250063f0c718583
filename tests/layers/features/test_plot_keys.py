"""An id finds a plot by its id alone, a number by its number alone, however alike the two look."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Connection, text

from layers.errors import NotFound
from layers.features.plots import district_of_plot, id_of_plot
from layers.loading import load_frame


@pytest.fixture
def alike(connection: Connection) -> Connection:
    """Plot 007 of one district has number 12; number 7 belongs to plot 12 of another."""
    frame = gpd.GeoDataFrame(
        {
            "plot_id": ["007", "12"],
            "land_form": ["dehkan", "dehkan"],
            "availability": ["offered", "offered"],
            "district": ["TJ.RR.GA", "TJ.KT.TV"],
        },
        geometry=[shapely.box(70, 39, 70.001, 39.001), shapely.box(69, 38, 69.001, 38.001)],
        crs=4326,
    )
    load_frame(connection, "plots", frame, source="Cadastre")
    connection.execute(text("UPDATE plots SET plot_no = CASE plot_id WHEN '007' THEN 12 ELSE 7 END"))
    return connection


def test_an_id_finds_the_plot_of_that_id_and_of_no_number(alike: Connection) -> None:
    assert district_of_plot(alike, "007") == "TJ.RR.GA"
    assert district_of_plot(alike, "12") == "TJ.KT.TV"
    with pytest.raises(NotFound, match="There is no plot '7'"):
        district_of_plot(alike, "7")


def test_a_number_finds_the_plot_of_that_number_and_of_no_id(alike: Connection) -> None:
    assert (id_of_plot(alike, 7), id_of_plot(alike, 12)) == ("12", "007")
    with pytest.raises(NotFound, match="There is no plot number 70"):
        id_of_plot(alike, 70)
