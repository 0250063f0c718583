"""``obod explain``: why a plot has its class, what limits it and what would help."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import orjson
import typer

from api.content.crops_text import tell_crops
from api.content.plot_truth import PlotTruth, tell_plot
from api.content.unknown_text import NO_WAY_KNOWN, tell_not_assessed, tell_reason, tell_unrecorded
from api.content.value_text import in_sentence
from api.language.translate import SOURCE_LANGUAGE, Language, language_of
from api.maps.legend import CRITERIA_BY_ID
from geo.household.labour import MONTH_NAMES
from layers.catalogue.base import PUBLIC, STAFF
from layers.catalogue.land import Plot
from layers.explain.household_fit import explain_fit_of_plot
from layers.explain.plot import explain_plot
from layers.features.paging import read_feature
from layers.features.places import read_gazetteer
from layers.features.plots import scored_plots
from layers.features.priorities import plot_priority
from layers.postgres.engine import Connection, reading
from layers.records.snapshot import Choice, read_runs
from scripts.output import out, print_json, print_table


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
        truth, found["crops_told"] = _told(connection, found, Choice(scheme, run), language_of(lang))
        found["told"] = truth.text
        if profile is not None:
            found["fit"] = explain_fit_of_plot(connection, plot_id, found["run"], profile)
            found["priority"] = plot_priority(connection, found["district"], found["run"], plot_id)
    if json:
        print_json(found)
        return
    mark = ", synthetic data" if found["synthetic"] else ""
    out.print(f"Plot {found['plot_id']}, {found['area_ha']} ha, run {found['run']}{mark}", highlight=False)
    score = "no score" if found["score"] is None else f"score {found['score']}"
    span = "" if found["score_low"] == found["score_high"] else f" ({found['score_low']} to {found['score_high']})"
    judged = found["subclass"] or found["class"] if truth.settled else f"{truth.words} ({truth.code})"
    out.print(f"{judged}: {score}{span}, confidence {found['confidence']}", highlight=False)
    for said in filter(None, (found["told"], found["crops_told"])):
        out.print(said, highlight=False)
    if said := tell_unrecorded(found["no_record"], language_of(lang)):
        out.print(said, highlight=False)
    for sentence in found["says"]:
        out.print(f"- {_sentence(sentence)}", highlight=False)
    for said in tell_not_assessed(found["not_assessed"], language_of(lang)):
        out.print(f"Not assessed in this run: {said}", highlight=False)
    rows = [{name: _short(value) for name, value in row.items()} for row in found["criteria"]]
    print_table(rows, ("code", "id", "value", "unit", "class", "membership", "weight", "gain", "evidence"))
    for line in (*_what_helps(found), *_ways(found)):
        out.print(line, highlight=False)
    if profile is not None:
        _print_fit(found["fit"])
        span = " to ".join(str(found["priority"][f"priority_{end}"]) for end in ("low", "high"))
        out.print(f"Priority for support, 0 to 1: {span}. {found['priority']['note']}", highlight=False)


def _told(connection: Connection, found: dict[str, Any], choice: Choice, lang: Language) -> tuple[PlotTruth, str]:
    """Return what card, page and files say of the plot, and of its crops in a paragraph."""
    district = found["district"]
    run = read_runs(connection).runs_of(choice).get(district)
    runs = {} if run is None else {district: run}
    feature = read_feature(connection, scored_plots(PUBLIC, runs), Plot.plot_id == found["plot_id"])
    plot = orjson.loads(feature or "{}")["properties"]
    return tell_plot(plot, read_gazetteer(connection), lang), " ".join(tell_crops(plot, lang))


def _print_fit(fit: dict[str, Any]) -> None:
    """Write how the plot fits a household profile: light, sentences, criteria, crops, what support would help."""
    profile = fit["profile"]
    out.print(f"\nFit for {profile['title']} ({profile['name']}): {fit['light']}", highlight=False)
    for sentence in fit["says"]:
        out.print(f"- {_sentence(sentence)}", highlight=False)
    rows = [
        {name: _short(value) for name, value in row.items()} | {"value": row["level"] or _short(row["value"])}
        for group in fit["groups"]
        for row in group["criteria"]
    ]
    print_table(rows, ("code", "id", "value", "unit", "membership", "weight"))
    for crop in fit["crops"]:
        labour = "" if crop["labour"] is None else f" {_sentence(crop['labour']['says'])}"
        out.print(f"{_crop(crop)}{labour}", highlight=False)
    if fit["remedies"]:
        names = ", ".join(f"{remedy['title']} ({remedy['who']})" for remedy in fit["remedies"]["set"])
        out.print(
            f"To reach {fit['remedies']['light']} for about {fit['remedies']['cost_usd']:,.0f} USD: {names}.",
            highlight=False,
        )
        out.print(fit["remedies"]["note"], highlight=False)
    out.print(fit["note"], highlight=False)


def _crop(crop: dict[str, Any]) -> str:
    """One crop with its class, on what condition, what holds it back and when to start."""
    conditions = "".join(f", {_sentence(said)}" for said in crop["conditions"])
    start = f"; start in {MONTH_NAMES[crop['start_month'] - 1]}" if crop["start_month"] else ""
    words = f"{crop['class']}, {_sentence(crop['class_says'])}"
    return f"{crop['title']}{conditions}: {words}, held back most by {crop['limiting']}{start}."


def _sentence(said: dict[str, Any]) -> str:
    args = {name: ", ".join(given) if isinstance(given, list) else given for name, given in said["args"].items()}
    return str(said["text"]).format(**args)


def _what_helps(found: dict[str, Any]) -> Iterator[str]:
    """Remedies, what to measure first, how sure the class is, and crops, a line each where there is something."""
    if found["remedies"]:
        names = ", ".join(f"{remedy['title']} ({remedy['who']})" for remedy in found["remedies"]["set"])
        yield f"To reach {found['remedies']['class']} for about {found['remedies']['cost_usd']:,.0f} USD: {names}."
        yield found["remedies"]["note"]
    if found["measurement"]:
        wanted = found["measurement"]
        title = in_sentence(CRITERIA_BY_ID[wanted["criterion"]].title)
        yield f"To be surer of the class, measure this: {title} (about {wanted['cost_usd']:.0f} USD)."
        yield f"  {wanted['how']}"
    if found["score"] is not None and found["robustness"] is None:
        yield "obod robustness --pending draws how sure the class is."
    if sure := found["robustness"]:
        if sure["flagged"]:
            yield "Fewer than 70 of 100 draws fall into one class: do not rely on it."
        if sure["top_share"] is not None:
            share = f"{100 * sure['top_share']:.0f} of 100 draws"
            yield f"In {share} it is among the best {sure['top_of']} of the district."
    for crop in found["best_crops"]:
        yield f"  {_crop(crop)}"


def _ways(found: dict[str, Any]) -> Iterator[str]:
    """The way from home, a safer one, hazards on the plot, and the minutes to services."""
    way = found["way"]
    if way is None:
        yield NO_WAY_KNOWN.format(reason=tell_reason(found["why_no_way"], SOURCE_LANGUAGE))
    else:
        yield (
            f"From {way['home']}: {way['minutes_out']:.0f} min out, {way['minutes_back']:.0f} min back; exposure "
            f"{way['exposure_m']} m{_in_months(way['exposure_by_month_m'])}."
        )
        if way["unmapped_m"]:
            yield f"On {way['unmapped_m']} m of it some hazard was never looked for."
        if safer := way["safer"]:
            yield (
                f"Safer way: {safer['extra_minutes']:+.0f} min there and back, exposure {safer['exposure_m']} m "
                f"({safer['exposure_saved_m']} m less)."
            )
    for hazard in found["hazards"]:
        caution = f" ({hazard['caution']})" if hazard["caution"] else ""
        months = f", months {hazard['months']}" if hazard["months"] else ""
        told = f"{hazard['process']}, {hazard['level']}, threatens {hazard['threatens']}"
        yield f"Hazard on the plot: {told}{months}{caution}."
    for service in found["services"]:
        yield f"{service['kind']}: {_service(service)}"


def _service(service: dict[str, Any]) -> str:
    if not service["known"]:
        return f"not known: {tell_reason(service['why_unknown'], SOURCE_LANGUAGE)}"
    if service["minutes"] is None:
        return f"farther than {service['farther_than_minutes']:.0f} min, or no way leads there"
    winter = "out of reach" if service["minutes_winter"] is None else f"{service['minutes_winter']:.0f} min"
    return f"{service['minutes']:.0f} min, in winter {winter} ({service['nearest']['code']})"


def _in_months(exposure: list[int]) -> str:
    months = [str(number) for number, metres in enumerate(exposure, start=1) if metres]
    return f" in months {', '.join(months)}" if 0 < len(months) < len(exposure) else ""


def _short(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value
