"""Where people on the spot would give another class than the rule: by what limits the plot, to look at the rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, select

from geo.contract.classes import CLASSES, NE
from layers.catalogue.judgements import Judgement
from layers.catalogue.land import Plot
from layers.records.rows_of_run import in_run
from layers.records.runs import suitability
from layers.records.snapshot import Run

NO_RULE = ""  # of plots that nothing known limits


@dataclass(frozen=True, slots=True)
class Case:
    """One judgement of a plot beside its class. lowest, highest : classes that what is unknown allows."""

    plot_id: str
    computed: str
    lowest: str
    highest: str
    judged: str
    why: str
    by_role: str
    judged_on: date

    @property
    def better(self) -> bool:
        """Whether people would give a better class than the best that was held possible."""
        return CLASSES.index(self.judged) < CLASSES.index(self.highest)

    @property
    def differs(self) -> bool:
        """Whether what people would give is none of the classes that were held possible."""
        return self.better or CLASSES.index(self.judged) > CLASSES.index(self.lowest)


@dataclass(slots=True)
class Disagreements:
    """Judgements of a district beside its run.

    by_rule : criterion that limits the plot -> cases that differ, the most cases first. agreeing : judgements within
    what was held possible. unjudged : of plots that the run gives no class.
    """

    by_rule: dict[str, list[Case]] = field(default_factory=dict)
    agreeing: int = 0
    unjudged: int = 0

    @property
    def differing(self) -> int:
        """How many judgements differ."""
        return sum(map(len, self.by_rule.values()))


def find_disagreements(connection: Connection, run: Run, district: str) -> Disagreements:
    """Return where judgements and the classes of a run differ; of one role the newest judgement of a plot counts.

    ``connection`` may read what partners read.
    """
    found = suitability.c
    asked = (Judgement.plot_id, Judgement.judged_class, Judgement.why, Judgement.by_role, Judgement.judged_on)
    classes = (found["class"], found.class_low, found.class_high, found.limiting)
    rows = connection.execute(
        select(*asked, *classes)
        .join(Plot, (Plot.plot_id == Judgement.plot_id) & Plot.ended_by.is_(None))
        .join(suitability, found.plot_no == Plot.plot_no)
        .where(Judgement.ended_by.is_(None), in_run(run), found.district == district)
        .order_by(Judgement.plot_id, Judgement.by_role, Judgement.judged_on, Judgement.code)
    )
    newest = {(row.plot_id, row.by_role): row for row in rows}
    result = Disagreements()
    for row in newest.values():
        if row[5] == CLASSES[NE]:
            result.unjudged += 1
            continue
        case = Case(row.plot_id, row[5], row.class_low, row.class_high, *row[1:5])
        if case.differs:
            result.by_rule.setdefault(row.limiting or NO_RULE, []).append(case)
        else:
            result.agreeing += 1
    result.by_rule = dict(sorted(result.by_rule.items(), key=_most_first))
    return result


def _most_first(rule: tuple[str, Iterable[Case]]) -> tuple[int, str]:
    return -len(list(rule[1])), rule[0]
