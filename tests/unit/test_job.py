"""How Snakemake runs a script: its arguments by name, its log, and how it ends on an error."""

from sarfusion.core.job import arguments, run

import ast
import gc
import logging
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sarfusion.core.errors import StudyError
from snakemake.iocontainers import InputFiles, Namedlist, OutputFiles, Params, Wildcards


@pytest.fixture(autouse=True)
def _undo():
    """Undo what a job, which is a process of its own, leaves behind."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    logging.captureWarnings(False)
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    gc.unfreeze()


def rule_of(log="job.log", **sections):
    """Return what Snakemake puts into a script of a rule with these named sections."""
    kinds = {
        "input": InputFiles,
        "output": OutputFiles,
        "params": Params,
        "wildcards": Wildcards,
    }
    return SimpleNamespace(
        **{name: kind(fromdict=sections.get(name, {})) for name, kind in kinds.items()},
        log=[str(log)],
        threads=3,
    )


def test_each_parameter_comes_from_the_section_that_names_it():
    def main(*, stack, fused, runs, site, threads, wildcards):
        pass

    rule = rule_of(
        input={"stack": "stack/a.tif", "unasked": "x"},
        output={"fused": Namedlist(["1.tif", "2.tif"])},
        params={"runs": [["red", 1]], "code": {}},
        wildcards={"site": "a", "protocol": "p"},
    )
    values = arguments(main, rule)
    assert values == {
        "stack": "stack/a.tif",
        "fused": ["1.tif", "2.tif"],
        "runs": [["red", 1]],
        "site": "a",
        "threads": 3,
        "wildcards": {"site": "a", "protocol": "p"},
    }
    assert type(values["fused"]) is list


def test_a_name_that_the_rule_lacks_keeps_its_default_and_one_without_value_is_none():
    def main(*, gaps=None, slope=2, flags=1):
        pass

    assert arguments(main, rule_of(params={"flags": None})) == {"flags": None}


def test_a_missing_name_is_named_with_its_script():
    def main(*, stack, split):
        pass

    with pytest.raises(TypeError, match=r"test_job\.py: split .* input, output, params, wildcards"):
        arguments(main, rule_of(input={"stack": "a.tif"}))


def test_a_name_with_two_meanings_is_refused_where_it_is_asked_for():
    def main(*, model):
        pass

    rule = rule_of(params={"model": {}, "site": 1}, wildcards={"model": "unet", "site": "a"})
    with pytest.raises(TypeError, match=r"test_job\.py: model is in params and in wildcards"):
        arguments(main, rule)


def test_threads_are_those_of_the_job_and_nothing_else():
    def main(*, threads):
        pass

    with pytest.raises(TypeError, match="threads is in params and in the job itself"):
        arguments(main, rule_of(params={"threads": 8}))


def test_a_run_is_logged(tmp_path):
    def main(*, out):
        logging.info("wrote %s", out)

    log = tmp_path / "logs/job.log"
    run(main, rule_of(log, output={"out": "a.tif"}))
    assert log.read_text().splitlines()[1:] == ["wrote a.tif"]


def test_what_a_person_can_mend_is_one_line_and_exit_code_1(tmp_path):
    def main():
        raise StudyError("no such\nband")

    with pytest.raises(SystemExit) as stopped:
        run(main, rule_of(tmp_path / "job.log"))
    assert stopped.value.code == 1
    assert (tmp_path / "job.log").read_text().splitlines()[1:] == ["error: no such band"]


def test_a_rule_that_does_not_fit_its_script_fails_with_a_traceback_in_the_log(tmp_path):
    def main(*, stack):
        raise AssertionError

    with pytest.raises(SystemExit) as stopped:
        run(main, rule_of(tmp_path / "job.log"))
    assert stopped.value.code == 1
    text = (tmp_path / "job.log").read_text()
    assert "Traceback" in text
    assert text.splitlines()[-1].startswith("error: TypeError: test_job.py: stack has no default")


SCRIPTS = Path(__file__).parents[2] / "scripts"
# Instead of what Snakemake puts before a script.
PREAMBLE = "from types import SimpleNamespace; snakemake = SimpleNamespace(log=['logs/a.log'])\n"


def start_script(folder, text):
    """Run a script as Snakemake does; return its exit code, standard error and log."""
    program = f"import sys; sys.path.insert(0, {str(SCRIPTS)!r})\n{PREAMBLE}{text}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    log = folder / "logs/a.log"
    return done.returncode, done.stderr, log.read_text().splitlines() if log.exists() else None


def test_an_import_that_fails_is_logged_like_any_error(tmp_path):
    text = "from sarfusion.core.job import run\nimport no_such_module\n"
    code, said, log = start_script(tmp_path, text)
    assert (code, said) == (1, "")
    assert log[0] == "Traceback (most recent call last):"
    assert log[-1] == "error: ModuleNotFoundError: No module named 'no_such_module'"


def test_a_killed_import_logs_no_error(tmp_path):
    text = "from sarfusion.core.job import run\nimport os\nos.kill(os.getpid(), 9)\n"
    assert start_script(tmp_path, text) == (-9, "", None)
    text = text.replace("os.kill(os.getpid(), 9)", "raise KeyboardInterrupt")
    code, said, log = start_script(tmp_path, text)
    assert (code, said, log) == (-2, "", None)


def test_without_snakemake_errors_are_left_to_python(tmp_path):
    text = "del snakemake\nfrom sarfusion.core.job import run\nimport no_such_module\n"
    code, said, log = start_script(tmp_path, text)
    assert (code, log) == (1, None)
    assert said.endswith("ModuleNotFoundError: No module named 'no_such_module'\n")


def test_variables_of_others_do_not_reach_the_libraries_of_a_script(tmp_path, monkeypatch):
    """A shell of conda, QGIS and Jupyter, with settings in the home."""
    home = tmp_path / "home"
    for name, text in {
        ".gdal/gdalrc": "[configoptions]\nGDAL_SKIP=GTiff\n",
        ".local/share/proj/proj.db": "no database",
        ".config/matplotlib/matplotlibrc": "figure.dpi: 30\n",
        "odd/proj.db": "no database",
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    monkeypatch.setenv("HOME", str(home))
    for name in ("PROJ_DATA", "PROJ_LIB", "GDAL_DATA", "GDAL_DRIVER_PATH", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(home / "odd"))
    monkeypatch.setenv("GDAL_SKIP", "GTiff")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    text = """
from sarfusion.core.job import run
import matplotlib, numpy, rasterio
from rasterio.warp import transform
from sarfusion.core.raster import Grid, read_grid, write_raster
assert matplotlib.rcParams["figure.dpi"] == 100
(x,), (y,) = transform("EPSG:4326", "EPSG:32648", [105], [0])
assert (round(x), round(y)) == (500_000, 0)
grid = Grid(rasterio.CRS.from_epsg(32648), rasterio.Affine(10, 0, x, 0, -10, y), 2, 2)
write_raster("a.tif", numpy.zeros((1, 2, 2)), grid, ["a"], None)
assert read_grid("a.tif") == grid
"""
    assert start_script(tmp_path, text) == (0, "", None)


def test_scripts_import_the_log_of_imports_first():
    texts = {path.name: path.read_text() for path in SCRIPTS.glob("*.py")}
    jobs = {name: text for name, text in texts.items() if "    run(main, snakemake)\n" in text}
    assert {"train_model.py", "find_scenes.py"} <= set(jobs)
    for name, text in jobs.items():
        statements = ast.parse(text).body
        first = next(node for node in statements if isinstance(node, ast.Import | ast.ImportFrom))
        assert getattr(first, "module", None) == "sarfusion.core.job", name
