import json
import re
import subprocess
import sys
from pathlib import Path

from sarfusion.core.files import sha256
from sarfusion.provenance.code_version import LIBRARY, imported_modules, module_digests

SCRIPTS = LIBRARY.parent


def names(script):
    return {str(path.relative_to(LIBRARY)) for path in imported_modules(SCRIPTS / f"{script}.py")}


def test_modules_are_found_through_others():
    found = names("evaluate_fusion")
    assert {"scoring/metrics.py", "core/raster.py", "core/files.py"} <= found
    assert {"core/errors.py", "core/__init__.py", "__init__.py"} <= found
    assert "fusion/training.py" not in found


def test_training_does_not_depend_on_metrics_nor_figures_on_training():
    assert not [name for name in names("train_model") if name.startswith(("scoring/", "show/"))]
    assert "scenes/landcover.py" not in names("train_model")
    unwanted = ("fusion/training.py", "fusion/networks/", "core/tiling.py")
    figures = [name for name in names("plot") if name.startswith(unwanted)]
    for module in LIBRARY.glob("show/figures/*.py"):
        paths = (path.relative_to(LIBRARY).as_posix() for path in imported_modules(module))
        figures += [name for name in paths if name.startswith(unwanted)]
    assert not figures


# Imports each script while nothing of the project is loaded, and prints the modules that it loads.
# One process does it for all scripts, since the packages that they share take long to import.
LOADED = """
import json, sys
sys.path.insert(0, folder := sys.argv[1])
for script in sys.argv[2:]:
    __import__(script)
    import sarfusion.core.job  # behind the main guard
    files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
    ours = {name: file for name, file in files.items() if file and file.startswith(folder)}
    print(json.dumps([file for name, file in ours.items() if name.startswith("sarfusion")]))
    for name in ours:
        del sys.modules[name]
"""


def test_every_script_of_a_rule_names_what_python_really_loads():
    """Compared with the modules that an import of each script leaves in sys.modules."""
    rules = "".join(path.read_text() for path in SCRIPTS.parent.glob("rules/*.smk"))
    scripts = sorted(set(re.findall(r'"\.\./scripts/(\w+)\.py"', rules)))
    assert "train_model" in scripts
    command = [sys.executable, "-c", LOADED, SCRIPTS, *scripts]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for script, line in zip(scripts, done.stdout.splitlines(), strict=True):
        files = {Path(file) for file in json.loads(line)}
        missing = files - set(imported_modules(SCRIPTS / f"{script}.py"))
        assert not missing, f"{script} loads {missing}"


def test_a_new_import_is_seen(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import sarfusion.scenes.sar\n")
    assert {path.relative_to(LIBRARY).as_posix() for path in imported_modules(script)} == {
        *("__init__.py", "core/__init__.py", "scenes/__init__.py"),
        *("scenes/sar.py", "core/raster.py", "core/files.py", "core/earth.py", "core/errors.py"),
        *("core/grid.py", "core/gdal_names.py", "core/pixel_sizes.py", "core/unusable.py"),
        *("core/netcdf.py", "core/raster_file.py"),
    }


def test_code_is_the_bytes_of_modules_by_the_names_that_people_see():
    network = module_digests(LIBRARY / "fusion/networks/cnn.py")
    assert {"scripts/sarfusion/fusion/networks/cnn.py", "scripts/sarfusion/__init__.py"} <= set(
        network
    )
    for name, digest in network.items():
        assert digest == sha256(SCRIPTS.parent / name)[:12]
    assert set(module_digests(SCRIPTS / "train_model.py")) == {
        f"scripts/sarfusion/{name}" for name in names("train_model")
    }
