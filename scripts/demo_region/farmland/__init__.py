"""Fields, plots and farms on that ground."""
