"""What there is to map: layers and grids with where they come from, and the meaning of every colour."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from api.content.about_files import told_headings
from api.content.data_dictionary import data_dictionary
from api.deps import JSON, CallerDep, LanguageDep, get_caller, json_answer, known_parameters
from api.language.translate import Language, translate
from api.maps.legend import CRITERIA_BY_ID, legend
from api.routes.answers import LayerListed, LegendOfLayer
from api.routes.plots import cache_headers
from api.web.description import given
from layers.catalogue import BY_NAME, LAYERS, RASTERS, RASTERS_BY_NAME
from layers.catalogue.base import Audience
from layers.errors import NotFound
from layers.features.features import layer_features, readable_layer
from layers.features.file_dictionary import CSVW, CSVW_TYPE, csvw_schema
from layers.features.plots import scored_plots
from layers.features.provenance import sources_of
from layers.features.row_provenance import with_provenance
from layers.postgres.engine import reading
from layers.tiles.raster_tiles import readable_raster

router = APIRouter(
    tags=["catalogue"],
    dependencies=[Depends(get_caller), Depends(known_parameters)],
    default_response_class=Response,
)


@router.get("/layers", summary="Layers and grids", responses=given({JSON: list[LayerListed]}))
def get_layers(request: Request, caller: CallerDep, lang: LanguageDep) -> Response:
    """Everything this caller may see on a map, bottom to top, with its sources and the address of its TileJSON."""
    audience = caller.audience_in(None)
    titles = {raster.id: (raster.title, raster.about) for raster in RASTERS if raster.audience <= audience}
    titles |= {
        layer.__tablename__: (layer.card.title, layer.card.about) for layer in LAYERS if layer.card.audience <= audience
    }
    with reading(audience) as connection:
        sources = sources_of(connection, titles)
    base = str(request.base_url).rstrip("/")
    return json_answer(
        [
            {
                "id": name,
                "title": translate(title, lang),
                "about": translate(about, lang),
                "tilejson": f"{base}/tiles/{name}.json",
                "legend": f"{base}/legend/{name}",
                "sources": [
                    {
                        "source": source.source,
                        "licence": source.licence,
                        "date": source.source_date,
                        "synthetic": source.synthetic,
                    }
                    for source in sources
                    if source.layer == name
                ],
            }
            for name, (title, about) in titles.items()
        ],
        in_language=True,
    )


@router.get("/layers/{layer}/columns", summary="Columns of a layer", responses=given({CSVW_TYPE: dict}, 404))
def get_columns(layer: str, caller: CallerDep, lang: LanguageDep) -> Response:
    """The data dictionary of a layer as CSV on the Web has it, with the columns of the files this caller may take.

    What each column holds, its unit, its codes with their meanings, what an empty cell means, and who may see it.
    """
    audience = caller.audience_in(None)
    known = readable_layer(layer, audience)
    features = scored_plots(audience, {}) if known.judged else layer_features(known, audience)
    features = with_provenance(features)
    columns = data_dictionary(features, told_headings(lang) if known.judged else {}, lang)
    schema = {"@context": CSVW, "@type": "Schema", **csvw_schema(features, columns)}
    return Response(
        orjson.dumps(schema), media_type=CSVW_TYPE, headers={**cache_headers(audience), "Vary": "Accept-Language"}
    )


@router.get(
    "/legend/{layer}",
    summary="Legend of a layer, grid or criterion",
    responses=given({JSON: LegendOfLayer}, 404),
)
def get_legend(layer: str, caller: CallerDep, lang: LanguageDep) -> Response:
    """Classes, colours and labels in the language asked for."""
    return json_answer(_readable_legend(layer, caller.audience_in(None), lang), in_language=True)


def _readable_legend(name: str, audience: Audience, lang: Language) -> dict[str, Any]:
    if name in BY_NAME:
        readable_layer(name, audience)
    elif name in RASTERS_BY_NAME:
        readable_raster(name, audience)
    elif name not in CRITERIA_BY_ID:
        raise NotFound(f"There is no layer {name!r}.")
    found = legend(name, lang)
    if found is None:
        raise NotFound(f"Layer {name!r} has no legend.")
    return found.as_json(lang)
