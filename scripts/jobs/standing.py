"""How far the job in hand is, for whoever asked for it and for the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.stopping import STANDING


@dataclass(slots=True)
class JobStanding:
    """What is being done, and how much of it is done. is_stopped : nobody wants it any more."""

    stage: str | None = None
    done: int = 0
    total: int = 0
    is_stopped: bool = False

    def move(self, stage: str, done: int, total: int) -> None:
        """Note how far it is; the next beat tells it."""
        self.stage, self.done, self.total = stage, done, total
        STANDING.move(stage, done, total)
