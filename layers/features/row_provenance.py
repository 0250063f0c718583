"""Where each row of a file comes from, in columns of its own: in every format, however the file is cut or joined."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import select

from layers.catalogue.base import PUBLIC
from layers.features.features import Features, Kind, Property
from layers.records.loads import ROW_COLUMNS, Load

NOT_STATED: Final = "not stated when it was loaded"
TITLES: Final = {"source": "Source", "licence": "Licence", "source_date": "Date of the data"}
MESSAGES: Final = (*TITLES.values(), NOT_STATED)


def with_provenance(features: Features) -> Features:
    """Return rows as they stand in files: with source, licence and date of their load after their other properties.

    Whether a row is made up is among its properties already.
    """
    behind = features.layer.__table__.c.load_id
    said: dict[str, Property] = {}
    for field, title in TITLES.items():
        value = select(Load.__table__.c[field]).where(Load.load_id == behind).scalar_subquery()
        kind = Kind.DATE if field == "source_date" else Kind.TEXT
        name = ROW_COLUMNS[field]
        said[name] = Property(name, title, "", kind, PUBLIC, value, value, empty=NOT_STATED)
    return replace(features, properties={**features.properties, **said})
