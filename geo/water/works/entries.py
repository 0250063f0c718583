"""Rows of the programmes that bound what works can gain."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KNOWN = 1e-5  # -, by which the solver may miss what is known to fit
GAP = 1e-4  # -, between what is found and proved, at which the solver ends
INFEASIBLE = 2  # status of ``scipy.optimize.milp``


class Solved(NamedTuple):
    """``most`` : no solution is worth more. ``to_its_end`` : it was solved. ``plan`` : bool (works,), of the best.

    The plan is None where none was found.
    """

    most: float
    to_its_end: bool
    plan: NDArray[np.bool_] | None


class Entries:
    """Entries of a sparse matrix, row by row, with the bounds of the rows."""

    def __init__(self) -> None:
        self.rows: list[Ints] = []
        self.columns: list[Ints] = []
        self.values: list[Floats] = []
        self.low: list[Floats] = []
        self.high: list[Floats] = []
        self.count = 0

    def add(self, columns: Ints, values: Floats, low: Floats | float, high: Floats | float) -> None:
        """Add rows.

        Parameters
        ----------
        columns : int64 (rows, k), variables of each row.
        values : float64 (rows, k), their factors.
        low : least of each row.
        high : greatest of each row.
        """
        size = len(columns)
        self.rows.append(np.repeat(self.count + np.arange(size), columns.shape[1]))
        self.columns.append(columns.ravel())
        self.values.append(np.broadcast_to(values, columns.shape).ravel())
        self.low.append(np.broadcast_to(low, (size,)).astype(np.float64))
        self.high.append(np.broadcast_to(high, (size,)).astype(np.float64))
        self.count += size

    def add_row(self, columns: list[int], values: list[float], low: float, high: float) -> None:
        """Add one row.

        Parameters
        ----------
        columns : its variables.
        values : their factors.
        low : least of the row.
        high : greatest of the row.
        """
        self.add(np.array([columns]), np.array([values]), low, high)

    def add_whole(self, row: Ints, columns: Ints, values: Floats, count: int) -> None:
        """Add rows that are 0, by single entries.

        Parameters
        ----------
        row : int64 (k,), row of each entry, from 0.
        columns : int64 (k,), its variable.
        values : float64 (k,), its factor.
        count : how many rows there are.
        """
        self.rows.append(self.count + row)
        self.columns.append(columns)
        self.values.append(values)
        self.low.append(np.zeros(count))
        self.high.append(np.zeros(count))
        self.count += count


def solve_rows(
    rows: Entries, worth: Floats, high: Floats, integer: Floats, works: slice, at_least: float, time_s: float
) -> Solved | None:
    """Make the worth of variables of 0 or more as great as can be.

    Parameters
    ----------
    rows : of the programme.
    worth : float64 (n,), of each variable.
    high : float64 (n,), greatest of each.
    integer : float64 (n,), 1 for those that are whole numbers.
    works : variables of the works.
    at_least : worth that is asked for at least; 0 or less for none.
    time_s : time it may take; what is proved by then is told.

    Returns
    -------
    Solved or None : None where there is no solution.
    """
    unit, size = max(float(np.abs(worth).max(initial=0.0)), 1e-12), len(worth)
    entries = (np.concatenate(rows.values), (np.concatenate(rows.rows), np.concatenate(rows.columns)))
    matrix = coo_array(entries, shape=(rows.count, size)).tocsc()
    constraints = [LinearConstraint(matrix, np.concatenate(rows.low), np.concatenate(rows.high))]
    if np.isfinite(at_least) and at_least > 0:
        constraints.append(LinearConstraint(worth[None, :] / unit, at_least * (1 - KNOWN) / unit, np.inf))
    found = milp(
        -worth / unit,
        constraints=constraints,
        bounds=Bounds(np.zeros(size), high),
        integrality=integer.astype(np.int64),
        options={"time_limit": time_s, "mip_rel_gap": GAP},
    )
    if found.status == INFEASIBLE:
        return None
    bound = found.mip_dual_bound if found.mip_dual_bound is not None else found.fun
    most = np.inf if bound is None or not np.isfinite(bound) else -float(bound) * unit
    return Solved(most, bool(found.status == 0), None if found.x is None else found.x[works] > 0.5)
