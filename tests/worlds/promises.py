"""What no scored region may break, in SQL over what was stored: limits typed from domain reference 4, not from geo.

``BROKEN_BY`` : sentence -> rows that break it. The reference crop is potato in the Rasht valley and wheat elsewhere.
Soil counts with the most stones there may be, 60 in a hundred, where none were looked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, text

from layers.explain.plot import explain_plot

S_CLASS = "s.class IN ('S1', 'S2', 'S3')"
TREES = "CAST(ARRAY['apricot', 'apple', 'mulberry', 'walnut', 'grape', 'pomegranate', 'almond'] AS varchar[])"
CLASSES = "ARRAY['S1', 'S2', 'S3', 'N1', 'N2']"
POTATO = "s.district LIKE 'TJ.RR.%'"
FURROWS = "(s.irrigated AND p.terraced IS NOT TRUE)"
SURVEYS = """
    SELECT DISTINCT ON (plot_id) plot_id,
           first_value(soil_depth_cm) OVER depth AS soil_depth_cm,
           first_value(coarse_fragments_pct) OVER stones AS coarse_fragments_pct,
           first_value(groundwater_m) OVER water AS groundwater_m
    FROM plot_surveys WHERE ended_by IS NULL
    WINDOW depth AS (PARTITION BY plot_id ORDER BY (soil_depth_cm IS NULL), survey_date DESC, code DESC
                     ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
           stones AS (PARTITION BY plot_id ORDER BY (coarse_fragments_pct IS NULL), survey_date DESC, code DESC
                      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
           water AS (PARTITION BY plot_id ORDER BY (groundwater_m IS NULL), survey_date DESC, code DESC
                     ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
"""
LEAST_WATER_M = """
    (SELECT min(w.groundwater_m) FROM plot_surveys w
     WHERE w.plot_id = p.plot_id AND w.ended_by IS NULL AND extract(month FROM w.survey_date) BETWEEN 4 AND 9
       AND extract(year FROM w.survey_date) = (
           SELECT max(extract(year FROM v.survey_date)) FROM plot_surveys v
           WHERE v.plot_id = p.plot_id AND v.ended_by IS NULL AND v.groundwater_m IS NOT NULL
             AND extract(month FROM v.survey_date) BETWEEN 4 AND 9))
"""

BROKEN_BY: Mapping[str, str] = {
    "S1 has water for three quarters of the need": "s.class = 'S1' AND s.water_adequacy < 0.75",
    "S1 lies below its canal": "s.class = 'S1' AND s.gravity_head_m < 0",
    "S1 gets two turns of three": "s.class = 'S1' AND s.turn_reliability < 0.6499",
    "S1 has no medium hazard": "s.class = 'S1' AND (s.flood_level >= 3 OR s.slide_level >= 3)",
    "S1 has a way with less than 300 m of danger": "s.class = 'S1' AND s.way_exposure_m > 300",
    "S1 in furrows is no steeper than 8 %": f"s.class = 'S1' AND s.slope_pct > 8 AND {FURROWS}",
    "S1 is no steeper than 25 %": "s.class = 'S1' AND s.slope_pct > 25",
    "S1 for potato leaves 60 % of the yield": f"s.class = 'S1' AND {POTATO} AND s.salinity_ds_m > 5.05",
    "S1 is less salty than 8 dS/m": "s.class = 'S1' AND s.salinity_ds_m > 8",
    "S1 has half a metre of soil": "s.class = 'S1' AND s.soil_depth_cm < 50",
    "S1 holds water and lets it go, as far as known": "s.class = 'S1' AND s.memberships_high[12] < 0.4999",
    "S1 has nine tenths of the heat": "s.class = 'S1' AND s.heat_ratio < 0.9",
    "S1 for potato has no day of frost too many": f"s.class = 'S1' AND {POTATO} AND s.frost_margin_d < 0",
    "no class on unknown slope": f"{S_CLASS} AND s.slope_pct IS NULL",
    "no class on land that is too steep for furrows": f"{S_CLASS} AND s.slope_pct > 25 AND {FURROWS}",
    "no tree on less than 40 cm of soil": f"""
        s.crops && {TREES} AND q.soil_depth_cm * (1 - coalesce(q.coarse_fragments_pct, 60) / 100) < 40""",
    "no tree on less than 40 cm of soil by the grid": f"s.crops && {TREES} AND s.soil_depth_cm < 40",
    "no tree where groundwater stands above 1.5 m": f"s.crops && {TREES} AND coalesce({LEAST_WATER_M}, 9) < 1.5",
    "no tree under medium mudflow or flood": f"s.crops && {TREES} AND s.flood_level >= 3",
    "cotton is never named": "'cotton' = ANY(s.crops)",
    "no crop on land that is shut or not judged": "(s.class = 'NE' OR s.subclass = 'N2x') AND s.crops IS NOT NULL",
    "no potato on salt of 8.37 dS/m": "'potato' = ANY(s.crops) AND s.salinity_ds_m > 8.37",
    "a score where a class is": f"{S_CLASS} AND s.score IS NULL",
    "the class lies in its range": f"""
        s.class <> 'NE' AND s.subclass <> 'N2x' AND NOT array_position({CLASSES}, CAST(s.class AS text))
            BETWEEN array_position({CLASSES}, CAST(s.class_high AS text))
                AND array_position({CLASSES}, CAST(s.class_low AS text))""",
}


def broken(connection: Connection, run: int) -> dict[str, list[Any]]:
    """Return the sentences that plots of a run break, each with some of their ids."""
    found = {}
    for sentence, where in BROKEN_BY.items():
        rows = connection.execute(
            text(f"""
                WITH q AS ({SURVEYS})
                SELECT p.plot_id FROM suitability s
                JOIN plots p ON p.plot_no = s.plot_no AND p.ended_by IS NULL
                LEFT JOIN q ON q.plot_id = p.plot_id
                WHERE s.base_run = :run AND ({where}) ORDER BY p.plot_no LIMIT 5
            """),
            {"run": run},
        ).scalars()
        if ids := rows.all():
            found[sentence] = list(ids)
    return found


def salty(connection: Connection, run: int, count: int) -> list[str]:
    """Return plots of a run with ECe above 4 dS/m that are not S1, those with water nearest to the surface first."""
    rows = connection.execute(
        text(f"""
            SELECT p.plot_id FROM suitability s JOIN plots p ON p.plot_no = s.plot_no AND p.ended_by IS NULL
            WHERE s.base_run = :run AND s.salinity_ds_m > 4 AND s.class IN ('S2', 'S3', 'N1')
            ORDER BY {LEAST_WATER_M} NULLS LAST, p.plot_no LIMIT :count
        """),
        {"run": run, "count": count},
    ).scalars()
    return list(rows.all())


def leached(connection: Connection, plot_id: str) -> bool:
    """Return whether leaching is among the remedies a plot is told."""
    remedies = explain_plot(connection, plot_id, ways=False)["remedies"] or {"set": []}
    return any(remedy["id"].startswith("leaching") for remedy in remedies["set"])


def bears_leaching(connection: Connection, plot_id: str) -> bool:
    """Return whether leaching water can go: the water stays below 1.5 m, by 2.5 m of rise or by a working drain."""
    found = connection.execute(
        text(f"""
            SELECT {LEAST_WATER_M} >= 4 OR ({LEAST_WATER_M} >= 1.5 AND EXISTS (
                SELECT 1 FROM canals c WHERE c.ended_by IS NULL AND c.type = 'drain' AND c.condition <= 3
                  AND ST_DWithin(CAST(c.geom AS geography), CAST(p.geom AS geography), 201)))
            FROM plots p WHERE p.plot_id = :plot AND p.ended_by IS NULL
        """),
        {"plot": plot_id},
    ).scalar_one()
    return bool(found)
