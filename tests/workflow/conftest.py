import shutil

import pytest
from catalogue_study import CLOUDS, STACK, CatalogueStudy
from collect_reference import main as collect
from forging import STUDY
from project import Project
from sarfusion.study.config import read_study
from servers.files import FileServer
from shared import made_once


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project whose tiny study ran to its end. Tests leave its results as they are."""
    return ran_once(tmp_path_factory, "finished")


@pytest.fixture(scope="session")
def study(finished):
    """The settings of this study."""
    return read_study(finished.folder / STUDY)


@pytest.fixture
def run(finished, tmp_path):
    """Somebody's run of it, with its crate and list of files, to be forged."""
    shutil.copytree(finished.results(), tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def reference(finished, tmp_path):
    """Somebody's reference of it, with the weights of the red band and of the first seed."""
    collect(finished.folder / STUDY, finished.results(), tmp_path / "reference")
    return tmp_path / "reference"


@pytest.fixture(scope="session")
def protocols(tmp_path_factory):
    """The same for the study of cloud gaps and sharpening."""
    return ran_once(tmp_path_factory, "protocols", study="tests/studies/protocols.yaml")


@pytest.fixture(scope="session")
def dated(tmp_path_factory):
    """The same for the study of other dates."""
    return ran_once(tmp_path_factory, "dated", study="tests/studies/dates.yaml")


def ran_once(tmp_path_factory, name, **study):
    """A copy, for this process, of a project in which one of the processes ran a study."""
    made = made_once(tmp_path_factory, name, lambda folder: Project(folder).run(**study))
    return Project.copy(made, tmp_path_factory.mktemp(name) / "project")


@pytest.fixture(scope="session")
def protocols_results(protocols):
    """What cloud gaps and sharpening left. Tests leave it as it is."""
    return protocols.results("protocols")


@pytest.fixture
def project(tmp_path):
    """A project in which nothing ran."""
    return Project(tmp_path / "project")


@pytest.fixture
def copy_of_finished(finished, tmp_path):
    """A copy of the finished project, for tests that change it."""
    return Project.copy(finished.folder, tmp_path / "project")


@pytest.fixture(scope="session")
def files(archive, tmp_path_factory):
    """A server of a copy of the archive."""
    folder = tmp_path_factory.mktemp("served") / "archive"
    shutil.copytree(archive.folder, folder)
    with FileServer(folder) as server:
        yield server


@pytest.fixture
def server(files):
    """The same server, with no faults and no requests yet."""
    files.heal()
    files.forget()
    return files


@pytest.fixture(scope="session")
def first(stac_api, archive, files, tmp_path_factory):
    """The study of the one who ran it first, up to the stack. Tests leave it as it is."""
    stac_api.load(archive.collections(), archive.items(files.url))
    study = CatalogueStudy(tmp_path_factory.mktemp("first") / "city", stac_api.url, archive)
    files.heal()
    files.forget()
    study.printed = study.run(STACK, CLOUDS)
    study.requested = {path for _, path, _ in files.requests}
    return study


@pytest.fixture
def copy_of_first(stac_api, archive, first, tmp_path):
    """A copy of the finished study, for tests that change it."""
    study = CatalogueStudy(tmp_path / "city", stac_api.url, archive)
    shutil.copytree(first.folder, study.folder, copy_function=shutil.copy2, dirs_exist_ok=True)
    return study


@pytest.fixture
def clone(stac_api, archive, first, server, tmp_path):
    """Another person's copy of the study, with the lock; the catalogue no longer lists anything."""
    stac_api.load(archive.collections(), [])
    study = CatalogueStudy(tmp_path / "city", stac_api.url, archive)
    shutil.copy(first.lock_path, study.lock_path)
    return study


@pytest.fixture
def search(stac_api, archive, server, tmp_path):
    """Makes a study without a lock over a catalogue of these items, by default all."""

    def make(items=None, **site):
        stac_api.load(archive.collections(), items or archive.items(server.url))
        return CatalogueStudy(tmp_path / "city", stac_api.url, archive, **site)

    return make
