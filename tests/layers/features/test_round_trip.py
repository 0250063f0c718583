"""What is written is read back: every layer in every format, its values, its shapes, and that it was made up or not."""

from __future__ import annotations

import random
import warnings
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
    Date,
    Engine,
    Float,
    Integer,
    LargeBinary,
    func,
    null,
    select,
    update,
)

from api.content.about_files import about_layer
from api.language.translate import Language
from layers.catalogue import BY_NAME
from layers.catalogue.base import STAFF, Layer
from layers.catalogue.land import Plot
from layers.catalogue.services import Service
from layers.features.export import Format, format_of, write_file
from layers.features.features import layer_features
from layers.features.paging import Listing
from layers.features.plots import scored_plots
from layers.features.row_provenance import with_provenance
from layers.loading import Options, load_file, load_frame
from layers.records.loads import Load

MODES = ("add", "update", "replace")
TEXTS = ("Шохоб", "=SUM(A1)", "'=kept", "-", 'a,b;"c"', "two\nlines", "00123", "Ғ ғ Ҳ", "1e5", "12/03/2024")
ROWS = 7
PROVENANCE = (Load.source, Load.licence, Load.source_date, Load.synthetic)
SURVEYED: dict[str, Any] = {
    "source": 'Survey of "Гарм", 1:10 000',
    "licence": "CC BY 4.0",
    "source_date": date(2024, 5, 1),
}
MADE_UP: dict[str, Any] = {"source": "Drawn by hand", "synthetic": True}


def value_of(layer: type[Layer], name: str, row: int, chance: random.Random) -> Any:
    """A value the declaration allows; unknown now and then, where it may be."""
    column, about = layer.__table__.c[name], layer.attributes()[name]
    if name == layer.key:
        return f"{layer.__tablename__}.{row}"
    if column.nullable and chance.random() < 0.3:
        return None
    if about.values:
        return chance.choice(about.values)
    low = 0.0 if about.minimum is None else about.minimum
    high = low + 90.0 if about.maximum is None else about.maximum
    if isinstance(column.type, Boolean):
        return chance.random() < 0.5
    if isinstance(column.type, Integer | BigInteger):
        return chance.randint(int(low), int(high))
    if isinstance(column.type, Float):
        return chance.choice((low, high, chance.uniform(low, high), 0.1 + 0.2 if low <= 0.3 <= high else low))
    if isinstance(column.type, Date):
        return date(1990, 1, 1) + timedelta(days=chance.randint(0, 14_000))
    return chance.choice(TEXTS[:3] + TEXTS[4:]) if column.nullable else chance.choice(TEXTS[:1] + TEXTS[4:])


def shape_of(kind: str, row: int, chance: random.Random) -> shapely.Geometry:
    """A shape with more decimals than a text file keeps; polygons of several parts and with holes among them."""
    x, y = 70.3 + 0.01 * row + chance.random() * 1e-3, 38.9 + chance.random() * 1e-3
    if kind == "POINT":
        return shapely.Point(x, y)
    if kind == "MULTILINESTRING":
        return shapely.LineString([(x + chance.random() * 0.003, y + 0.001 * step) for step in range(5)])
    around = shapely.Point(x, y).buffer(0.002, quad_segs=5)
    if row % 3 == 1:
        return around.difference(shapely.Point(x, y).buffer(0.001))
    return shapely.MultiPolygon([around, shapely.Point(x + 0.005, y).buffer(0.0004)]) if row % 3 == 2 else around


def frame_of(layer: type[Layer]) -> gpd.GeoDataFrame:
    chance = random.Random(layer.__tablename__)
    names = [name for name in layer.attributes() if name not in layer.computed]
    columns = {name: [value_of(layer, name, row, chance) for row in range(ROWS)] for name in names}
    for low in ("salinity_low", "groundwater_low"):  # a least above its most is refused
        if low in columns:
            high = low.replace("_low", "_high")
            columns[low] = [None if value is None else value / 1_000 for value in columns[low]]
            columns[high] = [None if value is None else value + 0.5 for value in columns[high]]
            columns[high] = [None if value is None else min(value, 100.0) for value in columns[high]]
    if layer.geometry_kind is None:
        return gpd.GeoDataFrame(columns)
    shapes = [shape_of(layer.geometry_kind, row, chance) for row in range(ROWS)]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)


Rows = dict[str, tuple[Any, ...]]


def held(connection: Connection, layer: type[Layer]) -> Rows:
    """Key -> shape, where it comes from, then values of the current row but for its number."""
    shape = func.ST_AsBinary(layer.__table__.c.geom, type_=LargeBinary) if layer.geometry_kind else null()
    names = [name for name in layer.attributes() if name != "plot_no"]
    wanted: list[Any] = [layer.__table__.c[layer.key], shape, *PROVENANCE]
    wanted += [layer.__table__.c[name] for name in names]
    statement = select(*wanted).join(Load, Load.load_id == layer.load_id).where(layer.ended_by.is_(None))
    split = 2 + len(PROVENANCE)
    return {row[0]: (row[1], tuple(row[2:split]), *row[split:]) for row in connection.execute(statement)}


@pytest.fixture(scope="module")
def full(database: Engine) -> Engine:
    """A database with rows in every layer, those of each from several loads, some of them made up."""
    with database.begin() as connection:
        for layer in BY_NAME.values():
            frame = frame_of(layer)
            for rows, told in ((slice(0, 3), SURVEYED), (slice(3, 5), MADE_UP), (slice(5, ROWS), {})):
                load_frame(connection, layer.__tablename__, frame.iloc[rows].reset_index(drop=True), **told)
    return database


def write(connection: Connection, layer: type[Layer], path: Path, lang: Language = "en") -> None:
    features = with_provenance(scored_plots(STAFF, {}) if layer.judged else layer_features(layer, STAFF))
    about = about_layer(connection, features, lang)
    write_file(connection, Listing(features), format_of(path), path, about)


@pytest.mark.parametrize("wanted", Format)
@pytest.mark.parametrize("layer", BY_NAME.values(), ids=list(BY_NAME))
def test_what_is_written_is_read_back(
    full: Engine, tmp_path: Path, layer: type[Layer], wanted: Format, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Rows by chance fit the declaration one by one and mean nothing together.
    monkeypatch.setattr("layers.loading.files.require_together", lambda *_: [])
    name, path = layer.__tablename__, tmp_path / f"out.{wanted}"
    mode = MODES[(list(BY_NAME).index(name) + list(Format).index(wanted)) % len(MODES)]
    with full.connect() as connection:
        before = held(connection, layer)
        write(connection, layer, path)
        report = load_file(connection, name, path, Options(mode=mode, source="Another"))
        assert (report.unchanged, report.rejected, report.load_id) == (ROWS, 0, None), report

        connection.execute(update(layer).values(ended_by=layer.load_id))
        report = load_file(connection, name, path, Options())
        after = held(connection, layer)
        connection.rollback()
    assert (report.added, report.rejected) == (ROWS, 0)
    assert after.keys() == before.keys()
    exact = wanted in (Format.GPKG, Format.FGB, Format.PARQUET)
    for key, (shape, origin, *values) in before.items():
        found_shape, found_origin, *found = after[key]
        assert found_origin == origin
        if shape is not None:  # seven decimals in texts
            was, now = shapely.from_wkb(bytes(shape)), shapely.from_wkb(bytes(found_shape))
            assert now.equals_exact(was, 0.0 if exact else 0.75e-7)
        if layer.judged and not exact:  # measured on the shape
            at = list(layer.attributes()).index("area_ha") - 1
            assert found.pop(at) == pytest.approx(values.pop(at), rel=1e-3)
        assert found == values


@pytest.mark.parametrize("lang", ["tg", "ru"])
@pytest.mark.parametrize("name", ["plots", "districts", "canals"])
def test_a_workbook_is_read_back_whatever_the_language_of_its_headings(
    full: Engine, tmp_path: Path, name: str, lang: Language
) -> None:
    path = tmp_path / "out.xlsx"
    with full.connect() as connection:
        write(connection, BY_NAME[name], path, lang)
        report = load_file(connection, name, path, Options())
    assert (report.unchanged, report.rejected) == (ROWS, 0)


def test_rows_that_say_that_they_are_made_up_stay_so_whatever_is_typed(full: Engine, tmp_path: Path) -> None:
    path = tmp_path / "edited.csv"
    path.write_text("code,name,synthetic\ncanals.0,Шохоб,true\ncanals.1,Нав,false\n", encoding="utf-8")
    with full.connect() as connection:
        report = load_file(connection, "canals", path, Options(mode="update", source="Office of Gharm"))
        origins = {key: row[1] for key, row in held(connection, BY_NAME["canals"]).items()}
        connection.rollback()
    assert origins["canals.0"] == ("Office of Gharm", None, None, True)
    assert origins["canals.1"] == ("Office of Gharm", None, None, False)
    assert report.notes[-1] == (
        "1 row comes from Office of Gharm (licence not stated; made up), as the file says of its rows."
    )


def test_what_moves_by_a_step_of_the_format_is_a_change(full: Engine, tmp_path: Path) -> None:
    path = tmp_path / "places.csv"
    with full.connect() as connection:
        (x, y), *_ = shapely.get_coordinates(
            shapely.from_wkb(bytes(held(connection, BY_NAME["services"])["services.0"][0]))
        )
        kind = connection.execute(select(BY_NAME["services"].__table__.c.kind).where(Service.code == "services.0"))
        path.write_text(f"code,kind,lon,lat\nservices.0,{kind.scalar_one()},{x + 1.6e-7:.7f},{y:.7f}\n")
        report = load_file(connection, "services", path, Options(mode="update"))
        connection.rollback()
    assert (report.changed, report.unchanged) == (1, 0)


def test_the_recorded_irrigation_has_a_name_of_its_own_and_is_still_loaded_from_the_old_one(
    full: Engine, tmp_path: Path
) -> None:
    path = tmp_path / "edited.csv"
    with full.connect() as connection:
        for heading, row, found in (
            ("plot_id,irrigated", "plots.0,yes", True),
            ("plot_id,irrigated,irrigated_recorded", "plots.0,yes,no", False),
        ):
            path.write_text(f"{heading}\n{row}\n")
            load_file(connection, "plots", path, Options(mode="update"))
            stored = select(Plot.irrigated).where(Plot.plot_id == "plots.0", Plot.ended_by.is_(None))
            assert connection.execute(stored).scalar_one() is found
        path.write_text("plot_id,watered\nplots.0,yes\n")
        told = Options(mode="update", assigned={"irrigated_recorded": "watered"})
        load_file(connection, "plots", path, told)
        assert connection.execute(stored).scalar_one() is True
        connection.rollback()


@pytest.mark.parametrize("name", ["plots", "districts", "jamoats", "hazard_extents", "services"])
def test_a_shapefile_made_of_a_file_of_ours_loses_no_field_and_no_source(
    full: Engine, tmp_path: Path, name: str
) -> None:
    """QGIS and ogr2ogr cut names of columns to ten letters, the most a DBF has."""
    layer, path = BY_NAME[name], tmp_path / "out.shp"
    with full.connect() as connection:
        before = held(connection, layer)
        write(connection, layer, tmp_path / "out.gpkg")
        frame = gpd.read_file(tmp_path / "out.gpkg", layer=name)
        frame = frame[[column for column in frame if column in SHAPE_AND_SOURCE or column in stored_names(layer)]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it cuts them
            frame.to_file(path, encoding="utf-8")
        connection.execute(update(layer).values(ended_by=layer.load_id))
        report = load_file(connection, name, path, Options())
        after = held(connection, layer)
        connection.rollback()
    assert (report.added, report.rejected) == (ROWS, 0), report.rejections
    names = [column for column in layer.attributes() if column != "plot_no"]
    types = [layer.__table__.c[column].type for column in names]
    exact = [at for at, kind in enumerate(types) if isinstance(kind, Boolean | Integer | Date)]
    for key, (_, origin, *values) in before.items():
        _, found_origin, *found = after[key]
        assert found_origin == origin
        assert [value is None for value in found] == [value is None for value in values]
        assert [found[at] for at in exact] == [values[at] for at in exact]


SHAPE_AND_SOURCE = ("geometry", "data_source", "data_licence", "data_date", "synthetic")


def stored_names(layer: type[Layer]) -> set[str]:
    return {about.shown_as or name for name, about in layer.attributes().items()}
