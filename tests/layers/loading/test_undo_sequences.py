"""Whatever is loaded and taken back in whatever order: each row has the values and the provenance it had before."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from sqlalchemy import Connection, select

from layers.catalogue.irrigation import Canal
from layers.loading import LoadReport, Options, load_file, load_frame, undo
from layers.loading.replacement import EndingLimits
from layers.records.loads import Load

CODES = ("a", "b", "c", "d", "e")
SOURCES: tuple[dict[str, Any], ...] = (
    {"source": "Cadastre", "licence": "state", "source_date": date(2024, 5, 1), "synthetic": False},
    {"source": "A colleague", "licence": None, "source_date": None, "synthetic": False},
    {"source": "Made up", "licence": "CC0-1.0", "source_date": date(2026, 9, 1), "synthetic": True},
    {"source": None, "licence": None, "source_date": None, "synthetic": False},
)
OPERATIONS = 10

State = list[tuple[object, ...]]


@dataclass
class Step:
    """A load that may be taken back, and what was there before it."""

    load_id: int
    before: State


def state(connection: Connection) -> State:
    """Every current row with its values and where it says it comes from."""
    rows = connection.execute(
        select(
            Canal.code,
            Canal.name,
            Canal.condition,
            Canal.geom.ST_AsText(),
            Load.source,
            Load.licence,
            Load.source_date,
            Load.synthetic,
        )
        .join(Load, Load.load_id == Canal.load_id)
        .where(Canal.ended_by.is_(None))
        .order_by(Canal.code)
    )
    return [tuple(row) for row in rows]


def canals(chance: random.Random) -> gpd.GeoDataFrame:
    """Some of five reaches, each one of a few ways."""
    codes = chance.sample(CODES, chance.randint(1, len(CODES)))
    return gpd.GeoDataFrame(
        {
            "code": codes,
            "name": [chance.choice(("Шохоб", "Канали калон", None)) for _ in codes],
            "condition": [chance.choice((1, 3, 5)) for _ in codes],
            "flow_known": [True for _ in codes],
        },
        geometry=[shapely.LineString([(70.3, 39.0), (70.3 + chance.choice((0.01, 0.02)), 39.01)]) for _ in codes],
        crs=4326,
    )


def load_mixed(connection: Connection, folder: Path, chance: random.Random, mode: str) -> LoadReport:
    """Load a file each row of which says where it comes from."""
    frame = canals(chance)
    origins = [chance.choice(SOURCES) for _ in range(len(frame))]
    columns = {"source": "data_source", "licence": "data_licence", "source_date": "data_date", "synthetic": "synthetic"}
    told = {column: [origin[name] for origin in origins] for name, column in columns.items()}
    path = folder / "mixed.csv"
    pd.DataFrame(frame.drop(columns="geometry").assign(wkt=frame.geometry.to_wkt(), **told)).to_csv(path, index=False)
    ending = EndingLimits(len(CODES)) if mode == "replace" else EndingLimits()
    return load_file(connection, "canals", path, Options(mode=mode, crs="EPSG:4326", ending=ending, empty_clears=True))


def run_sequence(connection: Connection, seed: int, folder: Path | None = None) -> int:
    """Run one sequence and take everything back at its end; return how many undos there were.

    An undo that was the last thing done may be taken back itself: then everything stands as after the load. With a
    ``folder`` some loads are of files whose rows come from several sources.
    """
    chance = random.Random(seed)
    steps: list[Step] = []
    last_undo: tuple[int, State] | None = None  # the undo just made, and what was there before it
    undos = 0
    start = state(connection)
    for _ in range(OPERATIONS):
        before = state(connection)
        if last_undo is not None and chance.random() < 0.5:
            load_id, after_load = last_undo
            report = undo(connection, load_id)
            assert state(connection) == after_load, f"seed {seed}, undo of undo {load_id}"
            last_undo, undos = None, undos + 1
        elif steps and chance.random() < 0.45:
            step = steps.pop()
            report = undo(connection, step.load_id)
            assert state(connection) == step.before, f"seed {seed}, undo of load {step.load_id}"
            assert report.load_id is not None
            last_undo, undos = (report.load_id, before), undos + 1
            continue
        else:
            mode = chance.choice(("update", "replace"))
            if folder is not None and chance.random() < 0.6:
                report = load_mixed(connection, folder, chance, mode)
            else:
                how: dict[str, Any] = {"mode": mode, **chance.choice(SOURCES)}
                report = load_frame(connection, "canals", canals(chance), file_name="a.gpkg", **how)
            last_undo = None if report.load_id is not None else last_undo
        if report.load_id is not None:
            steps.append(Step(report.load_id, before))
    while steps:
        step = steps.pop()
        undo(connection, step.load_id)
        assert state(connection) == step.before, f"seed {seed}, undo of load {step.load_id}"
        undos += 1
    assert state(connection) == start
    return undos


@pytest.mark.parametrize("seed", range(12))
def test_what_is_taken_back_leaves_what_was_there(connection: Connection, seed: int) -> None:
    run_sequence(connection, seed)


@pytest.mark.parametrize("seed", range(100, 104))
def test_rows_of_several_sources_in_one_file_come_and_go_with_theirs(
    connection: Connection, tmp_path: Path, seed: int
) -> None:
    run_sequence(connection, seed, tmp_path)


@pytest.mark.heavy
def test_a_hundred_sequences_with_files_of_several_sources(connection: Connection, tmp_path: Path) -> None:
    for seed in range(2_000, 2_100):
        with connection.begin_nested() as savepoint:
            run_sequence(connection, seed, tmp_path)
            savepoint.rollback()


@pytest.mark.heavy
def test_five_hundred_sequences(connection: Connection) -> None:
    undos = 0
    for seed in range(1_000, 1_500):
        with connection.begin_nested() as savepoint:
            undos += run_sequence(connection, seed)
            savepoint.rollback()
    assert undos > 500


def test_made_up_rows_stay_made_up_after_an_undo(connection: Connection) -> None:
    chance = random.Random(1)
    frame = canals(chance)
    load_frame(connection, "canals", frame, **SOURCES[2])
    real = load_frame(connection, "canals", frame.assign(condition=2), mode="update", **SOURCES[0])
    undo(connection, real.load_id or 0)
    assert {row[-1] for row in state(connection)} == {True}
    assert {row[4] for row in state(connection)} == {"Made up"}
