"""A client that types a command of ``obod``, in this process, as its entry point runs it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from scripts.main import main


class Said(NamedTuple):
    """What one command answered."""

    code: int
    out: str
    err: str


def run(*words: str | Path) -> int:
    """Run ``obod`` with the given words; return its exit code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["obod", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    return code if isinstance(code, int) else int(bool(code))
