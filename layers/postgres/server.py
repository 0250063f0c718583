"""How the embedded server runs: under which account, with which locale, with how much memory."""

from __future__ import annotations

import locale
import os
import platform
import pwd
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from layers.errors import DatabaseUnavailable

MB = 1024 * 1024  # bytes
SERVER_ACCOUNT = "postgres"  # system user that Debian's and most other packages bring


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The account the server runs as; for a caller who is not root, the caller."""

    uid: int
    gid: int
    switch: bool

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a program under this account, detached from the terminal, with a clean PG* environment."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        # The server must not see Ctrl-C of the terminal, and must not start in a folder it cannot read.
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=environment,
            start_new_session=True,
            user=self.uid if self.switch else None,
            group=self.gid if self.switch else None,
            extra_groups=[] if self.switch else None,
        )

    def own(self, path: Path) -> None:
        """Give a file or folder to this account."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def own_all(self, folder: Path) -> None:
        """Give a folder and everything in it to this account; links are not followed."""
        for inside, _folders, names in os.walk(folder):
            for path in (inside, *(os.path.join(inside, name) for name in names)):
                os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_write(self, folder: Path) -> bool:
        """Tell whether this account reaches the folder and may write in it."""
        return self.run(["test", "-w", str(folder)]).returncode == 0

    def can_enter(self, folder: Path) -> bool:
        """Tell whether this account may pass through the folder."""
        return self.run(["test", "-x", str(folder)]).returncode == 0

    @property
    def name(self) -> str:
        """Name of the account, its number where it has none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)


def server_user(data: Path) -> ServerUser:
    """Return the account for the server whose data directory is ``data``.

    Root gives way to the owner of existing data, else to the system user ``postgres``, made if missing.

    Raises
    ------
    DatabaseUnavailable : the caller is root and no such account exists or can be made.
    """
    if os.geteuid() != 0:
        return ServerUser(os.geteuid(), os.getegid(), switch=False)
    if data.exists() and data.stat().st_uid != 0:
        return ServerUser(data.stat().st_uid, data.stat().st_gid, switch=True)
    try:
        account = pwd.getpwnam(SERVER_ACCOUNT)
    except KeyError:
        account = _make_account()
    return ServerUser(account.pw_uid, account.pw_gid, switch=True)


def _make_account() -> pwd.struct_passwd:
    command = [
        "useradd",
        "--system",
        "--user-group",
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
        SERVER_ACCOUNT,
    ]
    try:
        subprocess.run(command, capture_output=True, check=True)
        return pwd.getpwnam(SERVER_ACCOUNT)
    except (OSError, subprocess.CalledProcessError, KeyError):
        raise DatabaseUnavailable(
            f"PostgreSQL does not run as root and there is no system user {SERVER_ACCOUNT}; make one with "
            f"useradd --system {SERVER_ACCOUNT}."
        ) from None


def utf8_locale() -> str:
    """Return a locale with UTF-8 character classes, so that lower() knows Cyrillic; C where there is none."""
    kept = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, kept)


def server_settings(
    port: int,
    socket_folder: Path,
    log_folder: Path,
    *,
    durable: bool,
    connections: int = 100,
    wal_compression: str = "on",
) -> str:
    """Return the text of a configuration file for this machine's memory and cores.

    Shares of memory follow the PostgreSQL manual (19.4.1); caps keep a laptop usable beside it. What an
    administrator sets with ALTER SYSTEM still wins. ``wal_compression`` is lz4 where the server was built with it:
    it takes a fifth of the time of PostgreSQL's own, which is half of what building an index costs.
    """
    memory_mb = psutil.virtual_memory().total // MB
    cores = os.cpu_count() or 1
    settings: dict[str, str | int | float] = {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": str(socket_folder),
        "unix_socket_permissions": "0700",
        "password_encryption": "scram-sha-256",
        "max_connections": connections,
        "shared_buffers": f"{min(memory_mb // 4, 1024)}MB",
        "effective_cache_size": f"{memory_mb // 2}MB",
        "work_mem": f"{min(max(memory_mb // 256, 8), 64)}MB",
        "maintenance_work_mem": f"{min(max(memory_mb // 16, 64), 512)}MB",
        "recovery_init_sync_method": "syncfs" if _syncs_whole_disks() else "fsync",
        "max_wal_size": "4GB",
        "min_wal_size": "128MB",
        "wal_compression": wal_compression,
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": 0.9,
        "random_page_cost": 1.1,
        "max_worker_processes": max(2 * cores, 8),
        "max_parallel_workers_per_gather": min(cores, 4),
        "jit": "off",
        "timezone": "UTC",
        "datestyle": "iso, dmy",
        "log_timezone": "UTC",
        "logging_collector": "on",
        "log_directory": str(log_folder),
        "log_filename": "postgres-%a.log",
        "log_truncate_on_rotation": "on",
        "log_rotation_age": "1d",
        "log_line_prefix": "%m [%p] %u@%d ",
        # Statements may hold what only staff may read; the log keeps messages without them.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",  # no detail and no context, which quote rows
        "log_parameter_max_length_on_error": 0,
    }
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
    return _conf(settings)


def _syncs_whole_disks() -> bool:
    """Tell whether one call puts a whole disk in order after a crash and tells its faults: Linux from 5.8 on.

    A thousand files one by one take most of a restart.
    """
    version = re.match(r"(\d+)\.(\d+)", platform.release()) if sys.platform == "linux" else None
    return version is not None and (int(version[1]), int(version[2])) >= (5, 8)


def _conf(settings: Mapping[str, str | int | float]) -> str:
    def quoted(value: str | int | float) -> str:
        return "'" + str(value).replace("'", "''") + "'"

    lines = (f"{name} = {quoted(value)}\n" for name, value in settings.items())
    return "# Written by Obod at each start; set your own with ALTER SYSTEM.\n" + "".join(lines)
