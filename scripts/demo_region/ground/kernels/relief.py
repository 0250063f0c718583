"""Compiled loops of ``scripts.demo_region.ground.relief``."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True)
def grown(level, receiver, order, cols, slope, fixed, cell_m):
    """Raise every cell over the one it drains to by its slope; ``fixed`` cells and outlets keep their level."""
    for cell in order:
        below = receiver[cell]
        if fixed[cell] or below == cell:
            continue
        aslant = cell // cols != below // cols and cell % cols != below % cols
        level[cell] = level[below] + slope[cell] * cell_m * (1.4142135 if aslant else 1.0)
