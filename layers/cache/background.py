"""Work that need not be waited for: done one piece after another by the one thread for it, each piece once."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable

log = logging.getLogger(__name__)


class Background:
    """One thread that does what was asked for, in the order asked; it begins with the first piece.

    What fails is logged and not tried again.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._asked: deque[tuple[Hashable, Callable[[], object]]] = deque()
        self._known: set[Hashable] = set()
        self._busy = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def ask(self, key: Hashable, work: Callable[[], object]) -> None:
        """Have a piece of work done unless one of that key waits, is being done or has failed."""
        with self._changed:
            if key in self._known:
                return
            self._known.add(key)
            self._asked.append((key, work))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def end(self) -> None:
        """Forget what waits, and return once what is being done is done.

        After that nothing here holds a connection or writes a file. It may be asked for more work later.
        """
        with self._changed:
            while self._asked or self._busy:
                self._known.difference_update(key for key, _ in self._asked)
                self._asked.clear()  # also what the piece being done has asked for
                if self._busy:
                    self._changed.wait()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._asked)
                key, work = self._asked.popleft()
                self._busy = True
            self._do(key, work)
            # What the piece holds on to is let go before it counts as done.
            del work
            with self._changed:
                self._busy = False
                self._changed.notify_all()

    def _do(self, key: Hashable, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # whoever wants it does without, as before it was made
            log.warning("%s: %s cannot be made: %s", self._name, key, error)
        else:
            with self._changed:
                self._known.discard(key)


BACKGROUND = Background("in the background")  # of this process
