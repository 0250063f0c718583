"""``obod explain``: why a plot has its class, what limits it and what would help."""

from __future__ import annotations

from collections.abc import Iterator
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
        args = {name: ", ".join(said) if isinstance(said, list) else said for name, said in sentence["args"].items()}
        out.print(f"- {sentence['text'].format(**args)}", highlight=False)
    rows = [{name: _short(value) for name, value in row.items()} for row in found["criteria"]]
    print_table(rows, ("code", "id", "value", "unit", "class", "membership", "weight", "gain", "evidence"))
    for line in _what_helps(found):
        out.print(line, highlight=False)


def _what_helps(found: dict[str, Any]) -> Iterator[str]:
    """Remedies, what to measure first, how sure the class is, and crops, a line each where there is something."""
    if found["remedies"]:
        names = ", ".join(f"{remedy['title']} ({remedy['who']})" for remedy in found["remedies"]["set"])
        yield f"To reach {found['remedies']['class']} for about {found['remedies']['cost_usd']:,.0f} USD: {names}."
        yield found["remedies"]["note"]
    if found["measurement"]:
        wanted = found["measurement"]
        yield f"To be surer of the class, measure {wanted['criterion']} (about {wanted['cost_usd']:.0f} USD)."
    if sure := found["robustness"]:
        yield (
            f"In {100 * sure['modal_share']:.0f} of 100 draws of weights and errors the class is {sure['modal_class']}."
        )
        if sure["top_share"] is not None:
            yield f"In {100 * sure['top_share']:.0f} of 100 it is among the best {sure['top_of']} of the district."
    if found["crops"]:
        yield f"Crops of class S1 or S2, best first: {', '.join(found['crops'])}."


def _short(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
