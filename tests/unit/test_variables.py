"""Which variables of a shell reach a job, and which do not."""

import os

import pytest
from sarfusion.core.variables import FIXED, can_write, clean

LEFT_BY_OTHERS = [
    *(
        "PROJ_DATA",
        "PROJ_LIB",
        "PROJ_NETWORK",
        "GDAL_DATA",
        "GDAL_DRIVER_PATH",
        "GDAL_SKIP",
        "GDAL_NUM_THREADS",
        "CPL_DEBUG",
    ),
    *(
        "GDAL_DISABLE_READDIR_ON_OPEN",
        "OSR_DEFAULT_AXIS_MAPPING_STRATEGY",
        "GTIFF_POINT_GEO_IGNORE",
    ),
    *(
        "OGR_ENABLE_PARTIAL_REPROJECTION",
        "VSI_CACHE",
        "MPLBACKEND",
        "MATPLOTLIBRC",
        "BOKEH_RESOURCES",
    ),
    *("PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONIOENCODING"),
    *(
        "OMP_THREAD_LIMIT",
        "KMP_AFFINITY",
        "NVIDIA_TF32_OVERRIDE",
        "CUBLAS_WORKSPACE_CONFIG",
        "GIT_DIR",
    ),
]
NEEDED = [
    *(
        "PATH",
        "HOME",
        "LANG",
        "TMPDIR",
        "LD_LIBRARY_PATH",
        "HTTPS_PROXY",
        "NO_PROXY",
        "SSL_CERT_FILE",
        "CURL_CA_BUNDLE",
    ),
    *(
        "REQUESTS_CA_BUNDLE",
        "GDAL_HTTP_PROXY",
        "GDAL_HTTP_USERPWD",
        "GDAL_PROXY_AUTH",
        "GDAL_CURL_CA_BUNDLE",
    ),
    *(
        "AWS_ACCESS_KEY_ID",
        "PC_SDK_SUBSCRIPTION_KEY",
        "GITHUB_TOKEN",
        "CUDA_VISIBLE_DEVICES",
        "OMP_NUM_THREADS",
    ),
    *(
        "PYTHONPATH",
        "SNAKEMAKE_CONDA_PREFIX",
        "SLURM_JOB_ID",
        "SARFUSION_IMPATIENT",
        "SARFUSION_OFFLINE",
        "ATEN_CPU_CAPABILITY",
    ),
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def cleaned(tmp_path, **variables):
    clean(variables, tmp_path / "cache")
    return variables


def test_what_others_left_is_removed_and_what_a_person_needs_stays(tmp_path, home):
    home.mkdir()
    found = cleaned(tmp_path, **dict.fromkeys([*LEFT_BY_OTHERS, *NEEDED], "/elsewhere"))
    assert not set(LEFT_BY_OTHERS) & set(found)
    own = {"MPLCONFIGDIR": str(tmp_path / "cache/matplotlib")}
    assert found == dict.fromkeys(NEEDED, "/elsewhere") | FIXED | own


def test_what_is_set_once_stays_when_it_is_cleaned_again(tmp_path, home):
    home.touch()
    once = cleaned(tmp_path, PROJ_LIB="/x")
    assert cleaned(tmp_path, **once) == once


def test_a_home_that_cannot_be_written_has_its_cache_in_the_project(tmp_path, home):
    assert "XDG_CACHE_HOME" not in cleaned(tmp_path)  # can be made
    home.touch()
    assert cleaned(tmp_path)["XDG_CACHE_HOME"] == str(tmp_path / "cache")
    given = tmp_path / "given"
    assert cleaned(tmp_path, XDG_CACHE_HOME=str(given))["XDG_CACHE_HOME"] == str(given)
    given.touch()
    assert cleaned(tmp_path, XDG_CACHE_HOME=str(given))["XDG_CACHE_HOME"] == str(tmp_path / "cache")


def test_a_user_without_a_home_has_the_cache_in_the_project(tmp_path, monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    assert cleaned(tmp_path)["XDG_CACHE_HOME"] == str(tmp_path / "cache")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_without_the_right_to_write_is_seen(tmp_path):
    tmp_path.chmod(0o500)
    assert not can_write(tmp_path)
    assert not can_write(tmp_path / "new/folder")
    tmp_path.chmod(0o700)
    assert can_write(tmp_path / "new/folder")
