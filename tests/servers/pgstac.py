"""A real STAC API on loopback: PostgreSQL with PostGIS and pgstac, behind stac-fastapi."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import requests
from pypgstac.db import PgstacDB
from pypgstac.load import Loader, Methods
from pypgstac.migrate import Migrate

from servers.processes import process

PACKAGES = "postgresql postgresql-postgis"  # of Debian
START_S = 60  # until a server must answer

# For data that nobody keeps: nothing waits for the disk.
SETTINGS = {
    "listen_addresses": "",  # only the socket in our own folder
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "20",
}


class StacServer:
    """A running STAC API at `url`, and the database `dsn` behind it."""

    def __init__(self, url, dsn):
        self.url = url
        self.dsn = dsn

    def load(self, collections, items):
        """Fill the catalogue with these collections and items (lists of dicts) and no others."""
        with database(self.dsn) as db:
            for (name,) in list(db.query("SELECT id FROM collections")):
                db.query_one("SELECT delete_collection(%s)", [name])
            loader = Loader(db)
            loader.load_collections(iter(collections), Methods.insert)
            loader.load_items(iter(items), Methods.insert)


def require_postgres(root=Path("/usr")):
    """Return the result of find_postgres; if it is None, skip the test, or fail it in CI."""
    binaries = find_postgres(root)
    if binaries is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(f"no PostgreSQL with PostGIS here: apt-get install {PACKAGES}")
    return binaries


def find_postgres(root):
    """Return the folder of PostgreSQL's programs, if it is where Debian puts it and has PostGIS.

    The newest version is used; None if there is none.
    """
    versions = sorted(
        (folder for folder in (root / "lib/postgresql").glob("*") if folder.name.isdigit()),
        key=lambda folder: int(folder.name),
    )
    for folder in reversed(versions):
        control = root / "share/postgresql" / folder.name / "extension/postgis.control"
        if control.is_file():
            return folder / "bin"
    return None


@contextmanager
def run_server(binaries):
    """Yield a StacServer of the PostgreSQL in `binaries`; both processes end with the block.

    They also end with this process, however it ends.
    """
    with ExitStack() as stack:
        # Short, since the path of a socket has 107 characters at most.
        folder = Path(tempfile.mkdtemp(prefix="pgstac-", dir="/tmp"))
        stack.callback(shutil.rmtree, folder)
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        subprocess.run(
            unprivileged(
                *(binaries / "initdb", "--pgdata", data, "--username", "postgres"),
                *("--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
            ),
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
        )
        settings = {**SETTINGS, "unix_socket_directories": folder}
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = unprivileged(binaries / "postgres", "-D", data, *options, ends_with_us="INT")
        postgres = stack.enter_context(process(command, folder / "postgres.log", signal.SIGINT))
        dsn = f"host={folder} user=postgres dbname=postgres"
        await_postgres(postgres, dsn)
        with database(dsn) as db:
            Migrate(db).run_migration()

        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            stack.enter_context(uvicorn(listener.fileno(), folder))
        # The socket already listens, so this waits for the server, or fails if the server has died.
        requests.get(f"{url}/_mgmt/health", timeout=START_S).raise_for_status()
        yield StacServer(url, dsn)


def unprivileged(*command, ends_with_us=None):
    """Return the command that runs `command`, as another user if this is root: PostgreSQL
    refuses root. `ends_with_us` names the signal that it gets when this process ends."""
    prefix = ["setpriv"]
    if os.geteuid() == 0:
        prefix += ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
    if ends_with_us is not None:
        prefix += ["--pdeathsig", ends_with_us]
    return [*prefix, *command]


def uvicorn(fd, folder):
    """Return the running API for the database in `folder`, on the listening socket `fd`."""
    command = [
        *("setpriv", "--pdeathsig", "TERM", sys.executable, "-m", "uvicorn", "--factory"),
        *("stac_fastapi.pgstac.app:create_app", "--fd", str(fd)),
    ]
    environment = {
        **os.environ,
        "PGUSER": "postgres",
        "PGPASSWORD": "unused",
        "PGHOST": quote(str(folder), safe=""),  # becomes a part of an address
        "PGPORT": "5432",
        "PGDATABASE": "postgres",
    }
    log = folder / "uvicorn.log"
    # In a folder of its own, since it reads settings from `.env` where it starts.
    return process(command, log, signal.SIGTERM, env=environment, pass_fds=[fd], cwd=folder)


def await_postgres(postgres, dsn):
    """Return when the database answers."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            psycopg.connect(dsn).close()
            return
        except psycopg.OperationalError:
            if postgres.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@contextmanager
def database(dsn):
    """Yield pypgstac's view of the database."""
    options = "-c search_path=pgstac,public"
    with psycopg.connect(dsn, autocommit=True, options=options) as connection:
        yield PgstacDB(connection=connection)
