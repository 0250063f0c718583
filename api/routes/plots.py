"""Plots: lists by district with filters, pages and files; one plot; why it is in its class."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, Final, Literal, cast

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from api.content.about_files import about_fit, about_plots, told_of
from api.content.asked_plots import list_asked, run_of
from api.content.crops_text import crop_words
from api.content.exports import AS_READ, FinishedFile, file_links, file_parts, kept_file
from api.deps import (
    Caller,
    CallerDep,
    LanguageDep,
    SnapshotDep,
    enter_reading,
    get_caller,
    json_answer,
    known_parameters,
    packed,
)
from api.language.translate import Language, translate
from api.language.wording import EARLIER_RULE
from api.maps.places_cache import AtlasDep
from api.routes.answers import PlotList, PlotTold
from api.web.acceptance import accepted_format
from api.web.description import given
from api.web.streams import BegunStream, known_stream
from geo.household_fit.rating import SUPPORT_NEEDED
from layers.catalogue.base import PUBLIC, STAFF, Audience
from layers.catalogue.land import Plot
from layers.errors import BadFilter, NotFound
from layers.features.districts import district_names, require_district
from layers.features.export import About, Format, stream_geojson
from layers.features.exports import token_of
from layers.features.features import Features
from layers.features.filters import PLOT_FILTERS
from layers.features.household_fit import fitted_plots, require_staff, title_of_fit
from layers.features.paging import (
    Listing,
    Page,
    count_rows,
    cut_after,
    read_feature,
    read_page,
    read_ready_page,
    rows_after,
)
from layers.features.plot_texts import ReadyPlots
from layers.features.plots import PLOTS, by_class_and_score, district_of_plot, scored_plots
from layers.features.row_provenance import with_provenance
from layers.postgres.engine import Connection, reading
from layers.records.audit import Act
from layers.records.snapshot import Choice, Run, Snapshot, SnapshotCache
from layers.settings import get_settings

router = APIRouter(
    tags=["plots"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)

PAGE: Final = 100  # features of a page unless asked otherwise
LARGEST_PAGE: Final = 10_000  # features of a page at most
GEOJSON: Final = "application/geo+json"
CUT: Final = "Obod-Cut"  # header that says that a file holds only its first rows

FILTER_PARAMETERS: Final = [
    {"name": item.name, "in": "query", "required": False, "description": item.about, "schema": dict(item.schema)}
    for item in PLOT_FILTERS.values()
]


@dataclass(frozen=True, slots=True)
class PlotQuery:
    """One request for the plots of a district."""

    district: str
    caller: Caller
    choice: Choice
    filters: Mapping[str, list[str]]
    sortby: str | None
    lang: Language
    profile: str | None = None


async def get_choice(
    scheme: Annotated[str | None, Query(description="Take the run published for this scheme.")] = None,
    run: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Take this run.")] = None,
) -> Choice:
    """Return which result is asked for."""
    return Choice(scheme, run)


ChoiceDep = Annotated[Choice, Depends(get_choice)]
ProfileQuery = Annotated[
    str | None,
    Query(description="Name of a household profile: its fit is given beside the results, to staff only."),
]


@router.get(
    "/districts/{code}/plots",
    summary="Plots of a district",
    openapi_extra={"parameters": FILTER_PARAMETERS},
    responses=given(
        {item.media_type: PlotList if item is Format.GEOJSON else None for item in Format}, 403, 404, headers=[CUT]
    ),
)
def get_plots(
    request: Request,
    code: str,
    caller: CallerDep,
    state: SnapshotDep,
    lang: LanguageDep,
    choice: ChoiceDep,
    profile: ProfileQuery = None,
    limit: Annotated[
        str | None,
        Query(
            description=f"Features of a page ({PAGE} unless given, at most {LARGEST_PAGE}), rows of a file, or `all`.",
            json_schema_extra={"pattern": r"^([1-9][0-9]{0,8}|all)$"},
        ),
    ] = None,
    after: Annotated[str | None, Query(description="Token of a `next` link.")] = None,
    sortby: Annotated[
        str | None, Query(description="Properties separated by commas, `-` before one that falls, such as `-score`.")
    ] = None,
    f: Annotated[Format | None, Query(description="A file with every matching row.")] = None,
) -> Response:
    """Plots with their results, filtered and sorted: a page of GeoJSON, all of it streamed, or a file.

    Unless `sortby` says otherwise plots come by class, S1 first and NE last, then by score, the highest first; equal
    ones in the order of their numbers. `sortby=class` and comparisons of classes go by that order too, not by the
    alphabet. `words` says what the codes of crops mean, in the language of the reader; files say it of every plot in
    the columns `told` and `crops_told`.

    A plot that no run has judged is listed with class `NE` and no score. Scores are rounded down to one decimal;
    filters hold for the values shown. All filters must hold; a repeated one holds if any of its values does.

    With `profile`, staff get the fit of that kind of household beside each result. A low fit means that support is
    needed; it is no part of the score or class.
    """
    filters = {name: request.query_params.getlist(name) for name in request.query_params if name in PLOT_FILTERS}
    asked = PlotQuery(code, caller, choice, filters, sortby, lang, profile)
    wanted = f or accepted_format(request.headers.get("accept"))
    rows = None if limit in (None, "all") else _rows(str(limit))
    if wanted is not None:
        return _file(request, state, asked, wanted, rows, after)
    if limit == "all":
        return _streamed(request, state, asked)
    return _page(request, state, asked, rows or PAGE, after)


@router.get("/plots/{plot_id}", summary="One plot", responses=given({GEOJSON: PlotTold}, 403, 404))
def get_plot(
    plot_id: str,
    caller: CallerDep,
    state: SnapshotDep,
    atlas: AtlasDep,
    lang: LanguageDep,
    choice: ChoiceDep,
    profile: ProfileQuery = None,
) -> Response:
    """One plot as a GeoJSON feature, by `plot_id`; `GET /plots?plot_no=` leads here by number.

    `told` and `crops_told` are what card, page and files say of it and of its crops, in the language of the reader.
    """
    with reading() as connection:
        served = state.fresh(connection)
        district = district_of_plot(connection, plot_id)
    audience = caller.audience_in(district)
    with reading(audience) as connection:
        run = run_of(served, choice, district, audience)
        features = scored_plots(audience, {district: run} if run and district else {})
        if profile is not None:
            features, _ = _with_fit(connection, features, audience, run, profile)
        feature = read_feature(connection, features, PLOTS.plot_id == plot_id)
        places = atlas.gazetteer(connection, served)
    if feature is None:
        raise NotFound(f"There is no plot {plot_id!r}.")
    enter_reading(caller, district, Act.LIST, Plot.__tablename__, 1)
    whole = orjson.loads(feature)
    plot = whole["properties"]
    plot |= told_of(plot, places, lang)
    headers = {**cache_headers(audience), "Vary": "Accept-Language"}
    return Response(orjson.dumps(whole), media_type=GEOJSON, headers=headers)


def _page(request: Request, state: SnapshotCache, asked: PlotQuery, limit: int, after: str | None) -> Response:
    if limit > LARGEST_PAGE:
        raise BadFilter(f"limit is at most {LARGEST_PAGE}; use limit=all to get every plot as a stream.")
    audience = asked.caller.audience_in(asked.district)
    ready = cast(ReadyPlots, request.app.state.ready_plots) if audience is PUBLIC and asked.profile is None else None
    found = _ready(ready, state.current(), asked, limit, after) if ready else None
    if found is None:
        with reading(audience) as connection:
            listing, run, served, _ = _listing(connection, state, asked)
            texts = ready.of(served, asked.district, run) if ready else None
            page = read_page(connection, listing, limit=limit, after=after, texts=texts)
        enter_reading(asked.caller, asked.district, Act.LIST, Plot.__tablename__, page.count)
    else:
        page, run, served = found
    links = [_link(request, "self", {})]
    if page.next is not None:
        # The next page is of the same run, even if another is published meanwhile.
        pinned = {} if run is None else {"run": str(run.run_id)}
        links.append(_link(request, "next", {"after": page.next, **pinned}))
    members = orjson.dumps({"type": "FeatureCollection", **_members(served, asked, run)})
    tail = orjson.dumps({"numberReturned": page.count, "links": links})
    body = b"".join((members[:-1], b',"features":[', page.body, b"],", tail[1:]))
    return packed(request, body, GEOJSON, _headers(asked))


def _ready(
    ready: ReadyPlots, served: Snapshot, asked: PlotQuery, limit: int, after: str | None
) -> tuple[Page, Run | None, Snapshot] | None:
    """A page of all plots by class and score, without asking the database, if their texts are at hand."""
    if asked.filters or asked.sortby is not None or asked.district not in served.coverage:
        return None
    run = run_of(served, asked.choice, asked.district, PUBLIC)
    texts = ready.of(served, asked.district, run)
    if texts is None:
        return None
    features = scored_plots(PUBLIC, {} if run is None else {asked.district: run})
    page = read_ready_page(texts, Listing(features, keys=by_class_and_score(features)), limit=limit, after=after)
    return None if page is None else (page, run, served)


def _streamed(request: Request, state: SnapshotCache, asked: PlotQuery) -> Response:
    """Every feature as one GeoJSON collection, in bounded memory; nothing is read for whoever has it."""
    headers = _headers(asked)
    if asked.caller.audience_in(asked.district) is PUBLIC:
        with reading(PUBLIC) as connection:
            listing, run, served, _ = _listing(connection, state, asked)
        about = About("", members=_members(served, asked, run))
        token = token_of(served, listing, about, asked.lang, Format.GEOJSON, None)
        if (known := known_stream(request, headers, token)) is not None:
            return known

    def stream() -> Generator[bytes, None, None]:
        with reading(asked.caller.audience_in(asked.district), timeout_s=get_settings().export_seconds) as connection:
            listing, run, served, _ = _listing(connection, state, asked)
            _enter_export(connection, asked, listing)
            yield from stream_geojson(connection, listing, About("", members=_members(served, asked, run)))

    return BegunStream(stream(), media_type=GEOJSON, headers=headers)


def _file(
    request: Request, state: SnapshotCache, asked: PlotQuery, wanted: Format, limit: int | None, after: str | None
) -> Response:
    """A file with every matching row, or the first ``limit``; headers say where the rest is, if there is one."""
    with reading(asked.caller.audience_in(asked.district)) as connection:
        listing, run, served, household = _listing(connection, state, asked)
        listing = replace(listing, features=with_provenance(listing.features))
        listing = listing if after is None else rows_after(listing, after)
        cut = None if limit is None else cut_after(connection, listing, limit)
        names = district_names(connection, asked.district)
        about = about_plots(
            connection,
            served,
            asked.district,
            names,
            run,
            listing.features,
            asked.lang,
            cut_at=None if cut is None else limit,
        )
        if household is not None:
            about = about_fit(about, str(asked.profile), household, asked.lang)
        _enter_export(connection, asked, listing, limit)
    headers = _headers(asked)
    fit = f"-{asked.profile}" if household is not None else ""
    name = f"plots-{asked.district}{f'-run{run.run_id}' if run else ''}{fit}.{wanted}"
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    if cut is not None:
        headers[CUT] = f"only the first {limit} rows; more match"
    # The rest is of the same run, even if another is published meanwhile.
    rest = (
        None if cut is None else {"f": wanted.value, "after": cut, **({} if run is None else {"run": str(run.run_id)})}
    )
    headers |= file_links(request, wanted, rest)
    audience = asked.caller.audience_in(asked.district)
    parts = partial(file_parts, audience, listing, wanted, about, limit)
    if audience is PUBLIC:
        token = token_of(served, listing, about, asked.lang, wanted, limit)
        found = kept_file(request, token, wanted, parts, whole=wanted not in AS_READ)
        if found is not None:
            return FinishedFile(found, media_type=wanted.media_type, headers=headers)
        if (known := known_stream(request, headers, token)) is not None:
            return known
    return BegunStream(parts(), media_type=wanted.media_type, headers=headers)


def _enter_export(connection: Connection, asked: PlotQuery, listing: Listing, limit: int | None = None) -> None:
    if asked.caller.audience_in(asked.district) is not PUBLIC:
        rows = count_rows(connection, listing)
        rows = rows if limit is None else min(rows, limit)
        enter_reading(asked.caller, asked.district, Act.EXPORT, Plot.__tablename__, rows)


def _listing(
    connection: Connection, state: SnapshotCache, asked: PlotQuery
) -> tuple[Listing, Run | None, Snapshot, str | None]:
    """What is listed, the run and snapshot it is of, and the title of the household profile that is asked for."""
    served = state.fresh(connection)
    require_district(connection, served, asked.district)
    audience, household = asked.caller.audience_in(asked.district), None
    run = run_of(served, asked.choice, asked.district, audience)
    runs = {} if run is None else {asked.district: run}
    features = scored_plots(audience, runs)
    if asked.profile is not None:
        features, household = _with_fit(connection, features, audience, run, asked.profile)
    listing = list_asked(connection, features, asked.district, asked.filters, asked.sortby)
    return listing, run, served, household


def _with_fit(
    connection: Connection, features: Features, audience: Audience, run: Run | None, profile: str
) -> tuple[Features, str]:
    """Return plots with the fit of a household profile beside their results, and the title of the profile.

    Raises
    ------
    NotAllowed : the audience is below staff. NotFound : the profile was not fitted to the run.
    """
    require_staff(audience)
    number = None if run is None else run.run_id
    title = title_of_fit(connection, number, profile)
    return fitted_plots(features, number or 0, profile), title


def _rows(limit: str) -> int:
    if not (limit.isascii() and limit.isdigit() and len(limit) < 10 and int(limit) > 0):
        raise BadFilter(f"limit is a number from 1 to {LARGEST_PAGE} or all, not {limit!r}.")
    return int(limit)


def _members(served: Snapshot, asked: PlotQuery, run: Run | None) -> dict[str, Any]:
    return {
        "district": asked.district,
        "run": None if run is None else run.run_id,
        "scheme": None if run is None else run.scheme,
        **({} if asked.profile is None else {"profile": asked.profile, "note": SUPPORT_NEEDED}),
        "synthetic": served.synthetic(asked.district) or bool(run and run.synthetic),
        "words": crop_words(asked.lang),
        **({"warning": translate(EARLIER_RULE, asked.lang)} if run is not None and run.earlier_rule else {}),
    }


def _headers(asked: PlotQuery) -> dict[str, str]:
    return {**cache_headers(asked.caller.audience_in(asked.district)), "Vary": "Accept, Accept-Language"}


def cache_headers(audience: Audience) -> dict[str, str]:
    """Return the header that says who may keep an answer: nobody but the caller if it may hold more than is public."""
    return {"Cache-Control": "no-cache" if audience is PUBLIC else "private, no-store"}


def staff_answer(content: Any, *, in_language: bool = False) -> Response:
    """Answer staff with JSON that nobody may keep; ``in_language`` : words in it are in the reader's."""
    answer = json_answer(content, in_language=in_language)
    answer.headers.update(cache_headers(STAFF))
    return answer


def _link(request: Request, rel: Literal["self", "next"], changed: Mapping[str, str]) -> dict[str, str]:
    return {"rel": rel, "type": GEOJSON, "href": str(request.url.include_query_params(**changed))}
