"""The data model and all SQL: what is mapped, how files become rows, how rows become frames, tiles and pages."""
