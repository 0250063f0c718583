"""The rows of layers as a scenario has them, beside those that are stored: what is not named stays as it is."""

from __future__ import annotations

from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, and_

from geo.geometry.crs import area_ha, to_stored
from geo.water.need.requirement import CROPPED_AT_MOST
from geo.water.network.conveyance import LINED, piece_conveyance
from geo.water.network.ways import canal_lengths_m
from geo.water.scenario.cut import Reached
from geo.water.scenario.form import (
    CheckDam,
    CropChange,
    FieldChange,
    HazardChange,
    Levelling,
    NewCanal,
    NewPump,
    PumpChange,
    Repair,
    River,
    Scenario,
)
from layers.catalogue.base import Layer
from layers.catalogue.hazards import HazardZone
from layers.catalogue.irrigation import Canal, CommandArea, CommandCrop, Outlet
from layers.catalogue.supply import Intake, IntakeFlow, Pump
from layers.errors import DataRefused
from layers.frames.around import as_of, read_layer
from layers.records.phrases import told
from layers.water.altered_land import AlteredLand
from layers.water.altered_rows import Edit, Row, number_of, plain_of, rows_by_code, with_flows, with_rows
from layers.water.networks import StoredNetwork, read_network
from layers.water.new_canals import OF_LINE, Placed, line_of, outlet_of, row_of, why_no_line

PUMPED: Final = "pump"  # source of an intake that takes nothing without one


class Alteration:
    """Rows of a scenario.

    Parameters
    ----------
    connection : reads what computing needs.
    scenario : checked by itself.
    stored : the network as it is.
    source : name of the file, or of the scenario, for refusals.

    Raises
    ------
    DataRefused : something is named that is not mapped, or is worse than today or the same; names file and key.
    """

    def __init__(self, connection: Connection, scenario: Scenario, stored: StoredNetwork, *, source: str) -> None:
        self.scenario, self.stored, self.source = scenario, stored, source
        self._cells: dict[type[Layer], dict[str, Row]] = {}
        self._new_pumps: list[Row] = []
        self._new_rows: dict[type[Layer], list[Row]] = {}
        self._placed: dict[type[Layer], Placed] = {}
        self._mixes: dict[str, list[Row]] = {}
        self._flows: list[tuple[list[str], float]] = []
        self._other_year: tuple[list[str], gpd.GeoDataFrame] | None = None
        self._reaches, self._intakes, self._served = set[str](), set[str](), set[str]()
        self._canals = rows_by_code(read_layer(connection, Canal, as_of(Canal, None)))
        self._outlets = rows_by_code(read_layer(connection, Outlet, as_of(Outlet, None)))
        self._pumps = rows_by_code(read_layer(connection, Pump, as_of(Pump, None)))
        self._sources = rows_by_code(read_layer(connection, Intake, as_of(Intake, None)))
        areas = read_layer(connection, CommandArea, as_of(CommandArea, None))
        self._areas = rows_by_code(areas)
        self._land = dict(zip(self._areas, area_ha(to_stored(areas.geometry.to_numpy())).tolist(), strict=True))
        self._crops = read_layer(connection, CommandCrop, as_of(CommandCrop, None))
        self.edits: list[Edit] = []
        of_land: list[tuple[str, CheckDam | HazardChange | Levelling]] = []
        for key, change in scenario.changes():
            match change:
                case Repair():
                    self._repair(key, change)
                case NewCanal():
                    self._dig(key, change)
                case PumpChange():
                    self._run_pump(key, change)
                case NewPump():
                    self._add_pump(key, change)
                case FieldChange():
                    self._water_fields(key, change)
                case CropChange():
                    self._sow(key, change)
                case _:
                    of_land.append((key, change))
        self.land = AlteredLand(connection, of_land, self._areas, source=source)
        if scenario.river is not None:
            self._bring(connection, scenario.river)
        self._keep_what_was_measured()
        self.moves_water = bool(self.edits)
        self.edits += self.land.edits
        self.network = self._join(connection) if self._new_rows else stored

    # -- rows as they become -----------------------------------------------------------------------------------

    def __call__(self, layer: type[Layer], frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return rows of a layer as they become; those that are not named as they are."""
        cells = self._cells.get(layer, {})
        if layer is CommandCrop and self._mixes:
            kept = frame[~frame["command_area"].astype(str).isin(self._mixes)]
            return with_rows(kept, [row for rows in self._mixes.values() for row in rows])
        if layer is IntakeFlow:
            return with_flows(frame, self._other_year, self._flows)
        if layer is HazardZone:
            return self.land(frame)
        if cells:
            frame = frame.copy()
            place = {str(code): row for row, code in zip(frame.index, frame["code"], strict=True)}
            for name in {name for row in cells.values() for name in row} & set(frame.columns):
                column = frame[name].astype(object)
                for code, row in cells.items():
                    if name in row and code in place:
                        column[place[code]] = row[name]
                frame[name] = column
        if layer in self._placed:
            return self._placed[layer](frame)
        return with_rows(frame, self._new_pumps) if layer is Pump and self._new_pumps else frame

    def alters(self, *layers: type[Layer]) -> bool:
        """Whether rows of any of some layers become others."""
        return not {edit.layer for edit in self.edits}.isdisjoint(layer.__tablename__ for layer in layers)

    def lines(self) -> list[shapely.LineString]:
        """Lines of canals that are dug, EPSG:32642."""
        return [row["geometry"] for row in self._new_rows.get(Canal, [])]

    def reached(self, stored: StoredNetwork) -> Reached:
        """Rows of reaches, areas and intakes that are changed, as far as a network has them."""
        areas = {*self._cells.get(CommandArea, {}), *self._mixes, *self._served}
        return Reached(
            *(
                np.flatnonzero(np.isin(codes, sorted(named)))
                for codes, named in (
                    (stored.reaches.code, self._reaches),
                    (stored.areas, areas),
                    (stored.intakes.code, self._intakes),
                )
            )
        )

    def lined(self) -> list[str]:
        """Codes of reaches that hold water afterwards and did not, or nobody knows whether they did."""
        cells = self._cells.get(Canal, {})
        return sorted(code for code, row in cells.items() if row.get("lining") and not self._holds_water(code))

    def _holds_water(self, code: str) -> bool:
        return self._canals[code]["lining"] in LINED

    # -- what is changed ---------------------------------------------------------------------------------------

    def _refuse(self, key: str, reason: str) -> DataRefused:
        return DataRefused(told("{file}: {key}: {reason}.", file=self.source, key=key, reason=reason))

    def _set(self, key: str, layer: type[Layer], code: str, field: str, value: object, before: object) -> bool:
        """Change a cell; whether that changes anything."""
        row = self._cells.get(layer, {}).get(code, {})
        if field in row and row[field] != value:
            raise self._refuse(key, told("{code} is changed twice, and not alike", code=code))
        if plain_of(before) == value:
            return False
        if field not in row:
            self.edits.append(Edit(layer.__tablename__, code, field, plain_of(before), value))
        self._cells.setdefault(layer, {}).setdefault(code, {})[field] = value
        return True

    def _repair(self, key: str, change: Repair) -> None:
        if change.reach is not None:
            codes = [change.reach] if change.reach in self._canals else []
            if not codes:
                reason = told("a canal reach that is mapped expected, got '{code}'", code=change.reach)
                raise self._refuse(f"{key}.reach", reason)
        else:
            codes = [code for code, row in self._canals.items() if row["canal"] == change.canal]
            if not codes:
                reason = told("a canal that is mapped expected, got '{code}'", code=change.canal)
                raise self._refuse(f"{key}.canal", reason)
        changed = False
        for code in codes:
            for field, better in (("condition", min), ("capacity_m3_s", max), ("conveyance", max)):
                value, today = getattr(change, field), number_of(self._canals[code][field])
                if value is None:
                    continue
                if today is not None and better(value, today) != value:
                    if change.canal is not None:
                        continue  # of a whole canal what is better already stays
                    reason = told(
                        "not worse than the {today} of today expected, got {text}",
                        today=f"{today:g}",
                        text=f"{value:g}",
                    )
                    raise self._refuse(f"{key}.{field}", reason)
                changed |= self._set(f"{key}.{field}", Canal, code, field, value, today)
            if change.lining is not None and not (change.canal is not None and self._holds_water(code)):
                changed |= self._set(
                    f"{key}.lining", Canal, code, "lining", change.lining, self._canals[code]["lining"]
                )
        self._require(key, changed)
        self._reaches.update(codes)

    def _dig(self, key: str, change: NewCanal) -> None:
        new = self._new_rows.setdefault(Canal, [])
        if change.code in self._canals or change.code in {row["code"] for row in new}:
            reason = told("a code that no canal reach has expected, got '{code}'", code=change.code)
            raise self._refuse(f"{key}.code", reason)
        if (wrong := why_no_line(change)) is not None:
            raise self._refuse(f"{key}.line", wrong)
        if change.upstream is not None and change.upstream not in self._canals:
            reason = told("a canal reach that is mapped expected, got '{code}'", code=change.upstream)
            raise self._refuse(f"{key}.upstream", reason)
        new.append(row_of(change))
        self._reaches.add(change.code)
        for code in change.outlets:
            if code not in self._outlets:
                reason = told("an outlet that is mapped expected, got '{code}'", code=code)
                raise self._refuse(f"{key}.outlets", reason)
            outlet = self._outlets[code]
            self._set(f"{key}.outlets", Outlet, code, "reach", change.code, outlet["reach"])
            if not pd.isna(outlet["command_area"]):
                self._served.add(str(outlet["command_area"]))
        for code in change.areas:
            self._area(key, code)
            named = f"{self.scenario.name}-{change.code}-{code}"
            self._new_rows.setdefault(Outlet, []).append(outlet_of(change, named, code))
            self.edits.append(Edit(Outlet.__tablename__, named, "command_area", None, code))
            self._served.add(code)
        length = f"{line_of(change).length:,.0f} m"
        told_of = {"line": length, **{name: getattr(change, name) for name in OF_LINE}}
        self.edits += [
            Edit(Canal.__tablename__, change.code, name, None, value)
            for name, value in told_of.items()
            if value is not None
        ]

    def _join(self, connection: Connection) -> StoredNetwork:
        """The network with what is dug; a fault that comes with it and matters is refused."""
        self._placed = {layer: Placed(connection, layer, rows) for layer, rows in self._new_rows.items() if rows}
        network = read_network(connection, alter=self)
        had = {(fault.kind, fault.code) for fault in self.stored.faults()}
        dug = {row["code"] for rows in self._new_rows.values() for row in rows}
        for fault in network.faults():
            if (fault.kind, fault.code) not in had and (fault.matters or fault.code in dug):
                raise self._refuse("works.new_canals", fault.sentence.rstrip("."))
        return network

    def _require(self, key: str, changed: bool) -> None:
        if not changed:
            raise self._refuse(key, told("it changes nothing: all is so on record"))

    def _keep_what_was_measured(self) -> None:
        """A repair ends what was measured before it where the table promises more, and never takes any of it away."""
        measured = [
            code
            for code, row in self._cells.get(Canal, {}).items()
            if {"condition", "lining"} & set(row)
            and "conveyance" not in row
            and number_of(self._canals[code]["conveyance"]) is not None
        ]
        if not measured:
            return
        reaches, network = self.stored.reaches, self.stored.network
        whole = np.zeros(len(reaches.code))
        np.maximum.at(whole, network.pieces.reach, network.pieces.end_m)
        lengths = canal_lengths_m(reaches, network)
        place = {code: row for row, code in enumerate(reaches.code.tolist())}
        for code in measured:
            row, today, new = place[code], self._canals[code], self._cells[Canal][code]
            if not whole[row] > 0:
                continue
            condition = number_of(new.get("condition", today["condition"]))
            of_table = piece_conveyance(
                lining=np.array([str(new.get("lining", today["lining"]))]),
                soil=np.array([str(today["soil"])]),
                condition=np.array([np.nan if condition is None else condition]),
                measured=np.array([np.nan]),
                reach_length_m=whole[[row]],
                canal_length_m=lengths[[row]],
                piece_length_m=whole[[row]],
            )
            if of_table.worst[0] > float(today["conveyance"]):
                self._set("", Canal, code, "conveyance", None, today["conveyance"])

    def _run_pump(self, key: str, change: PumpChange) -> None:
        pump = self._pumps.get(change.pump)
        if pump is None:
            raise self._refuse(f"{key}.pump", told("a pump that is mapped expected, got '{code}'", code=change.pump))
        changed = False
        for field, value in (
            ("hours", change.hours_text()),
            ("availability", change.availability),
            ("flow_m3_s", change.flow_m3_s),
        ):
            if value is not None:
                changed |= self._set(f"{key}.{field}", Pump, change.pump, field, value, pump[field])
        self._require(key, changed)
        for field, reached in (("intake", self._intakes), ("reach", self._reaches)):
            if not pd.isna(pump[field]):
                reached.add(str(pump[field]))

    def _add_pump(self, key: str, change: NewPump) -> None:
        field, code = ("intake", change.intake) if change.intake is not None else ("reach", change.reach)
        places = self._sources if field == "intake" else self._canals
        if code not in places:
            reason = (
                told("an intake that is mapped expected, got '{code}'", code=code)
                if field == "intake"
                else told("a canal reach that is mapped expected, got '{code}'", code=code)
            )
            raise self._refuse(f"{key}.{field}", reason)
        pumped = any(str(pump[field]) == code for pump in self._pumps.values())
        if not pumped and not (field == "intake" and places[code]["source"] == PUMPED):
            reason = told("a place that is pumped expected: no pump is on record at '{code}'", code=code)
            raise self._refuse(f"{key}.{field}", reason)
        name = f"{self.scenario.name}-{len(self._new_pumps) + 1}"
        row: Row = {"code": name, "intake": None, "reach": None, "stages": change.stages, field: code}
        row |= {"flow_m3_s": change.flow_m3_s, "hours": change.hours_text(), "availability": change.availability}
        self._new_pumps.append(row)
        self.edits += [
            Edit(Pump.__tablename__, name, one, None, value)
            for one, value in row.items()
            if one != "code" and value is not None
        ]
        (self._intakes if field == "intake" else self._reaches).add(str(code))

    def _area(self, key: str, code: str) -> Row:
        if code not in self._areas:
            raise self._refuse(f"{key}.area", told("a command area that is mapped expected, got '{code}'", code=code))
        return self._areas[code]

    def _water_fields(self, key: str, change: FieldChange) -> None:
        area, changed = self._area(key, change.area), False
        if change.irrigation_method is not None:
            changed |= self._set(
                *(f"{key}.irrigation_method", CommandArea, change.area, "irrigation_method"),
                *(change.irrigation_method, area["irrigation_method"]),
            )
            if changed and change.application is None and number_of(area["application"]) is not None:
                self._set(key, CommandArea, change.area, "application", None, area["application"])
        if change.application is not None:
            changed |= self._set(
                f"{key}.application", CommandArea, change.area, "application", change.application, area["application"]
            )
        self._require(key, changed)

    def _sow(self, key: str, change: CropChange) -> None:
        self._area(key, change.area)
        if change.area in self._mixes:
            raise self._refuse(f"{key}.area", told("{code} is changed twice, and not alike", code=change.area))
        cropped, land = sum(crop.area_ha for crop in change.mix), self._land[change.area]
        if cropped > CROPPED_AT_MOST * land:
            reason = told(
                "at most {most} ha of crops expected for {land} ha of land, got {text} ha",
                most=f"{CROPPED_AT_MOST * land:.1f}",
                land=f"{land:.1f}",
                text=f"{cropped:g}",
            )
            raise self._refuse(f"{key}.mix", reason)
        code = f"{self.scenario.name}-{change.area}"
        self._mixes[change.area] = [
            {"code": f"{code}-{number:02d}", "command_area": change.area, **crop.model_dump()}
            for number, crop in enumerate(change.mix, start=1)
        ]
        today = self._crops[self._crops["command_area"].astype(str) == change.area]
        before = [(str(row["crop"]), float(row["area_ha"])) for row in today.to_dict("records")]
        after = [(crop.crop, crop.area_ha) for crop in change.mix]
        mixes = ("; ".join(f"{crop} {ha:g} ha" for crop, ha in mix) or None for mix in (before, after))
        self.edits.append(Edit(CommandCrop.__tablename__, change.area, "crops", *mixes))

    def _bring(self, connection: Connection, river: River) -> None:
        intakes = list(self._sources) if river.intakes is None else river.intakes
        for code in intakes:
            if code not in self._sources:
                reason = told("an intake that is mapped expected, got '{code}'", code=code)
                raise self._refuse("river.intakes", reason)
        if not intakes:
            raise self._refuse("river", told("no intake is mapped"))
        if river.year is not None:
            there = and_(as_of(IntakeFlow, None), IntakeFlow.year_type == river.year)
            self._other_year = (intakes, read_layer(connection, IntakeFlow, there))
            self.edits += [Edit(Intake.__tablename__, code, "year_type", None, river.year) for code in intakes]
        if river.factor is not None:
            self._flows.append((intakes, river.factor))
            self.edits += [Edit(Intake.__tablename__, code, "flow_m3_s", 1.0, river.factor) for code in intakes]
        self._intakes.update(intakes)
