"""Where the data live and where the service listens; read from ``OBOD_*`` environment variables."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from layers.errors import LayersError

PREFIX = "OBOD_"
CONNECTIONS_OF_COMMANDS = 20  # of scoring with its workers, loading and QGIS beside a service
HOST_NAME = re.compile(r"(\*\.)?[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]", re.ASCII)


def _items(text: str) -> list[str]:
    """What a list in one variable names."""
    return [item.strip() for item in text.split(",") if item.strip()]


class Settings(BaseSettings):
    """Settings of one deployment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    database_url: SecretStr | None = Field(None, description="A PostGIS to use; unset: the embedded one")
    service_database_url: SecretStr | None = Field(
        None, description="The same PostGIS with a login for the service; unset: the login that obod db migrate made"
    )
    home: Path = Field(Path(".obod"), description="Embedded database, raster files, tile cache, scoring cache, logs")
    scoring_cache_gb: float = Field(8.0, ge=0.0, description="Room for what a run hands on to the next; 0 = none")
    tile_cache_gb: float = Field(8.0, ge=0.0, description="Room on disk for finished tiles; 0 = none")
    text_cache_gb: float = Field(8.0, ge=0.0, description="Room on disk for public plots written as text; 0 = none")
    picture_cache_gb: float = Field(8.0, ge=0.0, description="Room on disk for coloured grids; 0 = none")
    export_cache_gb: float = Field(2.0, ge=0.0, description="Room on disk for finished files of public plots; 0 = none")
    job_cache_gb: float = Field(2.0, ge=0.0, description="Room on disk for files that jobs made; 0 = none")
    job_hours: float = Field(
        24.0, ge=0.1, le=168.0, description="How long a job and what it made are kept after it has ended"
    )
    rejects_gb: float = Field(2.0, ge=0.0, description="Room on disk for rejected rows; the newest are always kept")
    retention_days: int | None = Field(
        None, ge=1, description="Days rows are kept after they ended; obod layer purge --retention erases older ones"
    )
    tiles_in_memory_mb: int = Field(64, ge=1, description="Finished tiles each process keeps in memory")
    answers_in_memory_mb: int = Field(128, ge=1, description="Finished public answers each process keeps in memory")
    results_in_memory_mb: int = Field(160, ge=1, description="Results for tiles in memory of each process; 40 B a plot")
    plots_as_text: bool = Field(True, description="Write public plots out as text once; 1.3 kB a plot, quicker lists")
    draw_after_publication: bool = Field(True, description="Draw every published run beside the work that follows")
    file_unpacked_gb: float = Field(8.0, gt=0.0, description="The most that a file may unpack to")
    file_nesting: int = Field(2, ge=1, description="Archives within archives that are unpacked")
    file_rows: int = Field(50_000_000, ge=1, description="The most rows that a file may have")
    file_vertices: int = Field(1_000_000, ge=4, description="The most vertices that a geometry may have")
    file_cells: int = Field(4_000_000_000, ge=1, description="The most cells that a raster may have, bands counted")
    file_memory_gb: float = Field(4.0, ge=0.5, description="Room that a format library may take to read a file")
    file_seconds: float = Field(
        120.0, gt=0.0, description="The longest wait for the next piece of a file, and 1 s more for each MB of it"
    )
    fetch_gb: float = Field(20.0, gt=0.0, description="The most that one obod fetch may bring")
    connections: int = Field(10, ge=1, description="Connections to the database that each process keeps open")
    extra_connections: int = Field(10, ge=0, description="Connections each process opens beyond those under load")
    server_connections: int = Field(
        100, ge=20, description="Connections the embedded database takes, from its next start on"
    )
    connect_seconds: int = Field(5, ge=1, description="The longest wait for a database that does not answer")
    connection_seconds: float = Field(
        10.0, gt=0.0, description="The longest wait for a free connection before a reader is told the service is busy"
    )
    query_seconds: float = Field(10.0, gt=0.0, description="The longest a query for a page or tile may take")
    export_seconds: float = Field(60.0, gt=0.0, description="The longest a query for one part of a file may take")
    command_seconds: float = Field(600.0, gt=0.0, description="The longest a query of a reading command may take")
    key_seconds: float = Field(
        60.0, ge=0.0, le=3600.0, description="How long a checked key is trusted; one that is revoked works no longer"
    )
    sign_in_hours: float = Field(
        8.0,
        gt=0.0,
        le=24.0,
        description="How long staff stay signed in on the page; never longer than their key is good",
    )
    keys_in_memory: int = Field(1_000, ge=1, description="Checked keys each process remembers")
    jobs_beside_service: bool = Field(True, description="Whether obod serve has jobs worked on beside it")
    somoni_per_usd: float | None = Field(
        None, gt=0.0, description="Somoni for a dollar; unset: costs are told in dollars alone"
    )
    somoni_rate_date: date | None = Field(None, description="Day of that rate, such as 2026-11-28; told beside it")
    host: str = Field("127.0.0.1", description="Address the service listens on")
    port: int = Field(8000, ge=1, le=65_535, description="Port the service listens on")
    root_path: str = Field(
        "", pattern=r"^((/[A-Za-z0-9._~-]+)+)?$", description="Path below which the service lies, such as /obod"
    )
    trusted_proxies: str = Field(
        "", description="Addresses or networks whose X-Forwarded headers count, separated by commas"
    )
    allowed_hosts: str = Field(
        "", description="Hosts the service answers for, separated by commas, *.example.org for all below; unset: any"
    )

    requests_per_second: float = Field(
        50.0, ge=0.0, description="Requests of one address that each process takes before it slows them; 0 = any number"
    )
    mb_per_minute: float = Field(
        600.0, ge=0.0, description="What one address is sent by each process before it is slowed; 0 = any amount"
    )
    reader_seconds: float = Field(
        60.0, gt=0.0, description="How long a reader may take nothing of an answer before it counts as gone"
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, text: str) -> str:
        for item in _items(text):
            try:
                ip_network(item, strict=False)
            except ValueError:
                raise ValueError(f"{item!r} is not an address or network such as 10.0.0.0/8") from None
        return text

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts(cls, text: str) -> str:
        for item in _items(text):
            if not HOST_NAME.fullmatch(item):
                raise ValueError(f"{item!r} is not a host such as obod.example.org, without a port")
        return text

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        if (self.somoni_per_usd is None) != (self.somoni_rate_date is None):
            raise ValueError("OBOD_SOMONI_PER_USD and OBOD_SOMONI_RATE_DATE are set together, or neither")
        if not self.query_seconds <= self.export_seconds <= self.command_seconds:
            raise ValueError(
                f"OBOD_QUERY_SECONDS ({self.query_seconds:g}), OBOD_EXPORT_SECONDS ({self.export_seconds:g}) and "
                f"OBOD_COMMAND_SECONDS ({self.command_seconds:g}) must not fall: a file takes longer than a page"
            )
        if self.service_database_url is not None and self.database_url is None:
            self.database_url = self.service_database_url  # a machine that serves and knows no owner
        self.require_connections(processes=1)
        return self

    def require_connections(self, *, processes: int) -> None:
        """Refuse more connections than the embedded database takes; of another database nothing is known.

        Raises
        ------
        ValueError : so many processes could ask for more than there are; names the settings.
        """
        needed = processes * (self.connections + self.extra_connections) + CONNECTIONS_OF_COMMANDS
        if self.database_url is None and needed > self.server_connections:
            raise ValueError(
                f"{processes} serving with OBOD_CONNECTIONS ({self.connections}) and OBOD_EXTRA_CONNECTIONS "
                f"({self.extra_connections}) each, and {CONNECTIONS_OF_COMMANDS} for commands, need {needed}; "
                f"OBOD_SERVER_CONNECTIONS is {self.server_connections}"
            )

    @property
    def knows_owner(self) -> bool:
        """Whether this machine may log in as the owner of the database; one that only serves may not."""
        return self.database_url is None or self.database_url is not self.service_database_url

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Networks of trusted proxies."""
        return tuple(ip_network(item, strict=False) for item in _items(self.trusted_proxies))

    @property
    def host_names(self) -> tuple[str, ...]:
        """Hosts the service answers for, in small letters; none = any."""
        return tuple(item.lower() for item in _items(self.allowed_hosts))

    @property
    def rasters(self) -> Path:
        """Folder of the raster files."""
        return self.home / "rasters"

    @property
    def made_from_data(self) -> tuple[Path, ...]:
        """Folders of files that rows of the database name, or that are made from rows; worth nothing without it."""
        names = ("rasters", "exports", "features", "jobs", "pictures", "scoring", "tiles")
        return tuple(self.home / name for name in names)


@lru_cache
def get_settings() -> Settings:
    """Return the settings of this process, read once.

    Raises
    ------
    LayersError : the value of a variable is not understood; names it and says what was expected.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        why = first["msg"].removeprefix("Value error, ")
        if not first["loc"]:
            raise LayersError(f"Settings do not fit each other: {why}.") from None
        why = why[:1].lower() + why[1:]
        raise LayersError(f"{PREFIX}{str(first['loc'][0]).upper()} is not understood: {why}.") from None
