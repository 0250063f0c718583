"""What a block of plots is judged for by a scheme: the crop of each district, the land use, where salt may gather."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from geo.contract.criterion import Judgement
from geo.criteria.terrain import SLOPE
from geo.panel.scheme import Scheme


def judgement_by(scheme: Scheme, as_of: date, district: NDArray[np.object_]) -> Judgement:
    """Return what plots are judged for on a day.

    Parameters
    ----------
    scheme : Scheme
        How to judge.
    as_of : date
        Ages of evidence are counted to it.
    district : object (n,)
        Code of the district each plot lies in, None where it lies in none.

    Returns
    -------
    Judgement
        Reference crop of each plot, land use, how slope is rated, and where salt may gather on any ground.
    """
    which, codes = pd.factorize(np.asarray(district, dtype=object), use_na_sentinel=False)
    known = [code if isinstance(code, str) else None for code in codes]
    crop = np.array([scheme.crop_of(code) for code in known], dtype=np.str_)
    salty = np.array([scheme.salt_gathers_in(code) for code in known], dtype=bool)
    return Judgement(
        as_of=as_of,
        crop=crop[which],
        land_use=scheme.land_use,
        slope=scheme.memberships(SLOPE),
        salt_gathers=salty[which],
    )
