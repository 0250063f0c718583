"""The planner's view of water: which canals and fields get how much of their need, month by month."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from api.content import plans_told, water_told
from api.deps import Caller, CallerDep, LanguageDep, SnapshotDep, enter_reading
from api.language.translate import Language, local_name, name_district, sort_key, translate
from api.maps.folium_map import corners
from api.maps.legend import legend_of_layer
from api.maps.water_map import PERIODS, WaterShown, tell_period, water_legend
from api.rendering.pages import render
from api.routes.found import FRESH, HTML
from api.routes.links import tongues
from api.routes.picked import ViewDep
from api.routes.plots import cache_headers
from api.routes.water import said_fault
from api.routes.water_choice import WaterQuery, shown_balance
from api.web.description import given
from layers.catalogue.balances import AreaBalance, ReachBalance
from layers.catalogue.base import STAFF, Audience
from layers.errors import NotFound
from layers.features.districts import require_district, summaries
from layers.postgres.engine import Connection, reading
from layers.records.audit import Act
from layers.records.balances import BalanceArea
from layers.water.balance_rows import (
    Published,
    bounds_of_reaches,
    canal_of,
    codes_of_areas,
    find_areas,
    find_balance,
    find_reaches,
    list_published,
)
from layers.water.canal_shares import known_canals, share_by_canal, worst_canals
from layers.water.networks import read_network
from layers.water.shown_places import find_places
from layers.water.shown_rankings import list_rankings
from layers.water.shown_scenarios import list_shown

router = APIRouter(tags=["pages"])


@router.get(
    "/water", summary="The planner's view of water", response_class=Response, responses=given({HTML: None}, 404)
)
def get_water_page(
    request: Request,
    caller: CallerDep,
    lang: LanguageDep,
    state: SnapshotDep,
    view: ViewDep,
    asked: WaterQuery,
    district: str | None = None,
) -> Response:
    """Return the page: a kind of year, a rule of sharing and a month, with canals by how much of their need arrives.

    Where no balance of that year and rule is published it says so, and shows no other one.
    """
    base, audience = request.scope.get("root_path", ""), caller.audience_in(None)
    with reading(audience) as connection:
        served = state.fresh(connection)
        districts = {one.code: one for one in summaries(connection, served)}
        if district:
            require_district(connection, served, district)
        water = shown_balance(connection, asked)
        published = list_published(connection)
        here = next((one for one in published if (one.year, one.rule) == (water.year, water.rule)), None)
        tables = None if here is None else _tables(connection, here, published, water, district or None, lang)
        canal = _canal(connection, caller, water, lang) if here and water.canal else None
        plans = [one for one in list_shown(connection) if (one.year, one.rule) == (water.year, water.rule)]
        rankings = list_rankings(connection)
        plan = next((one for one in plans if one.scenario == water.scenario), None)
        changes = None if plan is None else find_places(connection, plan.run)
    name = local_name(districts[district].names, lang, otherwise=district) if district else None
    kept = {"district": district or "", **_state(water), **dict(view.asked().items())}
    content = render(
        "water.html",
        lang=lang,
        base=base,
        tongues=tongues(request),
        synthetic=here.synthetic if here else any(one.synthetic for one in districts.values()),
        place=name_district(name, lang) if name else None,
        districts=sorted(
            ((one.code, local_name(one.names, lang, otherwise=one.code)) for one in districts.values()),
            key=lambda one: sort_key(one[1], lang),
        ),
        district=district or "",
        choices=water_told.tell_choices(
            water.year, water.rule, water.month, {(one.year, one.rule) for one in published}, lang
        ),
        title=water_told.title_of(water.year, water.rule, water.month, lang),
        missing=_missing(water, published, lang) if here is None else None,
        offered=[
            (water_told.title_of(one.year, one.rule, water.month, lang), _other(base, kept, one, lang))
            for one in published
        ],
        water=water,
        tables=tables,
        canal=canal,
        period=tell_period(water, lang),
        part=f"{base}/water/canal?{urlencode({'year': water.year, 'rule': water.rule, 'lang': lang})}",
        legend=water_legend(legend_of_layer(ReachBalance)),
        hidden=[(key, text) for key, text in view.asked().items() if key != "at"],
        links=_links(base, kept, lang),
        map_address=_map(base, kept, lang, scenario="", beside="" if plan is None else plan.scenario),
        plans=[(one.scenario, one.title or one.scenario) for one in plans],
        plan=None if plan is None else plans_told.tell_plan(plan, lang),
        plan_missing=None if plan or not water.scenario else _not_shown(water.scenario, lang),
        plan_address=None if plan is None else _map(base, kept, lang),
        places=changes,
        changes_at=None if changes is None or changes.bounds is None else corners(changes.bounds),
        changes_address=f"{base}/water?{urlencode(_asked({**kept, 'district': '', 'canal': '', 'at': ''}, lang))}",
        rankings=[plans_told.tell_ranking(one, lang) for one in rankings],
        land_address=f"{base}/?{urlencode({'district': district or '', 'lang': lang})}",
    )
    return HTMLResponse(content, headers=FRESH if audience < STAFF else cache_headers(audience))


@router.get("/water/canal", include_in_schema=False)
def get_canal_part(request: Request, caller: CallerDep, lang: LanguageDep, asked: WaterQuery) -> Response:
    """Return what the page tells of one canal, as a part of it.

    Raises
    ------
    NotFound : no such balance is published, or it has no such canal.
    """
    base, audience = request.scope.get("root_path", ""), caller.audience_in(None)
    with reading(audience) as connection:
        water = shown_balance(connection, asked)
        canal = _canal(connection, caller, water, lang)
    content = render("_canal.html", lang=lang, base=base, canal=canal, water=water, period=tell_period(water, lang))
    return HTMLResponse(content, headers=FRESH if audience < STAFF else cache_headers(audience))


def _tables(
    connection: Connection,
    here: Published,
    published: Sequence[Published],
    water: WaterShown,
    district: str | None,
    lang: Language,
) -> dict[str, Any]:
    """Canals in each period, the worst first, and what each published rule gives to these."""
    names, count = worst_canals(connection, here.balance_id, district)
    by_rule = {
        one.rule: share_by_canal(connection, one.balance_id, names) for one in published if one.year == water.year
    }
    alike = [set[str].intersection(*(known_canals(of, period) for of in by_rule.values())) for period in PERIODS]
    return {
        "canals": [
            [
                water_told.tell_canal(share, period, lang)
                for share in sorted(by_rule[here.rule], key=lambda one: _order(float(one.thirds[period].min())))
            ]
            for period in PERIODS
        ],
        "more": water_told.tell_more(len(names), count, lang),
        "rules": [
            [water_told.tell_rule(rule, by_rule[rule], period, alike[period], lang) for rule in sorted(by_rule)]
            for period in PERIODS
        ],
    }


def _order(least: float) -> tuple[bool, float]:
    return least != least, least  # what is not known comes last


def _canal(connection: Connection, caller: Caller, water: WaterShown, lang: Language) -> dict[str, Any]:
    """What is told of the chosen canal; to staff what it needs and gets, and the faults of its reaches."""
    audience: Audience = caller.audience_in(None)
    told = find_balance(connection, audience, water.year, water.rule, published=True)
    number = told.about["balance"]
    try:
        name, codes = canal_of(connection, number, water.canal)
    except NotFound:
        none = translate(water_told.NO_CANAL, lang).format(canal=water.canal)
        return {"name": water.canal, "none": none, "bounds": None}
    of_areas = [] if name is None else codes_of_areas(connection, number, AreaBalance.canal == name)
    bounds = bounds_of_reaches(connection, number, codes)
    reaches = find_reaches(connection, audience, number, codes)
    areas = find_areas(connection, audience, number, of_areas)
    shares = [] if name is None else share_by_canal(connection, number, [name])
    found: dict[str, Any] = {
        "name": name or water.canal,
        "none": None,
        "bounds": None if bounds is None else corners(bounds),
        "periods": [[water_told.tell_canal(share, period, lang) for share in shares] for period in PERIODS],
        "reaches": water_told.tell_losses(reaches, lang),
        "areas": water_told.tell_areas(areas, lang),
        "supply": [],
        "faults": [],
    }
    if audience >= STAFF:
        found["supply"] = water_told.tell_supply(areas, lang)
        faults = read_network(connection).faults()
        found["faults"] = [said_fault(fault, lang) for fault in faults if fault.code in {*codes, *of_areas}]
        enter_reading(caller, None, Act.LIST, BalanceArea.__tablename__, len(areas))
    return found


def _missing(water: WaterShown, published: Sequence[Published], lang: Language) -> str:
    if not published:
        return translate(water_told.NO_BALANCES, lang)
    return translate(water_told.NO_BALANCE, lang).format(year=water.year, rule=water.rule)


def _not_shown(scenario: str, lang: Language) -> str:
    return translate(plans_told.NOT_SHOWN, lang).format(name=scenario)


def _state(water: WaterShown) -> dict[str, str]:
    chosen = {"year": water.year, "rule": water.rule, "month": str(water.month)}
    return {**chosen, "canal": water.canal, "scenario": water.scenario}


def _asked(kept: dict[str, str], lang: Language, **changed: str) -> dict[str, str]:
    return {name: text for name, text in {**kept, **changed, "lang": lang}.items() if text}


def _other(base: str, kept: dict[str, str], one: Published, lang: Language) -> str:
    return f"{base}/water?{urlencode(_asked(kept, lang, year=one.year, rule=one.rule))}"


def _map(base: str, kept: dict[str, str], lang: Language, **changed: str) -> str:
    return f"{base}/maps/{ReachBalance.__tablename__}?{urlencode(_asked(kept, lang, **changed))}"


def _links(base: str, kept: dict[str, str], lang: Language) -> dict[str, str]:
    """Addresses that a name of a canal or the number of a period is put behind."""
    without = {name: text for name, text in kept.items() if name not in ("canal", "at")}
    return {"canal": f"{base}/water?{urlencode(_asked(without, lang))}&canal="}
