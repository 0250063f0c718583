"""Whatever writes results: scoring, incremental scoring, replay, draws, household fit."""
