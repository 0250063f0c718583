"""``obod explain``: why a plot has its class, what limits it and what would help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import orjson
import typer

from api.content.cards import tell_score
from api.content.crops_text import tell_crops, tell_ranked_crop
from api.content.measured import tell_hazard
from api.content.plot_truth import PlotTruth, tell_plot
from api.content.plot_water import tell_water
from api.content.reasons import DRAWN_BY, Reasons, Service, reasons, sentence, tell_cost
from api.content.seen_text import tell_augusts
from api.content.unknown_text import tell_unrecorded
from api.content.value_text import in_sentence
from api.content.water_told import ESTIMATED
from api.language.translate import Language, language_of, number, translate
from api.language.wording import CONFIDENCE
from layers.catalogue.base import PUBLIC, STAFF
from layers.catalogue.land import Plot
from layers.explain.household_fit import explain_fit_of_plot
from layers.explain.plot import explain_plot
from layers.features.greenness import augusts_of
from layers.features.paging import read_feature
from layers.features.places import read_gazetteer
from layers.features.plots import scored_plots
from layers.features.priorities import plot_priority
from layers.postgres.engine import Connection, reading
from layers.records.snapshot import Choice, read_runs
from scripts.output import out, print_json, print_table

WEIGHED: Final = ("membership", "weight")  # columns of every table of criteria


def explain(
    plot_id: Annotated[str, typer.Argument(metavar="PLOT_ID", help="The plot.")],
    scheme: Annotated[str | None, typer.Option(help="Another published scheme.")] = None,
    run: Annotated[int | None, typer.Option(help="A stored run.")] = None,
    lang: Annotated[str, typer.Option(help="Language of what is said of the plot: tg, ru or en.")] = "en",
    profile: Annotated[str | None, typer.Option(help="Also how the plot fits this household profile.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say why a plot has its class: values, memberships, weights, what limits it, what would lift it."""
    with reading(STAFF) as connection:
        found = explain_plot(connection, plot_id, choice=Choice(scheme, run))
        truth, plot = _told(connection, found, Choice(scheme, run), language_of(lang))
        found["told"], found["crops_told"] = truth.text, " ".join(tell_crops(plot, language_of(lang)))
        water = tell_water(found["water"], plot, language_of(lang))
        found["water_told"] = [] if water is None else list(water.sentences)
        augusts = augusts_of(connection, plot_id)
        found["augusts"] = None if augusts is None else augusts.to_json()
        if profile is not None:
            found["fit"] = explain_fit_of_plot(connection, plot_id, found["run"], profile)
            found["priority"] = plot_priority(connection, found["district"], found["run"], plot_id)
    if json:
        print_json(found)
        return
    why = reasons(found, language_of(lang))
    for line in (*_heading(found, truth, language_of(lang)), *_why(found, why, language_of(lang))):
        out.print(line, highlight=False, markup=False)
    _print_criteria(found["criteria"], ("code", "id", "value", "unit", "class", *WEIGHED, "gain", "evidence"), lang)
    for line in (*_what_helps(found, why, language_of(lang)), *_ways(found, why, language_of(lang))):
        out.print(line, highlight=False, markup=False)
    if augusts is not None:
        out.print(tell_augusts(augusts, language_of(lang)), highlight=False, markup=False)
    if profile is not None:
        _print_fit(found["fit"], found["priority"], language_of(lang))


def _told(
    connection: Connection, found: dict[str, Any], choice: Choice, lang: Language
) -> tuple[PlotTruth, dict[str, Any]]:
    """Return what card, page and files say of the plot, and its public properties."""
    district = found["district"]
    run = read_runs(connection).runs_of(choice).get(district)
    runs = {} if run is None else {district: run}
    feature = read_feature(connection, scored_plots(PUBLIC, runs), Plot.plot_id == found["plot_id"])
    plot = orjson.loads(feature or "{}")["properties"]
    return tell_plot(plot, read_gazetteer(connection), lang), plot


def _heading(found: dict[str, Any], truth: PlotTruth, lang: Language) -> Iterator[str]:
    """The plot, its area and run; its class with the points and how good the evidence is, if it has any."""
    area = f"{number(found['area_ha'], lang, digits=2)} {translate('ha', lang)}"
    made_up = [translate("SYNTHETIC DATA", lang)] if found["synthetic"] else []
    run = f"{in_sentence(translate('Scoring run', lang))} {found['run']}"
    yield ", ".join((f"{translate('Plot', lang)} {found['plot_id']}", area, run, *made_up))
    judged = found["subclass"] or found["class"] if truth.settled else f"{truth.words} ({truth.code})"
    about = []
    if found["score"] is not None:
        about.append(tell_score(found, lang))
    if found["confidence"] is not None:
        letter = translate(CONFIDENCE[found["confidence"]], lang)
        about.append(f"{in_sentence(translate('Confidence', lang))}: {letter}")
    yield f"{judged}: {'; '.join(about) or truth.words}"


def _why(found: dict[str, Any], why: Reasons, lang: Language) -> Iterator[str]:
    """What is said of the plot, its crops and of land that is shut, then the reasons."""
    yield from filter(None, (found["told"], found["crops_told"], tell_unrecorded(found["no_record"], lang)))
    yield from (f"- {said}" for said in why.says)
    if found["water_told"]:
        marked = [translate(ESTIMATED, lang)] if found["water"]["months"] else []
        yield f"{translate('Water', lang)}: {' '.join((*found['water_told'], *marked))}"
    for said in why.not_assessed:
        yield f"{translate('Not assessed in this run', lang)}: {said}"


def _what_helps(found: dict[str, Any], why: Reasons, lang: Language) -> Iterator[str]:
    """Remedies, what to measure first, how sure the class is, and crops, a line each where there is something."""
    if lift := why.lift:
        yield f"{lift.said} {_named(lift.remedies)}. {lift.cost} {lift.note}"
    if why.measurement:
        yield why.measurement
    if why.undrawn:
        yield translate(DRAWN_BY, lang).format(command="obod robustness --pending")
    if sure := why.sureness:
        yield from filter(None, (sure.flagged, sure.top))
    for crop in found["best_crops"]:
        yield f"  {tell_ranked_crop(crop, lang)}"


def _ways(found: dict[str, Any], why: Reasons, lang: Language) -> Iterator[str]:
    """The way from home, a safer one, hazards on the plot, and the minutes to services."""
    yield from filter(None, (why.walk, why.safer, why.no_way))
    if zones := found["hazards"]:
        yield f"{translate('Hazards on the plot', lang)}:"
        yield from (f"- {tell_hazard(zone, lang)}" for zone in zones)
    for service in why.services:
        yield f"{service.kind}: {_service(service, lang)}"


def _service(service: Service, lang: Language) -> str:
    if not service.known:
        return f"{translate('not known', lang)}: {service.why_unknown}"
    dry = number(service.minutes, lang) if service.beyond is None else f"> {number(service.beyond, lang)}"
    minutes = {"min, dry season": dry, "min, winter": number(service.minutes_winter, lang)}
    told = [f"{translate(title, lang)}: {text}" for title, text in minutes.items()]
    return "; ".join((*filter(None, [service.name]), *told))


def _print_fit(fit: dict[str, Any], support: dict[str, Any], lang: Language) -> None:
    """Write how the plot fits a household profile: light, sentences, criteria, crops, what support would help."""
    profile = fit["profile"]
    named = f"{translate(profile['title'], lang)} ({profile['name']}: {fit['light']})"
    title = f"{translate('Household fit', lang)}: {named}"
    said = [f"- {sentence(text, lang)}" for text in fit["says"]]
    for line in ("", title, *said):
        out.print(line, highlight=False, markup=False)
    rows = [row for group in fit["groups"] for row in group["criteria"]]
    _print_criteria(rows, ("code", "id", "value", "unit", *WEIGHED), lang)
    for line in (*_of_support(fit, lang), _priority(support, lang)):
        out.print(line, highlight=False, markup=False)


def _of_support(fit: dict[str, Any], lang: Language) -> Iterator[str]:
    """Crops with what can be run alone, and the support that lifts the fit by a step."""
    for crop in fit["crops"]:
        labour = "" if crop["labour"] is None else f" {sentence(crop['labour']['says'], lang)}"
        yield f"{tell_ranked_crop(crop, lang)}.{labour}"
    if found := fit["remedies"]:
        steps = [(translate(step["title"], lang), translate(step["who"], lang)) for step in found["set"]]
        helps = f"{translate('What would help', lang)} ({found['light']}): {_named(steps)}."
        yield f"{helps} {tell_cost(found['cost_usd'], lang)} {translate(found['note'], lang)}"
    yield translate(fit["note"], lang)


def _priority(support: dict[str, Any], lang: Language) -> str:
    low, high = (number(support[f"priority_{end}"], lang, digits=3) for end in ("low", "high"))
    return f"{translate('Priority for support', lang)}, 0–1: {low}–{high}. {translate(support['note'], lang)}"


def _named(steps: Iterable[tuple[str, str]]) -> str:
    return "; ".join(f"{title} ({who})" for title, who in steps)


def _print_criteria(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], lang: str) -> None:
    """Write criteria by their ids; units and levels are told in the reader's language."""
    print_table([_told_row(row, language_of(lang)) for row in rows], columns)


def _told_row(row: Mapping[str, Any], lang: Language) -> dict[str, Any]:
    level = row["level"]
    told = {"unit": translate(row["unit"], lang), "value": translate(level, lang) if level else _short(row["value"])}
    return {name: _short(value) for name, value in row.items()} | told


def _short(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
