import shutil

import pytest
from project import Project


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project whose tiny study ran to its end. Tests leave its results as they are."""
    project = Project(tmp_path_factory.mktemp("finished") / "project")
    project.printed = project.run()
    return project


@pytest.fixture
def project(tmp_path):
    """A project in which nothing ran."""
    return Project(tmp_path / "project")


@pytest.fixture
def copy_of_finished(finished, tmp_path):
    """The finished project once more, for tests that change it."""
    folder = tmp_path / "project"
    shutil.copytree(finished.folder, folder, copy_function=shutil.copy2)
    copy = object.__new__(Project)
    copy.folder = folder
    return copy
