"""Jobs are worked on one after another by one process; what a killed one left is made once, and nothing half-done."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine, text

from geo.panel.scheme import load_scheme
from layers.catalogue.base import PUBLIC, STAFF, Audience
from layers.errors import NotAllowed, NotFound, TooMuchAsked
from layers.postgres.engine import noting, writing
from layers.records.job_work import MOST_TRIES, finish, take_back_silent, take_up, working_alone
from layers.records.jobs import JobKind, JobTold, Question, ask_job, job_of, stop_job
from layers.runs.score import publish_run, score
from layers.schema.access import create_key, public_half, revoke
from layers.schema.backup import backup, restore
from tests.clients.command import run
from tests.clients.process import other_settings
from tests.worlds import valley
from tests.worlds.valley_in_database import RASHT, load_valley

LIST: Final = Question(JobKind.EXPORT, RASHT, "csv")
PAPER: Final = Question(JobKind.REPORT, RASHT, "pdf")
DRAFT: Final = Question(JobKind.SCORE, RASHT, scheme="default")
PLOTS: Final = 9  # of Rasht in the valley
SILENT: Final = "UPDATE jobs SET beat_at = beat_at - interval '61 seconds'"
SOME_S: Final = 120.0  # seconds that something may take before a test gives up on it


@pytest.fixture(scope="module", autouse=True)
def scored(database: Engine) -> int:
    with writing() as connection:
        load_valley(connection)
    return score(database, load_scheme(), day=valley.AS_OF).run_id


@pytest.fixture(autouse=True)
def _no_jobs(database: Engine, scored: int) -> None:
    with database.begin() as connection:
        connection.execute(text("TRUNCATE jobs"))
        publish_run(connection, scored)
    for path in folder().glob("*"):
        path.unlink()


@pytest.fixture(scope="module")
def key(database: Engine) -> str:
    with database.begin() as connection:
        return public_half(create_key(connection, STAFF, "of Rasht", [RASHT]))


def folder() -> Path:
    return Path(os.environ["OBOD_HOME"]) / "jobs"


def ask(question: Question, lang: str = "en", key_id: str | None = None, audience: Audience = PUBLIC) -> str:
    with noting() as connection:
        return ask_job(connection, question, lang, audience=audience, key_id=key_id, hours=24)


def told(number: str, key_id: str | None = None) -> JobTold:
    with noting() as connection:
        return job_of(connection, number, key_id=key_id)


def change(database: Engine, statement: str, **values: object) -> None:
    with database.begin() as connection:
        connection.execute(text(statement), values)


def count(database: Engine, statement: str) -> int:
    with database.connect() as connection:
        return int(connection.execute(text(statement)).scalar_one())


def worker(*words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "scripts", "jobs", "work", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def wait_for(condition: Callable[[], Any], process: subprocess.Popen[bytes]) -> None:
    """Look again and again until something holds, for as long as the process lives."""
    until = time.monotonic() + SOME_S
    while not condition():
        assert process.poll() is None, process.communicate()[0].decode()
        assert time.monotonic() < until


def test_a_file_is_what_the_page_answers_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    number = ask(LIST, "tg")
    assert (told(number).state, told(number).has_worker) == ("waiting", False)
    assert run("jobs", "work", "--once") == 0
    assert capsys.readouterr().out == "Jobs made: 1.\n"
    job = told(number)
    assert (job.state, job.rows, job.media_type) == ("done", PLOTS, "text/csv")
    assert job.stored_as is not None
    kept = (folder() / job.stored_as).read_bytes()
    assert (job.size_bytes, job.sha256) == (len(kept), hashlib.sha256(kept).hexdigest())
    assert (folder() / job.stored_as).stat().st_mode & 0o077 == 0
    target = tmp_path / "same.csv"
    assert run("export", "plots", "-o", target, "--district", RASHT, "--lang", "tg") == 0
    assert kept == target.read_bytes()


@pytest.mark.parametrize(("lang", "word"), [("tg", "Қитъаҳо"), ("ru", "Участки"), ("en", "Plots of")])
def test_a_report_is_in_the_language_it_was_asked_in(lang: str, word: str) -> None:
    number = ask(replace(PAPER, root="https://obod.example"), lang)
    assert run("jobs", "work", "--once") == 0
    job = told(number)
    assert (job.state, job.file_name) == ("done", f"obod-{RASHT}-{lang}.pdf")
    assert job.stored_as is not None
    pages = PdfReader(folder() / job.stored_as).pages
    written = "".join(page.extract_text() for page in pages)
    assert word in written
    assert "https://obod.example/districts/" in written.replace("\n", "")


def test_staff_get_what_only_they_may_read(key: str, database: Engine) -> None:
    theirs, everybodys = ask(LIST, key_id=key, audience=STAFF), ask(LIST)
    assert run("jobs", "work", "--once") == 0
    found = {}
    for number in (theirs, everybodys):
        name = told(number, key).stored_as
        assert name is not None
        found[number] = (folder() / name).read_text().splitlines()[0].split(",")
    assert set(found[theirs]) - set(found[everybodys]) >= {"cadastral_no", "right_class", "disputes"}
    assert not set(found[everybodys]) & {"cadastral_no", "right_class", "disputes"}
    entered = "SELECT count(*) FROM audit_log WHERE what = '{}' AND key_id = '{}' AND layer = '{}'"
    assert count(database, entered.format("export", key, "plots")) == 1
    assert count(database, entered.format("job-asked", key, "jobs")) >= 1


def test_the_same_asked_again_is_the_same_job(key: str) -> None:
    number = ask(PAPER)
    assert ask(PAPER) == number
    assert told(number).askers == 2
    others = {
        ask(PAPER, "tg"),
        ask(replace(PAPER, form="html")),
        ask(replace(PAPER, seen=7)),
        ask(replace(PAPER, filters={"class": ["S1"]})),
        ask(PAPER, key_id=key),
    }
    assert number not in others
    assert len(others) == 5
    with noting() as connection, pytest.raises(NotAllowed, match="Others wait for the same"):
        stop_job(connection, number, key_id=None)
    assert run("jobs", "work", "--once") == 0
    assert ask(PAPER) == number
    with noting() as connection:
        anew = ask_job(connection, PAPER, "en", audience=PUBLIC, key_id=None, hours=24, anew=True)
    assert anew != number
    with pytest.raises(NotFound):
        told(number)


def test_others_are_not_told_of_a_job_with_a_key(key: str, database: Engine) -> None:
    with database.begin() as connection:
        whole = create_key(connection, STAFF, "another")
    other = public_half(whole)
    number = ask(LIST, key_id=key, audience=STAFF)
    for stranger in (None, other, "", "0" * 16):
        with pytest.raises(NotFound):
            told(number, stranger)
        with noting() as connection, pytest.raises(NotFound):
            stop_job(connection, number, key_id=stranger)
    assert told(number, key).state == "waiting"
    theirs = ask(LIST, key_id=other, audience=STAFF)
    with database.begin() as connection:
        revoke(connection, whole)
    with pytest.raises(NotFound):
        told(theirs, other)
    assert run("jobs", "work", "--once") == 0
    failed = f"SELECT count(*) FROM jobs WHERE job_id = '{theirs}' AND state = 'failed' AND stored_as IS NULL"
    assert count(database, f"{failed} AND note LIKE 'The key it was asked with%'") == 1


@pytest.mark.parametrize(
    ("question", "audience", "with_key"),
    [
        (LIST, STAFF, False),
        (DRAFT, PUBLIC, False),
        (DRAFT, PUBLIC, True),
        (DRAFT, Audience.PARTNER, True),
        (PAPER, STAFF, True),
        (replace(LIST, district="TJ.NR.NR"), STAFF, True),
        (replace(LIST, filters={"class": ["S1" * 10_000]}), PUBLIC, False),
    ],
)
def test_the_database_takes_no_question_that_is_not_open(
    question: Question, audience: Audience, with_key: bool, key: str, database: Engine
) -> None:
    with pytest.raises(Exception, match=r"no job|too long|not open|wider audience"):
        ask(question, key_id=key if with_key else None, audience=audience)
    assert count(database, "SELECT count(*) FROM jobs") == 0


def test_no_more_wait_than_are_taken(key: str) -> None:
    for number in range(20):
        ask(replace(PAPER, seen=number))
    with pytest.raises(TooMuchAsked):
        ask(replace(PAPER, seen=20))
    for number in range(5):
        ask(replace(LIST, seen=number), key_id=key, audience=STAFF)
    with pytest.raises(TooMuchAsked):
        ask(replace(LIST, seen=5), key_id=key, audience=STAFF)


def test_staff_come_first(key: str, database: Engine) -> None:
    first, second = ask(PAPER), ask(LIST, key_id=key, audience=STAFF)
    assert (told(first).before, told(second, key).before) == (1, 0)
    with database.begin() as connection:
        job = take_up(connection)
    assert job is not None
    assert job.job_id == second


def test_a_draft_is_scored_and_served_to_nobody(key: str, database: Engine, scored: int) -> None:
    number = ask(DRAFT, key_id=key, audience=STAFF)
    assert run("jobs", "work", "--once") == 0
    job = told(number, key)
    assert (job.state, job.rows, job.stored_as) == ("done", PLOTS, None)
    assert count(database, f"SELECT count(*) FROM suitability WHERE base_run = {job.run_id}") == PLOTS
    assert count(database, f"SELECT count(*) FROM scoring_runs WHERE run_id = {job.run_id} AND NOT published") == 1
    assert count(database, f"SELECT count(*) FROM publications WHERE run_id <> {scored}") == 0


def test_no_file_is_read_as_a_scheme(key: str, tmp_path: Path, database: Engine) -> None:
    path = tmp_path / "own.toml"
    path.write_text(load_scheme().text)
    number = ask(replace(DRAFT, scheme=str(path)), key_id=key, audience=STAFF)
    assert run("jobs", "work", "--once") == 0
    assert told(number, key).state == "failed"
    assert count(database, "SELECT count(*) FROM scoring_runs") == count(
        database, "SELECT count(*) FROM scoring_runs WHERE scheme = 'default'"
    )


def test_a_killed_worker_leaves_nothing_half_done(database: Engine) -> None:
    number = ask(PAPER)
    process = worker()
    wait_for(lambda: told(number).state == "running", process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    while count(database, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1331849826"):
        pass  # until the server has seen that it is gone
    assert (told(number).state, told(number).has_worker) == ("running", False)
    folder().mkdir(exist_ok=True)
    (folder() / f"{number}.pdf").write_bytes(b"half")
    (folder() / "tmp1.draft").write_bytes(b"half")
    assert run("jobs", "work", "--once") == 0
    assert told(number).state == "running", "it is not taken from somebody who may still be heard of"
    change(database, SILENT)
    assert run("jobs", "work", "--once") == 0
    job = told(number)
    assert job.state == "done"
    assert [path.name for path in folder().iterdir()] == [job.stored_as]


def test_what_dies_twice_is_given_up(database: Engine) -> None:
    number = ask(PAPER)
    for _ in range(MOST_TRIES):
        with database.begin() as connection:
            assert take_up(connection) is not None
        change(database, SILENT)
        with database.begin() as connection:
            assert take_back_silent(connection) == 1
    job = told(number)
    assert (job.state, job.note_lang) == ("failed", "en")
    assert job.note is not None
    assert job.note.startswith("Whoever made it ended twice")
    assert run("jobs", "work", "--once") == 0
    assert told(number).state == "failed"


def test_a_draft_that_was_whole_is_not_scored_twice(key: str, database: Engine) -> None:
    number = ask(DRAFT, key_id=key, audience=STAFF)
    with database.begin() as connection:
        assert take_up(connection) is not None
    made = score(database, load_scheme(), districts=[RASHT], publish=False).run_id
    change(database, SILENT)
    assert run("jobs", "work", "--once") == 0
    job = told(number, key)
    assert (job.state, job.run_id) == ("done", made)


def test_whoever_was_taken_for_dead_ends_nothing(database: Engine) -> None:
    number = ask(PAPER)
    with database.begin() as connection:
        former = take_up(connection)
    assert former is not None
    change(database, SILENT)
    assert run("jobs", "work", "--once") == 0
    kept = told(number)
    with database.begin() as connection:
        assert not finish(connection, former, hours=24, file_name="late.pdf")
    assert told(number) == kept


def test_one_works_at_a_time(database: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    number = ask(PAPER)
    with working_alone(database) as held:
        assert held is not None
        assert told(number).has_worker
        assert run("jobs", "work", "--once") == 1
        assert "Another process works on jobs." in capsys.readouterr().err
    assert not told(number).has_worker
    assert told(number).state == "waiting"


def test_two_workers_make_each_job_once(database: Engine) -> None:
    numbers = [ask(replace(LIST, seen=seen)) for seen in range(6)]
    one, other = worker(), worker()
    try:
        wait_for(lambda: all(told(number).state == "done" for number in numbers), one)
        assert other.poll() is None
    finally:
        for process in (one, other):
            process.terminate()
            process.communicate()
    assert count(database, "SELECT max(tries) FROM jobs") == 1
    assert len(list(folder().iterdir())) == 6


def test_what_is_being_made_can_be_stopped() -> None:
    number = ask(PAPER)
    process = worker()
    wait_for(lambda: told(number).state == "running", process)
    with noting() as connection:
        stop_job(connection, number, key_id=None)
    assert told(number).stop_asked
    try:
        wait_for(lambda: told(number).state == "stopped", process)
        assert process.poll() is None, "it goes on with what comes next"
    finally:
        process.terminate()
        process.communicate()
    assert list(folder().glob("*")) == []
    assert ask(PAPER) != number


def test_a_worker_that_is_stopped_gives_back_what_it_has(database: Engine) -> None:
    number = ask(PAPER)
    process = worker()
    wait_for(lambda: told(number).state == "running", process)
    process.terminate()
    said = process.communicate()[0].decode()
    assert process.returncode == 1
    assert "What was being made waits again." in said
    assert (told(number).state, told(number).started_at is not None) == ("waiting", True)
    assert count(database, "SELECT tries FROM jobs") == 0


def test_a_worker_ends_with_who_started_it() -> None:
    assert run("jobs", "work", "--beside", str(os.getpid())) == 0


def test_a_full_disk_is_told_and_leaves_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    number = ask(LIST, "ru")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scripts.jobs.worker.write_whole", _no_room)
        assert run("jobs", "work", "--once") == 0
    job = told(number)
    assert (job.state, job.note_lang, job.stored_as) == ("failed", "ru", None)
    assert "The disk is full" in capfd.readouterr().err
    assert str(folder()) not in str(job.note)
    assert list(folder().glob("*")) == []


def _no_room(target: Path) -> Iterator[None]:
    raise OSError(28, "No space left on device", str(target))


def test_a_file_larger_than_is_kept_is_refused() -> None:
    number = ask(LIST)
    with other_settings(JOB_CACHE_GB="0.000001"):
        assert run("jobs", "work", "--once") == 0
    job = told(number)
    assert (job.state, job.note) == ("failed", "The file is larger than 1e-06 GB; ask for fewer plots.")
    assert list(folder().glob("*")) == []


def test_what_is_not_kept_any_more_goes_with_its_file(database: Engine) -> None:
    number = ask(LIST)
    assert run("jobs", "work", "--once") == 0
    assert len(list(folder().iterdir())) == 1
    change(database, "UPDATE jobs SET expires_at = now() - interval '1 second'")
    with pytest.raises(NotFound):
        told(number)
    assert run("jobs", "work", "--once") == 0
    assert list(folder().iterdir()) == []
    assert count(database, "SELECT count(*) FROM jobs") == 0


def test_no_file_of_erased_rows_stays(database: Engine) -> None:
    number = ask(LIST)
    purged = "INSERT INTO loads (layer, kind, mode, loaded_at) VALUES ('plots', 'purge', 'update', {})"
    change(database, purged.format("now() + interval '1 hour'"))
    assert run("jobs", "work", "--once") == 0
    change(database, "DELETE FROM loads WHERE kind = 'purge'")
    job = told(number)
    assert (job.state, job.note) == ("failed", "Rows were erased while it was made; ask for it again.")
    assert list(folder().iterdir()) == []


def test_no_backup_holds_jobs(database: Engine, tmp_path: Path) -> None:
    number = ask(LIST)
    assert run("jobs", "work", "--once") == 0
    home = Path(os.environ["OBOD_HOME"])
    contents = backup(database, home, tmp_path / "all.zip")
    assert "jobs" not in contents.rows
    restore(database, home, tmp_path / "all.zip")
    with pytest.raises(NotFound):
        told(number)
    assert run("jobs", "work", "--once") == 0
    assert list(folder().iterdir()) == []


def test_jobs_are_listed_shown_and_stopped(capsys: pytest.CaptureFixture[str], key: str) -> None:
    number = ask(LIST, key_id=key, audience=STAFF)
    assert run("jobs", "list", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["worker"] is False
    (row,) = listed["jobs"]
    assert (row["job"], row["for"], row["state"]) == (number, f"staff, key {key}", "waiting")
    assert run("jobs", "list") == 0
    assert "Nobody works on jobs now" in capsys.readouterr().err
    assert run("jobs", "show", number[:6], "--json") == 0
    assert json.loads(capsys.readouterr().out)["question"]["form"] == "csv"
    assert run("jobs", "stop", number[:6]) == 0
    assert capsys.readouterr().out == f"Job {number[:8]} is stopped.\n"
    assert run("jobs", "show", "nothing") == 1
    assert "There is no job whose number begins with 'nothing'" in capsys.readouterr().err
