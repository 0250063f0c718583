"""``python -m scripts``, the same as ``obod``."""

from scripts.main import main

main()
