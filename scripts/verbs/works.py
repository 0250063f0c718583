"""``obod works``: which repairs of canals to do first under a budget."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from api.language.speech import Spoken
from api.language.translate import SOURCE_LANGUAGE, language_of
from geo.crops.season import ZONES
from geo.water.need.climate_table import YEARS
from geo.water.need.periods import SPLITS, periods_of_year
from geo.water.need.rain import RAIN_METHODS
from geo.water.sharing.rules import RULES
from geo.water.works.repairs import Goal
from geo.water.works.valuation import OBJECTIVES
from layers.errors import DataRefused
from layers.postgres.engine import computing, writing
from layers.records.phrases import Speech, retold, told
from layers.settings import get_settings
from layers.water.needs import Asked
from layers.water.repair_table import parse_table, read_repairs
from layers.water.shown_rankings import hide_ranking, last_load, require_name, show_ranking
from layers.water.systems import read_systems
from layers.water.tables import require_ending, write_table
from layers.water.works import Ranked, families_by_area, rank_repairs
from layers.water.works_text import HEADINGS, describe_ranking, list_works, sum_up
from scripts.faults import refusing_in
from scripts.output import out, print_json, print_table

app = typer.Typer(help="Works on canals: which repairs to do first.", no_args_is_help=True)


@app.callback()
def works() -> None:
    """Works on canals: which repairs to do first."""


@app.command()
def rank(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.csv", help="Table of works: work, reach or canal, cost_usd, ...")
    ],
    budget: Annotated[float, typer.Option("--budget", metavar="USD", help="Most that may be spent, US dollars.")],
    objective: Annotated[str, typer.Option("--objective", help=", ".join(OBJECTIVES) + ".")] = OBJECTIVES[0],
    rule: Annotated[str, typer.Option("--rule", help="How water is shared: " + ", ".join(RULES) + ".")] = "max-min",
    year: Annotated[str, typer.Option("--year", help="Kind of year: dry, normal, wet.")] = "dry",
    by: Annotated[str, typer.Option("--by", help=" or ".join(SPLITS) + ".")] = "month",
    calendar: Annotated[
        str | None,
        typer.Option("--calendar", help="Field calendar for days that are not on record: " + " or ".join(ZONES) + "."),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option("--keep", metavar="NAME", help="Show it to everybody on the page of water, by this name."),
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="File; .csv .xlsx .parquet.")] = None,
    lang: Annotated[
        str, typer.Option(help="Language of the report: tg, ru or en; --json is English.")
    ] = SOURCE_LANGUAGE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Choose works under a budget, by what all of them bring together: the balance with minus without them.

    Columns of FILE.csv: work (a name; rows of one name are one work, done whole), reach or canal (code), cost_usd, and
    what it changes: condition (class afterwards, 1 to 5), lining, capacity_m3_s, conveyance (share the reach conveys).
    The objective is land with at least 0.75 of its need in every month that counts (ha), water delivered (m3), or
    families, one for each plot on such land, told by tens and never below ten. What is unknown is taken at its worst.

    Up to 12 works every set is tried. Of more, what is found stands beside a bound that no set can pass, and the gap
    between the two is proved. `missed` is what is lost without that work alone, all others done. Return flow, gates and
    groundwater are not reckoned.
    """
    speech: Speech = Spoken(language_of(lang))
    with refusing_in(speech):
        if keep is not None:
            require_name(keep)
        ranked, as_of_load = _rank(file, budget, objective, rule, year, by, calendar, output)
    rows = list_works(ranked, objective)
    if output is not None:
        write_table(pd.DataFrame(rows, columns=list(HEADINGS)), output, "works")
    report = {**sum_up(ranked, objective, budget), "works": rows, "losing": ranked.losing}
    if keep is not None:
        with refusing_in(speech), writing() as connection:
            show_ranking(connection, keep, report, year=year, rule=rule, as_of_load=as_of_load)
    if as_json:
        print_json({**report, "rule": rule, "year": year})
        return
    print_table(rows, HEADINGS)
    for sentence in describe_ranking(ranked, objective, budget):
        _say(sentence, speech)
    if keep is not None:
        _say(told("The ranking {name} is shown on the page of water.", name=keep), speech)


@app.command()
def withdraw(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name it was kept by.")],
    lang: Annotated[
        str, typer.Option(help="Language of the report: tg, ru or en; --json is English.")
    ] = SOURCE_LANGUAGE,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show a ranking no more."""
    speech: Speech = Spoken(language_of(lang))
    with refusing_in(speech), writing() as connection:
        hide_ranking(connection, name)
    if as_json:
        print_json({"withdrawn": name})
        return
    _say(told("The ranking {name} is shown no more.", name=name), speech)


def _say(sentence: str, speech: Speech) -> None:
    out.print(retold(sentence, speech), highlight=False, markup=False)


def _rank(
    file: Path, budget: float, objective: str, rule: str, year: str, by: str, calendar: str | None, output: Path | None
) -> tuple[Ranked, int]:
    """What is chosen, and the load that rows were read after."""
    for option, value, known in (
        ("--objective", objective, OBJECTIVES),
        ("--rule", rule, RULES),
        ("--year", year, YEARS),
        ("--by", by, tuple(SPLITS)),
        ("--calendar", calendar, ZONES),
    ):
        if value is not None and value not in known:
            message = "{option} '{value}' is not known: {known} expected."
            raise DataRefused(told(message, option=option, value=value, known=", ".join(known)))
    if not 0 < budget < np.inf:
        raise DataRefused(told("--budget: US dollars above 0 expected."))
    if output is not None:
        require_ending(output)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DataRefused(told("There is no file {file}.", file=file.name)) from None
    except (OSError, UnicodeDecodeError):
        raise DataRefused(told("{file}: a CSV file in UTF-8 expected.", file=file.name)) from None
    columns, table = parse_table(text, source=file.name)
    asked = Asked(year, periods_of_year(by), RAIN_METHODS[0], calendar)
    with computing(timeout_s=get_settings().command_seconds) as connection:
        as_of_load = last_load(connection)
        systems = read_systems(connection, None, asked)
        stored = systems.stored
        repairs = read_repairs(table, columns, stored.reaches, stored.capacity_m3_s, source=file.name)
        weight = systems.fields.area_ha
        if objective == "families":
            weight = families_by_area(connection, stored.areas.tolist())
    goal = Goal(objective, weight, systems.season, rule)
    return rank_repairs(systems, repairs, goal, budget, source=file.name), as_of_load
