"""A folder of GeoTIFFs on a server, for the tests of remote files."""

import pytest
from cog_files import numbers, write_cog, write_tiled
from servers.files import FileServer


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    write_cog(folder / "cog.tif", numbers())
    write_cog(folder / "other.tif", numbers(seed=4))
    write_cog(folder / "lzw.tif", numbers(), compress="lzw", predictor=1)
    write_cog(folder / "float.tif", numbers(dtype="float32"), predictor=3, nodata=-32768)
    write_tiled(folder / "tiled.tif", numbers(), compress="deflate")
    write_tiled(folder / "raw.tif", numbers())
    return folder


@pytest.fixture(scope="module")
def running(folder):
    with FileServer(folder) as server:
        yield server


@pytest.fixture
def server(running):
    """Serves `folder`, without faults."""
    running.heal()
    running.forget()
    running.token = None
    return running
