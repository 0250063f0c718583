"""A private PostGIS of one ``OBOD_HOME``: made on first use, kept from then on, reached by nobody from outside.

The server listens on a Unix socket and on one loopback port, asks for a password (SCRAM) and never runs as root:
started by root it runs as the system user ``postgres``. Home and data hold one identity; data that are missing or
another home's are an error that says where they were last, and nothing is made in their place.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from layers.errors import DatabaseUnavailable, LayersError, OperatorNeeded, as_disk_refusal
from layers.postgres.creation import SETTINGS, ensure_database, initialise
from layers.postgres.failure import LogMarks, closed_home, hindrance, low_on_room
from layers.postgres.identity import RECORD, Record, Tag, new_identity, new_record, read_major, read_record, read_tag
from layers.postgres.installation import Installation, find
from layers.postgres.placement import (
    LINK,
    Standing,
    close_home,
    former_places,
    make_place,
    place_of,
    require_reach,
    require_whole_copy,
    standing,
)
from layers.postgres.processes import clear_leftovers, is_free, running_server, socket_folder_of
from layers.postgres.roles import DATABASE, OWNER, SUPERUSER
from layers.postgres.server import ServerUser, server_settings, server_user
from layers.settings import get_settings

SOCKET_PATH_LIMIT = 107  # bytes; sizeof(sockaddr_un.sun_path) - 1 on Linux
START_TIMEOUT_S = 600  # seconds; recovery after a crash reads up to max_wal_size of log
STOP_TIMEOUT_S = 120  # seconds
LZ4_KNOWN = ("-c", "wal_compression=lz4", "-C", "wal_compression")  # of postgres: prints the setting, or refuses it
SHORT_FOLDER = Path("/tmp")  # noqa: S108 - for the socket alone, where the path below OBOD_HOME is too long for one
STOPPED = "database.stopped"  # file in the home: somebody stopped the database and meant it
NOT_MADE = "There is no embedded database yet; obod db start makes it."
NO_OWNER = (
    "OBOD_SERVICE_DATABASE_URL alone names the database here, with a login that only serves; this needs the owner's: "
    "run it where OBOD_DATABASE_URL names that."
)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Status:
    """What is known about the embedded database without connecting to it.

    place : folder of its data, there or not. problem : what keeps it from running or soon will, in one sentence.
    """

    made: bool
    running: bool
    pid: int | None = None
    port: int | None = None
    postgresql: str | None = None
    id: str | None = None
    place: Path | None = None
    problem: str | None = None


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
        return place_of(self.home, read_record(self.home))

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.files / "data"

    @property
    def made(self) -> bool:
        """Whether a database was made for this home; its data may be missing, which ``status`` tells."""
        with self._explained():
            record = read_record(self.home)
            return record is not None and record.made

    @property
    def running(self) -> bool:
        """Whether the server runs."""
        with self._explained():
            return running_server(self.data) is not None

    @property
    def stopped_on_purpose(self) -> bool:
        """Whether somebody stopped the server and nobody has started it since."""
        return (self.home / STOPPED).exists()

    def start(
        self,
        say: Say = lambda _sentence: None,
        *,
        unless_stopped: bool = False,
        make: bool = True,
        ensure: bool = True,
    ) -> None:
        """Start the server and make the database if there never was one; does nothing when it runs already.

        Safe for several callers at once, and after a crash: leftovers of a killed server are cleared away.

        Parameters
        ----------
        say : is told in a sentence each what the operator ought to know, such as where the data are kept.
        unless_stopped : leave alone a server that somebody stopped. make : False refuses where there is no database.
        ensure : log in as the superuser and make what is missing of roles and extension; not in a process that serves.

        Raises
        ------
        DatabaseUnavailable : PostGIS is not installed, its port is taken, the data are missing or not this home's, or
            the server does not start.
        """
        with self._locked():
            if unless_stopped and self.stopped_on_purpose:
                return
            found = standing(self.home, read_record(self.home))
            if found is Standing.NEVER_MADE and not make:
                raise DatabaseUnavailable(NOT_MADE)
            record = self._made_new(say) if found is Standing.NEVER_MADE else self._recognised(found, say)
            place = place_of(self.home, record)
            if running_server(place / "data") is None:
                account = server_user(place / "data")
                self._ready_folders(place, record, account)
                require_reach(place / "data", account)
                installation = find(read_major(place / "data"))
                clear_leftovers(place / "data", self._socket_folder(place, record))
                self._launch(place, record, installation, account)
            (self.home / STOPPED).unlink(missing_ok=True)
            if ensure:
                ensure_database(self.socket_url(SUPERUSER, "postgres"), self.socket_url(SUPERUSER), record)

    def stop(self) -> None:
        """Stop the server cleanly: open transactions are rolled back, data are on disk. Idempotent.

        A service that watches over the server leaves it stopped from then on.
        """
        if not self.made:
            return
        with self._locked():
            with suppress(OSError):
                (self.home / STOPPED).touch(mode=0o600)
            standing(self.home, read_record(self.home))
            self._stop(place_of(self.home, read_record(self.home)) / "data")

    def owns_data(self) -> bool:
        """Tell whether there are data and they are this home's own, so that removing them takes nobody else's."""
        with self._explained():
            try:
                return standing(self.home, read_record(self.home)) is not Standing.NEVER_MADE
            except OperatorNeeded:
                return False

    def remove(self) -> None:
        """Stop the server and delete the database with all its files; data of another home are left alone."""
        if not self.made:
            return
        with self._locked():  # nobody starts it half-way
            if (record := read_record(self.home)) is None:
                return
            if self.owns_data():
                place = place_of(self.home, record)
                self._stop(place / "data")
                socket_folder = self._socket_folder(place, record)
                if socket_folder.parent == SHORT_FOLDER:
                    shutil.rmtree(socket_folder, ignore_errors=True)
                shutil.rmtree(place)
            link = self.home / LINK
            if link.is_symlink():
                link.unlink()
            for name in (RECORD, STOPPED):
                (self.home / name).unlink(missing_ok=True)

    def status(self) -> Status:
        """Return whether the database is made and running, where its data are, and what is wrong; changes nothing."""
        try:
            with self._explained():
                record = read_record(self.home)
                if record is None or not record.made:
                    return self._status_of_none(record)
                return self._status_of(record)
        except LayersError as error:
            return Status(made=True, running=False, problem=str(error))

    def url(self, role: str = OWNER, database: str = DATABASE) -> str:
        """Return a connection string over the loopback port that psql and QGIS accept, password included."""
        record = self._record()
        return f"postgresql://{role}:{record.passwords[role]}@127.0.0.1:{record.port}/{database}"

    def socket_url(self, role: str = OWNER, database: str = DATABASE) -> str:
        """Return the same over the Unix socket, which is a little faster."""
        record = self._record()
        folder = quote(str(self._socket_folder(self.files, record)), safe="")
        return f"postgresql://{role}:{record.passwords[role]}@/{database}?host={folder}&port={record.port}"

    # -- what is there ----------------------------------------------------------------------------------

    def _record(self) -> Record:
        with self._explained():
            record = read_record(self.home)
        if record is None:
            raise DatabaseUnavailable(NOT_MADE)
        return record

    def _status_of_none(self, record: Record | None) -> Status:
        try:
            standing(self.home, record)
        except OperatorNeeded as error:
            return Status(made=False, running=False, problem=str(error))
        return Status(made=False, running=False, problem=closed_home(self.home))

    def _status_of(self, record: Record) -> Status:
        place = place_of(self.home, record)
        known = Status(made=True, running=False, port=record.port, id=record.identity, place=record.place or place)
        try:
            if standing(self.home, record) is Standing.NEVER_MADE:
                return self._status_of_none(record)
            known = replace(known, place=place, postgresql=str(read_major(place / "data")))
            if (postmaster := running_server(place / "data")) is not None:
                return replace(known, running=True, pid=postmaster.pid, problem=low_on_room(place))
            if (problem := hindrance(self.home, place, record.port)) is not None:
                return replace(known, problem=problem)
            require_reach(place / "data", server_user(place / "data"))
        except OperatorNeeded as error:
            return replace(known, problem=str(error))
        return known

    def _socket_folder(self, place: Path, record: Record) -> Path:
        name = f".s.PGSQL.{record.port}"
        noted = socket_folder_of(place / "data")
        if noted is not None and (noted / name).exists():
            return noted  # of a server that an earlier version started, too
        beside = place / "socket"
        if len(os.fsencode(beside / f"{name}.lock")) <= SOCKET_PATH_LIMIT:
            return beside
        return SHORT_FOLDER / f"obod-{record.identity}"

    # -- stopping, starting ---------------------------------------------------------------------------------

    def _stop(self, data: Path) -> None:
        if running_server(data) is None:
            return
        pg_ctl, wait = find(read_major(data)).program("pg_ctl"), ["-w", "-t", str(STOP_TIMEOUT_S)]
        for mode in ("fast", "immediate"):
            if server_user(data).run([pg_ctl, "stop", "-D", str(data), "-m", mode, *wait]).returncode == 0:
                return
        raise DatabaseUnavailable("The embedded database does not stop; its log under OBOD_HOME says why.")

    def _made_new(self, say: Say) -> Record:
        for former in former_places(self.home):
            say(f"The data of a former OBOD_HOME at this place stay in {former}; nothing of them is touched.")
        installation, account = find(), server_user(self.home / LINK / "data")
        record = read_record(self.home)
        if record is None or record.identity is None:
            record = new_record().written(self.home)
        record = make_place(self.home, record, account).written(self.home)
        assert record.place is not None
        if not record.place.is_relative_to(self.home.resolve()):
            say(
                f"The account {account.name} that runs the database cannot reach {self.home}, so the data are kept in "
                f"{record.place}; obod db status says so too."
            )
        initialise(record.place, self.home, record, installation, account, durable=self.durable)
        return replace(record, made=True).written(self.home)

    def _recognised(self, found: Standing, say: Say) -> Record:
        """Return the record of a home with data, brought up to what was found."""
        before = self._record()
        place = place_of(self.home, before)
        tag = read_tag(place / "data")
        record = replace(before, place=place, made=True)
        if found is Standing.COPY:
            assert tag is not None
            require_whole_copy(self.home, place / "data", tag.home)
            record = record.renewed()
            say(f"This OBOD_HOME is a copy of {tag.home}; it is a database of its own now, on port {record.port}.")
        elif found is Standing.UNTAGGED:
            record = replace(record, identity=new_identity())
        elif tag is not None:
            record = replace(record, identity=tag.identity)
        wanted = Tag(str(record.identity), self.home)
        if tag != wanted:
            wanted.write(place / "data")
        if record != before:
            record.written(self.home)
        link = self.home / LINK
        if not link.exists():
            link.symlink_to(place)
        return record

    def _ready_folders(self, place: Path, record: Record, account: ServerUser) -> None:
        close_home(self.home, account, inside=place.is_relative_to(self.home.resolve()))
        for folder in (place / "log", self._socket_folder(place, record)):
            folder.mkdir(mode=0o700, exist_ok=True)
            if folder.is_symlink() or folder.stat().st_uid not in (os.geteuid(), account.uid):
                raise OperatorNeeded(f"The folder {folder} of the embedded database belongs to someone else.")
            account.own(folder)
        if account.switch and (place / "data").stat().st_uid != account.uid:
            account.own_all(place)  # copied by root without its owner

    def _launch(self, place: Path, record: Record, installation: Installation, account: ServerUser) -> None:
        if not is_free(record.port):
            raise OperatorNeeded(hindrance(self.home, place, record.port) or "The port of the database is taken.")
        settings = place / "data" / SETTINGS
        lz4 = account.run([installation.program("postgres"), "-D", str(place / "data"), *LZ4_KNOWN]).returncode == 0
        settings.write_text(
            server_settings(
                record.port,
                self._socket_folder(place, record),
                place / "log",
                durable=self.durable,
                connections=get_settings().server_connections,
                wal_compression="lz4" if lz4 else "on",
            )
        )
        account.own(settings)
        marks = LogMarks(place / "log")
        log = place / "log" / "start.log"
        wait = ["-l", str(log), "-w", "-t", str(START_TIMEOUT_S)]
        result = account.run([installation.program("pg_ctl"), "start", "-D", str(place / "data"), *wait])
        if result.returncode != 0:
            reason = low_on_room(place) or f"The embedded database did not start: {marks.reason(result.stderr)}."
            raise OperatorNeeded(reason)

    # -- one at a time, in one sentence -----------------------------------------------------------------

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._explained():
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.home / "database.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            finally:
                os.close(lock)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Say in one sentence what a disk or the server refused."""
        try:
            yield
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EPERM):
                raise OperatorNeeded(
                    f"OBOD_HOME ({self.home}) belongs to another user; run this as that user or name another OBOD_HOME."
                ) from error
            if error.errno == errno.EROFS:
                raise OperatorNeeded(
                    f"OBOD_HOME ({self.home}) lies on a disk that may only be read; name another."
                ) from error
            if error.errno in (errno.ENOTDIR, errno.EEXIST):
                raise OperatorNeeded(f"OBOD_HOME ({self.home}) is not a folder; name another.") from error
            raise as_disk_refusal(error) or OperatorNeeded(
                f"OBOD_HOME ({self.home}) cannot be used: {error.strerror}."
            ) from error
        except psutil.Error as error:
            raise OperatorNeeded(f"The server of {self.home} cannot be looked at: {error}.") from error
        except psycopg.OperationalError as error:
            raise OperatorNeeded(
                f"The embedded database of {self.home} runs but does not let us in: {str(error).splitlines()[0]}"
            ) from error
