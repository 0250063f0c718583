"""Rows of a layer as a scenario changes them: read by code, with others after them, cells as Python has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

Row = dict[str, Any]


class Edit(NamedTuple):
    """One cell that a scenario changes, and what it held; None unknown. A row that is new held nothing."""

    layer: str
    code: str
    field: str
    before: object
    after: object


def rows_by_code(frame: gpd.GeoDataFrame) -> dict[str, Row]:
    """Return code -> row, in the order of the frame."""
    return {str(row["code"]): dict(row) for row in pd.DataFrame(frame).to_dict("records")}  # type: ignore[arg-type]


def with_rows(frame: gpd.GeoDataFrame, rows: list[Row]) -> gpd.GeoDataFrame:
    """Return a frame without geometry with other rows after its own."""
    names = [name for name in frame.columns if name != "geometry"]  # a new pump has no place on the map
    every = [*pd.DataFrame(frame[names]).to_dict("records"), *rows]
    return gpd.GeoDataFrame(pd.DataFrame(every, columns=names, dtype=object))


def with_flows(
    frame: gpd.GeoDataFrame,
    other_year: tuple[Sequence[str], gpd.GeoDataFrame] | None,
    factors: Sequence[tuple[Sequence[str], float]],
) -> gpd.GeoDataFrame:
    """Return flows at intakes with those of some taken from another kind of year, and those of some times a factor."""
    if other_year is not None:
        intakes, other = other_year
        kept = frame[~frame["intake"].astype(str).isin(intakes)]
        frame = with_rows(kept, other[other["intake"].astype(str).isin(intakes)].to_dict("records"))
    for intakes, factor in factors:
        frame = frame.copy()
        flow = pd.to_numeric(frame["flow_m3_s"], errors="coerce")
        frame["flow_m3_s"] = flow.where(~frame["intake"].astype(str).isin(intakes), flow * factor)
    return frame


def number_of(value: Any) -> float | None:
    """Return a cell as a number; None unknown."""
    return None if pd.isna(value) else float(value)


def plain_of(value: Any) -> Any:
    """Return a cell as Python has it; None unknown."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value
