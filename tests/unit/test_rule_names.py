"""Every rule gives its script what the main of it takes: no name more, and none less."""

from pathlib import Path

from rule_names import parameters, rules

RUN = "    run(main, snakemake)\n"  # of a script that takes its arguments by name
TRIGGERS = {"code", "network", "locked"}  # params that make a job run again, and are not read
GIVEN = ("input", "output", "params")  # what a rule names in order that its script takes it


def problems(rule, about, main):
    """Return in words what is wrong with the names of a rule, for the parameters of its main."""
    found = []
    named = {section: set(about[section]) for section in (*GIVEN, "wildcards")}
    named["params"] -= TRIGGERS
    named["job"] = {"threads", "wildcards"}
    for name, has_default in main.items():
        where = [section for section, names in named.items() if name in names]
        if len(where) > 1:
            found.append(f"{rule}: {name} is in {where}")
        if not where and not has_default:
            found.append(f"{rule}: nothing is named {name}")
        if where == ["input"] and not about["input"][name] and not has_default:
            found.append(f"{rule}: some jobs have no input {name}, which has no default")
    unused = set().union(*(named[section] for section in GIVEN)) - set(main)
    return found + [f"{rule}: the script takes no {name}" for name in sorted(unused)]


def test_rules_name_what_their_scripts_take(tmp_path):
    by_name = {
        rule: about
        for rule, about in rules(tmp_path).items()
        if RUN in Path(about["script"]).read_text(encoding="utf-8")
    }
    assert {"train_model", "keep_lock", "fuse_transfer", "fuse_classical"} <= set(by_name)
    assert [
        problem
        for rule, about in by_name.items()
        for problem in problems(rule, about, parameters(about["script"]))
    ] == []
