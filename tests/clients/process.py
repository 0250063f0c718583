"""What a process keeps of its settings: given up between tests, connections closed with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from layers.cache.background import BACKGROUND
from layers.postgres.engine import _owners_engine, _readers_engine
from layers.settings import get_settings


def forget_settings() -> None:
    """Close the engines of this process and read the settings again when they are asked for.

    An engine that is only forgotten leaves its connections to the garbage collector, whose complaint then fails a test
    that has nothing to do with it. So does one that is closed while the background still has a connection of it.
    """
    BACKGROUND.end()
    for made in (_owners_engine, _readers_engine):
        if made.cache_info().currsize:
            made().dispose()
        made.cache_clear()
    get_settings.cache_clear()


@contextmanager
def other_settings(**variables: str) -> Iterator[None]:
    """Have other settings for a while, by their names without ``OBOD_``; the engines stay.

    What the test read of them is forgotten after the variables are gone, never before: else they are read once more,
    and stay for whatever is tested next.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(f"OBOD_{name}", value)
        get_settings.cache_clear()
        try:
            yield
        finally:
            patch.undo()
            get_settings.cache_clear()
