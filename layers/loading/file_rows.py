"""What a file has brought into a layer of the water balance, beside what the layer holds, and how it is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select

from layers.catalogue.base import Layer
from layers.errors import DataRefused
from layers.records.phrases import Digits, significant, told

FLOW_L_S_HA: Final = (0.02, 20.0)  # l/s a hectare, least and most that can be meant for the land served
L_PER_M3 = 1_000.0  # l


class Loaded(NamedTuple):
    """What a file has brought into a layer, not committed yet.

    file_name : for refusals. row_of : number of the row of the file with a key, None where it has none.
    accept_disorder : flows of a dry year may lie above those of a normal one, and those above a wet one's.
    """

    file_name: str
    row_of: Callable[[str], int | None]
    accept_disorder: bool = False

    def has(self, row: Row[Any]) -> bool:
        """Whether the file has this row."""
        return self.row_of(row.code) is not None

    def refuse(self, key: str, field: str, reason: str) -> DataRefused:
        """Return the refusal of the file for one field of one row."""
        number = self.row_of(key)
        row = (
            told("stored row {key}", key=key) if number is None else told("row {row} ({key})", row=str(number), key=key)
        )
        return DataRefused(
            told(
                "{file}, {row}, {field}: {reason}; nothing was loaded.",
                file=self.file_name,
                row=row,
                field=field,
                reason=reason,
            )
        )


def rows_now(connection: Connection, layer: type[Layer], *names: str) -> Sequence[Row[Any]]:
    """Return the rows a layer has now, by code, with ``code`` and the columns named."""
    columns = layer.__table__.c
    query = (
        select(*(columns[name] for name in ("code", *names))).where(columns.ended_by.is_(None)).order_by(columns.code)
    )
    return connection.execute(query).all()


def codes_now(connection: Connection, layer: type[Layer]) -> set[str]:
    """Return the codes of the rows a layer has now."""
    return {row.code for row in rows_now(connection, layer)}


def require_duty(
    loaded: Loaded, key: str, field: str, flow_m3_s: float, land_ha: float, least: float = FLOW_L_S_HA[0]
) -> None:
    """Refuse a flow that cannot be meant for the land it serves.

    Raises
    ------
    DataRefused : less than ``least`` l/s a hectare, or more than ``FLOW_L_S_HA``.
    """
    duty = flow_m3_s * L_PER_M3 / land_ha
    if not least <= duty <= FLOW_L_S_HA[1]:
        raise _off(loaded, key, field, duty, land_ha)


def _off(loaded: Loaded, key: str, field: str, duty: float, land_ha: float) -> DataRefused:
    reason = told(
        "{duty} l/s for each of the {land} ha it serves; {least} to {most} expected: say --unit flow=l/s if the column "
        "is in litres, and of a large river what may be taken in",
        duty=digits_of(duty),
        land=digits_of(land_ha),
        least=Digits(f"{FLOW_L_S_HA[0]:g}"),
        most=Digits(f"{FLOW_L_S_HA[1]:g}"),
    )
    return loaded.refuse(key, field, reason)


def digits_of(value: float) -> Digits:
    return Digits(significant(value, 3))
