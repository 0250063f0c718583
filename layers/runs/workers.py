"""Who scores the parts of a run: threads of this process, processes of this machine, or a Dask cluster.

Everywhere the same function is called with the same parts, so the results are the same to the last bit. Dask hands the
parts of a worker that was lost to the others; an error in the data is not tried again.

Whoever reaches a Dask scheduler runs code as its workers, so none is reached without a certificate: processes of one
machine have one of their own for each run, which never leaves their memory, and a cluster has the one its machines
share. What travels to workers is a login of that run alone (``worker_login``).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import as_completed as threads_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine, create_engine

from layers.cache.files import write_whole
from layers.errors import LayersError
from layers.runs.parts import Part, score_part
from layers.runs.worker_login import worker_login

THREADS = 2  # parts at a time in one process: one reads and writes while the other computes; bounds the memory
AUTHORITY, CERTIFICATE, PRIVATE_KEY = "ca.pem", "certificate.pem", "key.pem"  # files of a folder of certificates
LOCAL = "127.0.0.1"  # the scheduler of one machine listens here only
CONNECT_S = 20  # seconds to wait for a cluster that does not answer

Work = Callable[[Engine, Sequence[Part]], Iterator[str]]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ClusterPlace:
    """Where a Dask cluster is and how it is proved to be the right one.

    address : of its scheduler, such as ``tls://10.0.0.5:8786``. certificates : folder that ``make_certificates`` wrote;
    None only where somebody typed that the cluster is not to be checked.
    """

    address: str
    certificates: Path | None
    checked: bool = True

    def __post_init__(self) -> None:
        """Refuse a scheduler that is not proved.

        Raises
        ------
        LayersError : an address without TLS, or TLS without certificates.
        """
        if self.checked and (self.certificates is None or not self.address.startswith("tls://")):
            raise LayersError(
                f"The cluster at {self.address} is not protected: give an address that begins with tls:// and "
                "--certificates FOLDER (obod cluster certificates FOLDER makes them), or type --insecure where nobody "
                "else can reach it."
            )

    @classmethod
    def unprotected(cls, address: str) -> ClusterPlace:
        """Return the place of a cluster that is not to be checked; whoever reaches it runs code as its workers."""
        return cls(address, None, checked=False)


@dataclass(frozen=True, slots=True)
class Finished(Collection[str]):
    """Districts of parts as these are done, to be gone through once; how many there will be is known before."""

    names: Iterator[str]
    total: int

    def __iter__(self) -> Iterator[str]:
        return self.names

    def __len__(self) -> int:
        return self.total

    def __contains__(self, name: object) -> bool:
        return any(found == name for found in self.names)


def in_process(engine: Engine, parts: Sequence[Part]) -> Iterator[str]:
    """Score parts on ``THREADS`` threads; yield their districts as they are done."""
    with ThreadPoolExecutor(min(THREADS, max(len(parts), 1))) as pool:
        futures: dict[Future[int], Part] = {pool.submit(score_part, engine, part): part for part in parts}
        try:
            for done in threads_completed(futures):
                done.result()
                yield futures[done].district
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def on_workers(count: int) -> Work:
    """Return what scores parts in ``count`` processes of this machine."""

    def work(engine: Engine, parts: Sequence[Part]) -> Iterator[str]:
        with local_cluster(count) as client:
            yield from over_client(client, engine, parts)

    return work


def on_cluster(place: ClusterPlace) -> Work:
    """Return what scores parts on a Dask cluster.

    Its workers need this version of Obod, and reach the database and ``OBOD_HOME`` under the same names as this
    process does.

    Raises
    ------
    LayersError : nobody answers there, or the certificates cannot be used.
    """

    def work(engine: Engine, parts: Sequence[Part]) -> Iterator[str]:
        with cluster_at(place) as client:
            yield from over_client(client, engine, parts)

    return work


@contextmanager
def client_for(workers: int | None, cluster: ClusterPlace | None) -> Iterator[Any]:
    """Yield a Dask client of a cluster, or of so many processes of this machine."""
    with cluster_at(cluster) if cluster is not None else local_cluster(workers or 1) as client:
        yield client


@contextmanager
def cluster_at(place: ClusterPlace) -> Iterator[Any]:
    """Yield a Dask client of a cluster.

    Raises
    ------
    LayersError : nobody answers there, or the certificates cannot be used.
    """
    from distributed import Client

    try:
        client = Client(place.address, security=_security(place), timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as problem:
        raise LayersError(f"No Dask cluster answers at {place.address}.") from problem
    with client:
        yield client


@contextmanager
def local_cluster(count: int) -> Iterator[Any]:
    """Yield a Dask client of ``count`` single-threaded processes that share the cores of this machine."""
    from distributed import Client, LocalCluster
    from distributed.security import Security

    threads = max((os.cpu_count() or 1) // count, 1)
    with (
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            host=LOCAL,
            protocol="tls",
            security=Security.temporary(),
            dashboard_address=f"{LOCAL}:0",
            scheduler_kwargs={"dashboard": False},
            silence_logs=logging.CRITICAL,
            memory_limit=0,
            env={"NUMBA_NUM_THREADS": str(threads)},
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def over_client(client: Any, engine: Engine, parts: Sequence[Part]) -> Iterator[str]:
    """Score parts through a Dask client; yield their districts as they are done."""
    if not parts:
        return
    keys = [f"obod-run-{part.run_id}-part-{part.number}" for part in parts]
    with worker_login(engine, parts[0].run_id) as login:
        url = login.render_as_string(hide_password=False)
        for place, _ in each_done(client, _score_at, [(url, part) for part in parts], keys):
            yield parts[place].district


def each_done(
    client: Any, work: Callable[..., Any], calls: Sequence[tuple[Any, ...]], keys: Sequence[str]
) -> Iterator[tuple[int, Any]]:
    """Run calls through a Dask client; yield the place of each as it is done, and what it returned.

    Raises
    ------
    LayersError : the workers a call was given to have died, one after the other. Else whatever the call raised.
    """
    from distributed import KilledWorker, as_completed

    futures = [client.submit(work, *call, key=key, pure=False) for call, key in zip(calls, keys, strict=True)]
    place = {future.key: number for number, future in enumerate(futures)}
    try:
        for future in as_completed(futures, loop=client.loop):
            yield place[future.key], future.result()
    except KilledWorker as lost:
        raise LayersError("The workers that had the same part of the run have died one after the other.") from lost
    finally:
        client.cancel(futures)


def _score_at(url: str, part: Part) -> int:
    return score_part(_engine_at(url), part)


@lru_cache(maxsize=1)
def _engine_at(url: str) -> Engine:
    return create_engine(url, pool_pre_ping=True, hide_parameters=True)


def make_certificates(folder: Path) -> dict[str, Path]:
    """Write the certificates that the machines of one cluster share, and return the files by what they are.

    Whoever has them can join the cluster and run code there: they are for their owner alone.

    Raises
    ------
    LayersError : the folder holds certificates already, or cannot be written.
    """
    from distributed.security import Security

    paths = {"ca": folder / AUTHORITY, "certificate": folder / CERTIFICATE, "key": folder / PRIVATE_KEY}
    if any(path.exists() for path in paths.values()):
        raise LayersError(f"{folder} holds certificates already; name another folder, or remove them first.")
    made = Security.temporary()
    contents = {"ca": made.tls_ca_file, "certificate": made.tls_scheduler_cert, "key": made.tls_scheduler_key}
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for what, path in paths.items():
            with write_whole(path) as file:
                file.write(contents[what].encode())
            path.chmod(0o600)
    except OSError as problem:
        raise LayersError(f"{folder} cannot be written: {problem.strerror}.") from problem
    return paths


def _security(place: ClusterPlace) -> Any:
    from distributed.security import Security

    if place.certificates is None:
        return None
    for name in (AUTHORITY, CERTIFICATE, PRIVATE_KEY):
        if not (place.certificates / name).is_file():
            raise LayersError(f"{place.certificates} holds no {name}; obod cluster certificates makes the folder.")
    return Security(
        require_encryption=True,
        tls_ca_file=str(place.certificates / AUTHORITY),
        tls_client_cert=str(place.certificates / CERTIFICATE),
        tls_client_key=str(place.certificates / PRIVATE_KEY),
    )
