"""Work that need not be waited for: done one piece after another by the one thread for it, each piece once."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Hashable

log = logging.getLogger(__name__)


class Background:
    """One thread that does what was asked for, in the order asked; it begins with the first piece.

    What fails is logged and not tried again.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._asked: queue.SimpleQueue[tuple[Hashable, Callable[[], object]]] = queue.SimpleQueue()
        self._known: set[Hashable] = set()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def ask(self, key: Hashable, work: Callable[[], object]) -> None:
        """Have a piece of work done unless one of that key waits, is being done or has failed."""
        with self._lock:
            if key in self._known:
                return
            self._known.add(key)
            self._asked.put((key, work))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            key, work = self._asked.get()
            try:
                work()
            except Exception as error:  # whoever wants it does without, as before it was made
                log.warning("%s: %s cannot be made: %s", self._name, key, error)
            else:
                with self._lock:
                    self._known.discard(key)


BACKGROUND = Background("in the background")  # of this process
