"""What a scenario changes on land: hazard zones that are drawn, left out or lie below check dams, levelled fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import Connection

from geo.geometry.crs import to_working
from geo.suitability.land_works import dammed_level
from geo.water.scenario.form import CheckDam, HazardChange, Levelling
from layers.catalogue.base import Layer
from layers.catalogue.hazards import HazardZone
from layers.catalogue.irrigation import CommandArea
from layers.errors import DataRefused
from layers.frames.around import as_of, read_layer
from layers.records.phrases import Phrase, Told, told
from layers.water.altered_rows import Edit, Row, number_of, plain_of, rows_by_code
from layers.water.new_canals import Placed

LandChange = CheckDam | HazardChange | Levelling

ASSUMED: Final = {"source_class": "unknown", "intensity": "unknown"}  # of a zone that nobody mapped


class AlteredLand:
    """Hazard zones and fields as a scenario has them.

    Parameters
    ----------
    connection : reads what computing needs.
    changes : with the keys of the file.
    areas : code -> command area that is mapped.
    source : name of the file, or of the scenario, for refusals.

    Attributes
    ----------
    edits : what is changed, cell by cell. levelled : codes of command areas. drawn : code -> outline of a zone that is
    drawn, WKB in EPSG:4326. holds : whether a layer that it changes holds any row then. begins : whether it draws the
    first zone there is, or leaves out the last. report : what is told of it.

    Raises
    ------
    DataRefused : something is named that is not mapped, or is changed twice or not at all; names file and key.
    """

    def __init__(
        self,
        connection: Connection,
        changes: Sequence[tuple[str, LandChange]],
        areas: Mapping[str, Row],
        *,
        source: str,
    ) -> None:
        self._areas, self._source = areas, source
        self._levels: dict[str, str] = {}
        self._rows: list[Row] = []
        self._left_out: set[str] = set()
        self.edits: list[Edit] = []
        self.levelled: set[str] = set()
        self.drawn: dict[str, bytes] = {}
        of_zones = any(not isinstance(change, Levelling) for _, change in changes)
        self._zones = rows_by_code(read_layer(connection, HazardZone, as_of(HazardZone, None))) if of_zones else {}
        self.report: dict[str, list[Any]] = {"dammed": [], "drawn": [], "left_out": [], "levelled": []}
        for key, change in changes:
            match change:
                case CheckDam():
                    self._dam(key, change)
                case HazardChange(left_out=str()):
                    self._leave_out(key, str(change.left_out))
                case HazardChange():
                    self._draw(key, change)
                case Levelling():
                    self._level(key, change)
        self._placed = Placed(connection, HazardZone, self._rows) if self._rows else None
        after = len(self._zones) + len(self._rows) - len(self._left_out)
        self.holds: dict[type[Layer], bool] = {HazardZone: after > 0} if of_zones else {}
        self.begins = of_zones and (after > 0) != bool(self._zones)

    def __bool__(self) -> bool:
        return bool(self.edits)

    def __call__(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return hazard zones as they become."""
        codes = frame["code"].astype(str)
        if self._levels.keys() & set(codes):
            levels = [self._levels.get(code, level) for code, level in zip(codes, frame["level"], strict=True)]
            frame = frame.assign(level=levels)
        if self._left_out:
            frame = frame[~np.isin(frame["code"].astype(str), sorted(self._left_out))].reset_index(drop=True)
        return frame if self._placed is None else self._placed(frame)

    def _refuse(self, key: str, reason: Told) -> DataRefused:
        return DataRefused(told("{file}: {key}: {reason}.", file=self._source, key=key, reason=reason))

    def _mapped(self, key: str, code: str) -> Row:
        """A zone that is mapped and not changed yet."""
        if code not in self._zones:
            raise self._refuse(key, told("a hazard zone that is mapped expected, got '{code}'", code=code))
        if code in self._levels or code in self._left_out:
            raise self._refuse(key, told("{code} is changed twice, and not alike", code=code))
        return self._zones[code]

    def _dam(self, key: str, change: CheckDam) -> None:
        zone = self._mapped(f"{key}.zone", change.zone)
        period = number_of(zone["return_period_y"])
        given = (str(zone["process"]), str(zone["level"]), str(zone["intensity"]))
        level = dammed_level(*given, np.nan if period is None else period)
        if level is None:
            reason = told(
                "a zone of debris flows whose level or intensity is known expected: {code} is of {process}, "
                "level {level}, intensity {intensity}",
                **dict(zip(("process", "level", "intensity"), given, strict=True)),
                code=change.zone,
            )
            raise self._refuse(f"{key}.zone", reason)
        if level == zone["level"]:
            raise self._refuse(key, told("it changes nothing: all is so on record"))
        self._levels[change.zone] = level
        self.edits.append(Edit(HazardZone.__tablename__, change.zone, "level", zone["level"], level))
        self.report["dammed"].append({"zone": change.zone, "before": zone["level"], "after": level})

    def _leave_out(self, key: str, code: str) -> None:
        zone = self._mapped(f"{key}.left_out", code)
        self._left_out.add(code)
        self.edits += [Edit(HazardZone.__tablename__, code, name, zone[name], None) for name in ("process", "level")]
        self.report["left_out"].append({"zone": code, "process": zone["process"], "level": zone["level"]})

    def _draw(self, key: str, change: HazardChange) -> None:
        code = str(change.code)
        if code in self._zones or code in self.drawn:
            raise self._refuse(f"{key}.code", told("a code that no hazard zone has expected, got '{code}'", code=code))
        ring = shapely.LinearRing(change.outline)
        shape = shapely.Polygon(ring)
        west, south, east, north = shape.bounds
        box = HazardZone.box
        if west < box.west or south < box.south or east > box.east or north > box.north:
            raise self._refuse(f"{key}.outline", told("{place} expected", place=Phrase(box.words)))
        if not (shape.is_valid and shape.area > 0):
            raise self._refuse(f"{key}.outline", told("an outline that does not cross itself expected"))
        columns = {"process": change.process, "level": change.level, "return_period_y": change.return_period_y}
        self._rows.append({"code": code, **columns, **ASSUMED, "geometry": to_working([shape])[0]})
        self.drawn[code] = shapely.to_wkb(shape)
        self.edits += [
            Edit(HazardZone.__tablename__, code, name, None, value)
            for name, value in columns.items()
            if value is not None
        ]
        self.report["drawn"].append({"zone": code, "process": change.process, "level": change.level})

    def _level(self, key: str, change: Levelling) -> None:
        if change.area not in self._areas:
            reason = told("a command area that is mapped expected, got '{code}'", code=change.area)
            raise self._refuse(f"{key}.area", reason)
        if change.area in self.levelled:
            raise self._refuse(f"{key}.area", told("{code} is changed twice, and not alike", code=change.area))
        self.levelled.add(change.area)
        self.edits.append(Edit(CommandArea.__tablename__, change.area, "levelled", False, True))
        self.report["levelled"].append(str(plain_of(self._areas[change.area]["name"]) or change.area))
