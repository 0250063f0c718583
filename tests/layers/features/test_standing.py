"""What stands behind the classes: sums made by hand over the plots of the small land, for district and jamoats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from layers.features.standing import _KEPT, WHOLE, Standing, Tally, settled_classes, standing_by_jamoat, together
from tests.worlds.three_districts import RASHT, Land

KINDS = ("mine_suspected", "inundation", "inundation", "built_up", None)
YEARS = (None, 2036, None, None, None)


@pytest.fixture
def shut(land: Land, database: Engine) -> Iterator[tuple[Connection, list[dict[str, Any]]]]:
    """Results of Rasht, some shut and some not settled, and the same as rows; rolled back."""
    rows = []
    with database.connect() as connection:
        for place, row in enumerate(land.of(RASHT)):
            changed = {**row, "settled": place % 3 > 0, "shut_by": None, "shut_from_year": None}
            if row["class"] == "N2":
                changed |= {"shut_by": KINDS[place % 5], "shut_from_year": YEARS[place % 5], "settled": True}
            rows.append(changed)
            connection.execute(
                text(
                    "UPDATE suitability SET settled = :settled, shut_by = :shut_by, shut_from_year = :shut_from_year "
                    "WHERE plot_no = :plot_no AND base_run = :run"
                ),
                changed,
            )
        _KEPT.clear()
        yield connection, rows
        _KEPT.clear()


def sums(rows: list[dict[str, Any]], holds: Any) -> tuple[int, Any]:
    chosen = [row["area_ha"] for row in rows if holds(row)]
    return len(chosen), pytest.approx(sum(chosen), rel=1e-6)


def told(tally: Tally | None) -> tuple[int, float]:
    return (0, 0.0) if tally is None else (tally.plots, tally.area_ha)


def unsettled(row: dict[str, Any]) -> bool:
    return row["class"] != "NE" and not row["settled"]


def check(found: Standing, rows: list[dict[str, Any]]) -> None:
    assert told(found.not_settled) == sums(rows, unsettled)
    by_outlook = found.not_settled_by_outlook()
    for outlook in ("likely", "open", "unlikely"):
        of_it = sums(rows, lambda row, outlook=outlook: unsettled(row) and (row["outlook"] or "open") == outlook)
        assert told(by_outlook.get(outlook)) == of_it
    classes = {name: {"plots": 0, "area_ha": 0.0} for name in ("S1", "S2", "S3", "N1", "N2", "NE")}
    for row in rows:
        classes[row["class"]]["plots"] += 1
        classes[row["class"]]["area_ha"] += row["area_ha"]
    for name, held in settled_classes(classes, found).items():
        wanted = sums(rows, lambda row, name=name: row["class"] == name and not unsettled(row))
        assert (held["plots"], held["area_ha"]) == (wanted[0], pytest.approx(wanted[1].expected, rel=1e-6, abs=1e-9))
    asked = {row["ask_first"] for row in rows if row["ask_first"]}
    assert found.ask_first.keys() == asked
    for name in asked:
        assert told(found.ask_first[name]) == sums(rows, lambda row, name=name: row["ask_first"] == name)
    for kind in ("mine_suspected", "inundation", "built_up"):
        assert told(found.shut.get(kind)) == sums(rows, lambda row, kind=kind: row["shut_by"] == kind)
    assert found.shut.keys() <= {"mine_suspected", "inundation", "built_up"}
    assert told(found.unfit) == sums(rows, lambda row: row["class"] == "N2" and row["shut_by"] is None)
    for year in (2036, None):
        wanted = sums(rows, lambda row, year=year: row["shut_by"] == "inundation" and row["shut_from_year"] == year)
        assert told(found.fills.get(year)) == wanted


def test_figures_are_the_sums_over_the_plots_of_the_district_and_of_each_jamoat(
    land: Land, shut: tuple[Connection, list[dict[str, Any]]]
) -> None:
    connection, rows = shut
    found = standing_by_jamoat(connection, land.default, RASHT)
    check(found[WHOLE], rows)
    assert found.keys() == {WHOLE, "", "J1", "J2", "=J3"}
    for jamoat in ("", "J1", "J2", "=J3"):
        check(found[jamoat], [row for row in rows if (row["jamoat"] or "") == jamoat])
    whole = together(place for jamoat, place in found.items() if jamoat is not WHOLE)
    check(whole, rows)
    assert [year for year, _ in whole.years()] == [2036, None]
    check(found[WHOLE], rows)  # adding up changes none of the parts


def test_a_run_of_the_earlier_rule_kept_none_of_it(land: Land, shut: tuple[Connection, list[dict[str, Any]]]) -> None:
    connection, _ = shut
    assert standing_by_jamoat(connection, replace(land.default, rule=1), RASHT) == {}
