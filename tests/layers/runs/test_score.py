"""Runs in a real PostGIS: the numbers of plain frames, published at once or not at all, kept apart by district."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError

from geo.criteria import LAND_CRITERIA
from geo.panel.scheme import load_scheme
from geo.suitability.assess import assess
from layers.catalogue.base import PUBLIC
from layers.catalogue.land import Plot
from layers.errors import NotFound
from layers.explain.plot import explain_plot
from layers.loading import load_frame, undo
from layers.postgres.engine import reading, writing
from layers.records.rows_of_run import of_run
from layers.records.runs import Publication, RunHectares, ScoringRun, suitability, suitability_cells
from layers.runs.listing import diff_runs, list_runs, show_run
from layers.runs.parts import partition_name
from layers.runs.replay import replay
from layers.runs.score import RUN_LOCK, publish_run, score, sweep_abandoned
from tests.worlds import valley
from tests.worlds.valley_in_database import NUROBOD, RASHT, as_stored, layers_as_stored, load_valley, plots_of, stored

SCHEME = load_scheme()
NUMBERS = ["score", "score_low", "score_high", "potential_score", *(criterion.id for criterion in LAND_CRITERIA)]
WORDS = ["class", "class_low", "class_high", "subclass", "limiting", "confidence", "potential_class", "evidence"]


@pytest.fixture(scope="module")
def valley_database(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection)
    return database


@pytest.fixture
def clean(valley_database: Engine) -> Iterator[Engine]:
    """The loaded valley, without any run of an earlier test."""
    yield valley_database
    with valley_database.begin() as connection:
        connection.execute(text("DELETE FROM publications"))
        for run_id in connection.execute(select(ScoringRun.run_id)).scalars().all():
            connection.execute(text(f"DROP TABLE IF EXISTS {partition_name(run_id)}"))
        connection.execute(text("DELETE FROM scoring_runs"))


def results(engine: Engine, run_id: int, district: str) -> pd.DataFrame:
    with engine.connect() as connection:
        joined = suitability.join(Plot, Plot.plot_no == suitability.c.plot_no)
        chosen = (of_run(connection, run_id), suitability.c.district == district, Plot.ended_by.is_(None))
        statement = select(Plot.plot_id, *suitability.c).select_from(joined).where(*chosen)
        return pd.read_sql(statement, connection).set_index("plot_id")


def shown(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        rows = connection.execute(select(Publication.district, Publication.run_id).where(Publication.shown))
        return dict(rows.all())


def test_stored_land_scores_as_plain_frames_do(clean: Engine) -> None:
    report = score(clean, SCHEME, districts=[RASHT], day=valley.AS_OF)
    found = results(clean, report.run_id, RASHT).loc[list(valley.NAMES)]
    plain = assess(as_stored(valley.plots()), layers_as_stored(), valley.judgement(), SCHEME).to_frame()
    for name in NUMBERS:
        expected = plain[name].to_numpy(dtype=float)
        assert found[name].to_numpy(dtype=float) == pytest.approx(expected, rel=1e-4, abs=1e-3, nan_ok=True), name
    for name in WORDS:
        assert found[name].where(found[name].notna(), None).tolist() == plain[name].tolist(), name


def test_figures_and_cells_add_up_to_the_plots(clean: Engine) -> None:
    report = score(clean, SCHEME, day=valley.AS_OF)
    with clean.connect() as connection:
        by_class = connection.execute(
            select(suitability.c["class"], func.count(), func.sum(suitability.c.area_ha))
            .where(suitability.c.base_run == report.run_id)
            .group_by(suitability.c["class"])
        ).all()
        figures = connection.execute(
            select(RunHectares.suitability_class, func.sum(RunHectares.plots), func.sum(RunHectares.area_ha))
            .where(RunHectares.run_id == report.run_id)
            .group_by(RunHectares.suitability_class)
        ).all()
        cells = connection.execute(
            select(suitability_cells.c.zoom, func.sum(suitability_cells.c.plots), func.sum(suitability_cells.c.area_ha))
            .where(suitability_cells.c.run_id == report.run_id)
            .group_by(suitability_cells.c.zoom)
        ).all()
    expected = {name: (plots, pytest.approx(area, rel=1e-5)) for name, plots, area in by_class}
    assert {name: (plots, area) for name, plots, area in figures} == expected
    assert {zoom for zoom, _, _ in cells} == set(range(15))
    assert all(plots == 2 * len(valley.NAMES) for _, plots, _ in cells)
    assert all(area == pytest.approx(sum(row[2] for row in by_class), rel=1e-5) for _, _, area in cells)


def test_a_run_of_one_district_takes_over_that_district_only(clean: Engine) -> None:
    first = score(clean, SCHEME, day=valley.AS_OF)
    second = score(clean, SCHEME, districts=[NUROBOD], day=valley.AS_OF)
    assert shown(clean) == {RASHT: first.run_id, NUROBOD: second.run_id}
    with clean.begin() as connection:
        publish_run(connection, first.run_id)
    assert shown(clean) == {RASHT: first.run_id, NUROBOD: first.run_id}


def test_a_draft_changes_nothing_that_is_served(clean: Engine) -> None:
    first = score(clean, SCHEME, day=valley.AS_OF)
    draft = score(clean, SCHEME, publish=False, day=valley.AS_OF)
    assert shown(clean) == {RASHT: first.run_id, NUROBOD: first.run_id}
    with reading(PUBLIC) as connection:
        listed = {run["run"]: run for run in list_runs(connection)}
    assert listed[draft.run_id]["served_in"] == []
    assert listed[first.run_id]["served_in"] == [NUROBOD, RASHT]


def test_schemes_are_published_side_by_side(clean: Engine) -> None:
    base = score(clean, SCHEME, districts=[RASHT], day=valley.AS_OF)
    other = score(clean, load_scheme("womens-panel"), districts=[RASHT], day=valley.AS_OF)
    assert shown(clean) == {RASHT: other.run_id}
    with clean.connect() as connection:
        published = connection.execute(select(Publication.scheme, Publication.run_id)).all()
        assert dict(published) == {"default": base.run_id, "womens-panel": other.run_id}
        compared = diff_runs(connection, base.run_id, other.run_id)
    assert any("different schemes" in warning for warning in compared["warnings"])
    assert compared["plots"] == len(valley.NAMES)


def test_a_run_that_breaks_leaves_what_is_served_alone(clean: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    first = score(clean, SCHEME, day=valley.AS_OF)

    def broken(*_: object) -> None:
        raise RuntimeError("the machine lost power")

    with monkeypatch.context() as patched:
        patched.setattr("layers.runs.score._finish", broken)
        with pytest.raises(RuntimeError):
            score(clean, SCHEME, day=valley.AS_OF)
    assert shown(clean) == {RASHT: first.run_id, NUROBOD: first.run_id}
    with clean.connect() as connection:
        abandoned = connection.execute(select(ScoringRun.run_id).where(ScoringRun.status == "running")).scalar_one()
        assert connection.execute(text("SELECT count(*) FROM suitability")).scalar_one() == first.plots
    assert sweep_abandoned(clean) == [abandoned]
    with clean.connect() as connection:
        assert connection.execute(text(f"SELECT to_regclass('{partition_name(abandoned)}')")).scalar() is None
        with pytest.raises(NotFound, match="no finished run"):
            publish_run(connection, abandoned)


def test_a_run_at_work_is_not_swept(clean: Engine) -> None:
    with clean.connect() as worker, clean.begin() as connection:
        run_id = connection.execute(
            text(
                "INSERT INTO scoring_runs (scheme, scheme_text, scheme_sha256, districts, status, as_of, as_of_load,"
                " layer_versions, criteria, code_version) VALUES ('default', '', '', '{}', 'running', '2026-06-01', 1,"
                " '{}', '{}', 'x') RETURNING run_id"
            )
        ).scalar_one()
        connection.commit()
        worker.execute(select(func.pg_advisory_lock(RUN_LOCK, run_id)))
        assert sweep_abandoned(clean) == []
        worker.execute(select(func.pg_advisory_unlock(RUN_LOCK, run_id)))
        worker.commit()
        assert sweep_abandoned(clean) == [run_id]


def test_a_reader_in_the_middle_sees_the_old_run_whole(clean: Engine) -> None:
    first = score(clean, SCHEME, day=valley.AS_OF)
    served = (
        select(func.count(), func.min(suitability.c.base_run), func.max(suitability.c.base_run))
        .join(
            Publication,
            (Publication.run_id == suitability.c.base_run) & (Publication.district == suitability.c.district),
        )
        .where(Publication.shown)
    )
    with reading(PUBLIC) as connection:
        before = connection.execute(served).one()
        second = score(clean, SCHEME, day=valley.AS_OF)
        assert connection.execute(served).one() == before == (18, first.run_id, first.run_id)
    with reading(PUBLIC) as connection:
        assert connection.execute(served).one() == (18, second.run_id, second.run_id)


def test_adding_and_removing_plots_never_changes_another(clean: Engine) -> None:
    before = score(clean, SCHEME, districts=[NUROBOD], day=valley.AS_OF, publish=False)
    kept = plots_of(NUROBOD).iloc[2:5]
    with writing() as connection:
        rest = pd.concat([plots_of(RASHT), kept])
        load_frame(connection, "plots", stored(rest), source="made up", synthetic=True, mode="replace")
    after = score(clean, SCHEME, districts=[NUROBOD], day=valley.AS_OF, publish=False)
    first, second = results(clean, before.run_id, NUROBOD), results(clean, after.run_id, NUROBOD)
    assert len(second) == 3
    columns = [*NUMBERS, *WORDS]
    pd.testing.assert_frame_equal(first.loc[second.index, columns], second[columns])
    with writing() as connection:
        everything = pd.concat([plots_of(RASHT), plots_of(NUROBOD)])
        load_frame(connection, "plots", stored(everything), source="made up", synthetic=True, mode="replace")


def test_unknown_and_empty_districts_are_refused(clean: Engine) -> None:
    with pytest.raises(NotFound, match=r"no district TJ\.XX"):
        score(clean, SCHEME, districts=["TJ.XX"])
    with pytest.raises(NotFound, match="no run 999"), reading(PUBLIC) as connection:
        show_run(connection, 999)


def test_a_run_says_what_it_could_not_assess_and_that_plots_are_made_up(clean: Engine) -> None:
    report = score(clean, SCHEME, day=valley.AS_OF)
    with reading(PUBLIC) as connection:
        run = show_run(connection, report.run_id)
    assert run["synthetic"]
    assert set(run["classes"]) == {RASHT, NUROBOD}
    assert run["layer_versions"]["plots"]["rows"] == 2 * len(valley.NAMES)
    assert run["not_assessed"] == report.not_assessed


def test_an_explanation_agrees_with_the_kept_result(clean: Engine) -> None:
    report = score(clean, SCHEME, day=valley.AS_OF)
    found = results(clean, report.run_id, RASHT)
    with reading(PUBLIC) as connection:
        for name in valley.NAMES:
            explained = explain_plot(connection, name)
            assert explained["class"] == found.loc[name, "class"]
            assert explained["run"] == report.run_id
            assert explained["synthetic"]
        with pytest.raises(NotFound, match="no plot nowhere"):
            explain_plot(connection, "nowhere")


def test_a_scheme_of_ones_own_weights_gives_other_scores(clean: Engine) -> None:
    bold = dataclasses.replace(SCHEME, orness=0.9, name="bold")
    base = score(clean, SCHEME, districts=[RASHT], day=valley.AS_OF)
    other = score(clean, bold, districts=[RASHT], day=valley.AS_OF)
    first, second = results(clean, base.run_id, RASHT), results(clean, other.run_id, RASHT)
    known = first["score"].notna()
    assert (second["score"][known] >= first["score"][known] - 1e-3).all()
    assert (second["score"][known] > first["score"][known] + 1e-3).any()
    assert np.isnan(second["score"][~known].to_numpy(dtype=float)).all()


def test_a_replay_gives_the_same_to_the_last_bit_whatever_was_loaded_since(clean: Engine) -> None:
    report = score(clean, SCHEME, day=valley.AS_OF)
    with writing() as connection:
        wetter = stored(valley.layers()["command_areas"].assign(sdr=0.4))
        load = load_frame(connection, "command_areas", wetter, source="made up", synthetic=True, mode="update")
    found = replay(clean, report.run_id)
    assert found.identical
    assert found.plots == 2 * len(valley.NAMES)
    assert found.changed == ()
    other = score(clean, SCHEME, districts=[RASHT], day=valley.AS_OF)
    first, second = results(clean, report.run_id, RASHT), results(clean, other.run_id, RASHT)
    assert second.loc["clean", "water_adequacy"] == pytest.approx(0.4)
    assert first.loc["clean", "water_adequacy"] == pytest.approx(1.0)
    with writing() as connection:
        undo(connection, load.load_id or 0)


def test_a_replay_names_the_input_that_was_changed_behind_its_back(clean: Engine) -> None:
    report = score(clean, SCHEME, districts=[RASHT], day=valley.AS_OF)
    with clean.begin() as connection:
        connection.execute(
            text("UPDATE plot_surveys SET salinity_ds_m = 9, row_hash = sha256(row_hash) WHERE plot_id = 'clean'")
        )
    found = replay(clean, report.run_id)
    assert not found.identical
    assert found.differing == 1
    assert "salinity_ds_m" in found.columns
    assert found.changed == ("What the run saw of plot_surveys was changed.",)
    with pytest.raises(NotFound, match="no finished run 999"):
        replay(clean, 999)


def test_a_load_under_way_is_no_part_of_a_run_and_the_next_one_waits_for_it(clean: Engine) -> None:
    wetter = stored(valley.layers()["command_areas"].assign(sdr=0.4))
    drier = stored(valley.layers()["command_areas"].assign(sdr=0.6))
    with clean.connect() as slow, clean.connect() as quick:
        first = load_frame(slow, "command_areas", wetter, source="made up", synthetic=True, mode="update")
        # Numbers are given one load at a time: none that is smaller can become visible after a larger one.
        quick.execute(text("SET lock_timeout = '50ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            load_frame(quick, "command_areas", drier, source="made up", synthetic=True, mode="update")
        quick.rollback()
        before = score(clean, SCHEME, districts=[RASHT], day=valley.AS_OF)
        slow.commit()
        second = load_frame(quick, "command_areas", drier, source="made up", synthetic=True, mode="update")
        quick.commit()
    after = score(clean, SCHEME, districts=[RASHT], day=valley.AS_OF)
    with reading(PUBLIC) as connection:
        assert show_run(connection, before.run_id)["as_of_load"] < (first.load_id or 0) < (second.load_id or 0)
        assert show_run(connection, after.run_id)["as_of_load"] == second.load_id
    assert results(clean, before.run_id, RASHT).loc["clean", "water_adequacy"] == pytest.approx(1.0)
    assert results(clean, after.run_id, RASHT).loc["clean", "water_adequacy"] == pytest.approx(0.6)
    with writing() as connection:
        first_state = stored(valley.layers()["command_areas"])
        load_frame(connection, "command_areas", first_state, source="made up", synthetic=True, mode="update")
