"""The ground before people: relief, rivers, valleys, where danger lies."""
