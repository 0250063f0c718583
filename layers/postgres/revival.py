"""A service keeps its embedded database running: it starts it again, with a pause that grows, and says what it awaits.

What is awaited is one per process, since every thread that asks the database in vain has the same thing to tell.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from layers.errors import LayersError, public_text
from layers.postgres.cluster import Cluster

LOOK_S = 1.0  # seconds between looks whether the server runs
FIRST_PAUSE_S = 1.0  # seconds before the second try; each pause is twice the last one
LONGEST_PAUSE_S = 60.0  # seconds
STEADY_S = 60.0  # seconds a server runs before the next stop counts as a new one

log = logging.getLogger(__name__)


class Revival:
    """Looks whether a server runs and starts it where it does not, unless somebody stopped it on purpose."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._tries = 0
        self._tried_at = float("-inf")
        self._not_before = float("-inf")

    def look(self) -> float:
        """Look once, start the server if it is time to; return the seconds until the next look."""
        if self._runs():
            if _Awaited.sentence is not None:
                log.warning("The embedded database runs again.")
            _Awaited.sentence = None
            if self._clock() - self._tried_at >= STEADY_S:
                self._tries = 0
            return LOOK_S
        if self._cluster.stopped_on_purpose:
            _Awaited.sentence = "The database was stopped; obod db start starts it again."
            return LOOK_S
        wait_s = self._not_before - self._clock()
        if wait_s > 0:
            return min(wait_s, LOOK_S)
        self._try()
        return LOOK_S

    def _runs(self) -> bool:
        try:
            return self._cluster.running
        except LayersError:
            return False  # why is told by the next try to start it

    def _try(self) -> None:
        _Awaited.sentence = "The database has stopped and is being started again; try again in a few seconds."
        log.warning("The embedded database has stopped; it is started again.")
        pause_s = min(FIRST_PAUSE_S * 2.0 ** min(self._tries, 30), LONGEST_PAUSE_S)
        self._tries += 1
        self._tried_at = self._clock()
        try:
            self._cluster.start(unless_stopped=True, make=False, ensure=False)
        except Exception as error:  # whatever it is, the next try may go better
            if not isinstance(error, LayersError):
                log.exception("the embedded database could not be started")
            cause = public_text(error) if isinstance(error, LayersError) else "the log of the service says why."
            _Awaited.sentence = f"The database has stopped and is tried again every {pause_s:.0f} s: {cause}"
            log.warning("The embedded database is tried again in %.0f s: %s", pause_s, error)
        else:
            _Awaited.sentence = None
        self._not_before = self._clock() + pause_s


class _Awaited:
    sentence: str | None = None
    watched = False


def awaited() -> str | None:
    """Return what this process waits for before the database answers again, None where it watches over none."""
    if _Awaited.sentence is None and _Awaited.watched:
        return "The database does not answer for the moment; try again in a few seconds."
    return _Awaited.sentence


@contextmanager
def kept_running(cluster: Cluster) -> Iterator[None]:
    """Start the server again whenever it stops, in the background, until the block ends."""
    ended = threading.Event()
    revival = Revival(cluster)

    def watch() -> None:
        while not ended.wait(revival.look()):
            pass

    watcher = threading.Thread(target=watch, name="database", daemon=True)
    _Awaited.sentence, _Awaited.watched = None, True
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        _Awaited.sentence, _Awaited.watched = None, False
