"""The locks of pip: they are valid on every Python that we name."""

import re
from importlib.metadata import requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
ENVS = ROOT / "envs"
LOCKS = [
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-export.lock",
    "requirements-grd.lock",
]
PYTHONS = ["3.11", "3.12", "3.13"]
PLATFORMS = [("linux", "Linux", "x86_64"), ("darwin", "Darwin", "arm64")]


def entries(name):
    """[(requirement, hashes)] of a lock file."""
    text = re.sub(r"^\s*#.*\n", "", (ENVS / name).read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [
        (Requirement(line.split(" --hash=")[0].strip()), re.findall(r"--hash=(\S+)", line))
        for line in lines
    ]


def wanted(name):
    """The requirements of a list written by hand."""
    lines = [line.split("#")[0].strip() for line in (ENVS / name).read_text().splitlines()]
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def pins(name):
    """{package: version} of a lock file."""
    return {r.name: next(iter(r.specifier)).version for r, _ in entries(name)}


def torch_pin():
    """The requirement in torch.txt."""
    (requirement,) = wanted("torch.txt")
    return requirement


@pytest.mark.parametrize("name", LOCKS)
def test_each_locked_package_has_one_version_and_hashes(name):
    locked = entries(name)
    assert len({requirement.name for requirement, _ in locked}) == len(locked)
    for requirement, hashes in locked:
        assert [spec.operator for spec in requirement.specifier] == ["=="]
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes)


@pytest.mark.parametrize("name", LOCKS)
def test_locks_name_no_place(name):
    text = (ENVS / name).read_text()
    assert not re.search(r"://|file:|index-url|find-links|\s@\s", text)
    assert not re.search(r"(^|\s)/\w", text)


@pytest.mark.parametrize("name", LOCKS)
def test_locks_keep_what_was_asked_for(name):
    locked = pins(name)
    for requirement in wanted(name.replace(".lock", ".in")):
        package = canonicalize_name(requirement.name)
        assert requirement.specifier.contains(locked[package]), package


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", LOCKS)
def test_what_was_asked_for_is_installed_everywhere(name, platform, python):
    keys = ("sys_platform", "platform_system", "platform_machine")
    target = {
        **dict(zip(keys, platform, strict=True)),
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
    }
    installed = {
        requirement.name
        for requirement, _ in entries(name)
        if requirement.marker is None or requirement.marker.evaluate(target)
    }
    asked = {canonicalize_name(r.name) for r in wanted(name.replace(".lock", ".in"))}
    assert asked <= installed


def test_what_is_added_does_not_change_the_lock():
    base, dev, export, grd = (pins(name) for name in LOCKS)
    for added in (dev, export, grd):
        assert all(added[package] == base[package] for package in base.keys() & added.keys())
    assert (export | grd).items() <= dev.items()  # tests export models, and calibrate raw scenes


def test_torch_is_pinned_outside_the_lock_and_its_needs_inside():
    pin = torch_pin()
    assert pin.specifier.contains(version("torch").split("+")[0])
    locked = pins("requirements.lock")
    assert "torch" not in locked
    for need in map(Requirement, requires("torch")):
        # CUDA libraries come with the CUDA build only; extras are not asked for.
        if need.marker is None or need.marker.evaluate({"extra": "", "platform_system": "Darwin"}):
            assert need.specifier.contains(locked[canonicalize_name(need.name)]), need.name
