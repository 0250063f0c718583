"""Draws that published runs lack: found, drawn district by district, gone on with after a stop, by one process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, func, select, text
from typer.testing import CliRunner

from geo.panel.scheme import load_scheme
from layers.postgres.engine import writing
from layers.records.runs import Publication, RunDraws, robustness, suitability
from layers.runs.listing import show_run
from layers.runs.pending_draws import DRAWING_LOCK, PendingDraws, count_pending, draw_pending, find_pending
from layers.runs.robustness import Drawn, store_robustness
from layers.runs.score import publish_run, score
from scripts.main import app
from scripts.verbs.robustness import start_drawing
from tests.clients.process import other_settings
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley

SCHEME = load_scheme()


@pytest.fixture(scope="module")
def run_id(database: Engine) -> int:
    with writing() as connection:
        load_valley(connection)
    return score(database, SCHEME, day=valley.AS_OF).run_id


@pytest.fixture
def undrawn(database: Engine, run_id: int) -> Iterator[Engine]:
    """The scored valley without draws, the run of the fixture published."""
    yield database
    with database.begin() as connection:
        connection.execute(delete(robustness))
        connection.execute(delete(RunDraws))
        publish_run(connection, run_id)


def pending_in(engine: Engine) -> list[PendingDraws]:
    with engine.connect() as connection:
        return find_pending(connection)


def drawn_plots(engine: Engine, run_id: int) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).where(robustness.c.run_id == run_id)).scalar_one()


def test_a_published_run_is_drawn_district_by_district(undrawn: Engine, run_id: int) -> None:
    places = pending_in(undrawn)
    assert {place.run_id for place in places} == {run_id}
    assert [place.district for place in places] == sorted(place.district for place in places)
    told: list[tuple[str, int]] = []
    assert draw_pending(undrawn, tell=lambda drawn, left: told.append((drawn.district, left))) == len(places)
    assert told == [(place.district, len(places) - 1 - at) for at, place in enumerate(places)]
    with undrawn.connect() as connection:
        assert count_pending(connection) == (0, len(places))
        scored = connection.execute(select(func.count()).select_from(suitability)).scalar_one()
        assert set(show_run(connection, run_id)["drawn"].values()) == {True}
    assert drawn_plots(undrawn, run_id) == scored
    assert draw_pending(undrawn) == 0


def test_what_a_stop_left_undone_is_gone_on_with(undrawn: Engine) -> None:
    class Stopped(BaseException):
        pass

    def stop(_drawn: Drawn, _left: int) -> None:
        raise Stopped

    places = pending_in(undrawn)
    with pytest.raises(Stopped):
        draw_pending(undrawn, tell=stop)
    assert pending_in(undrawn) == places[1:]  # the first is whole, and the lock is free again
    assert draw_pending(undrawn) == len(places) - 1


def test_a_district_that_breaks_off_counts_as_not_drawn(
    undrawn: Engine, run_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("layers.runs.robustness.update", broken)  # after the rows, before the end of the transaction
        with pytest.raises(KeyboardInterrupt):
            draw_pending(undrawn)
    assert drawn_plots(undrawn, run_id) == 0
    assert pending_in(undrawn) != []


def test_one_process_draws_at_a_time(undrawn: Engine) -> None:
    with undrawn.connect() as other:
        other.execute(text("SELECT pg_advisory_lock(:key)"), {"key": DRAWING_LOCK})
        assert draw_pending(undrawn) == 0
        other.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": DRAWING_LOCK})
    assert draw_pending(undrawn) > 0


def test_what_is_published_meanwhile_is_drawn_too(undrawn: Engine, run_id: int) -> None:
    draw_pending(undrawn)
    draft = score(undrawn, SCHEME, day=valley.AS_OF, publish=False).run_id
    assert pending_in(undrawn) == []  # nobody is shown a draft

    def publish(_drawn: Drawn, _left: int) -> None:
        with undrawn.begin() as connection:
            publish_run(connection, draft)

    with undrawn.begin() as connection:
        connection.execute(delete(RunDraws).where(RunDraws.district == RASHT))
    draw_pending(undrawn, tell=publish)
    assert drawn_plots(undrawn, draft) == drawn_plots(undrawn, run_id) > 0


def test_a_run_that_did_not_keep_what_draws_need_stops_nobody(
    undrawn: Engine, run_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    with undrawn.begin() as connection:
        kept = connection.execute(select(suitability.c.plot_no, suitability.c.class_cap)).all()
        connection.execute(text("UPDATE suitability SET class_cap = NULL WHERE district = :one"), {"one": RASHT})
    try:
        assert draw_pending(undrawn) == len(_shown(undrawn)) - 1
        assert "before the caps of classes were kept" in caplog.text
        assert pending_in(undrawn) == [PendingDraws(RASHT, run_id)]
    finally:
        with undrawn.begin() as connection:
            for plot_no, cap in kept:
                connection.execute(
                    text("UPDATE suitability SET class_cap = :cap WHERE plot_no = :no"), {"cap": cap, "no": plot_no}
                )


def _shown(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(select(Publication.district).where(Publication.shown)).scalars())


def test_the_command_draws_what_is_pending_and_refuses_a_choice(undrawn: Engine) -> None:
    wrong = CliRunner().invoke(app, ["robustness", "--pending", "--district", RASHT])
    assert wrong.exit_code == 2
    done = subprocess.run(
        [sys.executable, "-m", "scripts", "robustness", "--pending"], capture_output=True, text=True, check=True
    )
    assert f"{len(_shown(undrawn))} districts drawn; nothing is left to draw." in done.stdout
    assert "0 districts to go" in done.stderr
    assert pending_in(undrawn) == []


def test_whoever_publishes_starts_drawing_beside_it_and_goes_on(
    undrawn: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def noted(*given: object, **named: object) -> subprocess.Popen[bytes]:
        begun.append(popen(*given, **named))  # type: ignore[call-overload]
        return begun[-1]

    start_drawing()  # settings of the tests say no
    assert begun == []
    monkeypatch.setattr(subprocess, "Popen", noted)
    with other_settings(DRAW_AFTER_PUBLICATION="true"):
        start_drawing()
        assert begun[0].wait() == 0
        log = Path(os.environ["OBOD_HOME"]) / "log" / "draws.log"
        assert "nothing is left to draw" in log.read_text()
        assert pending_in(undrawn) == []


def test_draws_stored_by_hand_count(undrawn: Engine) -> None:
    store_robustness(undrawn, districts=[RASHT], draws=40)
    assert RASHT not in {place.district for place in pending_in(undrawn)}
