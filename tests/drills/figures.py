"""What drills found, written into docs/drills.md by the run that found it: ``make drills``, or pytest ``--figures``."""

from __future__ import annotations

import fcntl
import os
import platform
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import psutil
import pytest

PAGE = Path(__file__).parents[2] / "docs" / "drills.md"
ABOUT = """# Drills

What was done to Obod on purpose, and what it did. Every row is written by the command that ran the drill, `make drills`
(`make test-all` runs the same ones and writes nothing); a row is replaced when its drill is run again. A drill that
finds a fault fails and writes no row. The seed makes the same cases again.

| drill | what was done, what was found | seed | day | machine |
|---|---|---|---|---|
"""
ROW = re.compile(r"^\| (?!drill )(?P<drill>[^|]+) \|.*\|$", re.MULTILINE)

Note = Callable[[str, str, int], None]


@pytest.fixture
def figure(request: pytest.FixtureRequest, record_property: Callable[[str, object], None]) -> Note:
    """Give what a drill says its figures with: its name, what was done and found, the seed."""

    def note(drill: str, found: str, seed: int) -> None:
        record_property(drill, f"{found}; seed {seed}")
        print(f"\n{drill}: {found}; seed {seed}")  # noqa: T201 - shown with -s, and when the drill fails later
        if request.config.getoption("--figures"):
            write(PAGE, drill, f"| {drill} | {found} | {seed} | {date.today()} | {machine()} |")

    return note


def write(page: Path, drill: str, row: str) -> None:
    """Put the row of a drill into the page in the place of its former one, rows in order of their names."""
    with page.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        rows = {match["drill"]: match[0] for match in ROW.finditer(file.read())} | {drill: row}
        file.truncate(0)
        file.write(ABOUT + "".join(f"{rows[name]}\n" for name in sorted(rows)))


def machine() -> str:
    """Say what kind of machine this is: processors, memory, system; nothing that tells whose."""
    memory_gb = round(psutil.virtual_memory().total / 2**30)
    return f"{os.cpu_count()} x {platform.machine()}, {memory_gb} GB, Linux {platform.release().split('-')[0]}"
