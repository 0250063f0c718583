"""Household fit in the database: stored beside a run, for staff only, gone with it, the same when computed again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, delete, func, select, text

from geo.household_criteria import FIT_CRITERIA
from geo.panel.scheme import load_scheme
from layers.catalogue.base import PARTNER, PUBLIC, STAFF, Audience
from layers.errors import NotAllowed, NotFound
from layers.loading import load_frame
from layers.postgres.engine import reading, writing
from layers.records.rows_of_run import FOUND
from layers.records.runs import FitProfile, ScoringRun, household_fit, suitability
from layers.runs.household_fit import fit_run, replay_fits
from layers.runs.score import score
from tests.worlds import valley
from tests.worlds.valley_in_database import NUROBOD, RASHT
from tests.worlds.valley_with_households import GROUP, MOTHER, PAPERS, load_papers, plant_papers


@pytest.fixture(scope="module")
def run(database: Engine) -> int:
    """A run of both districts of the valley, papers recorded in Rasht only."""
    plant_papers()
    return score(database, load_scheme(), day=valley.AS_OF).run_id


@pytest.fixture(scope="module")
def fitted(run: int) -> int:
    with writing() as connection:
        for profile in (MOTHER, GROUP):
            fit_run(connection, run, profile)
    return run


def rows(run: int, profile: str = MOTHER.name) -> dict[str, Any]:
    with reading(STAFF) as connection:
        statement = text(
            "SELECT p.plot_id, f.* FROM household_fit f JOIN plots p USING (plot_no) "
            "WHERE f.run_id = :run AND f.profile = :profile AND p.ended_by IS NULL"
        )
        found = connection.execute(statement, {"run": run, "profile": profile}).mappings()
        return {row["plot_id"]: dict(row) for row in found}


def test_a_fit_covers_every_plot_of_its_run_and_says_what_it_found(fitted: int) -> None:
    with writing() as connection:
        report = fit_run(connection, fitted, MOTHER)
    assert report.plots == 2 * len(valley.NAMES) == sum(report.lights.values())
    assert set(report.not_assessed) == {RASHT, NUROBOD}
    found = rows(fitted)
    assert found.keys() == {*valley.NAMES, *(f"aside-{name}" for name in valley.NAMES)}
    # Potato on 0.36 ha: 9.625 workdays in September over 39 x 0.36.
    assert found["clean"]["labour_balance"] == pytest.approx(9.625 / 39 / 0.36, rel=1e-3)
    assert found["clean"]["area_alone_ha"] == pytest.approx(9.625 / 39, rel=1e-6)
    assert rows(fitted, GROUP.name)["clean"]["labour_balance"] == pytest.approx(97.625 / 39 / 0.36, rel=1e-3)
    assert found["mudflow"]["light"] == "red"
    assert (found["steep"]["right_class"], found["steep"]["document_steps"]) == (6.0, 2.0)
    assert found["steep"]["tenure_low"] == found["steep"]["tenure_high"] == pytest.approx(0.5)
    assert (found["unsampled"]["tenure_low"], found["unsampled"]["tenure_high"]) == (0.0, 1.0)
    assert found["unsampled"]["right_class"] is None
    assert "Talk to legal aid first; do not apply alone" in found["steep"]["actions"]


def test_columns_are_those_of_the_declarations(fitted: int) -> None:
    assert {c.id for c in FIT_CRITERIA} <= set(household_fit.columns.keys())
    with reading(STAFF) as connection:
        kept = connection.execute(select(FitProfile).where(FitProfile.run_id == fitted)).all()
    assert len(kept) == 2


@pytest.mark.parametrize("audience", [PUBLIC, PARTNER])
@pytest.mark.parametrize("table", ["household_fit", "fit_profiles"])
def test_only_staff_may_read_a_fit(fitted: int, audience: Audience, table: str) -> None:
    statement = text(f"SELECT profile FROM {table} WHERE run_id = {fitted}")
    with pytest.raises(NotAllowed), reading(audience) as connection:
        connection.execute(statement)
    with reading(STAFF) as connection:
        assert connection.execute(statement).first() is not None


def test_computed_again_a_fit_is_the_same_and_a_changed_one_is_named(fitted: int, database: Engine) -> None:
    with database.connect() as connection:
        assert replay_fits(connection, fitted) == {MOTHER.name: 0, GROUP.name: 0}
        connection.execute(
            text("UPDATE household_fit SET light = 'green' WHERE profile = :name AND light = 'red'"),
            {"name": MOTHER.name},
        )
        assert replay_fits(connection, fitted)[MOTHER.name] > 0
        connection.rollback()


def test_a_fit_sees_the_papers_its_run_saw(fitted: int, database: Engine) -> None:
    before = rows(fitted)["clean"]
    with database.connect() as connection:
        load_papers(connection, {**PAPERS, "clean": ("O12", 3, 2)})
        fit_run(connection, fitted, MOTHER)
        kept = connection.execute(
            select(household_fit.c.light, household_fit.c.right_class).where(
                household_fit.c.run_id == fitted,
                household_fit.c.profile == MOTHER.name,
                household_fit.c.plot_no == before["plot_no"],
            )
        ).one()
        connection.rollback()
    assert tuple(kept) == (before["light"], before["right_class"])


def test_a_fit_goes_with_its_run(fitted: int, database: Engine) -> None:
    with database.connect() as connection:
        connection.execute(text("DELETE FROM publications"))
        connection.execute(text("DELETE FROM run_hectares; DELETE FROM suitability_cells"))
        connection.execute(delete(ScoringRun).where(ScoringRun.run_id == fitted))
        left = connection.execute(select(func.count()).select_from(household_fit)).scalar_one()
        connection.rollback()
    assert left == 0


def test_a_run_that_is_not_there_is_refused(database: Engine) -> None:
    with pytest.raises(NotFound, match="no finished run 999"), database.connect() as connection:
        fit_run(connection, 999, MOTHER)


def test_tenure_and_labour_answers_leave_land_suitability_bit_identical(run: int, database: Engine) -> None:
    with writing() as connection:
        load_papers(connection, dict.fromkeys(valley.NAMES, ("O12", 3, 2)))
        moved = valley.plot_surveys().assign(heavy_turns_pct=90.0)
        load_frame(connection, "plot_surveys", moved, mode="update", source="made up", synthetic=True)
    again = score(database, load_scheme(), day=valley.AS_OF, publish=False).run_id
    columns = [column.name for column in FOUND]
    with reading(STAFF) as connection:
        first, second = (
            pd.DataFrame(
                connection.execute(
                    select(*(suitability.c[name] for name in columns))
                    .where(suitability.c.base_run == number)
                    .order_by(suitability.c.plot_no)
                ).all(),
                columns=columns,
            )
            for number in (run, again)
        )
    assert len(first) == 2 * len(valley.NAMES)
    for column in columns:
        if column in ("memberships", "memberships_high"):
            for one, other in zip(first[column], second[column], strict=True):
                assert np.array_equal(
                    np.array(one, dtype=np.float32), np.array(other, dtype=np.float32), equal_nan=True
                )
        else:
            pd.testing.assert_series_equal(first[column], second[column], check_exact=True)
    with writing() as connection:
        assert fit_run(connection, again, MOTHER).lights["red"] >= len(valley.NAMES)
