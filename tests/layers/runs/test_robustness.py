"""Robustness of stored runs: drawn from what is kept, stored once, the same however it is read, gone with its run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import orjson
import pytest
from sqlalchemy import Engine, delete, select, text, update
from typer.testing import CliRunner

from geo.contract.classes import CLASSES
from geo.panel.scheme import load_scheme
from geo.suitability.combination import weighting
from geo.suitability.robustness import SILENT
from geo.suitability.robustness import robustness as drawn
from layers.catalogue.base import PUBLIC
from layers.errors import DataRefused, NotFound
from layers.explain.plot import explain_plot
from layers.features.plots import scored_plots
from layers.postgres.engine import reading, writing
from layers.records.runs import RunDraws, ScoringRun, robustness, suitability
from layers.records.snapshot import read_runs, run_of
from layers.runs import robustness as stored_draws
from layers.runs.robustness import draws_of_district, read_kept, store_robustness
from layers.runs.score import score
from scripts.main import app
from tests.worlds import valley
from tests.worlds.valley_in_database import NUROBOD, RASHT, load_valley

SCHEME = load_scheme()
OPTIONS: dict[str, Any] = {"best": 3, "draws": 60, "seed": 4}


@pytest.fixture(scope="module")
def run_id(database: Engine) -> int:
    with writing() as connection:
        load_valley(connection)
    return score(database, SCHEME, day=valley.AS_OF).run_id


@pytest.fixture
def undrawn(database: Engine, run_id: int) -> Iterator[Engine]:
    """The scored valley; draws of the test are taken away after it."""
    yield database
    with database.begin() as connection:
        connection.execute(delete(robustness).where(robustness.c.run_id == run_id))
        connection.execute(delete(RunDraws).where(RunDraws.run_id == run_id))


def rows_of(engine: Engine, run_id: int) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        rows = connection.execute(select(robustness).where(robustness.c.run_id == run_id).order_by("plot_no"))
        return [tuple(row) for row in rows]


def test_what_is_read_is_what_was_kept(database: Engine, run_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_draws, "BLOCK", 4)  # nine plots come in three blocks
    with database.connect() as connection:
        order = connection.execute(select(ScoringRun.criteria).where(ScoringRun.run_id == run_id)).scalar_one()
        kept = read_kept(connection, run_id, RASHT, order)
        chosen = select(suitability).where(suitability.c.base_run == run_id, suitability.c.district == RASHT)
        rows = connection.execute(chosen.order_by(suitability.c.plot_no)).mappings().all()
    assert kept.plot_no.tolist() == [row["plot_no"] for row in rows]
    expected = np.array([row["memberships"] for row in rows]).T
    np.testing.assert_allclose(kept.memberships, expected, atol=1e-7)
    letters = [[-1 if letter == "-" else "ABCD".index(letter) for letter in row["evidence"]] for row in rows]
    assert kept.evidence.T.tolist() == letters
    tables = [["0123456789abcdefghijklmno".index(digit) for digit in row["membership_tables"]] for row in rows]
    assert kept.table.T.tolist() == tables
    told = [[row[name] for name in order] for row in rows]
    frost = order.index("frost_margin_d")
    for values, row in zip(told, rows, strict=True):
        values[frost] = row["frost_loss_pct"] if values[frost] is None else values[frost]
    np.testing.assert_array_equal(kept.value.T, np.array(told, dtype=np.float32))
    assert [CLASSES[cap] for cap in kept.cap] == [row["class_cap"] for row in rows]
    unscored = [row["score"] is None for row in rows]
    assert (kept.fixed >= 0).tolist() == unscored


@pytest.mark.parametrize("district", [RASHT, NUROBOD])
def test_without_noise_every_plot_keeps_the_class_of_its_run(database: Engine, run_id: int, district: str) -> None:
    with database.connect() as connection:
        plot_no, found = draws_of_district(connection, run_id, district, **OPTIONS, noise=SILENT)
        chosen = select(suitability.c.plot_no, suitability.c["class"]).where(suitability.c.base_run == run_id)
        judged = {row.plot_no: row[1] for row in connection.execute(chosen)}
    assert set(np.unique(found.shares)) <= {0.0, 1.0}
    assert [CLASSES[modal] for modal in found.modal] == [judged[number] for number in plot_no.tolist()]
    assert set(np.unique(found.top)) <= {0.0, 1.0}


def test_the_same_seed_stores_the_same_whatever_the_order_and_the_blocks(
    undrawn: Engine, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_robustness(undrawn, districts=[RASHT, NUROBOD], **OPTIONS)
    first = rows_of(undrawn, run_id)
    monkeypatch.setattr(stored_draws, "BLOCK", 4)
    store_robustness(undrawn, districts=[NUROBOD, RASHT], run_id=run_id, **OPTIONS)
    assert rows_of(undrawn, run_id) == first
    assert len(first) == 2 * len(valley.NAMES)
    store_robustness(undrawn, **{**OPTIONS, "seed": 5})
    assert rows_of(undrawn, run_id) != first


def test_shares_add_up_and_the_best_are_as_many_as_asked_for(undrawn: Engine) -> None:
    store_robustness(undrawn, districts=[RASHT], **OPTIONS)
    with undrawn.connect() as connection:
        rows = connection.execute(select(robustness)).mappings().all()
    for row in rows:
        assert sum(row["shares"]) == pytest.approx(1.0)
        assert row["shares"][CLASSES.index(row["robust_class"])] == row["robust_share"] == max(row["shares"])
        assert row["flagged"] == (row["robust_share"] < 0.7)
        assert (row["top_of"], row["draws"], row["seed"]) == (3, 60, 4)
    assert sum(row["top_share"] for row in rows) == pytest.approx(3.0)


def test_draws_are_shown_with_the_plots_and_in_the_explanation(undrawn: Engine, run_id: int) -> None:
    def seen() -> dict[str, object]:
        with reading(PUBLIC) as connection:
            features = scored_plots(PUBLIC, {RASHT: run_of(connection, run_id)})
            names = ("robust_class", "robust_share", "top_share", "top_of")
            columns = [features.properties[name].value.label(name) for name in names]
            here = features.properties["plot_id"].value == "clean"
            row = connection.execute(select(*columns).select_from(features.source).where(here)).one()
            return {**row._mapping, **(explain_plot(connection, "clean")["robustness"] or {})}

    before = seen()
    assert before["robust_class"] is None
    assert before["top_share"] is None
    assert "modal_class" not in before  # nothing is drawn on reading
    store_robustness(undrawn, districts=[RASHT], **OPTIONS)
    after = seen()
    assert after["robust_class"] == after["modal_class"]
    assert after["robust_share"] == pytest.approx(after["modal_share"], abs=1e-3)
    assert (after["top_of"], after["draws"], after["seed"]) == (3, 60, 4)


def test_what_is_served_is_new_once_draws_are_stored(undrawn: Engine, run_id: int) -> None:
    began = datetime.now(UTC)
    store_robustness(undrawn, districts=[RASHT], **OPTIONS)
    with undrawn.connect() as connection:
        drawn_at = read_runs(connection).runs[run_id].drawn_at
    assert drawn_at is not None
    assert drawn_at >= began


def test_draws_go_with_their_run(undrawn: Engine) -> None:
    draft = score(undrawn, SCHEME, districts=[RASHT], publish=False, day=valley.AS_OF).run_id
    store_robustness(undrawn, run_id=draft, **OPTIONS)
    assert len(rows_of(undrawn, draft)) == len(valley.NAMES)
    with undrawn.begin() as connection:
        connection.execute(text(f"DROP TABLE suitability_run_{draft}"))
        connection.execute(delete(ScoringRun).where(ScoringRun.run_id == draft))
    assert rows_of(undrawn, draft) == []


def test_a_run_without_kept_caps_and_an_unknown_district_are_refused(undrawn: Engine, run_id: int) -> None:
    with pytest.raises(NotFound, match=r"No run is served in district TJ\.XX"):
        store_robustness(undrawn, districts=["TJ.XX"])
    with pytest.raises(NotFound, match="no finished run 999"):
        store_robustness(undrawn, run_id=999)
    one = suitability.c.plot_no == select(suitability.c.plot_no).limit(1).scalar_subquery()
    with undrawn.begin() as connection:
        row = connection.execute(select(suitability).where(one)).mappings().one()
        connection.execute(update(suitability).where(one).values(class_cap=None))
    try:
        with pytest.raises(DataRefused, match="before the caps of classes were kept"):
            store_robustness(undrawn, run_id=run_id, districts=[row["district"]])
    finally:
        with undrawn.begin() as connection:
            same = suitability.c.plot_no == row["plot_no"]
            connection.execute(update(suitability).where(same).values(class_cap=row["class_cap"]))


def test_the_command_says_what_it_stored(undrawn: Engine, run_id: int) -> None:
    told = CliRunner().invoke(
        app, ["robustness", "--district", RASHT, "--best", "3", "--draws", "60", "--seed", "4", "--json"]
    )
    assert told.exit_code == 0, told.output
    found = orjson.loads(told.stdout)
    assert (found["best"], found["draws"], found["seed"]) == (3, 60, 4)
    (district,) = found["districts"]
    assert (district["district"], district["run_id"], district["plots"]) == (RASHT, run_id, len(valley.NAMES))
    with undrawn.connect() as connection:
        flagged = connection.execute(select(robustness.c.flagged)).scalars().all()
    assert district["flagged"] == sum(flagged)


def test_a_run_that_kept_no_tables_draws_its_memberships(database: Engine, run_id: int) -> None:
    """As such runs were drawn before; what was said of them is said again."""
    with database.connect() as connection:
        _, by_values = draws_of_district(connection, run_id, RASHT, **OPTIONS)
        connection.execute(update(suitability).values(membership_tables=None))
        order = connection.execute(select(ScoringRun.criteria).where(ScoringRun.run_id == run_id)).scalar_one()
        kept = read_kept(connection, run_id, RASHT, order)
        numbers, found = draws_of_district(connection, run_id, RASHT, **OPTIONS)
        connection.rollback()
    assert (kept.table == -1).all()
    given = (kept.memberships, kept.evidence, kept.cap, kept.fixed, numbers, weighting(SCHEME), SCHEME.orness)
    expected = drawn(*given, highest=kept.highest, loose=kept.loose, **OPTIONS)
    assert (found.shares == expected.shares).all()
    assert (found.shares != by_values.shares).any()
