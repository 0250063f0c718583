"""How one run judged one plot, criterion by criterion."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import Connection, select

from layers.results import ScoringRun, suitability

UNKNOWN_EVIDENCE = "-"


@dataclass(frozen=True, slots=True)
class Judged:
    """Membership 0-1 of a plot in one criterion and the confidence letter of its value; None = unknown."""

    membership: float | None
    evidence: str | None


def judged(connection: Connection, run_id: int, plot_no: int) -> dict[str, Judged]:
    """Return criterion id -> how the run judged it on that plot; empty if the run did not judge the plot."""
    row = connection.execute(
        select(ScoringRun.criteria, suitability.c.memberships, suitability.c.evidence)
        .join(suitability, suitability.c.run_id == ScoringRun.run_id)
        .where(ScoringRun.run_id == run_id, suitability.c.plot_no == plot_no)
    ).first()
    if row is None:
        return {}
    return {
        criterion: Judged(
            None if math.isnan(membership) else float(membership),
            None if letter == UNKNOWN_EVIDENCE else letter,
        )
        for criterion, membership, letter in zip(row.criteria, row.memberships, row.evidence, strict=True)
    }
