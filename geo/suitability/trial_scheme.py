"""A trial written out as a scheme: the file of the scheme it departs from, with other weights, name, panel and date."""

from __future__ import annotations

import tomllib
from datetime import date as Date
from typing import Final

import tomli_w

from geo.errors import SchemeError
from geo.panel.scheme import Scheme, parse_scheme
from geo.suitability.trial import NEUTRAL, Emphasis, departure, reweigh

VERSION: Final = "1"


def write_trial(scheme: Scheme, emphasis: Emphasis, *, name: str, panel: str, note: str, date: Date) -> str:
    """Return the file of a scheme that judges as a trial does.

    Parameters
    ----------
    scheme : that the trial departs from.
    emphasis : how.
    name : of the new scheme.
    panel : who decided.
    note : why, in their words.
    date : when.

    Returns
    -------
    str, TOML; ``parse_scheme`` of it is ``reweigh(scheme, emphasis)`` under the new name.

    Raises
    ------
    SchemeError : the emphasis departs in nothing, or a key holds what it may not; names the key.

    Notes
    -----
    Judgements of pairs of groups become the weights they led to, times the factors; comments of the file are left out.
    Criteria that were declared after the scheme weigh nothing, as in the trial.
    """
    if departure(scheme, emphasis) == NEUTRAL:
        raise SchemeError(f"{name}: these are the weights of scheme '{scheme.name}' itself")
    tried = reweigh(scheme, emphasis)
    said = {"name": name, "version": VERSION, "panel": panel, "date": date, "note": note}
    document = {**said, **{key: value for key, value in tomllib.loads(scheme.text).items() if key not in said}}
    document["orness"] = tried.orness
    document["unweighed"] = list(tried.unweighed)
    document["groups"] = {"weights": dict(tried.group_weights)}
    text = tomli_w.dumps(document)
    parse_scheme(text, source=name)
    return text
