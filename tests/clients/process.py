"""What a process keeps of its settings: given up between tests, connections closed with it."""

from __future__ import annotations

from layers.postgres.engine import engine, reading_engine
from layers.settings import get_settings


def forget_settings() -> None:
    """Close the engines of this process and read the settings again when they are asked for.

    An engine that is only forgotten leaves its connections to the garbage collector, whose complaint then fails a test
    that has nothing to do with it.
    """
    for made in (engine, reading_engine):
        if made.cache_info().currsize:
            made().dispose()
        made.cache_clear()
    get_settings.cache_clear()
