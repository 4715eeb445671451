"""What each rule of the workflow names, and what the `main` of its script takes.

Snakemake itself reads the rules, in a separate process, since a Snakefile leaves much behind.
"""

import ast
import itertools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[1]
SCENES = {
    "optical": {band: {"path": "o.tif"} for band in ("red", "green", "blue")}
    | {"scale": 1.0, "offset": 0.0},
    "sar": {"vv": {"path": "s.tif"}, "vh": {"path": "s.tif"}, "unit": "linear"},
}
RAW = {"safe": "s.SAFE", "elevation": ["d.tif"], "geoid": "g.tif"}
PLACE = {"area": [0.0, 0.0, 0.1, 0.1], "period": ["2023-01-01", "2023-02-01"]}
# A study for which every rule is defined, with a site of each kind that has inputs of its own.
STUDY = {
    "study": "every_rule",
    "sites": {
        "simulated": {"source": "simulated", "size_px": 128},
        "files": {"source": "files", **SCENES},
        "masked": {"source": "files", **SCENES, "gap_mask": {"path": "m.tif"}},
        "raw": {"source": "grd", **SCENES, "sar": RAW},
        "searched": {"source": "stac", "catalogue": "planetary_computer", **PLACE},
        "cloudy": {
            "source": "stac",
            "catalogue": "planetary_computer",
            **PLACE,
            "gap_shapes": "cloudy_date",
        },
    },
    "protocols": {
        **{"reconstruction": {}, "sar_alone": {}, "denoise": {}},
        **{"cloud_gap": {}, "sharpening": {}},
    },
    "models": {"cnn": {"network": "cnn", "patch_px": 33, "batch": 8}},
    "transfer": "leave_one_out",
}


def rules(folder, **variables):
    """Return {rule: its script, and what it names} of every rule with a script.

    {"script": path, "input": {name: whether every job has it}, "output", "params" and "wildcards":
    names, "unresolved": params with a <name> of a path, which Snakemake resolves in files only}.
    folder: an empty one, to write the study to. variables: of the environment.
    """
    for name in ("o.tif", "s.tif", "m.tif"):
        Path(folder, name).touch()
    study = Path(folder, "every_rule.yaml")
    study.write_text(json.dumps(STUDY), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, __file__, str(study)],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def parameters(script):
    """Return {parameter of a script's `main`: whether it has a default}; all are keywords."""
    tree = ast.parse(Path(script).read_text(encoding="utf-8"))
    (main,) = (
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"
    )
    given = main.args
    others = [*given.posonlyargs, *given.args, *filter(None, [given.vararg, given.kwarg])]
    assert others == [], script
    defaults = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    return {parameter.arg: default is not None for parameter, default in defaults}


def read_rules(study):
    """Return the rules of the workflow for the config file `study`."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import ConfigSettings, ResourceSettings

    with SnakemakeApi() as api:
        workflow = api.workflow(
            resource_settings=ResourceSettings(),
            config_settings=ConfigSettings(configfiles=[Path(study)]),
            snakefile=ROOT / "Snakefile",
        )._workflow
        domain = {
            "site": list(STUDY["sites"]),
            "protocol": list(STUDY["protocols"]),
            "input": ["ratio", "none", "shuffled", "date"],
            "page": ["index", "site-files"],
        }
        return {
            rule.name: {
                "script": script_of(rule),
                "input": input_names(rule, domain),
                "output": sorted(rule.output.keys()),
                "params": sorted(rule.params.keys()),
                "unresolved": [
                    name
                    for name, value in rule.params.items()
                    if isinstance(value, str) and re.search("<[a-z]+>", value)
                ],
                "wildcards": sorted(rule.wildcard_names),
            }
            for rule in workflow.rules
            if rule.script
        }


def script_of(rule):
    """Return the script of a rule, which a parameter may name."""
    params = {name: value for name, value in rule.params.items() if isinstance(value, str)}
    return str(ROOT / "scripts" / Path(rule.script).name.format(params=SimpleNamespace(**params)))


def input_names(rule, domain):
    """Return {name: whether every job has it}; unpack() names what its function returns."""
    from snakemake.io import is_flagged
    from snakemake.iocontainers import Wildcards

    names = dict.fromkeys(rule.input.keys(), True)
    allowed = {
        name: [value for value in values if re.fullmatch(rule.wildcard_constraints[name], value)]
        for name, values in domain.items()
        if name in rule.wildcard_constraints
    }
    values = [(domain | allowed).get(name, ["any"]) for name in sorted(rule.wildcard_names)]
    jobs = [
        Wildcards(fromdict=dict(zip(sorted(rule.wildcard_names), job, strict=True)))
        for job in itertools.product(*values)
    ]
    for item in rule.input:
        if is_flagged(item, "unpack"):
            found = [set(rule.apply_input_function(item, job, is_unpack=True)[0]) for job in jobs]
            everywhere = set.intersection(*found)
            names |= {name: name in everywhere for name in set.union(*found)}
    return names


if __name__ == "__main__":
    print(json.dumps(read_rules(sys.argv[1])))
