"""``obod scenario``: named changes of canals, pumps, fields and rivers, what they gain and whom they harm."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from api.language.speech import Spoken
from api.language.translate import SOURCE_LANGUAGE, language_of
from geo.strict_toml import read_text
from geo.water.need.climate_table import YEARS
from geo.water.need.periods import SPLITS
from geo.water.sharing.rules import RULES
from layers.errors import DataRefused, NotFound
from layers.postgres.engine import Connection, computing, writing
from layers.records.phrases import Speech, retold, told
from layers.runs.code_digest import code_version
from layers.runs.scenario_plots import judge_plots
from layers.settings import get_settings
from layers.water.alteration import Alteration
from layers.water.networks import read_network
from layers.water.scenario_runs import Choice, Computed, compute_run, store_run
from layers.water.scenario_text import as_answer, describe_run, list_row
from layers.water.scenarios import (
    Kept,
    RunKept,
    add_scenario,
    changed_plots,
    delete_scenario,
    least_ratios,
    list_runs,
    list_scenarios,
    read_scenario,
)
from layers.water.shown_scenarios import hide_scenario, show_scenario
from scripts.faults import refusing_in
from scripts.output import out, print_json, print_table

app = typer.Typer(help="Scenarios of water: what a change gains and whom it harms.", no_args_is_help=True)

MOST_ROWS = 30  # of areas in the table; of each kind those that change most come first
AREAS = ("area", "name", "canal", "area_ha", "tail", "before", "after")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the scenario.")]
Lang = Annotated[str, typer.Option(help="Language of the report: tg, ru or en; keys of --json are English.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.callback()
def scenario() -> None:
    """Scenarios of water: what a change gains and whom it harms."""


@app.command()
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE.toml", help="The scenario.")],
    replace: Annotated[bool, typer.Option("--replace", help="In place of one of its name.")] = False,
    lang: Lang = SOURCE_LANGUAGE,
    as_json: Json = False,
) -> None:
    """Store a scenario, checked against its form and against what is mapped now.

    A file has name, title, [[works]] and [river]. Each of the works has name, cost_usd and lists of what it changes:
    repairs (reach or canal; condition, lining, capacity_m3_s, conveyance), new_canals (code, line of longitude and
    latitude in the direction of flow, lining, soil, condition, capacity_m3_s; outlets that are moved to it, or areas
    that get one at its end), pumps (pump; hours, flow_m3_s, availability), new_pumps (intake or reach that is pumped;
    flow_m3_s, stages, hours), fields (area; irrigation_method, application) and crops (area; mix of crop, area_ha,
    begins), check_dams (zone of debris flows), hazard_zones (code, process, level, return_period_y and outline of one
    that is assumed, or left_out: code of one that is mapped) and levelling (area). What check dams and levelling bring
    stands in the table of remedies; slopes and levels that are not known stay so, and shut land stays shut. river has
    factor, year, intakes: what the sources bring; what crops need stays as it is.
    """
    speech: Speech = Spoken(language_of(lang))
    with refusing_in(speech):
        text = read_text(file, otherwise=told("There is no file {file}.", file=file.name))
        with writing() as connection:
            added = add_scenario(connection, text, source=file.name, replace=replace)
    if as_json:
        print_json({"name": added.name, "title": added.title, "cost_usd": added.cost_usd, "works": len(added.works)})
        return
    _say(told("Scenario {name} is stored; obod scenario run {name} says what it does.", name=added.name), speech)


@app.command(name="list")
def list_(as_json: Json = False) -> None:
    """List the scenarios that are stored, with what the newest run of each gains and harms."""
    with writing() as connection:
        found = list_scenarios(connection)
    rows = [list_row(kept, run) for kept, run in found]
    if as_json:
        print_json(rows)
        return
    shown = ("name", "title", "cost_usd", "works", "run", "year", "rule", "gained_ha", "harmed_areas", "state")
    print_table([{key: None if value is None else str(value) for key, value in row.items()} for row in rows], shown)


@app.command()
def show(name: Name, lang: Lang = SOURCE_LANGUAGE, as_json: Json = False) -> None:
    """Print a scenario as its file has it, and what its newest run found."""
    speech: Speech = Spoken(language_of(lang))
    with refusing_in(speech), writing() as connection:
        kept, runs = read_scenario(connection, name), list_runs(connection, name)
    if as_json:
        print_json(
            {
                **kept.scenario.model_dump(exclude_none=True),
                "cost_usd": kept.scenario.cost_usd,
                "added_at": kept.added_at,
                "runs": [as_answer(run, speech) for run in runs],
            }
        )
        return
    out.print(kept.file.rstrip("\n"), highlight=False, markup=False)
    if runs:
        out.print()
        _tell(runs[0], speech)
    else:
        _say(told("It was never run: obod scenario run {name} says what it does.", name=name), speech)


@app.command()
def run(
    name: Name,
    rule: Annotated[str, typer.Option("--rule", help="How water is shared: " + ", ".join(RULES) + ".")] = RULES[0],
    by: Annotated[str, typer.Option("--by", help=" or ".join(SPLITS) + ".")] = "month",
    year: Annotated[str, typer.Option("--year", help="Kind of year: " + ", ".join(YEARS) + ".")] = YEARS[0],
    lang: Lang = SOURCE_LANGUAGE,
    as_json: Json = False,
) -> None:
    """Compute the balance of the canals concerned without a scenario and with it, and say who gains and who loses.

    An area counts as gained where it gets three quarters of its need, and did not, in every month with at least a
    twentieth of its need of the year; what is unknown is taken at its worst. Both balances are stored for staff; the
    published one stays as it is. Plots are judged without it and with it by the scheme of the result that is served, in
    a dry year shared in proportion to need and in no other. Families are one for each plot on such land, told by tens
    and never below ten. Gates, travel time, reservoirs, groundwater, return flows and growth of crops are not in it.
    """
    speech: Speech = Spoken(language_of(lang))
    with refusing_in(speech):
        computed = _compute(name, year, rule, by)
        with writing() as connection:
            number = _store(connection, computed)
            made = next(one for one in list_runs(connection, name) if one.run == number)
    if as_json:
        print_json(as_answer(made, speech))
        return
    _tell(made, speech)


@app.command()
def publish(
    name: Name,
    rule: Annotated[str, typer.Option("--rule", help="How water is shared: " + ", ".join(RULES) + ".")] = RULES[0],
    by: Annotated[str, typer.Option("--by", help=" or ".join(SPLITS) + ".")] = "month",
    year: Annotated[str, typer.Option("--year", help="Kind of year: " + ", ".join(YEARS) + ".")] = YEARS[0],
    lang: Lang = SOURCE_LANGUAGE,
    as_json: Json = False,
) -> None:
    """Run a scenario and show everybody on the page of water what canals and command areas get without it and with it.

    It is shown as a plan, beside the published balance of its kind of year and rule: there has to be one of the same
    rows, and once another takes its place the scenario is shown no more. Everybody sees shares of need, who gains, who
    loses, cost, and families by tens; the water that sources bring, wells, plots and crops stay with staff. A canal
    that is dug is drawn.
    """
    speech: Speech = Spoken(language_of(lang))
    with refusing_in(speech):
        computed = _compute(name, year, rule, by)
        with writing() as connection:
            number = _store(connection, computed)
            rows = show_scenario(connection, computed, number)
    if as_json:
        print_json({"name": name, "run": number, "year": year, "rule": rule, "changed": rows})
        return
    message = "Scenario {name}, run {run}, is shown on the page of water; canal reaches and areas that differ: {count}."
    _say(told(message, name=name, run=str(number), count=rows), speech)


@app.command()
def withdraw(name: Name, lang: Lang = SOURCE_LANGUAGE, as_json: Json = False) -> None:
    """Show a scenario no more; it stays stored, with its runs."""
    speech: Speech = Spoken(language_of(lang))
    with refusing_in(speech), writing() as connection:
        runs = hide_scenario(connection, name)
    if as_json:
        print_json({"withdrawn": name, "runs": runs})
        return
    _say(told("Scenario {name} is shown no more.", name=name), speech)


@app.command()
def plots(name: Name, as_json: Json = False) -> None:
    """List the plots whose class the newest run of a scenario changes, or whether it is settled."""
    with refusing_in(Spoken(SOURCE_LANGUAGE)), writing() as connection:
        found = changed_plots(connection, _newest(connection, name).run)
    if as_json:
        print_json(found)
        return
    rows = [{key: None if value is None else str(value) for key, value in row.items()} for row in found]
    print_table(rows, ("plot_id", "district", "jamoat", "area", "area_ha", "before", "after"))


@app.command()
def diff(
    name: Name,
    other: Annotated[str | None, typer.Argument(metavar="[NAME2]", help="Another scenario; none: what is now.")] = None,
    lang: Lang = SOURCE_LANGUAGE,
    as_json: Json = False,
) -> None:
    """Say what a scenario changes on record; with another, what the newest runs of both do, area by area."""
    speech: Speech = Spoken(language_of(lang))
    with refusing_in(speech), writing() as connection:
        if other is None:
            edits = _edits(connection, read_scenario(connection, name))
        else:
            one, two = (_newest(connection, each) for each in (name, other))
            areas = _unlike_areas(connection, one, two)
    if other is None:
        if as_json:
            print_json(edits)
        else:
            rows = [{key: None if value is None else str(value) for key, value in edit.items()} for edit in edits]
            print_table(rows, ("layer", "code", "field", "before", "after"))
        return
    unlike = (one.year, one.rule, one.by) != (two.year, two.rule, two.by)
    figures = [{"figure": key, name: a, other: b} for key, a, b in _side_by_side(one.report, two.report)]
    if as_json:
        print_json({"unlike": unlike, "runs": [one.run, two.run], "figures": figures, "areas": areas})
        return
    if unlike:
        _say(told("! The two were not run alike: kind of year, rule or periods differ."), speech)
    text = [{key: None if value is None else str(value) for key, value in row.items()} for row in figures]
    print_table(text, ("figure", name, other))
    if areas:
        rows = [
            {key: f"{value:.3f}" if isinstance(value, float) else value for key, value in row.items()} for row in areas
        ]
        print_table(rows, ("area", "before", name, other))


@app.command()
def delete(name: Name, lang: Lang = SOURCE_LANGUAGE, as_json: Json = False) -> None:
    """Delete a scenario with all its runs."""
    speech: Speech = Spoken(language_of(lang))
    with refusing_in(speech), writing() as connection:
        runs = delete_scenario(connection, name)
    if as_json:
        print_json({"deleted": name, "runs": runs})
        return
    _say(told("Scenario {name} is deleted, with {count} runs.", name=name, count=runs), speech)


def _compute(name: str, year: str, rule: str, by: str) -> Computed:
    for option, value, known in (("--year", year, YEARS), ("--rule", rule, RULES), ("--by", by, tuple(SPLITS))):
        if value not in known:
            message = "{option} '{value}' is not known: {known} expected."
            raise DataRefused(told(message, option=option, value=value, known=", ".join(known)))
    with writing() as connection:
        kept = read_scenario(connection, name)
    with computing(timeout_s=get_settings().command_seconds) as connection:
        return judge_plots(connection, compute_run(connection, kept, Choice(year, rule, by)))


def _store(connection: Connection, computed: Computed) -> int:
    """Number of the run that is stored; NotFound where its scenario was deleted meanwhile."""
    read_scenario(connection, computed.kept.scenario.name)
    return store_run(connection, computed, code=code_version())


def _say(sentence: str, speech: Speech) -> None:
    out.print(retold(sentence, speech), highlight=False, markup=False)


def _tell(run: RunKept, speech: Speech) -> None:
    report = run.report
    seen: dict[str, Mapping[str, Any]] = {}
    for areas in (report["gain"]["areas"], report["harm"]["areas"], report["harm"]["below"]):
        seen |= {area["area"]: area for area in areas}
    if seen:
        print_table([_cells(area) for area in list(seen.values())[:MOST_ROWS]], AREAS)
    if len(seen) > MOST_ROWS:
        _say(told("{count} more areas: --json has them all.", count=len(seen) - MOST_ROWS), speech)
    for sentence in describe_run(run):
        _say(sentence, speech)


def _cells(area: Mapping[str, Any]) -> dict[str, Any]:
    shown = {key: area[key] for key in AREAS}
    return {**shown, "tail": "tail" if area["tail"] else "", "area_ha": f"{area['area_ha']:.1f}"} | {
        key: "" if area[key] is None else f"{area[key]:.3f}" for key in ("before", "after")
    }


def _edits(connection: Connection, kept: Kept) -> list[dict[str, Any]]:
    name = kept.scenario.name
    found = Alteration(connection, kept.scenario, read_network(connection), source=name)
    return [edit._asdict() for edit in found.edits]


def _newest(connection: Connection, name: str) -> RunKept:
    read_scenario(connection, name)
    runs = list_runs(connection, name)
    if not runs:
        raise NotFound(told("Scenario '{name}' was never run: obod scenario run {name}.", name=name))
    return runs[0]


def _side_by_side(one: Mapping[str, Any], two: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    def figures(report: Mapping[str, Any]) -> dict[str, Any]:
        gain, harm, plots = report["gain"], report["harm"], report.get("plots") or {}
        nothing: Mapping[str, Any] = {"plots": None, "area_ha": None}
        better, worse = (plots.get(kind, nothing) for kind in ("better", "worse"))
        return {
            "cost_usd": report["cost_usd"],
            "gained_ha": gain["area_ha"],
            "gained_ha_best": gain["area_ha_best"],
            "families": gain["families"],
            "delivered_m3": gain["delivered_m3"],
            "head_m3": gain["head_m3"],
            "usd_per_ha": report["usd_per_ha"],
            "harmed_areas": len(harm["areas"]),
            "below_ha": harm["below_ha"],
            "unknown_areas": len(report["unknown"]),
            "better_plots": better["plots"],
            "better_ha": better["area_ha"],
            "worse_plots": worse["plots"],
            "worse_ha": worse["area_ha"],
        }

    first, second = figures(one), figures(two)
    return [(key, first[key], second[key]) for key in first]


def _unlike_areas(connection: Connection, one: RunKept, two: RunKept) -> list[dict[str, Any]]:
    """Areas whose least ratio differs between two runs; None unknown, or not reached by that one."""
    first, second = (least_ratios(connection, run.run) for run in (one, two))
    rows = []
    for code in sorted({*first, *second}):
        before = (first.get(code) or second[code])[0]
        after = [of.get(code, (None, None))[1] for of in (first, second)]
        if after[0] != after[1]:
            row = {"area": code, "before": before}
            rows.append(row | dict(zip((one.scenario, two.scenario), after, strict=True)))
    return rows
