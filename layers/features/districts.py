"""Districts: names, area, plots, and hectares by class of the run that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from geoalchemy2 import Geography
from sqlalchemy import Connection, cast, func, select, tuple_

from geo.contract.classes import CLASSES
from layers.catalogue.admin import District, Jamoat
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.features.agreement import Agreement, agreements
from layers.features.features import require_code
from layers.features.hectares import Figures
from layers.records.loads import Load
from layers.records.outcomes import UNJUDGED
from layers.records.runs import RunHectares
from layers.records.snapshot import Bounds, Coverage, ShownRun, Snapshot

M2_PER_HA = 10_000.0  # square metres of a hectare


@dataclass(frozen=True, slots=True)
class Summary:
    """One district.

    ``area_ha`` is of the outline, on the ellipsoid; None without an outline. ``classes`` are the figures of the
    run that is shown; without one, all plots are not evaluated. ``synthetic``: its plots are made up.
    ``agreement`` : of its outline with each second source.
    """

    code: str
    region: str | None
    names: dict[str, str | None]
    area_ha: float | None
    bounds: Bounds | None
    plots: int
    plots_ha: float
    classes: Figures
    shown: ShownRun | None
    synthetic: bool
    boundary_date: date | None = None
    boundary_note: str | None = None
    agreement: tuple[Agreement, ...] = ()


def summaries(connection: Connection, served: Snapshot) -> list[Summary]:
    """Return every district that has an outline or plots, by code."""
    outline = District.__table__.c.geom
    box = func.box2d(outline)
    rows = {
        row.code: row
        for row in connection.execute(
            select(
                District.code,
                District.region,
                District.name_tg,
                District.name_ru,
                District.name_en,
                District.boundary_date,
                District.boundary_note,
                (func.ST_Area(cast(outline, Geography)) / M2_PER_HA).label("area_ha"),
                func.ST_XMin(box).label("west"),
                func.ST_YMin(box).label("south"),
                func.ST_XMax(box).label("east"),
                func.ST_YMax(box).label("north"),
            ).where(District.ended_by.is_(None))
        )
    }
    figures = _figures(connection, served)
    agreed = agreements(connection, District)
    codes = sorted({*rows, *served.coverage} - {""})
    return [_summary(code, rows.get(code), served, figures.get(code, {}), agreed.get(code, ())) for code in codes]


def district_names(connection: Connection, code: str) -> dict[str, str | None]:
    """Return the names of a district by language; all None where it has no outline."""
    named = select(District.name_tg, District.name_ru, District.name_en)
    row = connection.execute(named.where(District.code == code, District.ended_by.is_(None))).first()
    return dict(zip(("tg", "ru", "en"), row or (None, None, None), strict=True))


def require_district(connection: Connection, served: Snapshot, code: str) -> None:
    """Refuse a code no district has.

    Raises
    ------
    NotFound : neither an outline nor a plot has the code.
    """
    if code in served.coverage and code:
        return
    known = select(District.code).where(District.code == code, District.ended_by.is_(None))
    if connection.execute(known).first() is None:
        raise NotFound(f"There is no district {code!r}; GET /districts lists them.")


def require_known_district(connection: Connection, served: Snapshot, code: str) -> None:
    """Refuse a parameter that names no district.

    Raises
    ------
    BadFilter : neither an outline nor a plot has the code; names those there are, or the nearest.
    """
    if code not in served.coverage:
        outlines = connection.execute(select(District.code).where(District.ended_by.is_(None))).scalars()
        require_code("district", code, sorted({*outlines, *served.coverage} - {""}))


def require_jamoats(connection: Connection, district: str, codes: Sequence[str]) -> None:
    """Refuse a jamoat that is not of a district; jamoats without an outline are known by the plots that name them.

    Raises
    ------
    BadFilter : names the jamoats of the district, or the nearest.
    """
    mapped = select(Jamoat.code).where(Jamoat.district == district, Jamoat.ended_by.is_(None))
    known = set(connection.execute(mapped).scalars())
    here = (Plot.district.between(district, district), Plot.ended_by.is_(None))  # a range takes the index, see plots
    for code in codes:
        named = select(Plot.jamoat).where(*here, Plot.jamoat == code).limit(1)
        if code not in known and connection.execute(named).first() is None:
            every = connection.execute(select(Plot.jamoat).where(*here, Plot.jamoat.is_not(None)).distinct())
            require_code("jamoat", code, sorted({*known, *(str(found) for found in every.scalars())}))


def _figures(connection: Connection, served: Snapshot) -> dict[str, Figures]:
    """District -> figures of the run shown there."""
    shown = [(district, what.run.run_id) for district, what in served.shown.items()]
    found: dict[str, Figures] = {}
    for district, name, plots, area_ha in connection.execute(
        select(
            RunHectares.district,
            RunHectares.suitability_class,
            func.sum(RunHectares.plots),
            func.sum(RunHectares.area_ha),
        )
        .where(tuple_(RunHectares.district, RunHectares.run_id).in_(shown))
        .group_by(RunHectares.district, RunHectares.suitability_class)
    ):
        found.setdefault(district, {})[name] = {"plots": int(plots), "area_ha": float(area_ha)}
    return found


def _summary(code: str, row: Any, served: Snapshot, figures: Figures, agreement: tuple[Agreement, ...]) -> Summary:
    covered = served.coverage.get(code, Coverage(0, 0.0, (0.0, 0.0, 0.0, 0.0), 0, False))
    shown = served.shown.get(code)
    if shown is None:
        figures = {UNJUDGED: {"plots": covered.plots, "area_ha": covered.area_ha}}
    bounds = (row.west, row.south, row.east, row.north) if row is not None else covered.bounds
    return Summary(
        code=code,
        region=None if row is None else row.region,
        names={lang: None if row is None else getattr(row, f"name_{lang}") for lang in ("tg", "ru", "en")},
        area_ha=None if row is None else row.area_ha,
        bounds=bounds,
        plots=covered.plots,
        plots_ha=covered.area_ha,
        classes={name: figures.get(name, {"plots": 0, "area_ha": 0.0}) for name in CLASSES},
        shown=shown,
        synthetic=served.synthetic(code),
        boundary_date=None if row is None else row.boundary_date,
        boundary_note=None if row is None else row.boundary_note,
        agreement=agreement,
    )


def farmed_districts(connection: Connection) -> set[str | None]:
    """Return the codes of the districts that have plots; None is among them where a plot lies in none."""
    return set(connection.execute(select(Plot.district).where(Plot.ended_by.is_(None)).distinct()).scalars())


def real_load_of_districts(connection: Connection, codes: Sequence[str]) -> tuple[int, str | None] | None:
    """Return number and file name of a load that is not synthetic and has a current district of ``codes``."""
    row = connection.execute(
        select(Load.load_id, Load.file_name)
        .join(District, District.load_id == Load.load_id)
        .where(District.code.in_(codes), District.ended_by.is_(None), ~Load.synthetic)
    ).first()
    return None if row is None else (row.load_id, row.file_name)
