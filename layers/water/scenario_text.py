"""What a run of a scenario is told as: gain first, then what it costs, then whom it harms, then what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from layers.catalogue.supply import Intake
from layers.records.phrases import Digits, Listed, Phrase, Speech, retold, told
from layers.water.scenario_land_text import tell_land
from layers.water.scenario_plot_text import tell_better, tell_worse
from layers.water.scenarios import Kept, RunKept

NAMED: Final = 10  # areas or wells spelled out
YEARS: Final = {"dry": Phrase("Dry year"), "normal": Phrase("Normal year"), "wet": Phrase("Wet year")}
RULES: Final = {
    "proportional": Phrase("in proportion to need"),
    "max-min": Phrase("the least share as great as can be"),
    "tail-first": Phrase("Tail of the canal first"),
    "head-first": Phrase("Head of the canal first"),
    "gardens-first": Phrase("Kitchen gardens first"),
}
NEAR: Final = {
    "wells": Phrase("Wells"),
    "springs": Phrase("Springs"),
    "drinking_water": Phrase("Points of drinking water"),
}

Found = Mapping[str, Any]


def describe_run(run: RunKept) -> list[str]:
    """Return the sentences of a run, to be told in any language."""
    report = run.report
    said: list[str] = [
        told(
            "Scenario {name}, run {run}: {year}; water is shared: {rule}.",
            name=run.scenario,
            run=str(run.run),
            year=YEARS[run.year],
            rule=RULES[run.rule],
        ),
        *(_of_water(report) if report["areas"] else [told("It changes no water.")]),
        *tell_land(report.get("land"), report.get("plots")),
        *_cost(report),
        *tell_better(report.get("plots")),
        *(_harm(report["harm"]) if report["areas"] else []),
        *tell_worse(report.get("plots")),
    ]
    if report["unknown"]:
        message = "Nothing can be said of {count} command areas, without it or with it: {areas}."
        said.append(told(message, count=len(report["unknown"]), areas=_areas(report["unknown"])))
    if report["areas"]:
        said.append(told("Computed from estimated deliveries."))
    if run.synthetic:
        said.append(told("It is computed from synthetic data: none of it is true of any place."))
    if run.taken_back:
        said.append(told("A load that it was computed from was taken back since: run it again."))
    if not run.of_file:
        said.append(told("It was made from an earlier file of this name: run it again."))
    return said


def _of_water(report: Found) -> list[str]:
    river = any(change["layer"] == Intake.__tablename__ for change in report["changes"])
    return [*_gain(report["gain"]), *_water(report["gain"], river=river)]


def describe_shown(report: Found) -> list[str]:
    """Return the sentences of a report as everybody may know it, ``layers.water.shown_scenarios.for_everybody``."""
    said: list[str] = [*_gain(report["gain"]), *_cost(report), *_harm(report["harm"])]
    if report["harm"]["lined"]:
        said.append(told("Which wells lie within 500 m of canal reaches to be lined is told to staff."))
    if report.get("on_land"):  # of those shown before it is not said
        said.append(told("It has works on land or assumes hazards too: what plots become by these is told to staff."))
    if report["unknown"]:
        message = "Nothing can be said of {count} command areas, without it or with it: {areas}."
        said.append(told(message, count=len(report["unknown"]), areas=_areas(report["unknown"])))
    return said


def _areas(areas: Sequence[Found]) -> Listed:
    return Listed([str(area["name"]) for area in areas[:NAMED]], len(areas) - NAMED)


def _hectares(value: float) -> Digits:
    return Digits(f"{value:,.1f}")


def _gain(gain: Found) -> list[str]:
    said: list[str] = []
    if gain["areas"]:
        message = "Three quarters of their need in all months that count, newly on {ha} ha of command areas: {areas}."
        said.append(told(message, ha=_hectares(gain["area_ha"]), areas=_areas(gain["areas"])))
        said.append(told("Families whose plots lie there: {families}.", families=gain["families"]))
    else:
        said.append(told("No command area is brought to three quarters of its need."))
    if abs(gain["area_ha_best"] - gain["area_ha"]) > 0.05:
        message = "If all that is unknown is at its best: {ha} ha."
        said.append(told(message, ha=_hectares(gain["area_ha_best"])))
    return said


def _water(gain: Found, *, river: bool) -> list[str]:
    def m3(name: str) -> Digits:
        return Digits(f"{abs(gain[name]):,.0f}")

    if gain["delivered_m3"] is None or gain["head_m3"] is None:
        return [told("How much more or less water reaches the outlets, or is taken in at the head, is not known.")]
    more, less = gain["delivered_m3"] > 0, gain["delivered_m3"] < 0
    said: list[str] = []
    if more:
        said.append(told("Water that reaches the outlets in the year: {m3} m3 more.", m3=m3("delivered_m3")))
    elif less:
        said.append(told("Water that reaches the outlets in the year: {m3} m3 less.", m3=m3("delivered_m3")))
    else:
        said.append(told("Water that reaches the outlets in the year: as much as now."))
    if gain["head_m3"] > 0 and (less or river):  # water that is not there is not saved
        said.append(told("Taken in at the head: {m3} m3 less.", m3=m3("head_m3")))
    elif gain["head_m3"] > 0:
        said.append(told("Saved at the head: {m3} m3.", m3=m3("head_m3")))
    elif gain["head_m3"] < 0:
        said.append(told("Taken in at the head: {m3} m3 more.", m3=m3("head_m3")))
    else:
        said.append(told("Saved at the head: nothing."))
    return said


def _cost(report: Found) -> list[str]:
    if not report["cost_usd"]:
        return []
    said: list[str] = [told("Cost: {usd} USD.", usd=Digits(f"{report['cost_usd']:,.0f}"))]
    if report["usd_per_ha"] is not None:
        said.append(told("For each hectare gained: {usd} USD.", usd=Digits(f"{report['usd_per_ha']:,.0f}")))
    if report["usd_per_family"] is not None:
        least, most = (Digits(f"{usd:,.0f}") for usd in report["usd_per_family"])
        said.append(told("For each family: {least} to {most} USD.", least=least, most=most))
    return said


def _harm(harm: Found) -> list[str]:
    areas = harm["areas"]
    said: list[str] = []
    if not areas:
        said.append(told("Harm: the least share of need met falls in no area."))
    else:
        message = "Harm: the least share of need met falls in {count} areas ({areas})."
        said.append(told(message, count=len(areas), areas=_areas(areas)))
        if tails := [area for area in areas if area["tail"]]:
            said.append(told("Of these at the tail of their canal: {areas}.", areas=_areas(tails)))
    if harm["below"]:
        message = "Fall below three quarters of their need: {ha} ha ({areas})."
        said.append(told(message, ha=_hectares(harm["below_ha"]), areas=_areas(harm["below"])))
    for kind in (kind for kind in NEAR if harm["lined"] and kind in harm):
        name, near = NEAR[kind], harm[kind]
        if near is None:
            message = "{kind}: none on record at all; nobody knows of any within 500 m of canal reaches to be lined."
            said.append(told(message, kind=name))
        elif near:
            message = "{kind} within 500 m of canal reaches to be lined, which may live on what these lose: {codes}."
            said.append(told(message, kind=name, codes=Listed(near[:NAMED], len(near) - NAMED)))
        else:
            said.append(told("{kind} within 500 m of canal reaches to be lined: none on record.", kind=name))
    return said


def as_answer(run: RunKept, speech: Speech) -> dict[str, Any]:
    """Return a run as JSON has it: figures, and the sentences in a language."""
    return {
        "run": run.run,
        "scenario": run.scenario,
        "year": run.year,
        "rule": run.rule,
        "by": run.by,
        "synthetic": run.synthetic,
        "made_at": run.made_at,
        "as_of_load": run.as_of_load,
        "crop_table": run.crop_table,
        "code_version": run.code_version,
        "taken_back": run.taken_back,
        "of_file": run.of_file,
        **run.report,
        "said": [retold(sentence, speech) for sentence in describe_run(run)],
    }


def _state(run: RunKept) -> str:
    if not run.of_file:
        return "of an earlier file"
    return "a load it saw was taken back" if run.taken_back else ""


def list_row(kept: Kept, run: RunKept | None) -> dict[str, Any]:
    """Return a scenario as lists have it, with its newest run."""
    found = kept.scenario
    row = {
        "name": found.name,
        "title": found.title,
        "cost_usd": found.cost_usd,
        "works": len(found.works),
        "added_at": kept.added_at,
    }
    if run is None:
        return row | dict.fromkeys(("run", "year", "rule", "by", "gained_ha", "harmed_areas", "synthetic", "state"))
    return row | {
        "run": run.run,
        "year": run.year,
        "rule": run.rule,
        "by": run.by,
        "gained_ha": run.report["gain"]["area_ha"],
        "harmed_areas": len(run.report["harm"]["areas"]),
        "synthetic": run.synthetic,
        "state": _state(run),
    }
