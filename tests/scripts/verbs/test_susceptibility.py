"""``obod susceptibility`` over several districts: each whole or not at all, and said where it stands."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import orjson
import pytest
import shapely
from shapely import affinity
from sqlalchemy import Connection, Engine, text
from typer.testing import CliRunner

from layers.catalogue.hazards import HazardZone
from layers.derived.susceptibility import derive, processes_named, take_back
from layers.errors import NotFound
from layers.loading import load_frame, undo
from layers.postgres.engine import writing
from scripts.main import app
from tests.worlds.mapped_by_nobody import LINE, OUTLINE, RASHT, current, frame, load_valley


@pytest.fixture(scope="module")
def valley(database: Engine) -> Engine:
    with writing() as connection:
        load_valley(connection)
    return database


@pytest.fixture
def two_districts(valley: Engine) -> Iterator[Engine]:
    """A second district beyond the heights, for the time of a test."""
    with writing() as connection:
        far = shapely.MultiPolygon([affinity.translate(OUTLINE, xoff=50_000.0)])
        report = load_frame(connection, "districts", frame(code="TJ.RR.XX", name_en="Far", geometry=far))
    yield valley
    with writing() as connection:
        for process in processes_named(None):
            take_back(connection, RASHT, process)
        undo(connection, report.load_id or 0)


BOTH = ["susceptibility", "--district", "TJ.RR.XX", "--district", RASHT, "--process", "flood"]


def test_a_district_that_cannot_be_done_holds_up_no_other(two_districts: Engine) -> None:
    ran = CliRunner().invoke(app, [*BOTH, "--json"])
    assert ran.exit_code == 3, ran.output
    told = orjson.loads(ran.stdout)
    assert told["done"] == [RASHT]
    assert set(told["refused"]) == {"TJ.RR.XX"}
    assert "no elevation in district TJ.RR.XX" in told["refused"]["TJ.RR.XX"]
    assert f"Stored: {RASHT}." in ran.stderr
    assert f"{RASHT} (2 of 2): stored" in ran.stderr
    with two_districts.connect() as connection:
        assert not current(connection, HazardZone, "flood").empty
    again = CliRunner().invoke(app, BOTH)
    assert again.exit_code == 3
    assert f"{RASHT} (2 of 2): unchanged" in again.stderr
    alone = CliRunner().invoke(app, BOTH[:3])
    assert alone.exit_code == 1
    assert isinstance(alone.exception, NotFound)


@pytest.mark.parametrize("signalled", [False, True])
def test_an_interrupted_run_says_where_it_stands(
    two_districts: Engine, monkeypatch: pytest.MonkeyPatch, signalled: bool
) -> None:
    def interrupted(connection: Connection, district: str, *args: object, **options: object) -> Iterator[object]:
        if district == RASHT:
            yield from derive(connection, district, *args, **options)  # type: ignore[arg-type]
            return
        load_frame(connection, "rivers", frame(code="lost", stream_class=1, basis="surveyed", geometry=LINE))
        if signalled:
            os.kill(os.getpid(), signal.SIGTERM)
        raise KeyboardInterrupt

    monkeypatch.setattr("scripts.verbs.susceptibility.derive", interrupted)
    both = ["susceptibility", "--district", RASHT, "--district", "TJ.RR.XX", "--process", "flood"]
    ran = CliRunner().invoke(app, both)
    assert ran.exit_code == 3
    assert f"Stored: {RASHT}." in ran.stderr
    assert "Interrupted in TJ.RR.XX, of which nothing was stored." in ran.stderr
    assert "To go on: obod susceptibility --district TJ.RR.XX" in ran.stderr
    with two_districts.connect() as connection:
        assert not current(connection, HazardZone, "flood").empty
        assert connection.execute(text("SELECT count(*) FROM rivers WHERE code = 'lost'")).scalar() == 0
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
