"""Commands that fetch: a mirror of all public sources on this machine, an empty database, and the command line."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from layers.catalogue import BY_NAME
from layers.settings import get_settings
from scripts.main import main
from tests.clients.mirror import Mirror, running_mirror
from tests.worlds import open_data

Answered = tuple[int, str, str]  # exit code, stdout, stderr
Obod = Callable[..., Answered]


@pytest.fixture(scope="module")
def mirror() -> Iterator[Mirror]:
    """Give a mirror that serves nothing yet."""
    with running_mirror() as running:
        yield running


@pytest.fixture
def sources(database: Engine, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    """Give the mirror with everything that is open, beside an empty database; nothing waits before asking again."""
    with database.begin() as connection:
        connection.execute(text(f"TRUNCATE {', '.join((*BY_NAME, 'rasters', 'loads'))} RESTART IDENTITY CASCADE"))
    open_data.put_everything(mirror, get_settings().home, tmp_path)
    mirror.log.clear()
    mirror.first.clear()
    monkeypatch.setattr("time.sleep", lambda _: None)
    return mirror


@pytest.fixture
def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Obod:
    """Give the command line as a shell would run it."""

    def run(*arguments: str | Path) -> Answered:
        monkeypatch.setattr(sys, "argv", ["obod", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return int(end.value.code or 0), captured.out, captured.err

    return run
