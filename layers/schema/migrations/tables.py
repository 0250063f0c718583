"""How the first revisions wrote a layer's table. Frozen: a later form of layers is a revision of its own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from geoalchemy2 import Geometry


def create_layer(name: str, title: str, key: str, *columns: sa.Column[Any], geometry: str | None = None) -> None:
    """Create the table of a layer: its attributes between what every layer has, with its indexes.

    ``key`` is the column that is unique among current rows. ``geometry`` is stored in EPSG:4326, with a copy in
    Web Mercator that the database keeps.
    """
    spatial: tuple[sa.Column[Any], ...] = ()
    if geometry is not None:
        spatial = (
            sa.Column(
                "geom",
                Geometry(geometry, srid=4326, spatial_index=False),
                nullable=False,
                comment=f"{geometry}, EPSG:4326",
            ),
            sa.Column(
                "tile_geom",
                Geometry(srid=3857, spatial_index=False),
                sa.Computed("ST_Transform(geom, 3857)", persisted=True),
                comment="geom in Web Mercator for tiles, kept by the database",
            ),
        )
    op.create_table(
        name,
        sa.Column(
            "gid",
            sa.BigInteger(),
            sa.Identity(),
            primary_key=True,
            comment="Row number; the tile feature id unless declared otherwise",
        ),
        *columns,
        *spatial,
        sa.Column(
            "load_id",
            sa.Integer(),
            sa.ForeignKey("loads.load_id"),
            nullable=False,
            comment="Load that brought this row",
        ),
        sa.Column(
            "ended_by",
            sa.Integer(),
            sa.ForeignKey("loads.load_id"),
            comment="Load that ended this row; empty = current",
        ),
        sa.Column("row_hash", sa.LargeBinary(), nullable=False, comment="Digest of key, attributes and geometry"),
        comment=title,
    )
    op.create_index(f"uq_{name}_current", name, [key], unique=True, postgresql_where=sa.text("ended_by IS NULL"))
    op.create_index(f"ix_{name}_load", name, ["load_id"])
    op.create_index(f"ix_{name}_ended", name, ["ended_by"], postgresql_where=sa.text("ended_by IS NOT NULL"))
    if geometry is not None:
        op.create_index(f"ix_{name}_geom", name, ["geom"], postgresql_using="gist")
