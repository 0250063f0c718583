"""One small change of the science at a time, and whether a test notices; see ``tests.mutation.__main__``."""
