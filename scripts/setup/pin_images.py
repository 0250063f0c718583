"""Pins the images of other people by digest: ``python -m scripts.setup.pin_images`` (``make pin-images``).

Until it is run, docker-compose.yml and Dockerfile name them by tag, under which a registry may give another image
tomorrow. Run again, it pins what the tags mean now. It asks Docker, which asks the registry that it is set to.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FILES: Final = ("docker-compose.yml", "Dockerfile")
# A line that names an image: its beginning, name with tag, digest if there is one.
NAMED: Final = re.compile(r"^(?P<begins>\s*image:\s*|FROM\s+)(?P<image>[\w./-]+:[\w.-]+)(@sha256:[0-9a-f]{64})?", re.M)
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


class NoDigest(RuntimeError):
    """An image whose digest nobody could tell; says why."""


def ask_docker(image: str) -> str:
    """Return the digest of an image as its registry has it now.

    Raises
    ------
    NoDigest : Docker is missing or does not know the image.
    """
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoDigest("Docker is not installed; the images stay as they are.") from None
    digest = said.stdout.strip()
    if said.returncode or not DIGEST.fullmatch(digest):
        lines = said.stderr.strip().splitlines() or ["it gave no digest"]
        raise NoDigest(f"Docker cannot tell the digest of {image} ({lines[-1]}); nothing was changed.")
    return digest


def pin(text: str, digest_of: Callable[[str], str]) -> str:
    """Return a file with every image of other people pinned."""

    def pinned(found: re.Match[str]) -> str:
        return f"{found['begins']}{found['image']}@{digest_of(found['image'])}"

    return NAMED.sub(pinned, text)


def images_in(texts: Iterable[str]) -> list[str]:
    """Return the images that files name, each once."""
    return sorted({found["image"] for text in texts for found in NAMED.finditer(text)})


def main() -> None:
    """Pin, or say in one sentence why not."""
    texts = {name: (ROOT / name).read_text() for name in FILES}
    try:
        digests = {image: ask_docker(image) for image in images_in(texts.values())}
    except NoDigest as refusal:
        sys.exit(str(refusal))
    for name, text in texts.items():
        (ROOT / name).write_text(pin(text, digests.__getitem__))
    for image, digest in digests.items():
        sys.stdout.write(f"{image} is {digest}\n")


if __name__ == "__main__":
    main()
