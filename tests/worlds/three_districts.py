"""A small piece of land with results, written straight into the tables, and the same as a plain GeoDataFrame.

Three districts: Rasht and Nurobod judged by run 1, Rasht by run 2 of another scheme as well, Qubodiyon not judged.
Everything a surface can get wrong is in it: unknown values, equal scores, scores just below a class, staff-only
values that must not leak, texts a spreadsheet takes for formulas.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
from geoalchemy2.shape import from_shape
from shapely import LineString, MultiLineString, MultiPolygon, Point, box
from sqlalchemy import Connection, Table, insert, text

from geo.contract.classes import RULE
from geo.contract.criterion import Criterion
from geo.criteria import LAND_CRITERIA
from layers.catalogue.admin import District, Settlement
from layers.catalogue.base import Layer
from layers.catalogue.irrigation import Canal
from layers.catalogue.land import AVAILABILITIES, LAND_FORMS, Pasture, Plot
from layers.records.loads import Load
from layers.records.runs import Publication, RunHectares, ScoringRun, robustness, suitability, suitability_cells
from layers.records.snapshot import Run
from layers.runs.parts import partition_name
from layers.tiles.layer_tiles import HALF_SPAN_M

RASHT, NUROBOD, QUBODIYON = "TJ.RR.GA", "TJ.RR.DA", "TJ.KL.KA"
COUNTS = {RASHT: 180, NUROBOD: 40, QUBODIYON: 15}
CORNERS = {RASHT: (70.37, 39.02), NUROBOD: (69.95, 38.89), QUBODIYON: (68.19, 37.16)}  # degrees east, north
ACROSS = 20  # plots in a row
WIDE, HIGH = 0.0008, 0.0004  # degrees; about 70 m by 45 m
CANARY = "zq7canary"  # stands in every text only staff may read
PARTNERS_CANARY = "zq5partner"  # stands in every text only partners and staff may read
CANARY_COUNT = 918273  # and this in every number only staff may read
CRITERIA = [criterion.id for criterion in LAND_CRITERIA]
POTENTIAL = 81.25  # score after improvements of every plot that has a score
ON_OFFER = ("offered", "reserve")  # whose state and potential anybody is told; from the contract
DEFAULT, OTHER = "default", "other"


@dataclass(frozen=True)
class Land:
    """Runs by scheme, and what everybody should be shown: one row per plot, by number, by the public property names."""

    runs: dict[str, int]
    rows: list[dict[str, Any]] = field(repr=False)

    @property
    def default(self) -> Run:
        """The run of the default scheme, as what is served knows it."""
        number = self.runs[DEFAULT]
        return Run(
            number, number, DEFAULT, "", frozenset(row["district"] for row in self.rows if row["district"]), True, None
        )

    @property
    def frame(self) -> gpd.GeoDataFrame:
        """The same as a frame in EPSG:4326."""
        return gpd.GeoDataFrame(self.rows, crs="EPSG:4326")

    def of(self, district: str) -> list[dict[str, Any]]:
        """The plots of one district."""
        return [row for row in self.rows if row["district"] == district]


def shown_score(stored: float | None) -> float | None:
    """Return a stored score as it must be shown: rounded down to one decimal."""
    if stored is None:
        return None
    return float(Decimal(str(np.float32(stored))).quantize(Decimal("0.1"), ROUND_DOWN))


def plant(connection: Connection) -> Land:
    """Write the land and return what should be seen of it."""
    load = add_load(connection, "plots", synthetic=True, source="generated for tests", licence="CC0-1.0")
    rows = _plots(load)
    connection.execute(insert(cast("Table", Plot.__table__)), [_stored(row) for row in rows])
    outlines = add_load(connection, "districts", source="outlines for tests", licence="CC0-1.0")
    for code, names in ((RASHT, ("Рашт", "Рашт", "Rasht")), (NUROBOD, ("Нуробод", "Нурабад", "Nurobod"))):
        west, south = CORNERS[code]
        outline = MultiPolygon([box(west - 0.01, south - 0.01, west + 0.03, south + 0.02)])
        values = {"code": code, "name_tg": names[0], "name_ru": names[1], "name_en": names[2], "region": "TJ-RA"}
        add_row(connection, District, outlines, geom=outline, **values)
    _surroundings(connection)
    results = {
        scheme: _add_run(connection, scheme, districts, rows, load)
        for scheme, districts in ((DEFAULT, (RASHT, NUROBOD)), (OTHER, (RASHT,)))
    }
    judged = results[DEFAULT][1]
    seen = [{**_seen(row), **_shown_result(row, judged.get(row["plot_no"])), "geometry": row["geom"]} for row in rows]
    return Land({scheme: run for scheme, (run, _) in results.items()}, seen)


def add_load(connection: Connection, layer: str, **values: Any) -> int:
    """Enter a load and return its id."""
    values = {"kind": "load", "mode": "add", "synthetic": False, **values}
    return int(connection.execute(insert(Load).values(layer=layer, **values).returning(Load.load_id)).scalar_one())


def add_row(connection: Connection, layer: type[Layer], load: int, *, geom: Any, **values: Any) -> None:
    """Add one current row to a layer."""
    shape = from_shape(geom, srid=4326)
    connection.execute(insert(cast("Table", layer.__table__)).values(load_id=load, row_hash=b"-", geom=shape, **values))


def _plots(load: int) -> list[dict[str, Any]]:
    chance = np.random.default_rng(7)
    rows: list[dict[str, Any]] = []
    for district, count in COUNTS.items():
        west, south = CORNERS[district]
        for index in range(count):
            x, y = west + index % ACROSS * WIDE, south + index // ACROSS * HIGH
            number = len(rows) + 1
            rows.append(
                {
                    "plot_id": f"{district.replace('.', '-')}-{number:05d}",
                    "plot_no": 1_000 + number,
                    "district": district,
                    "jamoat": [None, "J1", "J2", "=J3"][index % 4],
                    "settlement": f"S{index % 3}",
                    "area_ha": float(np.round(chance.uniform(0.05, 2.0), 4)),
                    "land_form": LAND_FORMS[index % len(LAND_FORMS)],
                    "availability": AVAILABILITIES[index % len(AVAILABILITIES)],
                    "irrigated": [None, True, False][index % 3],
                    "terraced": [None, False][index % 2],
                    "cadastral_no": f"{CANARY}-{number}",
                    "right_class": f"O{index % 12 + 1}",
                    "missing_documents": CANARY_COUNT,
                    "disputes": CANARY_COUNT,
                    "geom": MultiPolygon([box(x, y, x + WIDE * 0.95, y + HIGH * 0.9)]),
                    "load_id": load,
                }
            )
    return rows


def _stored(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "geom": from_shape(row["geom"], srid=4326), "row_hash": b"-"}


def _seen(row: dict[str, Any]) -> dict[str, Any]:
    hidden = {"cadastral_no", "right_class", "missing_documents", "disputes", "geom", "load_id", "irrigated"}
    shown = {name: value for name, value in row.items() if name not in hidden}
    told = row["availability"] if row["availability"] in ON_OFFER else "unknown"
    return {**shown, "availability": told, "irrigated_recorded": row["irrigated"], "synthetic": True}


def _shown_result(row: dict[str, Any], result: dict[str, Any] | None) -> dict[str, Any]:
    """What a plot shows of its result; a plot that no run has judged is not evaluated."""
    drawn = _draws(result) if result else None
    result = {**(result or dict.fromkeys((*_RESULTS, *CRITERIA))), **(drawn or dict.fromkeys(_DRAWN))}
    shown = {name: result[name] for name in (*_RESULTS, *_DRAWN, *CRITERIA) if name != "base_run"}
    shown |= {name: shown_score(result[name]) for name in _RESULTS if name.startswith(("score", "potential_score"))}
    if row["availability"] not in ON_OFFER:
        shown |= {"potential_score": None, "potential_class": None}
    recorded = True if row["irrigated"] else None
    irrigated = result["irrigated"] if result["irrigated"] is not None else recorded
    return {**shown, "class": result["class"] or "NE", "run": result["base_run"], "irrigated": irrigated}


_RESULTS = (
    *("base_run", "score", "score_low", "score_high", "class", "subclass", "limiting", "potential_score"),
    *("potential_class", "confidence", "class_low", "class_high", "not_assessed", "irrigated", "hazard_free", "crops"),
    *("settled", "known_weight_pct", "score_known", "outlook", "ask_first", "shut_by", "shut_from_year"),
    *("water_month", "water_short_from", "second_crop_water", "frost_loss_pct", "mines_record", "shut_land_record"),
    *("crop_classes", "crops_not_known", "crops_apart", "water_basis", "water_computed"),
)

_DRAWN = ("robust_class", "robust_share", "top_share", "top_of", "held_pct")


def _draws(result: dict[str, Any]) -> dict[str, Any] | None:
    """What is stored of a plot's draws: those of even number in Rasht, with shares a 4-byte number holds exactly."""
    if result["district"] != RASHT or result["plot_no"] % 2:
        return None
    share = (result["plot_no"] % 8 + 1) / 8
    return {
        "robust_class": result["class"],
        "robust_share": share,
        "top_share": 1 - share,
        "top_of": 20,
        "held_pct": 97,
    }


def _add_run(
    connection: Connection, scheme: str, districts: tuple[str, ...], rows: list[dict[str, Any]], load: int
) -> tuple[int, dict[int, dict[str, Any]]]:
    """Write one run with partition, publication, figures and cells; return its id and plot_no -> result."""
    run = connection.execute(
        insert(ScoringRun)
        .values(
            rule=RULE,
            scheme=scheme,
            scheme_text="",
            scheme_sha256="",
            districts=list(districts),
            status="complete",
            as_of=pd.Timestamp("2026-05-01"),
            as_of_load=load,
            layer_versions={},
            criteria=CRITERIA,
            synthetic=True,
            code_version="test",
            finished_at=pd.Timestamp("2026-05-02", tz="UTC"),
        )
        .returning(ScoringRun.run_id)
    ).scalar_one()
    connection.execute(text(f"CREATE TABLE {partition_name(run)} PARTITION OF suitability FOR VALUES IN ({int(run)})"))
    chance = np.random.default_rng(run)
    results = [_result(row, run, chance) for row in rows if row["district"] in districts]
    connection.execute(insert(suitability), results)
    drawn = [(result["plot_no"], _draws(result)) for result in results]
    kept = {"run_id": run, "flagged": False, "shares": [0.0] * 6, "draws": 500, "seed": 1}
    connection.execute(insert(robustness), [{**kept, "plot_no": n, **row} for n, row in drawn if row])
    for district in districts:
        shown = scheme == DEFAULT
        connection.execute(insert(Publication).values(district=district, scheme=scheme, run_id=run, shown=shown))
    _figures(connection, run, rows, results)
    return run, {result["plot_no"]: result for result in results}


def _result(row: dict[str, Any], run: int, chance: np.random.Generator) -> dict[str, Any]:
    # Few distinct values, so that many plots tie; 74.99 must be shown below 75, and 10.1 has no exact float.
    score = [None, 74.99, 75.0, 10.1, 49.96, float(chance.choice([12.5, 33.3, 60.0, 88.8]))][int(chance.integers(6))]
    judged = "NE" if score is None else "S1" if score >= 75 else "S2" if score >= 50 else "S3" if score >= 25 else "N2"
    values = {item.id: None if chance.random() < 0.3 else _measured(item, chance) for item in LAND_CRITERIA}
    return {
        "base_run": run,
        "plot_no": row["plot_no"],
        "district": row["district"],
        "jamoat": row["jamoat"],
        "area_ha": row["area_ha"],
        "score": score,
        "score_low": score,
        "score_high": None if score is None else score + 5,
        "class": judged,
        "class_low": judged,
        "class_high": judged,
        "subclass": None if score is None else f"{judged}wh",
        "limiting": CRITERIA[int(chance.integers(4))],
        "potential_score": None if score is None else max(score, POTENTIAL),
        "potential_class": None if score is None else "S1",
        "confidence": "ABCD"[int(chance.integers(4))],
        "not_assessed": ["salinity_ds_m"] if row["district"] == RASHT else [],
        "irrigated": [None, True, False][int(chance.integers(3))],
        "hazard_free": bool(chance.integers(2)),
        "crops": [["potato", "wheat"], ["wheat"], [], None][int(chance.integers(4))],
        "settled": score is not None,
        "known_weight_pct": int(chance.integers(101)),
        "score_known": score,
        "outlook": [None, "likely", "open", "unlikely"][int(chance.integers(4))] if score is None else None,
        "ask_first": [None, "mines", CRITERIA[0]][int(chance.integers(3))] if score is None else None,
        "shut_by": None,
        "shut_from_year": None,
        "water_month": None,
        "water_short_from": None,
        "second_crop_water": None,
        "water_basis": None,
        "water_computed": None,
        "frost_loss_pct": None,
        "mines_record": None,
        "shut_land_record": None,
        "crop_classes": None,
        "crops_not_known": None,
        "crops_apart": None,
        "memberships": [0.5] * len(CRITERIA),
        "evidence": "C" * len(CRITERIA),
        **values,
    }


def _measured(criterion: Criterion, chance: np.random.Generator) -> float:
    """A value of a criterion: one of its levels, or a number with two decimals."""
    return float(chance.integers(len(criterion.levels)) if criterion.levels else np.round(chance.uniform(0, 60), 2))


def _figures(connection: Connection, run: int, rows: list[dict[str, Any]], results: list[dict[str, Any]]) -> None:
    """Hectares by class, per jamoat and per cell of every zoom."""
    table = pd.DataFrame(results)[["plot_no", "district", "jamoat", "class", "area_ha"]].assign(
        jamoat=lambda t: t.jamoat.fillna("")
    )
    figures = table.groupby(["district", "jamoat", "class"]).agg(plots=("area_ha", "size"), area_ha=("area_ha", "sum"))
    for key, row in figures.iterrows():
        district, jamoat, judged = cast("tuple[str, str, str]", key)
        values = {"district": district, "jamoat": jamoat, "suitability_class": judged}
        connection.execute(insert(RunHectares).values(run_id=run, plots=row.plots, area_ha=row.area_ha, **values))
    centres = gpd.GeoSeries([row["geom"].centroid for row in rows], crs=4326).to_crs(3857)
    centre = dict(zip((row["plot_no"] for row in rows), centres, strict=True))
    cells = []
    for zoom in range(15):
        side = 2 ** (zoom + 4) / (2 * HALF_SPAN_M)
        x = [int((centre[number].x + HALF_SPAN_M) * side) for number in table.plot_no]
        y = [int((HALF_SPAN_M - centre[number].y) * side) for number in table.plot_no]
        by_cell = table.assign(x=x, y=y).groupby(["x", "y", "district", "class"])
        summed = by_cell.agg(plots=("area_ha", "size"), area_ha=("area_ha", "sum")).reset_index()
        cells.extend(summed.assign(run_id=run, zoom=zoom).to_dict("records"))
    connection.execute(insert(suitability_cells), cast("list[dict[str, Any]]", cells))


def _surroundings(connection: Connection) -> None:
    """One canal, one pasture (for partners), one village, in Rasht."""
    west, south = CORNERS[RASHT]
    canal = MultiLineString([LineString([(west, south), (west + 0.01, south + 0.002), (west + 0.016, south)])])
    values = {"lining": "earth", "soil": "loam", "level_basis": "unknown", "flow_known": True, "position": "head"}
    load = add_load(connection, "canals", source="canals for tests", licence="CC0-1.0", synthetic=True)
    add_row(connection, Canal, load, geom=canal, code="C1", type="main", condition=2, name="+Obi Rasht", **values)
    load = add_load(connection, "pastures", source=f"{PARTNERS_CANARY}-pastures")
    pasture = MultiPolygon([box(west, south + 0.005, west + 0.01, south + 0.01)])
    add_row(connection, Pasture, load, geom=pasture, code="P1", name=f"{PARTNERS_CANARY}-pasture", condition="good")
    load = add_load(connection, "settlements", source="places for tests")
    village = {"name_en": "Garm", "name_tg": "Ғарм", "name_ru": "Гарм", "kind": "town", "district": RASHT}
    add_row(connection, Settlement, load, geom=Point(west + 0.005, south + 0.003), code="V1", **village)
