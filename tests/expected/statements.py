"""Statements of the list of plots and of vector tiles: what their own code hands to a connection that only notes it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, cast

import orjson
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.exc import CompileError
from sqlalchemy.sql.elements import ClauseElement

from layers.catalogue import BY_NAME
from layers.catalogue.base import PUBLIC
from layers.features.filters import plot_conditions, sort_keys
from layers.features.paging import Listing, read_page
from layers.features.plots import by_class_and_score, in_district, scored_plots
from layers.records.snapshot import Run
from layers.tiles.layer_tiles import TileAddress, asked_properties, layer_statement, layer_tile, tile_properties
from layers.tiles.plot_tiles import plots_tile
from tests.expected.tables import DIALECT

PAGE = 100  # rows of a page unless asked otherwise
DISTRICT, OTHER, UNJUDGED = "TJ-KT-01", "TJ-RR-02", "TJ-KT-03"
WHOLE = Run(7, 7, "default", "", frozenset({DISTRICT}), synthetic=False, finished_at=None)
CHANGED = Run(9, 8, "default", "", frozenset({OTHER}), synthetic=False, finished_at=None)  # kept with an earlier run
FILTERS: Mapping[str, list[str]] = {
    "min_score": ["60"],
    "class": ["S1", "S2"],
    "irrigated": ["true"],
    "crop": ["wheat"],
    "bbox": ["68.5,37.7,68.9,37.9"],
    "filter": ["walk_minutes <= 30 AND class <= 'S3'"],
}
# Tiles near Bokhtar: the whole district on cells, one that shows plots, one deep enough for their ids.
FAR, MIDDLE = TileAddress(9, 353, 197), TileAddress(10, 707, 395)
NEAR, DEEP = TileAddress(14, 11322, 6329), TileAddress(16, 45289, 25318)


class Notebook:
    """A connection without a database: notes every statement as text and finds no row."""

    def __init__(self) -> None:
        self.noted: list[str] = []

    @property
    def connection(self) -> Notebook:
        """The pooled connection."""
        return self

    @property
    def driver_connection(self) -> Notebook:
        """The driver's own."""
        return self

    def cursor(self, *, binary: bool = False) -> Notebook:
        """Give a cursor of the driver."""
        assert binary
        return self

    def __enter__(self) -> Notebook:
        return self

    def __exit__(self, *raised: object) -> None:
        """Nothing is open."""

    def execute(self, statement: ClauseElement | sql.Composable, values: Mapping[str, Any] | None = None) -> Notebook:
        """Note a statement, with its literal values where they can be written and else below it."""
        self.noted.append(_text(statement, values or {}))
        return self

    def all(self) -> list[Any]:
        """Return no rows."""
        return []

    def one(self) -> tuple[bytes, int]:
        """Return what a tile of nothing is."""
        return b"", 0

    def fetchone(self) -> None:
        """Return no row."""


def statement_texts() -> dict[str, str]:
    """Return the statements each request makes, one after the other, by the name of its file."""
    lists = {f"plots_list/{name}": text for name, text in _lists().items()}
    return lists | {f"tiles/{name}": text for name, text in _tiles().items()}


def _lists() -> dict[str, str]:
    features = scored_plots(PUBLIC, {DISTRICT: WHOLE})
    here, keys = in_district(DISTRICT), by_class_and_score(features)
    by_area = sort_keys(features, "-area_ha,plot_id")
    unjudged = scored_plots(PUBLIC, {})
    page = _token("+class,-score", 2, 71.5, 4711)
    unknown = _token("+class,-score", 6, None, 4711)
    return {
        "default_order": _page(Listing(features, (here,), keys)),
        "filtered": _page(Listing(features, (here, *plot_conditions(features, FILTERS)), keys)),
        "next_page": _page(Listing(features, (here,), keys), page),
        "next_page_after_unknown": _page(Listing(features, (here,), keys), unknown),
        "sorted_by_area": _page(Listing(features, (here,), by_area), _token("-area_ha,+plot_id", 0.25, "P-1", 4711)),
        "district_without_run": _page(Listing(unjudged, (here,), by_class_and_score(unjudged))),
    }


def _tiles() -> dict[str, str]:
    runs = {DISTRICT: WHOLE, OTHER: CHANGED}
    features = scored_plots(PUBLIC, runs)
    asked = asked_properties(features, ("walk_minutes", "salinity_ds_m"))
    texts = {}
    for name, address in {"plots_far": FAR, "plots_near": NEAR, "plots_deep": DEEP}.items():
        notebook = Notebook()
        plots_tile(cast(Connection, notebook), features, address, runs, [UNJUDGED], asked)
        texts[name] = _joined(notebook)
    for name in ("hazard_zones", "rivers", "services"):  # areas with a caution; lines of which some come later; points
        layer = BY_NAME[name]
        notebook = Notebook()
        layer_tile(cast(Connection, notebook), layer, MIDDLE, tile_properties(layer, PUBLIC))
        texts[name] = _joined(notebook)
    for name in ("rivers", "services"):  # where a tile would be too large: outlines move more, small or close ones go
        layer = BY_NAME[name]
        carried = tile_properties(layer, PUBLIC)
        statement = layer_statement(layer, MIDDLE, carried, tolerance_px=2.0, smallest_px=2.0)
        texts[f"{name}_generalised"] = _text(statement, {})
    return texts


def _page(listing: Listing, after: str | None = None) -> str:
    notebook = Notebook()
    read_page(cast(Connection, notebook), listing, limit=PAGE, after=after)
    return _joined(notebook)


def _token(*last: Any) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(last)).decode().rstrip("=")


def _joined(notebook: Notebook) -> str:
    assert notebook.noted
    return "\n".join(notebook.noted)


def _text(statement: ClauseElement | sql.Composable, values: Mapping[str, Any]) -> str:
    if isinstance(statement, sql.Composable):
        said = statement.as_string(None)
    else:
        try:
            said = str(statement.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
        except (CompileError, NotImplementedError):  # a geometry or a value given apart has no literal
            compiled = statement.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True})
            said, values = str(compiled), {**compiled.params, **values}
    lines = [line.rstrip() for line in said.strip().splitlines()]
    bound = [f"-- {name} = {_literal(value)}" for name, value in sorted(values.items())]
    return "".join(f"{line}\n" for line in [*lines[:-1], f"{lines[-1]};", *bound])


def _literal(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)
