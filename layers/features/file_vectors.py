"""GeoParquet, GeoPackage and FlatGeobuf: rows as Arrow batches, written by Arrow itself or by GDAL."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from sqlalchemy import Connection

from layers.features.file_about import About
from layers.features.file_dictionary import finish_geopackage
from layers.features.file_rows import GEOMETRY, arrow_schema, batches_of
from layers.features.paging import Listing

GEOPACKAGE, FLATGEOBUF = "GPKG", "FlatGeobuf"  # drivers of GDAL
GEOPACKAGE_GEOMETRY = "geom"  # column that GDAL puts the shapes of a GeoPackage in
_BOX = pa.struct([(corner, pa.float64()) for corner in ("xmin", "ymin", "xmax", "ymax")])
_SIMPLE_NAMES = {
    "POINT": "Point",
    "MULTIPOINT": "MultiPoint",
    "MULTILINESTRING": "MultiLineString",
    "MULTIPOLYGON": "MultiPolygon",
}


def write_parquet(connection: Connection, listing: Listing, path: Path, about: About, limit: int | None) -> None:
    """GeoParquet 1.1: WKB in OGC:CRS84 (the format's default), with a box per feature for readers that skip."""
    schema = arrow_schema(listing, about, lists=True)
    spatial = listing.features.geom is not None
    if spatial:
        schema = schema.append(pa.field("bbox", _BOX))
    bounds = _Bounds()
    with (
        closing(batches_of(connection, listing, about, lists=True, limit=limit)) as batches,
        pq.ParquetWriter(path, schema, compression="zstd") as writer,
    ):
        for batch in batches:
            if spatial:
                batch = batch.append_column("bbox", bounds.boxes(batch.column(GEOMETRY)))
            writer.write_batch(batch)
        metadata = {"about": about.text, **({"geo": bounds.geo_metadata(listing)} if spatial else {})}
        writer.add_key_value_metadata(metadata)


def write_ogr(
    connection: Connection, listing: Listing, driver: str, path: Path, about: About, limit: int | None
) -> None:
    """Write a GeoPackage, with its style and the meaning of its codes, or a FlatGeobuf."""
    spatial = listing.features.geom is not None
    table = listing.features.layer.__tablename__
    options = {"IDENTIFIER" if driver == GEOPACKAGE else "TITLE": about.title, "DESCRIPTION": about.text}
    if driver == FLATGEOBUF and not spatial:
        options["SPATIAL_INDEX"] = "NO"  # with an index the format takes no row without geometry
    with closing(batches_of(connection, listing, about, lists=False, limit=limit)) as batches:
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(arrow_schema(listing, about, lists=False), batches),
            path,
            layer=table,
            driver=driver,
            geometry_name=GEOMETRY if spatial else None,
            geometry_type=_ogr_type(listing) if spatial else None,
            crs="EPSG:4326" if spatial else None,
            layer_options=options,
        )
    if driver == GEOPACKAGE:
        finish_geopackage(path, table, about, GEOPACKAGE_GEOMETRY if spatial else None)


def _ogr_type(listing: Listing) -> str:
    return _SIMPLE_NAMES[str(listing.features.layer.geometry_kind)]


class _Bounds:
    """Boxes of features, and the box around them all."""

    def __init__(self) -> None:
        self.whole = [float("inf"), float("inf"), float("-inf"), float("-inf")]

    def boxes(self, wkb: pa.Array) -> pa.Array:
        """Return the box of each geometry."""
        boxes = shapely.bounds(shapely.from_wkb(wkb.to_numpy(zero_copy_only=False)))
        west, south, east, north = self.whole
        low, high = boxes.min(axis=0), boxes.max(axis=0)
        self.whole = [min(west, low[0]), min(south, low[1]), max(east, high[2]), max(north, high[3])]
        return pa.StructArray.from_arrays([pa.array(corner) for corner in boxes.T], fields=list(_BOX))

    def geo_metadata(self, listing: Listing) -> str:
        """Return the ``geo`` metadata of GeoParquet 1.1."""
        column: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": [_ogr_type(listing)],
            "covering": {"bbox": {corner: ["bbox", corner] for corner in _BOX.names}},
        }
        if self.whole[0] <= self.whole[2]:
            column["bbox"] = [float(value) for value in self.whole]
        geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: column}}
        return orjson.dumps(geo).decode()
