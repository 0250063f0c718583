"""Water of canals and command areas as the published balance shares it, and faults of the network."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from api.content.water_told import ESTIMATED
from api.deps import (
    JSON,
    Caller,
    CallerDep,
    LanguageDep,
    SnapshotDep,
    enter_reading,
    get_caller,
    json_answer,
    known_parameters,
)
from api.language.translate import Language, translate
from api.routes.plots import cache_headers, staff_answer
from api.routes.scenario_shares import OF_RUN, WaterWithScenario, about_run
from api.routes.scenarios import require_staff
from api.routes.water_csv import shares_as_csv
from api.web.description import Answer, given
from geo.water.network.parts import SENTENCES, Fault
from geo.water.sharing.rules import RULES
from layers.catalogue.balances import AreaBalance
from layers.catalogue.base import STAFF, Audience
from layers.catalogue.irrigation import Canal
from layers.catalogue.supply import YEAR_TYPES
from layers.errors import BadFilter, NotAllowed
from layers.features.districts import require_district
from layers.features.features import require_code
from layers.postgres.engine import reading
from layers.records.audit import Act
from layers.records.balances import BalanceArea
from layers.water.balance_rows import (
    OF_AREAS,
    canal_of,
    codes_of_areas,
    find_areas,
    find_balance,
    find_reaches,
    find_shares,
    require_area,
)
from layers.water.networks import faults_frame, read_network
from layers.water.scenario_shares import OF_SCENARIO, newest_run, shares_with

router = APIRouter(
    tags=["water"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)

CSV: Final = "text/csv"
Year = Annotated[str | None, Query(description="Kind of year.", json_schema_extra={"enum": [*YEAR_TYPES]})]
Rule = Annotated[str | None, Query(description="Rule of sharing.", json_schema_extra={"enum": [*RULES]})]
Supply = Literal["enough", "fair", "short", "scarce", "unknown"]
STAFFS: Final = "To staff only."


class WaterPeriod(Answer):
    """A month (part 0) or a part of ten days. A ratio that is null is not known, or nothing is needed; m3/s."""

    month: int
    part: int
    ratio: float | None = Field(description="Delivered over needed, at the worst that what is known allows.")
    ratio_best: float | None = Field(None, description=STAFFS)
    need_m3_s: float | None = Field(None, description=STAFFS)


class WaterPeriodOfArea(WaterPeriod):
    """What an area gets."""

    delivered_m3_s: float | None = Field(None, description=STAFFS)
    delivered_best_m3_s: float | None = Field(None, description=STAFFS)
    unknown: str | None = Field(None, description=f"Why the need is not known. {STAFFS}")


class WaterPeriodOfReach(WaterPeriod):
    """What a reach takes in and loses."""

    flow_m3_s: float | None = Field(None, description=STAFFS)
    flow_most_m3_s: float | None = Field(None, description=STAFFS)
    lost_m3_s: float | None = Field(None, description=STAFFS)
    lost_most_m3_s: float | None = Field(None, description=STAFFS)


class WaterOfYear(Answer):
    """Figures of the year; a ratio is of the worst month."""

    code: str
    canal: str | None
    supply: Supply
    ratio: float | None
    ratio_best: float | None
    worst_month: int | None
    need_m3: float | None


class WaterOfArea(WaterOfYear):
    """A command area."""

    distance_m: float | None
    periods: list[WaterPeriodOfArea]


class WaterOfReach(WaterOfYear):
    """A canal reach; a ratio is that of all land beyond."""

    flow_m3_s: float | None
    lost_m3: float | None
    periods: list[WaterPeriodOfReach]


class WaterEquity(Answer):
    """How evenly a canal shares: ratios of thirds of its hectares by distance, and figures of performance."""

    head: float | None
    middle: float | None
    tail: float | None
    head_tail: float | None
    adequacy: float | None
    efficiency: float | None
    dependability: float | None
    equity: float | None
    gini: float | None


class WaterBalanceTold(Answer):
    """A water balance. How it was made is told to staff only."""

    balance: int
    year: Literal["dry", "normal", "wet"]
    rule: str
    synthetic: bool
    note: str
    state: Literal["published", "earlier"] | None = None
    by: Literal["month", "decade"] | None = None
    as_of_load: int | None = None
    crop_table: str | None = None
    rain_method: str | None = None
    code_version: str | None = None
    made_at: datetime | None = None
    taken_back: bool | None = None
    left_out: list[str] = Field(default_factory=list)


class CanalWater(WaterBalanceTold):
    """A canal in the published balance; null: its one reach belongs to no canal."""

    canal: str | None
    equity: WaterEquity | None = None
    reaches: list[WaterOfReach]
    areas: list[WaterOfArea]


class AreaWater(WaterBalanceTold):
    """A command area in the published balance."""

    area: WaterOfArea


class WaterShare(Answer):
    """What a command area gets by period."""

    code: str
    canal: str | None
    periods: list[WaterPeriodOfArea]


class WaterShares(WaterBalanceTold):
    """What command areas of a canal or district get by period."""

    areas: list[WaterShare]


class NetworkFault(Answer):
    """A fault of the network; without a place where it lies nowhere on the map."""

    kind: str
    code: str
    sentence: str
    matters: bool = Field(description="The network it lies in is left out of balances.")
    longitude: float | None
    latitude: float | None


class NetworkFaults(Answer):
    """Faults of the network, and how much there is of what."""

    counts: dict[str, int]
    faults: list[NetworkFault]


MODELS: Final = (CanalWater, AreaWater, WaterShares, NetworkFaults)


@router.get("/water/canals/{code}", summary="Water of a canal", responses=given({JSON: CanalWater}, 404))
def get_canal(code: str, caller: CallerDep, lang: LanguageDep, year: Year = None, rule: Rule = None) -> Response:
    """The canal of that name, or that a reach of that code lies on, in the published balance of a year and rule.

    Everybody sees the year, and the ratio of each month; staff see what is needed, taken in, lost and delivered in each
    period at both ends of what is not known, and how evenly the canal shares.
    """
    audience = caller.audience_in(None)
    _require_codes(year, rule)
    with reading(audience) as connection:
        told = find_balance(connection, audience, year, rule, published=True)
        number = told.about["balance"]
        canal, reaches = canal_of(connection, number, code)
        codes = [] if canal is None else codes_of_areas(connection, number, AreaBalance.canal == canal)
        content: dict[str, Any] = {
            "canal": canal,
            "reaches": find_reaches(connection, audience, number, reaches),
            "areas": find_areas(connection, audience, number, codes),
        }
    if audience >= STAFF:
        content["equity"] = told.equity.get(canal or "")
    return _answered(caller, None, {**told.about, **content}, len(codes), lang)


@router.get("/water/areas/{code}", summary="Water of a command area", responses=given({JSON: AreaWater}, 404))
def get_area(code: str, caller: CallerDep, lang: LanguageDep, year: Year = None, rule: Rule = None) -> Response:
    """The command area in the published balance of a year and rule; who sees what is as with a canal."""
    audience = caller.audience_in(None)
    _require_codes(year, rule)
    with reading(audience) as connection:
        told = find_balance(connection, audience, year, rule, published=True)
        require_area(connection, told.about["balance"], code)
        (area,) = find_areas(connection, audience, told.about["balance"], [code])
    return _answered(caller, None, {**told.about, "area": area}, 1, lang)


@router.get(
    "/water/balance",
    summary="Water of the command areas of a canal or district",
    responses=given({JSON: WaterShares | WaterWithScenario, CSV: None}, 403, 404),
)
def get_balance(
    caller: CallerDep,
    state: SnapshotDep,
    lang: LanguageDep,
    canal: Annotated[str | None, Query(description="Name of a canal; this or a district.")] = None,
    district: Annotated[str | None, Query(description="Code of a district; this or a canal.")] = None,
    year: Year = None,
    rule: Rule = None,
    scenario: Annotated[str | None, Query(description="Name of a scenario: its newest run, for staff.")] = None,
    f: Annotated[Literal["json", "csv"], Query(description="Form of the answer.")] = "json",
) -> Response:
    """What each command area gets by period; a district's are those whose middle lies in it.

    One balance of each year and rule is published. Unasked, it is the one that land is judged by, else the newest.
    Everybody is told of published ones, and of no other; staff who ask for a year or rule that none is published of get
    the newest balance of these that once was. With a `scenario`, staff are told of the areas that its newest run
    concerns, without it and with it.
    """
    if (canal is None) == (district is None):
        raise BadFilter("Ask for a canal or for a district: one of the two.")
    _require_codes(year, rule)
    if scenario is not None:
        require_staff(caller)
    audience = caller.audience_in(district)
    with reading(audience) as connection:
        if district is not None:
            require_district(connection, state.fresh(connection), district)
        if scenario is not None:
            run = newest_run(connection, scenario, year, rule)
            about, head, values = about_run(run), OF_RUN, OF_SCENARIO
            areas = shares_with(connection, run.run, canal=canal, district=district)
            file = f"scenario-{run.scenario}-{run.run}"
        else:
            told = find_balance(connection, audience, year, rule)
            about, head, values = told.about, _head(audience), ("ratio",) if audience < STAFF else OF_AREAS
            areas = find_shares(connection, audience, told, canal=canal, district=district)
            file = f"water-balance-{about['balance']}"
    if f == "json":
        return _answered(caller, district, {**about, "areas": areas}, len(areas), lang)
    enter_reading(caller, district, Act.LIST, BalanceArea.__tablename__, len(areas))
    fields = {"Vary": "Accept-Language", "Content-Disposition": f'attachment; filename="{file}.csv"'}
    base = {**{name: about[name] for name in head}, "note": translate(ESTIMATED, lang)}
    return Response(shares_as_csv(base, areas, values), media_type=CSV, headers=cache_headers(audience) | fields)


@router.get("/water/faults", summary="Faults of the network", responses=given({JSON: NetworkFaults}, 403, 404))
def get_faults(caller: CallerDep, lang: LanguageDep) -> Response:
    """Everything that is wrong with the network of canals as it is mapped now, for staff."""
    if caller.audience_in(None) < STAFF:
        raise NotAllowed("Faults of the network are for staff only; ask with a staff key of all districts.")
    with reading(STAFF) as connection:
        network = read_network(connection)
    faults = network.faults()
    places = [None if place is None or place.is_empty else place for place in faults_frame(faults).geometry]
    rows = [
        {
            "kind": fault.kind,
            "code": fault.code,
            "sentence": said_fault(fault, lang),
            "matters": fault.matters,
            "longitude": None if place is None else round(place.x, 6),
            "latitude": None if place is None else round(place.y, 6),
        }
        for fault, place in zip(faults, places, strict=True)
    ]
    enter_reading(caller, None, Act.LIST, Canal.__tablename__, len(rows))
    return staff_answer({"counts": network.counts(), "faults": rows}, in_language=True)


def _head(audience: Audience) -> tuple[str, ...]:
    """What every row of a table says of its balance."""
    return ("balance", "year", "rule", "synthetic", *(() if audience < STAFF else ("as_of_load", "crop_table")))


def _require_codes(year: str | None, rule: str | None) -> None:
    if year is not None:
        require_code("year", year, YEAR_TYPES)
    if rule is not None:
        require_code("rule", rule, RULES)


def said_fault(fault: Fault, lang: Language) -> str:
    """Return the sentence of a fault in the reader's language."""
    values = {name: translate(value, lang) for name, value in fault.values.items()}
    return translate(SENTENCES[fault.kind], lang).format(code=fault.code, **values)


def _answered(caller: Caller, district: str | None, content: Mapping[str, Any], areas: int, lang: Language) -> Response:
    enter_reading(caller, district, Act.LIST, BalanceArea.__tablename__, areas)
    answer = json_answer({**content, "note": translate(ESTIMATED, lang)}, in_language=True)
    answer.headers.update(cache_headers(caller.audience_in(district)))
    return answer
