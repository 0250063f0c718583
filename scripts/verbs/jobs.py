"""``obod jobs``: what was asked for in the background; who works on it."""

from __future__ import annotations

import os
import time
from typing import Annotated, Any, Final

import typer

from layers.errors import Busy
from layers.postgres.cluster import Cluster
from layers.postgres.engine import engine, writing
from layers.records.job_work import find_job, has_worker, list_jobs, stop, working_alone
from layers.records.jobs import Job
from layers.settings import get_settings
from scripts.output import err, out, print_json, print_table

app = typer.Typer(no_args_is_help=True, help="Work that was asked for in the background.")

COLUMNS: Final = ("job", "kind", "district", "lang", "for", "state", "progress", "asked_at", "ended_at")
SHOWN: Final = 8  # digits of a number in a table
NICENESS: Final = 5  # serving comes first
RETRY_S: Final = 5.0  # seconds between looks whether who works has ended
NOBODY: Final = "Nobody works on jobs now; obod jobs work does, and obod serve has it done beside it."
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Number = Annotated[str, typer.Argument(metavar="JOB", help="Number of a job, or its beginning.")]


@app.callback()
def jobs() -> None:
    """Reports and files of many plots and drafts of staff, asked for on the page or by POST /jobs."""


@app.command("list")
def list_(json: Json = False) -> None:
    """List jobs, the latest first, and say whether somebody works on them."""
    with writing() as connection:
        rows, is_worked = [_row(job) for job in list_jobs(connection)], has_worker(connection)
    if json:
        print_json({"worker": is_worked, "jobs": rows})
        return
    for row in rows:
        row["job"] = row["job"][:SHOWN]
        for moment in ("asked_at", "ended_at"):
            row[moment] = None if row[moment] is None else f"{row[moment]:%Y-%m-%d %H:%M}"
    if rows:
        print_table(rows, COLUMNS)
    else:
        out.print("There is no job.", highlight=False)
    if not is_worked:
        err.print(NOBODY, highlight=False)


@app.command()
def show(job: Number, json: Json = False) -> None:
    """Show what a job asks for, how far it is and what it made."""
    with writing() as connection:
        found = find_job(connection, job)
    told = {name: getattr(found, name) for name in Job.__table__.columns.keys() if name != "digest"}  # noqa: SIM118
    if json:
        print_json(told)
        return
    print_table([{"of": name, "is": str(value)} for name, value in told.items() if value is not None], ("of", "is"))


@app.command("stop")
def stop_(job: Number, json: Json = False) -> None:
    """Stop a job, whoever asked for it; one that is being made ends within seconds."""
    with writing() as connection:
        found = find_job(connection, job)
        stop(connection, found)
        state = find_job(connection, found.job_id).state
    if json:
        print_json({"job": found.job_id, "state": state})
        return
    said = "is being stopped" if state == "running" else f"is {state}"
    out.print(f"Job {found.job_id[:SHOWN]} {said}.", highlight=False)


@app.command()
def work(
    once: Annotated[bool, typer.Option("--once", help="End when no job waits.")] = False,
    beside: Annotated[
        int | None, typer.Option(metavar="PROCESS", help="End when this process, which started it, has ended.")
    ] = None,
) -> None:
    """Make what jobs ask for, one after another, until stopped with Ctrl-C; a second process waits for the first.

    What is being made when it is stopped is made from its beginning by whoever works next.
    """
    from scripts.jobs.worker import work as work_on  # all that makes anything, which no other command needs

    settings = get_settings()
    if settings.database_url is None and Cluster(settings.home).stopped_on_purpose:
        err.print("The database was stopped; nothing is worked on until somebody starts it.", highlight=False)
        return
    os.nice(NICENESS)

    def is_wanted() -> bool:
        return beside is None or os.getppid() == beside

    while is_wanted():
        with working_alone(engine()) as held:
            if held is not None:
                count = work_on(held, once=once, is_wanted=is_wanted)
                out.print(f"Jobs made: {count}.", highlight=False)
                return
        if once:
            raise Busy("Another process works on jobs.")
        time.sleep(RETRY_S)


def _row(job: Job) -> dict[str, Any]:
    return {
        "job": job.job_id,
        "kind": job.kind,
        "district": job.district,
        "lang": job.lang,
        "for": job.audience if job.key_id is None else f"{job.audience}, key {job.key_id}",
        "state": "being stopped" if job.stop_asked and job.state == "running" else job.state,
        "progress": f"{job.done} of {job.total}" if job.total else None,
        "asked_at": job.asked_at,
        "ended_at": job.ended_at,
    }
