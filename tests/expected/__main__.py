"""Write the expected files anew: ``python -m tests.expected``; ``--check`` only says whether they are current."""

from __future__ import annotations

import sys

from tests.expected import RENEW, expected_texts, find_differences, renew_files


def main(arguments: list[str]) -> int:
    """Renew the files, or with ``--check`` return 1 and name those that are not as made now."""
    made = expected_texts()
    if "--check" in arguments:
        differing = find_differences(made)
        if differing:
            sys.stderr.write(
                f"tests/expected is not current ({', '.join(differing)}); run {RENEW} and read what changes\n"
            )
        return int(bool(differing))
    for name in renew_files(made):
        sys.stdout.write(f"renewed: tests/expected/{name}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
