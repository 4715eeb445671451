"""The conda environments of the rules: readable ranges, and pins with exactly what is needed."""

import re
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, requires

import pytest
import yaml
from conda_pins import CONDA_NAMES, ENVS, NAMES, deployed, needs, pinned, rules
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PIP_NAMES = {CONDA_NAMES[name]: name for name in ("matplotlib", "seaborn", "torch")}
PIP_NAMES["dask-core"] = "dask"
OUTSIDE_PIP = {"python", "pip", "cuda-version"}
LOCKS = {"grd": "requirements-grd.lock"}  # of what pip adds, where it is not in requirements.lock
OF_COMMANDS = {"typer"}  # what commands of added packages need, which no script runs
# Packages with many dependencies: only where a rule's script imports them, or never.
HEAVY = {"matplotlib-base", "pyarrow", "pystac-client", "pytorch", "scikit-image", "seaborn-base"}
NEVER = {"matplotlib", "qt6-main", "snakemake", "snakemake-minimal", "statsmodels"}
CUDA = re.compile("cuda|libcublas|libcudnn|libmagma|libnv|nccl")


def asked(environment):
    """{package: (versions, pattern of the build)} that an environment requests."""
    found = {}
    for line in yaml.safe_load((ENVS / f"{environment}.yaml").read_text())["dependencies"]:
        package, versions, build = [*line.split(), "*"][:3]
        versions = re.sub(r"^=(\d[\d.]*)$", r"==\1.*", versions)
        found[package] = (SpecifierSet(versions), build)
    return found


def held(environment):
    """{name: package} of a pin, each once."""
    packages = pinned(environment)
    by_name = {package.name: package for package in packages}
    assert len(by_name) == len(packages)
    return by_name


def locked():
    """{package: version} of what pip installs, including PyTorch and what raw scenes need."""
    files = ("requirements-grd.lock", "requirements.lock", "torch.txt")
    text = "".join((ENVS / file).read_text() for file in files)
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, flags=re.MULTILINE))


@pytest.mark.parametrize("environment", NAMES)
def test_environment_has_one_channel(environment):
    content = yaml.safe_load((ENVS / f"{environment}.yaml").read_text())
    assert set(content) == {"channels", "dependencies"}
    assert content["channels"] == ["conda-forge"]


@pytest.mark.parametrize("environment", NAMES)
def test_pin_satisfies_its_environment(environment):
    packages = held(environment)
    for name, (versions, build) in asked(environment).items():
        assert str(versions), f"{name} has no range"
        assert versions.contains(packages[name].version), name
        assert fnmatchcase(packages[name].build, build), name


@pytest.mark.parametrize("environment", NAMES)
def test_pin_names_checked_packages_of_one_channel_python_and_platform(environment):
    for package in pinned(environment):
        assert re.fullmatch(
            r"https://conda\.anaconda\.org/conda-forge/(linux-64|noarch)", package.url
        )
        assert re.fullmatch(r"[0-9a-f]{32}", package.md5), package
        assert set(re.findall(r"py(3\d\d)", package.build)) <= {"312"}, package


def minors(package):
    """{environment: (major, minor) of a package} where the pin contains it."""
    return {
        environment: tuple(found.version.split(".")[:2])
        for environment in NAMES
        for found in pinned(environment)
        if found.name == package
    }


def test_environments_agree_on_python_and_numpy():
    assert set(minors("python")) == set(NAMES)
    for package in ("python", "numpy"):
        assert len(set(minors(package).values())) == 1, package


def test_scenes_and_scores_are_made_with_the_minor_versions_of_pip():
    # scipy 1.17 and 1.18 simulate slightly different cities from one seed.
    made_by = {"data": ("numpy", "scipy", "scikit-image"), "metrics": ("numpy", "scipy", "numba")}
    for environment, packages in made_by.items():
        for package in packages:
            minor = tuple(locked()[package].split(".")[:2])
            assert minors(package)[environment] == minor, package


@pytest.mark.parametrize("environment", NAMES)
def test_ranges_agree_with_the_lock_of_pip(environment):
    versions = locked()
    for package in asked(environment).keys() - OUTSIDE_PIP:
        assert asked(environment)[package][0].contains(versions[PIP_NAMES.get(package, package)])


def test_every_rule_with_a_script_has_an_environment_and_every_environment_a_rule():
    named = {environment for _, _, names in rules() for environment in names}
    assert all(names for _, _, names in rules())
    assert named == set(NAMES)


@pytest.mark.parametrize("environment", NAMES)
def test_environment_asks_for_what_its_scripts_import_and_nothing_else(environment):
    found, added = asked(environment).keys() - OUTSIDE_PIP, deployed(environment).keys()
    imported, wanted = set(needs(environment).values()), wanted_by_added(environment)
    assert imported <= found | added <= imported | wanted
    assert not found & added
    assert wanted <= held(environment).keys() | added


def wanted_by_added(environment):
    """What the packages that pip adds to an environment need, by their names for conda."""
    found = set()
    for name in deployed(environment):
        try:
            wanted = map(Requirement, requires(name) or [])
        except PackageNotFoundError:  # the tools of the tests are not up to date
            return {"dask-core", "rioxarray", *deployed(environment)}
        found |= {canonicalize_name(need.name) for need in wanted if need.marker is None}
    names = {"dask": "dask-core"}
    return {names.get(name, name) for name in found - OF_COMMANDS}


def test_what_pip_adds_is_what_the_lock_holds_with_every_checksum():
    scripts = sorted(ENVS.glob("*.post-deploy.sh"))
    assert [script.name for script in scripts] == ["grd.post-deploy.sh", "paper.post-deploy.sh"]
    for script in scripts:
        environment = script.name.removesuffix(".post-deploy.sh")
        assert "pip" in asked(environment)
        lock = (ENVS / LOCKS.get(environment, "requirements.lock")).read_text()
        sums = []
        for name, version in deployed(environment).items():
            start = lock.index(f"\n{name}=={version} ")
            entry = lock[start : lock.index("# via", start)]
            sums += re.findall(r"sha256:[0-9a-f]{64}", entry)
        text = script.read_text()
        assert re.findall(r"sha256:[0-9a-f]{64}", text) == sums
        assert "--require-hashes" in text
        assert "--no-deps" in text


@pytest.mark.parametrize("environment", NAMES)
def test_pip_is_there_only_where_it_is_needed(environment):
    assert ("pip" in asked(environment)) == bool(deployed(environment))


@pytest.mark.parametrize("environment", NAMES)
def test_pip_is_asked_for_what_scripts_import(environment):
    files = ("requirements.in", "torch.txt", LOCKS.get(environment, "").replace(".lock", ".in"))
    text = "".join((ENVS / file).read_text() for file in files if file)
    wanted = set(re.findall(r"^[\w-]+", text, flags=re.MULTILINE))
    assert {PIP_NAMES.get(name, name) for name in needs(environment).values()} <= wanted


@pytest.mark.parametrize("environment", NAMES)
def test_nothing_heavy_is_there_for_nothing(environment):
    packages = held(environment)
    assert HEAVY & packages.keys() <= set(needs(environment).values())
    assert not NEVER & packages.keys()


def test_the_variants_for_training_differ_in_cuda():
    cpu, cuda = held("train"), held("train-cuda")
    assert not [name for name in cpu if CUDA.match(name)]
    assert cpu["pytorch"].version == cuda["pytorch"].version == cuda["libtorch"].version
    for name in ("pytorch", "libtorch"):
        assert cpu[name].build.startswith("cpu")
        assert cuda[name].build.startswith("cuda")
    assert {"cuda-version", "libcublas", "libcudnn"} <= cuda.keys()
    assert asked("train").keys() == asked("train-cuda").keys() - {"cuda-version"}
