"""What a file says about itself: where it comes from, by which run, what the classes mean, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from api.content.cards import unknown_in_run
from api.content.crops_text import tell_crops
from api.content.data_dictionary import data_dictionary
from api.content.outlines import tell_agreement, tell_agreements
from api.content.plot_truth import NO_MINE_RECORD, tell_plot
from api.content.standing import facts as standing_facts
from api.content.unknown_text import tell_not_assessed, tell_unrecorded
from api.language.translate import Language, day, local_name, translate
from api.language.wording import CLASS_MEANINGS, EARLIER_RULE, scheme_title
from geo.household_fit.rating import SUPPORT_NEEDED
from layers.catalogue.admin import District
from layers.catalogue.base import Layer
from layers.catalogue.land import Plot
from layers.catalogue.qgis_style import qml
from layers.features.agreement import agreements
from layers.features.export import About
from layers.features.features import Features
from layers.features.places import Gazetteer, read_gazetteer
from layers.features.plots import PLOTS
from layers.features.provenance import Source, sources_of, sources_of_rows
from layers.features.standing import WHOLE, standing_by_jamoat
from layers.postgres.engine import Connection
from layers.records.snapshot import Run, Snapshot

TOLD: Final = "told"  # column and property with what is said of a plot
CROPS_TOLD: Final = "crops_told"  # and of its crops


def about_plots(
    connection: Connection,
    served: Snapshot,
    district: str,
    names: Mapping[str, str | None],
    run: Run | None,
    features: Features,
    lang: Language,
    *,
    cut_at: int | None,
) -> About:
    """Return what a file of the plots of a district says, in ``lang``; ``cut_at`` rows are in it, if not all are."""
    synthetic = served.synthetic(district) or (run is not None and run.synthetic)
    agreed = agreements(connection, District).get(district, ())
    facts = [
        (translate("District", lang), f"{local_name(names, lang, otherwise=district)} ({district})"),
        *((translate("Outline", lang), said) for said in tell_agreement(agreed, lang)),
        *_provenance(sources_of_rows(connection, Plot, PLOTS.district == district), lang),
        *_run_facts(run, lang),
        *((name, translate(meaning, lang)) for name, meaning in CLASS_MEANINGS.items()),
        (translate("Mines", lang), translate(NO_MINE_RECORD, lang)),
    ]
    if run is not None and run.earlier_rule:
        facts.insert(0, (translate("Scoring run", lang), translate(EARLIER_RULE, lang)))
    if run is not None and WHOLE in (standing := standing_by_jamoat(connection, run, district)):
        facts += standing_facts(standing[WHOLE], lang)
    unknown = unknown_in_run(connection, run, district)
    if said := tell_unrecorded(unknown.unrecorded, lang):
        facts.append((translate("Not on record", lang), said))
    facts += (
        (translate("Not assessed in this run", lang), said) for said in tell_not_assessed(unknown.not_assessed, lang)
    )
    places = read_gazetteer(connection)
    if synthetic:
        facts.insert(0, _made_up(lang))
    members: dict[str, Any] = {
        "district": district,
        "run": None if run is None else run.run_id,
        "scheme": None if run is None else run.scheme,
        "synthetic": synthetic,
        "earlier_rule": run is not None and run.earlier_rule,
    }
    return About(
        title=translate(Plot.card.title, lang),
        facts=facts,
        headings={**headings(features, lang), **told_headings(lang)},
        told=told_columns(places, lang),
        columns=data_dictionary(features, told_headings(lang), lang),
        style=qml(Plot, lambda text: translate(text, lang)),
        cut=None if cut_at is None else cut_sentence(cut_at, lang),
        members=members,
    )


def told_of(plot: Mapping[str, Any], places: Gazetteer, lang: Language) -> dict[str, str]:
    """Return what is said of one plot, and of its crops, by the names of these columns."""
    return {name: tell(plot) for name, tell in told_columns(places, lang).items()}


def told_columns(places: Gazetteer, lang: Language) -> dict[str, Callable[[Mapping[str, Any]], str]]:
    """Return the last columns of a file of plots: what is said of each, and of its crops, in ``lang``."""
    return {
        TOLD: lambda plot: tell_plot(plot, places, lang).text,
        CROPS_TOLD: lambda plot: " ".join(tell_crops(plot, lang)),
    }


def told_headings(lang: Language) -> dict[str, str]:
    """Return the headings of these columns."""
    return {
        TOLD: translate("What is said of the plot", lang),
        CROPS_TOLD: translate("What is said of its crops", lang),
    }


def about_fit(about: About, profile: str, title: str, lang: Language) -> About:
    """Return what a file says that also holds the fit of a household profile: of which, and what a low fit means."""
    told = f"{translate(title, lang)} ({profile})"
    fit = (
        (translate("Household profile", lang), told),
        (translate("Household fit", lang), translate(SUPPORT_NEEDED, lang)),
    )
    members = {**about.members, "profile": profile, "note": SUPPORT_NEEDED}
    return replace(about, facts=[*about.facts, *fit], members=members)


def about_layer(connection: Connection, features: Features, lang: Language) -> About:
    """Return what a file of any layer says, in ``lang``."""
    layer = features.layer
    sources = sources_of(connection, [layer.__tablename__])
    synthetic = any(source.synthetic for source in sources)
    facts = [(translate(layer.card.title, lang), translate(layer.card.about, lang)), *_provenance(sources, lang)]
    if layer.tiles_land:
        told = tell_agreements(agreements(connection, layer), lang)
        facts += ((translate("Outline", lang), sentence) for sentence in told)
    if synthetic:
        facts.insert(0, _made_up(lang))
    said = told_headings(lang) if layer.judged else {}
    return About(
        title=translate(layer.card.title, lang),
        facts=facts,
        headings={**headings(features, lang), **said},
        told=told_columns(read_gazetteer(connection), lang) if said else {},
        columns=data_dictionary(features, said, lang),
        style=qml(layer, lambda text: translate(text, lang)),
        members={"layer": layer.__tablename__, "synthetic": synthetic},
    )


def headings(features: Features, lang: Language) -> dict[str, str]:
    """Return property -> column heading in ``lang``, with the unit."""
    return {
        name: f"{translate(item.title, lang)} [{translate(item.unit, lang)}]"
        if item.unit
        else translate(item.title, lang)
        for name, item in features.properties.items()
    }


def cut_sentence(rows: int, lang: Language) -> str:
    """Return the sentence that says that a file holds only the first rows."""
    return translate("Only the first {rows} rows are in this file; more match.", lang).format(rows=rows)


def attribution(sources: list[Source], layer: type[Layer] | None, lang: Language) -> str:
    """Return the credit of a map layer as one line."""
    said = [
        f"{source.source} ({source.licence})" if source.licence else str(source.source)
        for source in sources
        if source.source
    ]
    if any(source.synthetic for source in sources):
        said.append(translate("SYNTHETIC DATA", lang))
    if layer is not None and "not official" in layer.card.about.lower():
        said.append(translate("Boundaries are not official.", lang))
    return "; ".join(dict.fromkeys(said))


def _made_up(lang: Language) -> tuple[str, str]:
    warning = translate("Made up to show how the service works. Do not decide about real land with it.", lang)
    return translate("SYNTHETIC DATA", lang), warning


def _provenance(sources: list[Source], lang: Language) -> Iterator[tuple[str, str]]:
    for source in sources:
        stated = source.source or translate("source not stated", lang)
        licence = source.licence or translate("licence not stated", lang)
        dated = f", {day(source.source_date, lang)}" if source.source_date else ""
        yield translate("Source", lang), f"{stated}{dated}; {licence}"


def _run_facts(run: Run | None, lang: Language) -> Iterator[tuple[str, str]]:
    if run is None:
        yield translate("Scoring run", lang), translate("No run has judged these plots yet.", lang)
        return
    yield translate("Scoring run", lang), f"{run.run_id} ({scheme_title(run.scheme, lang)})"
    yield translate("Date of the run", lang), day(run.finished_at, lang)
