"""What a run of a scenario says of plots: whose class changes, both ways, and what stays unknown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from layers.records.phrases import Digits, Listed, Phrase, Told, told

Found = Mapping[str, Any]

# Why nothing is said of the plots of districts, as reports keep it.
NO_BALANCE: Final = "no balance"
EARLIER_RULE: Final = "earlier rule"
UNTOLD: Final = {
    NO_BALANCE: Phrase(
        "Nothing is said of classes of plots in {districts}: the published result, or the land now, has no balance of "
        "a dry year in proportion to need; obod water balance makes it, then score again."
    ),
    EARLIER_RULE: Phrase(
        "Nothing is said of classes of plots in {districts}: the published result was made by the earlier rule; score "
        "again."
    ),
}
UNKNOWN: Final = {
    "unsettled_with": Phrase("No longer settled with it: {plots} plots, {ha} ha."),
    "not_settled": Phrase(
        "Not settled, without it and with it: {plots} plots, {ha} ha; none of these counts as a gain."
    ),
    "not_evaluated": Phrase("Not evaluated, without it and with it: {plots} plots, {ha} ha."),
}


def tell_better(plots: Found | None) -> list[str]:
    """Return what is said before harm; of runs made before plots were looked at, nothing."""
    if plots is None:
        return []
    if plots["untold"] is not None:
        message = (
            "Land is judged by the balance of a dry year, shared in proportion to need: this run says nothing of "
            "classes of plots."
        )
        return [told(message)]
    said: list[str] = []
    for why, phrase in UNTOLD.items():
        if districts := sorted(name for name, reason in plots["districts_untold"].items() if reason == why):
            said.append(told(phrase.message, districts=Listed(districts)))
    if not plots["judged"]["plots"]:
        return [*said, told("It reaches no plot whose class can be told.")]
    said.append(told("Plots judged without it and with it: {count}.", count=plots["judged"]["plots"]))
    if plots["better"]["plots"]:
        said.append(_of(Phrase("A better class: {plots} plots, {ha} ha ({moves})."), plots, "better"))
    else:
        said.append(told("No plot gets a better class."))
    if plots["settled_with"]["plots"]:
        said.append(
            _of(Phrase("Settled only with it, which is no gain: {plots} plots, {ha} ha."), plots, "settled_with")
        )
    return said


def tell_worse(plots: Found | None) -> list[str]:
    """Return what is said after the harm to areas: who loses, and what stays unknown or as it is on record."""
    if plots is None or plots["untold"] is not None or not plots["judged"]["plots"]:
        return []
    said: list[str] = []
    if plots["worse"]["plots"]:
        said.append(_of(Phrase("Harm: {plots} plots, {ha} ha fall to a worse class ({moves})."), plots, "worse"))
        if plots.get("worse_by_water"):  # runs of before do not say
            message = (
                "Of these {count} plots lie in command areas that get a smaller share of their need in some month."
            )
            said.append(told(message, count=plots["worse_by_water"]))
    else:
        said.append(told("Harm: no plot falls to a worse class."))
    said += [_of(phrase, plots, kind) for kind, phrase in UNKNOWN.items() if plots[kind]["plots"]]
    if plots["by_recorded_ratio"]:
        message = "On {count} plots a surveyed or loaded ratio counts, not the balance: it stays as it is on record."
        said.append(told(message, count=plots["by_recorded_ratio"]))
    if plots["otherwise_served"]:
        message = (
            "{count} plots have another class in the published result, which was made from earlier data: score again."
        )
        said.append(told(message, count=plots["otherwise_served"]))
    return said


def _of(phrase: Phrase, plots: Found, kind: str) -> Told:
    between: dict[tuple[str, str], int] = {}
    for move in plots["moves"]:
        if move["kind"] == kind:
            classes = (move["before"], move["after"])
            between[classes] = between.get(classes, 0) + move["plots"]
    moves = [
        Phrase("from {before} to {after}: {count}", {"before": before, "after": after, "count": count})
        for (before, after), count in between.items()
    ]
    sums = plots[kind]
    return told(phrase.message, plots=sums["plots"], ha=Digits(f"{sums['area_ha']:,.1f}"), moves=Listed(moves))
