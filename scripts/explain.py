"""``obod explain``: why a plot has its class, what limits it and what would help."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from layers.base import STAFF
from layers.database import reading
from layers.explaining import explain_plot
from layers.served import Choice
from scripts.output import out, print_json, print_table


def explain(
    plot_id: Annotated[str, typer.Argument(metavar="PLOT_ID", help="The plot.")],
    scheme: Annotated[str | None, typer.Option(help="Another published scheme.")] = None,
    run: Annotated[int | None, typer.Option(help="A stored run.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say why a plot has its class: values, memberships, weights, what limits it, what would lift it."""
    with reading(STAFF) as connection:
        found = explain_plot(connection, plot_id, STAFF, choice=Choice(scheme, run))
    if json:
        print_json(found)
        return
    mark = ", synthetic data" if found["synthetic"] else ""
    out.print(f"Plot {found['plot_id']}, {found['area_ha']} ha, run {found['run']}{mark}", highlight=False)
    score = "no score" if found["score"] is None else f"score {found['score']}"
    span = "" if found["score_low"] == found["score_high"] else f" ({found['score_low']} to {found['score_high']})"
    out.print(
        f"{found['subclass'] or found['class']}: {score}{span}, confidence {found['confidence']}", highlight=False
    )
    for sentence in found["says"]:
        out.print(f"- {sentence['text'].format(**sentence['args'])}", highlight=False)
    rows = [{name: _short(value) for name, value in row.items()} for row in found["criteria"]]
    print_table(rows, ("criterion", "value", "unit", "membership", "weight", "gain", "evidence"))
    remedies = found.get("remedies")
    if remedies:
        names = ", ".join(remedy["title"] for remedy in remedies["set"])
        out.print(f"To {remedies['class']} for about {remedies['cost_usd']:,.0f} USD: {names}", highlight=False)


def _short(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
