"""What every command has in common: quick to answer, and one sentence for what it cannot do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scripts.main import VERBS, app

# What takes most of a second to import, each; listing commands or looking at the server needs none of it.
HEAVY = ("geopandas", "numba", "numpy", "pandas", "pyarrow", "rasterio", "scipy", "shapely", "sqlalchemy")

RUN = """
import sys
from scripts.main import main
sys.argv = ["obod", *sys.argv[1:]]
try:
    main()
finally:
    print("imported:", *sorted(module for module in sys.modules if "." not in module))
"""


@pytest.mark.parametrize(
    "words", [("--help",), ("scorre",), ("db", "--help"), ("db", "status"), ("db", "url"), ("cache", "show")]
)
def test_commands_that_need_no_data_import_nothing_that_handles_any(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OBOD_HOME", str(tmp_path))
    monkeypatch.delenv("OBOD_DATABASE_URL", raising=False)
    ended = subprocess.run([sys.executable, "-c", RUN, *words], capture_output=True, text=True)
    imported = ended.stdout.rpartition("imported:")[2].split()
    assert "typer" in imported, ended.stderr
    assert [module for module in imported if module in HEAVY] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_listed_and_has_a_command(verb: str) -> None:
    runner = CliRunner()
    listed = [line.split(maxsplit=1) for line in runner.invoke(app, ["--help"]).stdout.splitlines()]
    assert [verb, VERBS[verb].about] in listed  # on one line
    said = runner.invoke(app, [verb, "--help"])
    assert said.exit_code == 0
    assert f" {verb} " in said.stdout.splitlines()[0]


def test_a_verb_that_is_not_there_is_told_with_the_one_that_may_be_meant() -> None:
    said = CliRunner().invoke(app, ["scroe"])
    assert said.exit_code == 2
    assert "Did you mean 'score'?" in said.output


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("OBOD_PORT", "abc", "OBOD_PORT is not understood: input should be a valid integer"),
        ("OBOD_PORT", "70000", "OBOD_PORT is not understood: input should be less than or equal to 65535"),
        ("OBOD_SCORING_CACHE_GB", "-1", "OBOD_SCORING_CACHE_GB is not understood: input should be greater than"),
    ],
)
def test_a_setting_that_is_not_understood_is_named_in_one_sentence(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    ended = subprocess.run([sys.executable, "-m", "scripts", "db", "status"], capture_output=True, text=True)
    assert ended.returncode == 1
    assert ended.stderr.startswith(told)
    assert ended.stderr.count("\n") == 1


FAULT = """
import os, sys
from scripts import main
{prepare}
def fail(): raise {error}
main.app = fail
main.main()
"""


def _said_of(error: str, home: Path, prepare: str = "") -> str:
    """What the command says when a fault like this comes up."""
    source = FAULT.format(error=error, prepare=prepare)
    environment = {**os.environ, "OBOD_HOME": str(home)}
    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, env=environment)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


def test_a_fault_is_noted_where_only_its_owner_reads_it(tmp_path: Path) -> None:
    said = _said_of("RuntimeError('what happened')", tmp_path / "home")
    log = tmp_path / "home" / "logs" / "obod.log"
    fault = said.partition("fault ")[2].partition(")")[0]
    assert f"fault {fault}" in log.read_text()
    assert "RuntimeError: what happened" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600
    assert log.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("number", "told"),
    [("ENOSPC", "The disk is full: rows.csv"), ("EROFS", "may only be read"), ("EACCES", "another user")],
)
def test_what_a_disk_refuses_is_one_sentence(number: str, told: str, tmp_path: Path) -> None:
    assert told in _said_of(f"OSError(__import__('errno').{number}, 'x', '/secret/rows.csv')", tmp_path)


def test_the_last_handler_does_not_fail_itself(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("no folder")
    said = _said_of("RuntimeError('what happened')", tmp_path / "home")
    assert said.startswith("Something went wrong on our side (fault ")
    assert "no log could be written" in said
    said = _said_of("RuntimeError('what happened')", tmp_path, "os.environ['OBOD_PORT'] = 'abc'")
    assert "OBOD_PORT is not understood" in said


STOP = """
import contextlib, os, signal, sys
from scripts import main, output
import scripts.verbs.{module} as module
def wait(*args, **kwargs):
    for number in output.tracked(range(4), total=4, what="Parts"):
        if number == {at}:
            os.kill(os.getpid(), signal.{signal})
            signal.pause()
module.{function} = wait
module.engine, module.writing = lambda: None, contextlib.nullcontext
sys.argv = ["obod", *sys.argv[1:]]
main.main()
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    ("words", "module", "function", "at", "code", "told"),
    [
        (("score",), "score", "score_plots", 0, 1, "Stopped at Parts: 0 of 4. Nothing was published; run it again.\n"),
        (("backup", "f"), "backup", "write_backup", 2, 1, "Stopped at Parts: 2 of 4. Nothing was written;"),
        (("robustness",), "robustness", "store_robustness", 3, 3, "Stopped at Parts: 3 of 4. What is done stays;"),
        (("robustness",), "robustness", "store_robustness", 0, 1, "Stopped at Parts: 0 of 4. What is done stays;"),
        (("layer", "undo", "1"), "layer", "undo_load", 1, 1, "Stopped at Parts: 1 of 4. Nothing was changed;"),
    ],
)
def test_a_stopped_command_says_where_it_is_and_what_became_of_its_work(
    words: tuple[str, ...], module: str, function: str, at: int, code: int, told: str, number: str, tmp_path: Path
) -> None:
    source = STOP.format(module=module, function=function, at=at, signal=number)
    environment = {**os.environ, "OBOD_HOME": str(tmp_path)}
    ended = subprocess.run([sys.executable, "-c", source, *words], capture_output=True, text=True, env=environment)
    assert ended.returncode == code, ended.stderr
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_long_verb_without_words_for_a_stop_sees_to_it_itself() -> None:
    own = {verb for verb, known in VERBS.items() if not known.stopped}
    assert own == {"susceptibility", "up", "serve", "cluster", "db", "key", "cache"}
