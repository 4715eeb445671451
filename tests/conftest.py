"""Servers on loopback and what they serve, made once in a run and only where a test asks."""

import pytest


def pytest_collection_modifyitems(items):
    """Put what takes longest first, so that several processes end together: Slurm, whole runs."""
    items.sort(key=lambda item: item.path, reverse=True)


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
