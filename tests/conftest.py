"""The two tiers of the tests, their spread over processes, and servers on loopback."""

import gc
import os
import pickle
import sys
from pathlib import Path

import hypothesis  # noqa: F401  # with all other imports; its plugin would import it at the end
import pytest
from shared import made_once

# Each process collects all tests. With the bytecode of the last run, that takes a third of the
# time. So bytecode is kept, even where PYTHONDONTWRITEBYTECODE is set; git ignores it.
sys.dont_write_bytecode = False

# Several processes share the cores. Threads of each for every core would wait for each other.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A test that uses one of these fixtures is in the second tier: it needs a server or a browser, or a
# run that takes longer than any other. So is a test that is marked `second_tier`.
SERVERS = {"stac_api", "cluster", "browser", "report"}
LONG_RUNS = {"towns", "grown", "sharded"}

# The files that take longest, in that order; others follow. With several processes, the tests of a
# file run in one of them, as do those of the files of one tuple, which share a server.
LONGEST = [
    ("workflow/test_with_slurm.py",),
    ("workflow/test_stac_run.py", "workflow/test_stac_faults.py", "unit/stac/test_servers.py"),
    ("workflow/test_docs.py",),
    ("workflow/test_sites_run.py",),
    ("workflow/test_verify.py",),
    ("workflow/test_viewer_run.py",),
    ("workflow/test_failed_sites.py",),
    ("workflow/test_real_scene.py",),
    ("workflow/test_module.py",),
    ("workflow/test_operation.py",),
]
UNITS = {f"tests/{file}": unit for unit, files in enumerate(LONGEST) for file in files}

# Tests in these files take long and share only session fixtures, so each is scheduled separately.
APART = {f"tests/workflow/test_{name}.py" for name in ("run", "operation", "bad_input")}


def pytest_addoption(parser):
    parser.addoption(
        "--all",
        action="store_true",
        help="also the tests that need PostgreSQL, Slurm or Chromium, or take long",
    )


def leaves_out(config):
    """Return whether the second tier is left out: neither it nor tests by name were requested."""
    options = config.option
    return not (options.all or options.keyword or options.markexpr)


def in_second_tier(item):
    costly = (SERVERS | LONG_RUNS).intersection(item.fixturenames)
    return costly or item.get_closest_marker("second_tier")


def pytest_collection_modifyitems(config, items):
    """Leave out the second tier unless it is requested; put the longest tests first."""
    if leaves_out(config):
        named = {Path(argument.partition("::")[0]).resolve() for argument in config.args}
        left = [item for item in items if in_second_tier(item) and item.path not in named]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in set(left)]
    items.sort(key=lambda item: item.path, reverse=True)  # workflow, unit, reproduce
    items.sort(key=lambda item: UNITS.get(file_of(item.nodeid), len(UNITS)))


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect no garbage while the tests are imported, and never among what they import."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def file_of(nodeid):
    return nodeid.partition("::")[0]


@pytest.hookimpl(optionalhook=True)  # pytest-xdist may be missing
def pytest_xdist_make_scheduler(config, log):
    """Spread by units, whatever --dist says: `loadgroup` takes no note of its groups."""
    from xdist.scheduler import LoadScopeScheduling

    class ByUnit(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = file_of(nodeid)
            return nodeid if file in APART else str(UNITS.get(file, file))

    config.option.loadscopereorder = False
    return ByUnit(config, log)


def pytest_terminal_summary(terminalreporter, config):
    if leaves_out(config) and config.args_source is not pytest.Config.ArgsSource.ARGS:
        terminalreporter.write_line("without the tests that need a server or take long; see --all")


@pytest.fixture(scope="session")
def stac_api():
    """A running servers.pgstac.StacServer; each test loads what it needs."""
    from servers.pgstac import require_postgres, run_server  # here, as few tests need them

    with run_server(require_postgres()) as server:
        yield server


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """A servers.scenes.Archive. Tests that change its files copy it."""
    from servers.scenes import make_archive

    def make(folder):
        made = make_archive(folder / "files")
        (folder / "archive.pickle").write_bytes(pickle.dumps(made))

    made = made_once(tmp_path_factory, "archive", make)
    return pickle.loads((made / "archive.pickle").read_bytes())


@pytest.fixture(scope="session")
def cluster():
    """A running servers.slurm.Cluster; each test leaves it without jobs."""
    from servers.slurm import require_slurm, run_cluster

    require_slurm()
    with run_cluster() as running:
        yield running
