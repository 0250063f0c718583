"""What a ranking of works is told as: the works, what they bring together, the bound, harm, and what nobody knows."""

from __future__ import annotations

from typing import Any, Final

from layers.records.phrases import Digits, Listed, significant, told
from layers.water.works import Ranked, banded

HEADINGS: Final = ("rank", "work", "cost_usd", "spent_usd", "missed")
NAMED: Final = 10  # areas spelled out
UNITS: Final = {"ha": told("ha"), "m3": told("m3"), "families": told("families")}


def _amount(value: float, objective: str) -> Any:
    """A gain as it may be told: families by tens."""
    return banded(value) if objective == "families" else round(value, 1)


def list_works(ranked: Ranked, objective: str) -> list[dict[str, Any]]:
    """Return the works chosen, the most useful first, and what is lost without each."""
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


def sum_up(ranked: Ranked, objective: str, budget: float) -> dict[str, Any]:
    """Return what is found, the bound that no set passes, and the gap; families by tens."""
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


def describe_ranking(ranked: Ranked, objective: str, budget: float) -> list[str]:
    """Return the sentences of a ranking, to be told in any language."""
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
