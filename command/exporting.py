"""Trained models as ONNX files: the command export of `reproduce`.

Standard library only, and without newer syntax (see `reproduce`).
"""

from __future__ import annotations

from environment import ROOT, Problem, add_export_tools, has_export_tools, venv_python
from running import project_lock, run
from studies import failure, ready, study_file, study_name

PROGRAM = "command/terminal/export_models.py"


def export_command(arguments: list[str]) -> int:
    """write models as ONNX files: export STUDY [PROTOCOL ...]

    Writes them to results/STUDY/onnx, each beside a JSON file that describes it. Trains nothing.
    """
    if not arguments or arguments[0].startswith("-"):
        raise Problem("usage: ./reproduce export STUDY [PROTOCOL ...]", 2)
    study, *protocols = arguments
    config = study_file(study)
    name = study_name(config)
    ready()
    with project_lock(f"export of study {name}"):
        if not has_export_tools():
            run_program("--check", str(config), *protocols)  # before anything is downloaded
            add_export_tools()
        run_program(str(config), *protocols)
    return 0


def run_program(*arguments: str) -> None:
    """Run the program that exports; raise Problem if it fails."""
    code = run([str(venv_python()), str(ROOT / PROGRAM), *arguments])
    if code:
        raise Problem(failure(code), code)
