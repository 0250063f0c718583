"""``obod works``: which repairs of canals to do first under a budget."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any, Final

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
from layers.postgres.engine import computing
from layers.records.phrases import Digits, Listed, Speech, retold, significant, told
from layers.settings import get_settings
from layers.water.needs import Asked
from layers.water.repair_table import read_repairs
from layers.water.systems import read_systems
from layers.water.tables import require_ending, write_table
from layers.water.works import Ranked, banded, families_by_area, rank_repairs
from scripts.faults import refusing_in
from scripts.output import out, print_json, print_table

app = typer.Typer(help="Works on canals: which repairs to do first.", no_args_is_help=True)

HEADINGS: Final = ("rank", "work", "cost_usd", "spent_usd", "missed")
NAMED = 10  # areas spelled out
UNITS: Final = {"ha": told("ha"), "m3": told("m3"), "families": told("families")}


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
        ranked = _rank(file, budget, objective, rule, year, by, calendar, output)
    rows = _rows(ranked, objective)
    if output is not None:
        write_table(pd.DataFrame(rows, columns=list(HEADINGS)), output, "works")
    summary = _summary(ranked, objective, budget)
    if as_json:
        print_json({**summary, "rule": rule, "year": year, "works": rows, "losing": ranked.losing})
        return
    print_table(rows, HEADINGS)
    for sentence in _sentences(ranked, objective, budget):
        out.print(retold(sentence, speech), highlight=False, markup=False)


def _rank(
    file: Path, budget: float, objective: str, rule: str, year: str, by: str, calendar: str | None, output: Path | None
) -> Ranked:
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
    columns, table = _read(file)
    asked = Asked(year, periods_of_year(by), RAIN_METHODS[0], calendar)
    with computing(timeout_s=get_settings().command_seconds) as connection:
        systems = read_systems(connection, None, asked)
        stored = systems.stored
        repairs = read_repairs(table, columns, stored.reaches, stored.capacity_m3_s, source=file.name)
        weight = systems.fields.area_ha
        if objective == "families":
            weight = families_by_area(connection, stored.areas.tolist())
    goal = Goal(objective, weight, systems.season, rule)
    return rank_repairs(systems, repairs, goal, budget, source=file.name)


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened, strict=True)
            columns = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = columns
            rows = []
            for number, row in enumerate(reader, start=1):
                if None in row or None in row.values():
                    message = "{file}, row {row}: {count} cells expected."
                    raise DataRefused(told(message, file=path.name, row=str(number), count=len(columns)))
                rows.append(row)
            return columns, rows
    except FileNotFoundError:
        raise DataRefused(told("There is no file {file}.", file=path.name)) from None
    except (OSError, UnicodeDecodeError, csv.Error):
        raise DataRefused(told("{file}: a CSV file in UTF-8 expected.", file=path.name)) from None


def _amount(value: float, objective: str) -> Any:
    """A gain as it may be told: families by tens."""
    return banded(value) if objective == "families" else round(value, 1)


def _rows(ranked: Ranked, objective: str) -> list[dict[str, Any]]:
    ranking, spent, rows = ranked.choice.ranking, 0.0, []
    for place, (work, missed) in enumerate(zip(ranking.order, ranking.missed, strict=True), start=1):
        repair = ranked.repairs[work]
        spent += repair.cost_usd
        rows.append(
            {
                "rank": place,
                "work": repair.name,
                "cost_usd": round(repair.cost_usd, 2),
                "spent_usd": round(spent, 2),
                "missed": _amount(missed, objective),
            }
        )
    return rows


def _summary(ranked: Ranked, objective: str, budget: float) -> dict[str, Any]:
    choice = ranked.choice
    spent = sum(ranked.repairs[work].cost_usd for work in choice.ranking.order)
    exact_figures = objective != "families"  # a gap beside a band would tell what the band hides
    return {
        "objective": objective,
        "budget_usd": budget,
        "spent_usd": round(spent, 2),
        "found": _amount(choice.ranking.gain, objective),
        "bound": _amount(choice.bound.gain, objective),
        "gap": round(choice.gap, 4) if exact_figures or choice.gap == 0 else None,
        "all_sets_tried": choice.ranking.exact,
        "gain_at_best": _amount(max(ranked.gain_at_best, 0.0), objective),
        "before": _amount(ranked.before, objective),
        "areas_unknown": ranked.unknown,
    }


def _sentences(ranked: Ranked, objective: str, budget: float) -> list[str]:
    choice, unit = ranked.choice, UNITS[objective]

    def amount(value: float) -> str:
        return banded(value) if objective == "families" else Digits(significant(value, 4))

    spent = Digits(f"{sum(ranked.repairs[work].cost_usd for work in choice.ranking.order):,.0f}")
    found, bound = amount(choice.ranking.gain), amount(choice.bound.gain)
    told_so = [
        told(
            "Works chosen: {count}, for {spent} of {budget} USD.",
            count=len(choice.ranking.order),
            spent=spent,
            budget=Digits(f"{budget:,.0f}"),
        ),
        told("Before: {before} {unit}.", before=amount(ranked.before), unit=unit),
    ]
    if choice.ranking.exact:
        told_so.append(
            told("Found: {found} {unit} more; every set was tried, none gains more.", found=found, unit=unit)
        )
    elif objective == "families" and choice.gap > 0:
        told_so.append(
            told(
                "Found: {found} {unit} more; proved: no set gains more than {bound}.",
                found=found,
                unit=unit,
                bound=bound,
            )
        )
    else:
        gap = Digits(f"{100 * choice.gap:.2f}")
        told_so.append(
            told(
                "Found: {found} {unit} more; proved: no set gains more than {bound}, a gap of {gap} %.",
                found=found,
                unit=unit,
                bound=bound,
                gap=gap,
            )
        )
    if abs(ranked.gain_at_best - choice.ranking.gain) > 1e-6 * max(1.0, abs(choice.ranking.gain)):
        told_so.append(
            told(
                "With everything unknown at its best the same works bring {gain} {unit}.",
                gain=amount(max(ranked.gain_at_best, 0.0)),
                unit=unit,
            )
        )
    if ranked.losing:
        some = Listed(ranked.losing[:NAMED], len(ranked.losing) - NAMED)
        told_so.append(
            told(
                "Harm: the least share of need met falls in {count} areas ({areas}).",
                count=len(ranked.losing),
                areas=some,
            )
        )
    else:
        told_so.append(told("Harm: the least share of need met falls in no area."))
    if ranked.unknown:
        told_so.append(told("Areas nothing can be said of: {count}.", count=ranked.unknown))
    told_so.append(told("Computed from estimated deliveries."))
    return list(told_so)
