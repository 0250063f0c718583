"""The demo region: a made-up farmed valley at the true place of the Rasht Valley and of Qubodiyon.

Everything here is computed from a seed, the size wanted and one relief; nothing is read from the network or the
database. Names and positions of districts and towns are true; every boundary, river bend, canal, plot, danger
zone and figure is synthetic and is loaded as such.
"""

from scripts.demo_region.region import Region, generate

__all__ = ["Region", "generate"]
