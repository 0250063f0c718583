"""Nothing is compiled while a run or a request waits: judging real plots finds every kernel ready."""

from __future__ import annotations

import importlib
import pkgutil

from numba.core.dispatcher import Dispatcher

import geo
from geo.panel.scheme import load_scheme
from geo.suitability.assess import assess
from layers.warm_up import compile_all
from tests.worlds import valley


def compiled() -> dict[str, set[object]]:
    """Signatures of every kernel of the science that are ready in this process."""
    found: dict[str, set[object]] = {}
    for module in pkgutil.walk_packages(geo.__path__, "geo."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Dispatcher):
                found[f"{value.__module__}.{name}"] = set(value.signatures)
    return found


def test_a_judgement_of_other_land_compiles_nothing() -> None:
    said: list[str] = []
    compile_all(said.append)
    ready = compiled()
    assert len(said) == 8
    assert ready["geo.suitability.kernels.combination.aggregate"]
    assess(valley.plots(), valley.layers(), valley.judgement(), load_scheme()).to_frame()
    apples = valley.judgement(crop="apple")
    assess(valley.plots().iloc[:1], valley.layers(), apples.__class__(apples.as_of, apples.crop[:1]), load_scheme())
    valley.measured("way_exposure_m", roads=valley.frame([{"kind": "path", "geometry": valley.line(1_700.0)}]))
    later = {name: signatures - ready[name] for name, signatures in compiled().items()}
    assert {name: added for name, added in later.items() if added} == {}
