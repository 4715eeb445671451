"""Servers on loopback and what they serve, made once in a run and only where a test asks."""

import pytest

# Fixtures that take long to make: the files that use one of them stay in one process.
COSTLY = ("cluster", "stac_api", "protocols", "finished")


def pytest_collection_modifyitems(items):
    """Group tests for the processes that run them, file by file, those that take longest first."""
    asked = {}
    for item in items:
        asked.setdefault(item.path, set()).update(item.fixturenames)
    groups = {
        path: next((name for name in COSTLY if name in names), path.stem)
        for path, names in asked.items()
    }
    order = [*COSTLY, *(groups[path] for path in sorted(groups, reverse=True))]
    for item in items:
        item.add_marker(pytest.mark.xdist_group(groups[item.path]))
    items.sort(key=lambda item: order.index(groups[item.path]))


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

    return make_archive(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="session")
def cluster():
    """A running servers.slurm.Cluster; each test leaves it without jobs."""
    from servers.slurm import require_slurm, run_cluster

    require_slurm()
    with run_cluster() as running:
        yield running
