"""A small served region: two districts with judged plots, one without, every layer a page draws. All of it made up.

The results are written, not computed: pages are tested on every class, on unknown values and on hatching, whatever
the science makes of this land. Plots of 100 m x 50 m stand in rows of six, one column per class, near 39.03 N
70.38 E in Rasht; a single plot lies in Qubodiyon.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import Connection, insert, text

from geo.contract.classes import CLASSES, RULE
from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import load_scheme
from geo.terrain.grid import north_up
from layers.grids.rasters import store_grid
from layers.loading import load_frame
from layers.records.runs import Publication, RunHectares, ScoringRun, suitability, suitability_cells

RASHT: Final = "TJ.RR.GA"
QUBODIYON: Final = "TJ.KL.KA"
LAKHSH: Final = "TJ.RR.DZ"  # has no plots
GHARM: Final = "TJ.RR.GA.1"  # jamoat
KALANAK: Final = "TJ.RR.GA.2"  # jamoat
WEST, SOUTH = 70.38, 39.03  # degrees; south-west corner of the plots of Rasht
WIDE, HIGH = 0.00116, 0.00045  # degrees; about 100 m and 50 m
ROWS: Final = 10
UNSETTLED_ROW: Final = 9  # of the plot of S3 that may be of three classes, N1 to S2
CRITERIA: Final = ["water_adequacy", "flood_level", "slope_pct", "walk_minutes"]  # those with a value
MEMBERSHIPS: Final = [0.3, 0.6, 0.57, 0.95]
EVIDENCE: Final = "CCDB"
SCORES: Final = {"S1": 81.26, "S2": 62.5, "S3": 48.37, "N1": 18.0, "N2": None, "NE": None}
LIMITING: Final = {"S2": "slope_pct", "S3": "water_adequacy", "N1": "water_adequacy", "N2": "flood_level"}
SUBCLASSES: Final = {"S2": "S2t", "S3": "S3wh", "N1": "N1w", "N2": "N2x"}
Row = dict[str, object]
ABOUT: Final[dict[str, Any]] = {"source": "Made up for the tests <b>", "licence": "CC0", "synthetic": True}


def plot_id(row: int, judged: str) -> str:
    """Name of the plot of a class in a row counted from the south."""
    return f"ga-{row:02d}-{judged}"


def plot_box(row: int, judged: str) -> shapely.Polygon:
    """Outline of that plot, degrees; a tenth of its place is left to the neighbours."""
    west, south = WEST + CLASSES.index(judged) * WIDE, SOUTH + row * HIGH
    return shapely.box(west, south, west + 0.9 * WIDE, south + 0.9 * HIGH)


def fill(connection: Connection) -> None:
    """Load the region and serve one made-up run, in the caller's transaction."""
    _load(connection)
    connection.execute(
        insert(ScoringRun).values(
            rule=RULE,
            run_id=1,
            scheme="panel-2026",
            scheme_text=load_scheme().text,
            scheme_sha256="",
            districts=[RASHT, QUBODIYON],
            status="complete",
            as_of=pd.Timestamp("2026-05-01").date(),
            as_of_load=1_000,
            layer_versions={},
            criteria=[criterion.id for criterion in LAND_CRITERIA],
            not_assessed={RASHT: {"salinity_ds_m": "the layer plot_surveys is not loaded"}},
            synthetic=True,
            code_version="test",
            finished_at=pd.Timestamp("2026-05-09T10:00:00Z"),
            plots=6 * ROWS + 1,
        )
    )
    connection.execute(text("CREATE TABLE suitability_run_1 PARTITION OF suitability FOR VALUES IN (1)"))
    numbers = connection.execute(text("SELECT plot_id, plot_no, district, jamoat, area_ha FROM plots ORDER BY plot_no"))
    connection.execute(insert(suitability), [_judged(dict(row)) for row in numbers.mappings()])
    for district in (RASHT, QUBODIYON):
        published = {"district": district, "scheme": "panel-2026", "scenario": "", "run_id": 1, "shown": True}
        connection.execute(insert(Publication).values(**published))
    connection.execute(_HECTARES)
    connection.execute(_CELLS)


def _judged(plot: dict[str, Any]) -> dict[str, Any]:
    name = plot.pop("plot_id")
    judged, open_question = name.rpartition("-")[2], name == plot_id(UNSETTLED_ROW, "S3")
    score = SCORES[judged]
    known = judged != "NE"
    return {
        **plot,
        "base_run": 1,
        "class": judged,
        "class_low": "N1" if judged == "S3" else judged,
        "class_high": "S2" if open_question else judged,
        "subclass": SUBCLASSES.get(judged),
        "score": score,
        "score_low": score,
        "score_high": None if score is None else score + (10.0 if judged == "S3" else 0.0),
        "limiting": {"S2": "slope_pct", "S3": "water_adequacy", "N1": "water_adequacy", "N2": "flood_level"}.get(
            judged
        ),
        "potential_class": "S2" if judged == "S3" else judged,
        "potential_score": None if score is None else score + 5.0,
        "confidence": "C" if known else None,
        "settled": not open_question,
        "outlook": "likely" if open_question else "open" if judged == "NE" else None,
        "not_assessed": ["salinity_ds_m"],
        "irrigated": known,
        "hazard_free": judged in ("S1", "S2"),
        "crops": None,
        "water_adequacy": 0.55 if known else None,
        "flood_level": 4.0 if judged == "N2" else 2.0 if known else None,
        "slope_pct": 7.1 if known else None,
        "walk_minutes": 12.0,
        "memberships": _in_order(MEMBERSHIPS if known else MEMBERSHIPS[-1:], np.nan),
        "evidence": "".join(_in_order(EVIDENCE if known else EVIDENCE[-1:], "-")),
    }


def _load(connection: Connection) -> None:
    boxes: dict[str, list[tuple[Any, ...]]] = {
        "regions": [
            (
                "TJ-RA",
                "Districts of Republican Subordination",
                "Ноҳияҳои тобеи ҷумҳурӣ",
                None,
                (69.5, 38.4, 72.0, 39.6),
            ),
            ("TJ-KT", "Khatlon", "Хатлон", "Хатлонская область", (67.8, 37.0, 69.0, 37.8)),
        ],
        "districts": [
            (RASHT, "Rasht", "Рашт", "Рашт", (70.0, 38.9, 70.8, 39.3)),
            (LAKHSH, "Lakhsh", "Лахш", "Лахш", (70.9, 38.9, 71.8, 39.5)),
            (QUBODIYON, "Qubodiyon", "Қубодиён", "Кубодиён", (68.0, 37.2, 68.5, 37.6)),
        ],
        "jamoats": [
            (GHARM, "Gharm", "Ғарм", "Гарм", (70.0, 38.9, WEST + 3 * WIDE, 39.3)),
            (KALANAK, "Kalanak", "Қалъанак", "Каланак", (WEST + 3 * WIDE, 38.9, 70.8, 39.3)),
        ],
    }
    for layer, rows in boxes.items():
        frame = gpd.GeoDataFrame(
            [{"code": row[0], "name_en": row[1], "name_tg": row[2], "name_ru": row[3]} for row in rows],
            geometry=[shapely.box(*row[4]) for row in rows],
            crs="EPSG:4326",
        )
        if layer == "districts":
            frame["region"] = ["TJ-RA", "TJ-RA", "TJ-KT"]
        if layer == "jamoats":
            frame["district"] = RASHT
        load_frame(connection, layer, frame, **ABOUT)
    villages: Row = {
        "code": ["v1"],
        "name_en": ["Gharm"],
        "name_tg": ["Ғарм"],
        "name_ru": ["Гарм"],
        "kind": ["town"],
    }
    frame = gpd.GeoDataFrame(
        {**villages, "district": RASHT}, geometry=[shapely.Point(70.381, 39.0365)], crs="EPSG:4326"
    )
    load_frame(connection, "settlements", frame, **ABOUT)
    names = {"code": ["n1"], "layer": ["districts"], "place": [QUBODIYON], "name": ["Қабодиён"], "lang": ["tg"]}
    load_frame(connection, "place_names", pd.DataFrame(names), **ABOUT)
    canals: list[Row] = [
        {"code": "c1", "name": "Canal of Gharm", "condition": 4, "type": "main"},
        {"code": "c2", "name": None, "condition": None, "type": "field"},
    ]
    told: Row = {
        "lining": "earth",
        "soil": "loam",
        "level_basis": "unknown",
        "flow_known": True,
        "position": "unknown",
    }
    lines = [[(70.379, 39.029), (70.39, 39.0285)], [(70.379, 39.037), (70.39, 39.037)]]
    frame = gpd.GeoDataFrame(
        [{**canal, **told} for canal in canals], geometry=[shapely.LineString(line) for line in lines], crs="EPSG:4326"
    )
    load_frame(connection, "canals", frame, **ABOUT)
    plots = [(plot_id(row, judged), plot_box(row, judged)) for row in range(ROWS) for judged in CLASSES]
    plots.append(("qa-00-S1", shapely.box(68.2, 37.4, 68.201, 37.401)))
    frame = gpd.GeoDataFrame(
        {"plot_id": [name for name, _ in plots]}, geometry=[box for _, box in plots], crs="EPSG:4326"
    )
    load_frame(connection, "plots", frame.assign(land_form="household", availability="offered"), **ABOUT)
    height = np.tile(np.linspace(1_300.0, 1_700.0, 64, dtype=np.float32), (64, 1))
    store_grid(connection, "dem", height, north_up(70.36, 39.05, 0.0008, 0.0006), "EPSG:4326", **ABOUT)


_HECTARES = text(
    f"""
    INSERT INTO {RunHectares.__tablename__} (run_id, district, jamoat, class, plots, area_ha)
    SELECT 1, district, coalesce(jamoat, ''), class, count(*), sum(area_ha)
    FROM suitability GROUP BY district, jamoat, class
    """
)
_CELLS = text(
    f"""
    INSERT INTO {suitability_cells.name} (run_id, zoom, x, y, district, class, plots, area_ha)
    SELECT 1, zoom, floor((st_x(middle) / 40075016.685578488 + 0.5) * 2 ^ (zoom + 4))::int,
           floor((0.5 - st_y(middle) / 40075016.685578488) * 2 ^ (zoom + 4))::int,
           s.district, s.class, count(*), sum(s.area_ha)
    FROM suitability s JOIN plots p USING (plot_no), generate_series(0, 14) AS zoom,
         LATERAL (SELECT st_centroid(p.tile_geom) AS middle) AS centre
    GROUP BY 2, 3, 4, 5, 6
    """
)


def _in_order(values: Sequence[Any], unknown: Any) -> list[Any]:
    """Values of the last of ``CRITERIA`` among all land criteria, in their order; the others are unknown."""
    known = dict(zip(CRITERIA[-len(values) :], values, strict=True))
    return [known.get(criterion.id, unknown) for criterion in LAND_CRITERIA]
