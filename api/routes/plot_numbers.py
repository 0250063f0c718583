"""Plots by number: the feature id of tiles leads to the address of the plot, which is by id."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response

from api.deps import get_caller, known_parameters
from api.routes.plots import cache_headers
from api.web.description import REFUSED
from layers.catalogue.base import PUBLIC
from layers.features.plots import id_of_plot
from layers.postgres.engine import reading

LED: Final[dict[int | str, dict[str, Any]]] = {
    307: {"description": "The address of the plot.", "headers": {"Location": {"schema": {"type": "string"}}}},
    404: {"description": REFUSED["404"]},
}

router = APIRouter(tags=["plots"], dependencies=[Depends(get_caller), Depends(known_parameters)])


@router.get("/plots", summary="One plot by its number", status_code=307, response_class=Response, responses=LED)
def get_plot_by_number(
    plot_no: Annotated[int, Query(ge=1, le=2**63 - 1, description="Number of the plot, its feature id in tiles.")],
) -> Response:
    """Lead to the plot of a number: ids may be numbers too, so that one address never takes both."""
    with reading() as connection:
        plot_id = id_of_plot(connection, plot_no)
    return Response(status_code=307, headers={"Location": f"plots/{quote(plot_id)}", **cache_headers(PUBLIC)})
