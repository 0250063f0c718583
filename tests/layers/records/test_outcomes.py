"""What a result shows is declared once, and every surface has exactly that."""

from __future__ import annotations

import pytest
from sqlalchemy import REAL, Boolean, Column, Engine, String, inspect, text

from geo.panel.scheme import load_scheme
from geo.suitability.assess import assess
from layers.catalogue.base import PUBLIC, STAFF
from layers.features.filters import PLOT_FILTERS
from layers.features.plots import scored_plots
from layers.records.outcome import Kept, Outcome
from layers.records.outcomes import FIT_OUTCOMES, OUTCOMES
from layers.schema.migrate import add_result_columns
from layers.tiles.plot_tiles import PLOT_ATTRIBUTES
from tests.worlds import valley

# Public names and their order, as lists and files have had them since the first version (typed here a second time).
LEADING = (
    *("plot_id", "plot_no", "district", "jamoat", "area_ha", "land_form", "availability"),
    *("score", "score_low", "score_high", "class", "subclass", "limiting", "potential_score", "potential_class"),
    *("confidence", "run", "class_low", "class_high", "not_assessed"),
)


def test_what_is_computed_is_what_is_declared() -> None:
    found = assess(valley.plots(), valley.layers(), valley.judgement(), load_scheme()).to_frame()
    declared = {outcome.name for outcome in OUTCOMES if outcome.kept is Kept.RESULT}
    assert set(found.columns) == declared


def test_names_are_declared_once() -> None:
    names = [outcome.name for outcome in (*OUTCOMES, *FIT_OUTCOMES)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("audience", [PUBLIC, STAFF])
def test_properties_come_in_the_public_order(audience: object) -> None:
    names = list(scored_plots(audience, {}).properties)  # type: ignore[arg-type]
    assert tuple(names[: len(LEADING)]) == LEADING
    assert not {"memberships", "evidence", "class_cap", "flagged", "shares"} & set(names)


def test_tiles_carry_what_is_declared_for_them() -> None:
    assert set(PLOT_ATTRIBUTES) == {"class", "score", "limiting", "subclass", "outlook", "ask_first", "shut_by"}


def test_every_criterion_and_flag_is_a_filter() -> None:
    assert {"min_slope_pct", "max_slope_pct", "hazard_free", "irrigated", "class"} <= set(PLOT_FILTERS)
    assert PLOT_FILTERS["class"].schema["items"]["enum"] == ["S1", "S2", "S3", "N1", "N2", "NE"]


def test_a_new_outcome_is_a_column_of_its_own_type_that_earlier_runs_leave_empty(database: Engine) -> None:
    new = [
        Outcome("is_new", "New", Boolean()),
        Outcome("new_word", "Word", String(), unit="%"),
        Outcome("n", "N", REAL()),
    ]
    with database.connect() as connection:
        columns: list[Column[object]] = [outcome.as_column() for outcome in new]
        assert add_result_columns(connection, columns) == ["is_new", "new_word", "n"]
        found = {column["name"]: column for column in inspect(connection).get_columns("suitability")}
        assert [str(found[name]["type"]) for name in ("is_new", "new_word", "n")] == ["BOOLEAN", "VARCHAR", "REAL"]
        assert found["new_word"]["comment"] == "Word [%]"
        assert all(found[outcome.name]["nullable"] for outcome in new)
        assert connection.execute(text("SELECT count(is_new) FROM suitability")).scalar() == 0
        connection.rollback()
