"""Every figure of ``tests/published/water.csv``, each within its printed rounding."""

from collections.abc import Callable

import numpy as np
import pytest

from geo.water import evapotranspiration as et
from geo.water import irrigation, radiation
from geo.water.need.coefficients import CropCoefficients, adjust_end, adjust_mid
from geo.water.need.periods import periods_of_year
from geo.water.need.rain import effective_rain_dependable_mm, effective_rain_manual_3_mm, effective_rain_scs_mm
from geo.water.need.requirement import gross_need
from geo.water.need.soil_water import readily_available_water_mm, total_available_water_mm
from geo.water.need.turns import count_applications
from geo.water.network.conveyance import piece_conveyance
from geo.water.sharing.equity import rate_deliveries
from tests.published import published

POTATO = CropCoefficients(0.5, 1.15, 0.75, 25, 30, 45, 30)  # domain reference 10
BEAN = CropCoefficients(0.15, 1.19, 0.35, 25, 25, 30, 20)  # FAO-56 example 28


def readily_available(capacity: float, wilting: float, depth_m: float, share: float) -> float:
    total = total_available_water_mm(capacity, wilting, depth_m)
    return float(readily_available_water_mm(total, share))


def piece(piece_m: float, canal_m: float, **known: object) -> float:
    """Share of its water that a piece of an earthen loam canal conveys."""
    given: dict[str, object] = {"condition": 1.0, "measured": np.nan} | known
    lengths = {"reach_length_m": canal_m, "canal_length_m": canal_m, "piece_length_m": piece_m}
    figures = {name: np.array([value]) for name, value in {**given, **lengths}.items()}
    found = piece_conveyance(lining=np.array(["earth"]), soil=np.array(["loam"]), **figures)
    assert found.worst == found.best
    return float(found.best[0])


def gross(net_mm: float, application: float, conveyance: float) -> float:
    """Depth to take in at the head of one hectare, in January."""
    need = gross_need(np.full((1, 12), net_mm * 10), [application], [1.0], periods_of_year("month"))
    return float(need.mm[0, 0]) / piece(1_000, 1_000, measured=conveyance)


DELIVERIES = rate_deliveries([[100, 200, 150], [80, 160, 120]], [[110, 180, 150], [60, 100, 90]])

FIGURES: dict[str, Callable[..., object]] = {
    "saturation_vapour_pressure": et.saturation_vapour_pressure_kpa,
    "mean_saturation_vapour_pressure": et.mean_saturation_vapour_pressure_kpa,
    "atmospheric_pressure": et.atmospheric_pressure_kpa,
    "psychrometric_constant": et.psychrometric_constant_kpa_c,
    "wind_at_2m": et.wind_at_2m_m_s,
    "vapour_pressure_from_wet_bulb": et.vapour_pressure_from_wet_bulb_kpa,
    "hargreaves": et.hargreaves_mm,
    "inverse_relative_distance": radiation.inverse_relative_distance,
    "solar_declination": radiation.solar_declination_rad,
    "sunset_hour_angle": radiation.sunset_hour_angle_rad,
    "extraterrestrial_radiation": radiation.extraterrestrial_radiation_mj,
    "daylight_hours": radiation.daylight_hours,
    "solar_radiation_from_sunshine": radiation.solar_radiation_from_sunshine_mj,
    "solar_radiation_from_range": radiation.solar_radiation_from_range_mj,
    "net_longwave_radiation": radiation.net_longwave_radiation_mj,
    "kc_potato": POTATO.on_day,
    "kc_bean": BEAN.on_day,
    "readily_available_water": readily_available,
    "effective_rain_scs": effective_rain_scs_mm,
    "effective_rain_dependable": effective_rain_dependable_mm,
    "gross_requirement": gross,
    "duty": irrigation.duty_l_s_ha,
    "leaching_fraction": irrigation.leaching_fraction,
    "with_leaching": irrigation.with_leaching_mm,
    "effective_rain_scs_decade": lambda rain: effective_rain_scs_mm(rain, "decade"),
    "effective_rain_manual_3": effective_rain_manual_3_mm,
    "kc_mid": adjust_mid,
    "kc_end": adjust_end,
    "long_clay_surface": lambda application: irrigation.canal_conveyance(2_500, "clay") * application,
    "applications": lambda depth, days, *need: count_applications(need, depth, int(days))[0],
    "interval": lambda depth, days, *need: count_applications(need, depth, int(days))[1],
    "reach_conveyance_loam": lambda canal_m, reach_m, state: piece(reach_m, canal_m, condition=state),
    "duty_of_flow": lambda flow_m3_s, area_ha: irrigation.duty_l_s_ha(flow_m3_s * 86_400 / area_ha / 10, 1),
    "adequacy": lambda: DELIVERIES.adequacy,
    "efficiency": lambda: DELIVERIES.efficiency,
    "equity": lambda: DELIVERIES.equity,
    "dependability": lambda: DELIVERIES.dependability,
}


@pytest.mark.parametrize("row", published("water.csv"), ids=lambda row: f"{row['figure']} {row['inputs']}")
def test_the_printed_figure_comes_out(row: dict[str, str]) -> None:
    found = FIGURES[row["figure"]](*map(float, row["inputs"].split()))
    assert found == pytest.approx(float(row["expected"]), abs=float(row["tolerance"]))
