"""What crops need of the water: reference evapotranspiration of a station, coefficients, rain, soil, turns."""
