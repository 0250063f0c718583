"""``obod weights``: AHP weights and consistency of judgements made in a workshop, as JSON."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from geo.panel.weights import DEFAULT_RANDOM_INDEX, RandomIndexRow, group_judgements, read_judgements
from geo.panel.weights import weights as ahp_weights
from scripts.output import print_json


def weights(
    matrix: Annotated[
        list[Path],
        typer.Argument(metavar="MATRIX.csv", help="Square table of judgements; several tables: one group."),
    ],
    ri: Annotated[RandomIndexRow, typer.Option(help="Random-index row.")] = DEFAULT_RANDOM_INDEX,
    as_json: Annotated[bool, typer.Option("--json", help="The result is always JSON.")] = True,  # noqa: ARG001
) -> None:
    """Weights, consistency and the judgement to revisit, from a square table.

    First row and first column: names. Cells: numbers or fractions such as 1/3.
    """
    tables = [read_judgements(path) for path in matrix]
    names, judgements = tables[0]
    if len(tables) > 1:
        numbered = enumerate(zip(matrix, tables, strict=True), start=1)
        people = {f"{number}. {path.name}": table for number, (path, table) in numbered}
        judgements = group_judgements(people, ri=ri)
    result = ahp_weights(names, judgements, ri=ri)
    print_json({**asdict(result), "consistent": result.consistent, "judges": len(tables)})
