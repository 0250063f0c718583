"""What each step of the afternoon adds, in README: written by the test that measures it, pytest ``--figures``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "README.md"
BEGIN = "<!-- afternoon: pytest -n 0 --figures tests/scripts/verbs/test_afternoon.py -->\n"
END = "<!-- end of afternoon -->"
HEADING = (
    "| after | land with a class | settled | weight that is known | width of the interval of the score |\n"
    "|---|---|---|---|---|\n"
)


@dataclass(frozen=True)
class Known:
    """What is known of a district after a step, by area: %, %, % of weight, points of 100 (100 where nothing is)."""

    classed_pct: float
    settled_pct: float
    weight_pct: float
    width: float

    def row(self, step: str) -> str:
        """Return it as a row of the table."""
        width = f"{self.width:.0f} of 100 points"
        return f"| {step} | {self.classed_pct:.0f} % | {self.settled_pct:.0f} % | {self.weight_pct:.0f} % | {width} |\n"


def table(steps: dict[str, Known]) -> str:
    """Return the table of all steps, in their order."""
    return HEADING + "".join(found.row(step) for step, found in steps.items())


def written() -> str:
    """Return the table that README has."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def write(told: str) -> None:
    """Put the table into README in the place of the one there."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + told + END + rest.partition(END)[2], encoding="utf-8")
