"""A private PostGIS under ``OBOD_HOME``: made on first use, kept from then on, reached by nobody from outside.

The server listens on a Unix socket and on one loopback port, asks for a password (SCRAM) and never runs as
root: started by root it runs as the system user ``postgres``. Its files are in ``OBOD_HOME/postgres``; where
that user cannot reach them (a clone below a home folder of mode 700), they are in a folder of their own below
``/var/lib/obod`` and ``OBOD_HOME/postgres`` is a link to it, so that no folder of the caller is opened up.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from layers.errors import DatabaseUnavailable
from layers.postgres.installation import Installation, find
from layers.postgres.roles import API_LOGIN, OWNER
from layers.postgres.server import ServerUser, server_settings, server_user, utf8_locale

DATABASE = "obod"
SETTINGS = "obod.conf"  # file in the data directory, written anew at each start
SUPERUSER = "postgres"  # role that only makes the database and its extension
FIRST_PORT, PORTS = 15_432, 1_000  # TCP ports tried; below those Linux gives to outgoing connections (32,768 up)
SOCKET_PATH_LIMIT = 107  # bytes; sizeof(sockaddr_un.sun_path) - 1 on Linux
START_TIMEOUT_S = 600  # seconds; recovery after a crash reads up to max_wal_size of log
STOP_TIMEOUT_S = 120  # seconds
LZ4_KNOWN = ("-c", "wal_compression=lz4", "-C", "wal_compression")  # of postgres: prints the setting, or refuses it
LOAD_SETTING = "session_replication_role"  # what a load sets, so that one check of a reference stands for a million
UNREACHABLE_HOMES = Path("/var/lib/obod")
SHORT_FOLDER = Path("/tmp")  # for the socket alone, where the path below OBOD_HOME is too long for one


@dataclass(frozen=True, slots=True)
class Status:
    """What is known about the embedded database without connecting to it."""

    made: bool
    running: bool
    pid: int | None
    port: int | None
    postgresql: str | None


class Cluster:
    """The embedded PostGIS of one ``OBOD_HOME``.

    Parameters
    ----------
    home : folder that holds it; made when it is missing.
    durable : False trades safety on power loss for speed; for throw-away clusters of tests only.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self.home = home.absolute()
        self.durable = durable

    @property
    def files(self) -> Path:
        """Folder of the server's own files: data, log, socket."""
        return (self.home / "postgres").resolve()

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.files / "data"

    @property
    def made(self) -> bool:
        """Whether there is a database in this home."""
        return (self.home / "postgres").exists() and (self.home / "database.json").is_file()

    def start(self) -> None:
        """Start the server and make the database if needed; does nothing when it runs already.

        Safe for several callers at once, and after a crash: leftovers of a killed server are cleared away.

        Raises
        ------
        DatabaseUnavailable : PostGIS is not installed, its port is taken, or the server does not start.
        """
        with self._locked():
            account = server_user(self.home / "postgres" / "data")
            self._prepare_files(account)
            if self._postmaster() is None:
                installation = find(self._made_by())
                self._clear_leftovers()
                if not self.data.exists():
                    self._initialise(installation, account)
                self._launch(installation, account)
            self._ensure_database()

    def stop(self) -> None:
        """Stop the server cleanly: open transactions are rolled back, data are on disk. Idempotent."""
        if not self.made:
            return
        with self._locked():
            if self._postmaster() is None:
                return
            account = server_user(self.data)
            stop = [find(self._made_by()).program("pg_ctl"), "stop", "-D", str(self.data), "-w"]
            for mode in ("fast", "immediate"):
                result = account.run([*stop, "-m", mode, "-t", str(STOP_TIMEOUT_S)])
                if result.returncode == 0:
                    return
            raise DatabaseUnavailable("The embedded database does not stop; its log under OBOD_HOME says why.")

    def remove(self) -> None:
        """Stop the server and delete the database with all its files."""
        if not self.made:
            return
        self.stop()
        files = self.files
        shutil.rmtree(self._socket_folder(), ignore_errors=True)
        link = self.home / "postgres"
        if link.is_symlink():
            link.unlink()
        shutil.rmtree(files, ignore_errors=True)
        (self.home / "database.json").unlink(missing_ok=True)

    def status(self) -> Status:
        """Return whether the database is made and running, its port and its PostgreSQL version."""
        if not self.made:
            return Status(made=False, running=False, pid=None, port=None, postgresql=None)
        postmaster = self._postmaster()
        major = self._made_by()
        return Status(
            made=True,
            running=postmaster is not None,
            pid=None if postmaster is None else postmaster.pid,
            port=self._port(),
            postgresql=None if major is None else str(major),
        )

    def url(self, role: str = OWNER, database: str = DATABASE) -> str:
        """Return a connection string over the loopback port that psql and QGIS accept, password included."""
        return f"postgresql://{role}:{self._password(role)}@127.0.0.1:{self._port()}/{database}"

    def socket_url(self, role: str = OWNER, database: str = DATABASE) -> str:
        """Return the same over the Unix socket, which is a little faster."""
        folder = quote(str(self._socket_folder()), safe="")
        return f"postgresql://{role}:{self._password(role)}@/{database}?host={folder}&port={self._port()}"

    # -- files ------------------------------------------------------------------------------------------

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.home / "database.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError:
            raise DatabaseUnavailable(
                "OBOD_HOME belongs to another user; run this as that user or name another OBOD_HOME."
            ) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _prepare_files(self, account: ServerUser) -> None:
        link = self.home / "postgres"
        if not link.exists():
            link.unlink(missing_ok=True)
            link.mkdir(mode=0o700)
            account.own(link)
            if not account.can_write(link):
                link.rmdir()
                UNREACHABLE_HOMES.mkdir(mode=0o755, parents=True, exist_ok=True)
                self._forget_former()
                link.symlink_to(self._elsewhere(account))
        for folder in (self.files / "log", self._socket_folder()):
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), account.uid):
                raise DatabaseUnavailable(f"The folder {folder.name} of the embedded database belongs to someone else.")
            account.own(folder)

    def _elsewhere(self, account: ServerUser) -> Path:
        folder = Path(tempfile.mkdtemp(prefix=f"{self._digest()}-", dir=UNREACHABLE_HOMES))
        account.own(folder)
        return folder

    def _forget_former(self) -> None:
        # A home that was deleted and made again leaves its former database behind; nothing points to it any more.
        for former in UNREACHABLE_HOMES.glob(f"{self._digest()}-*"):
            _kill_servers_in(former / "data")
            shutil.rmtree(former, ignore_errors=True)

    def _digest(self) -> str:
        return hashlib.sha256(os.fsencode(self.home.resolve())).hexdigest()[:12]

    def _socket_folder(self) -> Path:
        beside = self.files / "socket"
        if len(os.fsencode(beside / f".s.PGSQL.{self._port()}.lock")) <= SOCKET_PATH_LIMIT:
            return beside
        return SHORT_FOLDER / f"obod-{self._digest()}"

    def _secrets(self) -> dict[str, object]:
        """Port and passwords, chosen once and kept in a file only the caller can read."""
        kept = self.home / "database.json"
        try:
            found: dict[str, object] = json.loads(kept.read_text())
            return found
        except FileNotFoundError:
            pass
        except PermissionError:
            raise DatabaseUnavailable(
                "OBOD_HOME belongs to another user; run this as that user or name another OBOD_HOME."
            ) from None
        if self.data.exists():
            raise DatabaseUnavailable("OBOD_HOME/database.json is missing; without it the database has no password.")
        chosen: dict[str, object] = {
            "port": _free_port(FIRST_PORT + int(self._digest(), 16) % PORTS),
            "passwords": {role: secrets.token_urlsafe(24) for role in (SUPERUSER, OWNER, API_LOGIN)},
        }
        fresh = kept.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(chosen, file, indent=2)
        fresh.replace(kept)
        return chosen

    def _port(self) -> int:
        return int(str(self._secrets()["port"]))

    def _password(self, role: str) -> str:
        passwords = self._secrets()["passwords"]
        assert isinstance(passwords, dict)
        return str(passwords[role])

    def _made_by(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None

    # -- the server -------------------------------------------------------------------------------------

    def _initialise(self, installation: Installation, account: ServerUser) -> None:
        unfinished = self.files / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        descriptor, password_file = tempfile.mkstemp(dir=self.files)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(self._password(SUPERUSER))
            account.own(Path(password_file))
            result = account.run(
                [
                    installation.program("initdb"),
                    f"--pgdata={unfinished}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={password_file}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    f"--locale={utf8_locale()}",
                    "--data-checksums",
                    *(() if self.durable else ("--no-sync",)),
                ]
            )
        finally:
            os.unlink(password_file)
        if result.returncode != 0:
            raise DatabaseUnavailable(f"The embedded database could not be made: {_last_line(result.stderr)}")
        # What initdb found out about the machine (shared memory, locale) stays; ours comes after it.
        with (unfinished / "postgresql.conf").open("a") as file:
            file.write(f"include_if_exists = '{SETTINGS}'\n")
        unfinished.rename(self.data)

    def _launch(self, installation: Installation, account: ServerUser) -> None:
        port = self._port()
        if not _is_free(port):
            raise DatabaseUnavailable(
                f"Port {port} of the embedded database is used by another program; end that program, or write "
                "another port into OBOD_HOME/database.json."
            )
        settings = self.data / SETTINGS
        lz4 = account.run([installation.program("postgres"), "-D", str(self.data), *LZ4_KNOWN]).returncode == 0
        settings.write_text(
            server_settings(
                port,
                self._socket_folder(),
                self.files / "log",
                durable=self.durable,
                wal_compression="lz4" if lz4 else "on",
            )
        )
        account.own(settings)
        log = self.files / "log" / "start.log"
        result = account.run(
            [
                installation.program("pg_ctl"),
                *("start", "-D", str(self.data), "-l", str(log), "-w", "-t", str(START_TIMEOUT_S)),
            ]
        )
        if result.returncode != 0:
            raise DatabaseUnavailable(f"The embedded database did not start: {self._reason()}.")

    def _reason(self) -> str:
        logs = sorted((self.files / "log").glob("*"), key=lambda log: log.stat().st_mtime)
        fatal = [line for log in logs for line in log.read_text(errors="replace").splitlines() if "FATAL:" in line]
        return fatal[-1].partition("FATAL:")[2].strip() if fatal else "its log under OBOD_HOME says why"

    def _postmaster(self) -> psutil.Process | None:
        """Return the running server, told apart from a stale pid that another program has now."""
        try:
            process = psutil.Process(int((self.data / "postmaster.pid").read_text().split("\n", 1)[0]))
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return None
        return process if _serves(process, self.data) else None

    def _clear_leftovers(self) -> None:
        # After kill -9 of the server its children may still hold shared memory, and a stale pid or socket lock may
        # name a number that another program has by now; PostgreSQL then refuses to start until both are gone.
        if not self.data.exists():
            return
        _kill_servers_in(self.data)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for stale in self._socket_folder().glob(".s.PGSQL.*"):
            stale.unlink(missing_ok=True)

    def _ensure_database(self) -> None:
        with psycopg.connect(self.socket_url(SUPERUSER, "postgres"), autocommit=True) as connection:
            for role, rights in ((OWNER, "CREATEROLE CREATEDB"), (API_LOGIN, "NOINHERIT")):
                if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
                    verifier = connection.pgconn.encrypt_password(
                        self._password(role).encode(), role.encode(), b"scram-sha-256"
                    )
                    statement = sql.SQL("CREATE ROLE {} LOGIN {} PASSWORD {}")
                    connection.execute(
                        statement.format(sql.Identifier(role), sql.SQL(rights), sql.Literal(verifier.decode()))
                    )
            # For superusers otherwise; it opens nothing to the owner, who may drop any check of its own tables anyway.
            held = connection.execute("SELECT has_parameter_privilege(%s, %s, 'SET')", [OWNER, LOAD_SETTING]).fetchone()
            if held != (True,):
                grant = sql.SQL("GRANT SET ON PARAMETER {} TO {}")
                connection.execute(grant.format(sql.Identifier(LOAD_SETTING), sql.Identifier(OWNER)))
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
                connection.execute(
                    sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
                )
        with psycopg.connect(self.socket_url(SUPERUSER), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'postgis'").fetchone() is None:
                connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")


def _servers_in(data: Path) -> list[psutil.Process]:
    """Return the PostgreSQL processes that work in this data directory, the server and its children."""
    return [process for process in psutil.process_iter() if _serves(process, data)]


def _serves(process: psutil.Process, data: Path) -> bool:
    try:
        return process.name().startswith("postgres") and Path(process.cwd()) == data
    except psutil.Error:
        return False


def _kill_servers_in(data: Path) -> None:
    servers = _servers_in(data)
    for server in servers:
        server.send_signal(signal.SIGKILL)
    psutil.wait_procs(servers, timeout=STOP_TIMEOUT_S)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port(first: int) -> int:
    for port in range(first, FIRST_PORT + 2 * PORTS):
        if _is_free(port):
            return port
    raise DatabaseUnavailable(f"No loopback port from {first} to {FIRST_PORT + 2 * PORTS} is free for the database.")


def _last_line(printed: str) -> str:
    lines = [line for line in printed.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason was given"
