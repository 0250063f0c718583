"""Rejected rows, as they stand in the file: every attribute, the original geometry and CRS, and the reason."""

from __future__ import annotations

import warnings
from collections import defaultdict
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import shapely
from numpy.typing import NDArray

from layers.cache.files import files_in
from layers.loading.chunks import LINE, Source
from layers.records.load_report import Rejection
from layers.records.phrases import ENGLISH, Speech, retold

ROW, REASON = "rejected_row", "rejected_because"
TEXT = "rejected_text"  # the row as it stands in the file, where it could not be told into cells


def write_rejects(
    source: Source,
    crs: pyproj.CRS | None,
    rejections: list[Rejection],
    path: Path,
    *,
    left_out: frozenset[str] = frozenset(),
    speech: Speech = ENGLISH,
) -> Path:
    """Write the rejected rows of a file and return the path: a GeoPackage, or CSV where no row has a position.

    The file is read once more for them, so that a load need not hold its rows in memory.

    Parameters
    ----------
    crs : of its coordinates. left_out : columns of personal data; where there are any, rows that could not be told into
        cells are not repeated either. speech : language of the reasons.
    """
    reasons: dict[int, list[str]] = defaultdict(list)
    for rejection in rejections:
        reason = retold(rejection.reason, speech)
        said = f"{rejection.field}: {reason}" if rejection.field else reason
        if said not in reasons[rejection.row]:
            reasons[rejection.row].append(said)
    wanted = np.array(sorted(reasons), dtype=np.int64)
    frames: list[pd.DataFrame] = []
    shapes: list[NDArray[np.object_]] = []
    for chunk in source.chunks():
        at = np.flatnonzero(np.isin(chunk.rows, wanted))
        if not len(at):
            continue
        frame = chunk.frame.iloc[at].reset_index(drop=True).astype(object)
        frame = frame.drop(columns=[name for name in frame if name in left_out]).map(str, na_action="ignore")
        frame.insert(0, ROW, chunk.rows[at])
        frame.insert(1, REASON, ["; ".join(reasons[row]) for row in chunk.rows[at]])
        lines = {int(chunk.rows[fault.position]): fault.value for fault in chunk.unreadable if fault.field == LINE}
        if lines and not left_out:
            frame.insert(2, TEXT, [lines.get(int(row)) for row in chunk.rows[at]])
        frames.append(frame)
        none = np.full(len(at), None, dtype=object)
        shapes.append(none if chunk.shapes is None else chunk.shapes.objects(at))
    rows = pd.concat(frames, ignore_index=True)
    geometries = np.concatenate(shapes)
    path.parent.mkdir(parents=True, exist_ok=True)
    if shapely.is_missing(geometries).all():
        path = path.with_name(f"{path.name}.csv")  # a name may hold a dot: no suffix is replaced
        rows.to_csv(path, index=False, encoding="utf-8-sig")
        return path
    path = path.with_name(f"{path.name}.gpkg")
    path.unlink(missing_ok=True)
    taken = {"fid", "geom"}  # names a GeoPackage gives to columns of its own
    rows = rows.rename(columns={name: f"{name}_" for name in rows if str(name).casefold() in taken})
    frame = gpd.GeoDataFrame(rows, geometry=geometries, crs=crs)
    with warnings.catch_warnings():
        # Rows of a file that is placed by a PROJ pipeline are written as they came: without a CRS.
        warnings.filterwarnings("ignore", "'crs' was not provided", UserWarning)
        pyogrio.write_dataframe(frame, path, layer="rejected", driver="GPKG", geometry_type="Unknown")
    return path


def remove_older(folder: Path, most_bytes: int) -> None:
    """Remove the files of rejected rows written longest ago, until those left take so many bytes; the newest stays."""
    found = sorted(files_in(folder), key=lambda file: file[1].st_mtime_ns, reverse=True)
    held = 0
    for path, facts in found:
        held += facts.st_size
        if held > most_bytes and path is not found[0][0]:
            path.unlink(missing_ok=True)
