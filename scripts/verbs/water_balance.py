"""``obod water balance`` and ``balances``: who gets how much of a year's water, stored and published."""

from __future__ import annotations

from typing import Annotated

import typer

from geo.water.need.climate_table import YEARS
from geo.water.need.periods import SPLITS
from geo.water.sharing.rules import RULES
from layers.errors import DataRefused
from layers.postgres.engine import writing
from layers.runs.code_digest import code_version
from layers.water.balances import list_balances, make_balance
from scripts.output import out, print_json, print_table, tell

NAMED = 10  # canals printed, the most uneven first


def balance(
    year: Annotated[str, typer.Option("--year", help="Kind of year: " + ", ".join(YEARS) + ".")] = YEARS[0],
    rule: Annotated[str, typer.Option("--rule", help="Rule of sharing: " + ", ".join(RULES) + ".")] = RULES[0],
    by: Annotated[str, typer.Option("--by", help=" or ".join(SPLITS) + ".")] = "month",
    scenario: Annotated[
        str | None,
        typer.Option("--scenario", help="Name of a scenario: runs it, as `obod scenario run` does."),
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="For staff only: the map stays as it is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Share the water of all canals between command areas, store the balance and publish it.

    The river keeps its share, drinking water comes first, then fields. What is not known of a bed, a condition or a
    capacity is taken at its worst and at its best, and both are told; an unknown flow or need leaves its system
    unknown. Networks with a fault that matters are left out and named. Gates, travel time, reservoirs, groundwater,
    return flows and the growth of crops are not in it.

    With a scenario the canals it concerns are balanced without it and with it; that is never published.
    """
    if scenario is not None:
        from scripts.verbs.scenario import run  # it judges plots, which nobody else here need wait for

        run(scenario, rule=rule, by=by, year=year, as_json=as_json)
        return
    for option, value, known in (("--year", year, YEARS), ("--rule", rule, RULES), ("--by", by, tuple(SPLITS))):
        if value not in known:
            raise DataRefused(f"{option} '{value}' is not known: {', '.join(known)} expected.")
    with writing() as connection:
        made = make_balance(connection, year=year, rule=rule, by=by, draft=draft, code=code_version())
    if as_json:
        print_json({**made._asdict(), "draft": draft, "year": year, "rule": rule, "by": by})
        return
    for sentence in made.left_out:
        out.print("! " + sentence, highlight=False, markup=False)
    columns = ("canal", "head", "middle", "tail", "adequacy", "efficiency", "dependability", "equity", "gini")
    worst = sorted(made.equity.items(), key=lambda item: (item[1]["adequacy"] or 0.0, item[0]))[:NAMED]
    rows = [{"canal": canal, **{name: _said(figures[name]) for name in columns[1:]}} for canal, figures in worst]
    print_table(rows, columns)
    counts = made.counts
    tell(
        f"Balance {made.balance_id}: {counts['areas_known']} of {counts['areas']} command areas have a ratio, "
        f"{counts['areas_between']} of them between two ends; {counts['systems_left_out']} of {counts['systems']} "
        f"networks are left out. {'It is a draft.' if draft else 'It is published.'}"
    )


def balances(as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False) -> None:
    """List the balances that are stored, the newest first; those whose loads were taken back since are marked."""
    with writing() as connection:
        found = list_balances(connection)
    rows = [
        {
            "balance": str(one.balance_id),
            "made": one.made_at.strftime("%Y-%m-%d %H:%M"),
            "year": one.year_type,
            "rule": one.rule,
            "by": one.split,
            "state": one.state,
            "as_of_load": str(one.as_of_load),
            "code": one.code_version,
            "crops": one.crop_table,
            "mark": "a load it was made from was taken back" if one.taken_back else "",
        }
        for one in found
    ]
    if as_json:
        print_json(rows)
        return
    print_table(rows, ("balance", "made", "year", "rule", "by", "state", "as_of_load", "mark"))


def _said(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
