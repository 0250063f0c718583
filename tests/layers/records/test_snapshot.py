"""The snapshot of what is served: its tokens change when, and only when, what they stand for does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, insert, text, update

from layers.catalogue.base import PUBLIC
from layers.catalogue.land import Plot
from layers.errors import DatabaseUnavailable, NotFound
from layers.postgres.engine import reading
from layers.records import snapshot as module
from layers.records.loads import Load
from layers.records.runs import Publication, ScoringRun
from layers.records.snapshot import Choice, Snapshot, SnapshotCache, read_runs, read_snapshot
from tests.worlds.three_districts import (
    CORNERS,
    COUNTS,
    DEFAULT,
    NUROBOD,
    OTHER,
    QUBODIYON,
    RASHT,
    Land,
    add_load,
    plant,
)

EVERYWHERE = (60.0, 30.0, 80.0, 45.0)
BY_RASHT = (70.37, 39.02, 70.38, 39.03)
BY_NUROBOD = (69.95, 38.89, 69.96, 38.90)


@pytest.fixture
def land(connection: Connection) -> Land:
    """The small land, taken back after each test."""
    return plant(connection)


def tokens(served: Snapshot) -> dict[str, str]:
    choice = Choice()
    return {
        "rasht": served.plots_version(choice, BY_RASHT),
        "nurobod": served.plots_version(choice, BY_NUROBOD),
        "canals": served.version("canals"),
        "other scheme": served.plots_version(Choice(scheme=OTHER), BY_RASHT),
    }


def publish_again(connection: Connection, land: Land) -> None:
    connection.execute(
        update(Publication)
        .where(Publication.district == RASHT, Publication.scheme == DEFAULT)
        .values(run_id=land.runs[OTHER])
    )


def load_canals(connection: Connection, _land: Land) -> None:
    add_load(connection, "canals")


def end_a_plot(connection: Connection, _land: Land) -> None:
    load = add_load(connection, "plots")
    connection.execute(update(Plot).where(Plot.plot_no == 1_001).values(ended_by=load))


def make_canals_anew(connection: Connection, _land: Land) -> None:
    _later(connection, "canals")


def make_plots_anew(connection: Connection, _land: Land) -> None:
    _later(connection, "plots")


def _later(connection: Connection, layer: str) -> None:
    """As in a database made anew: loads of the same numbers, made at another time."""
    connection.execute(update(Load).where(Load.layer == layer).values(loaded_at=Load.loaded_at + timedelta(seconds=1)))


def score_anew(connection: Connection, land: Land) -> None:
    """As in a database made anew: a run of the same number, finished at another time."""
    connection.execute(
        update(ScoringRun).where(ScoringRun.run_id == land.runs[OTHER]).values(finished_at=text("clock_timestamp()"))
    )


def publish_the_other(connection: Connection, land: Land) -> None:
    connection.execute(
        update(Publication)
        .where(Publication.district == RASHT, Publication.scheme == OTHER)
        .values(run_id=land.runs[DEFAULT])
    )


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (publish_again, {"rasht"}),
        (load_canals, {"canals"}),
        (end_a_plot, {"rasht", "other scheme"}),
        (publish_the_other, {"other scheme"}),
        (make_canals_anew, {"canals"}),
        (make_plots_anew, {"rasht", "nurobod", "other scheme"}),
        (score_anew, {"other scheme"}),
    ],
)
def test_a_change_touches_the_tokens_of_what_it_changes_and_no_other(
    connection: Connection, land: Land, change: Callable[[Connection, Land], None], changed: set[str]
) -> None:
    before = read_snapshot(connection)
    change(connection, land)
    after = read_snapshot(connection, before)
    told = tokens(before), tokens(after)
    assert {name for name in told[0] if told[0][name] != told[1][name]} == changed


def test_it_says_what_is_shown_where_and_where_plots_lie(connection: Connection, land: Land) -> None:
    served = read_snapshot(connection)
    assert {code: shown.run.run_id for code, shown in served.shown.items()} == {
        RASHT: land.runs[DEFAULT],
        NUROBOD: land.runs[DEFAULT],
    }
    assert {code: covered.plots for code, covered in served.coverage.items()} == COUNTS
    for code, covered in served.coverage.items():
        rows = land.of(code)
        assert covered.area_ha == pytest.approx(sum(row["area_ha"] for row in rows))
        bounds = [row["geometry"].bounds for row in rows]
        expected = (*(min(b[i] for b in bounds) for i in (0, 1)), *(max(b[i] for b in bounds) for i in (2, 3)))
        assert covered.bounds == pytest.approx(expected)
        assert covered.synthetic
    assert served.districts_in(EVERYWHERE) == tuple(sorted(COUNTS))
    assert served.districts_in(BY_RASHT) == (RASHT,)
    assert served.districts_in((0, 0, 1, 1)) == ()
    assert CORNERS[QUBODIYON][0] == served.coverage[QUBODIYON].bounds[0]
    assert read_runs(connection).coverage == {}


def test_a_choice_picks_a_scheme_or_a_run_or_is_refused(connection: Connection, land: Land) -> None:
    served = read_snapshot(connection)
    assert {code: run.run_id for code, run in served.runs_of(Choice(scheme=OTHER)).items()} == {RASHT: land.runs[OTHER]}
    assert set(served.runs_of(Choice(run=land.runs[DEFAULT]))) == {RASHT, NUROBOD}
    for choice in (Choice(scheme="none"), Choice(run=99), Choice(scheme=OTHER, run=land.runs[DEFAULT])):
        with pytest.raises(NotFound):
            served.runs_of(choice)


def test_a_run_that_is_not_finished_cannot_be_chosen(connection: Connection, land: Land) -> None:
    connection.execute(
        text("UPDATE scoring_runs SET status = 'running' WHERE run_id = :run"), {"run": land.runs[OTHER]}
    )
    connection.execute(text("DELETE FROM publications WHERE run_id = :run"), {"run": land.runs[OTHER]})
    with pytest.raises(NotFound):
        read_snapshot(connection).runs_of(Choice(run=land.runs[OTHER]))


def test_plots_of_no_district_are_covered_under_an_empty_code(connection: Connection, land: Land) -> None:
    connection.execute(update(Plot).where(Plot.plot_no == land.rows[0]["plot_no"]).values(district=None))
    assert read_snapshot(connection).coverage[""].plots == 1


class Away:
    """Reading that can be cut off, and counts how often it was used."""

    def __init__(self) -> None:
        self.away = False
        self.used = 0

    @contextmanager
    def __call__(self) -> Iterator[Connection]:
        self.used += 1
        if self.away:
            raise DatabaseUnavailable("away")
        with reading(PUBLIC) as connection:
            yield connection


def test_the_snapshot_is_kept_a_while_and_stands_while_the_database_is_away(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("layers.records.snapshot.time.monotonic", lambda: now[0])
    source = Away()
    state = SnapshotCache(source)
    first = state.current()
    assert state.current() is first
    assert source.used == 1
    now[0] += module.KEPT_S + 0.1
    assert state.kept() is None
    assert state.current() is first  # nothing changed: what was derived from it stays good
    assert source.used == 2
    with database.begin() as connection:
        connection.execute(insert(Load).values(layer="canals", kind="load", mode="add"))
    now[0] += module.KEPT_S + 0.1
    second = state.current()
    assert second is not first
    source.away = True
    now[0] += module.KEPT_S + 0.1
    assert state.current() is second
    with pytest.raises(DatabaseUnavailable):
        SnapshotCache(source).current()
