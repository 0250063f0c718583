"""What people are told when something goes wrong: a refusal in its own words, a fault by an id that is in the log."""

from __future__ import annotations

import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from geo.errors import SuitabilityError
from layers.errors import LayersError, as_disk_refusal
from layers.records.phrases import ENGLISH, Speech, Told, retold


def sentence_of(error: Exception, speech: Speech = ENGLISH) -> str:
    """Return the refusal in a language, or note the fault in the log and return its id."""
    return retold(as_told(error), speech)


def as_told(error: Exception) -> str:
    """Return the refusal as it was told, or note the fault in the log and return its id."""
    refusal = error if isinstance(error, SuitabilityError | LayersError) else _explained(error)
    if refusal is None:
        return _noted(error)
    return refusal.args[0] if refusal.args and isinstance(refusal.args[0], Told) else str(refusal)


@contextmanager
def refusing_in(speech: Speech) -> Iterator[None]:
    """Tell refusals in a language."""
    try:
        yield
    except (LayersError, SuitabilityError) as refusal:
        refusal.args = (sentence_of(refusal, speech),)
        raise


def _noted(error: Exception) -> str:
    """Put a fault into the log, if it can be written, and return what is said of it."""
    fault = uuid.uuid4().hex[:8]
    try:
        from layers.cache.files import open_log  # nobody need wait for these before something goes wrong
        from layers.settings import get_settings

        with open_log(get_settings().home / "logs" / "obod.log") as file:
            file.write(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} fault {fault}\n".encode())
            file.writelines(line.encode(errors="replace") for line in traceback.format_exception(error))
    except (OSError, LayersError) as no_log:
        cause = as_disk_refusal(no_log) if isinstance(no_log, OSError) else no_log
        name = type(error).__name__
        return (
            f"Something went wrong on our side (fault {fault}: {name}), and no log could be written: {cause or no_log}"
        )
    return f"Something went wrong on our side (fault {fault}); the log under OBOD_HOME says more."


def _explained(error: Exception) -> LayersError | None:
    if isinstance(error, OSError):
        return as_disk_refusal(error)
    from layers.postgres.engine import as_refusal

    return as_refusal(error)
