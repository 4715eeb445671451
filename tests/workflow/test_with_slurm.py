"""Studies through a real Slurm on loopback: the same results as without, whatever goes wrong."""

import signal

import pytest
from project import Project
from servers.slurm import ACTIVE, WAIT_S, await_
from slurm_study import TWO_SITES, SlurmProject, submitted

SITES = ("village", "hamlet")
SCENES = [f"results/two_sites/scenes/{site}/optical.tif" for site in SITES]
PATCHES = [f"results/two_sites/patches/{site}.parquet" for site in SITES]


@pytest.fixture
def project(cluster, tmp_path):
    """A project in which nothing ran."""
    project = SlurmProject(tmp_path / "project", cluster)
    yield project
    project.leave()


@pytest.fixture(scope="module", autouse=True)
def overdue(cluster, tmp_path_factory):
    """A run whose only job outlasts its time. Started first, as no limit is under a minute."""
    project = SlurmProject(tmp_path_factory.mktemp("overdue") / "project", cluster)
    project.slow_down("simulate_scene", "__import__('time').sleep(600)")
    project.edit("rules/scenes.smk", "runtime=growing(record.minutes)", "runtime=growing(1)")
    project.reproduce(SCENES[0], "--retries", "0")
    await_(project.jobs, "the job of the overdue run")
    yield project
    project.leave()


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The tables of both sites, made on this machine. Tests leave them as they are."""
    project = Project(tmp_path_factory.mktemp("local") / "project")
    project.run("tables", study=TWO_SITES)
    return project.results("two_sites")


def files(results, *patterns):
    """{relative path: bytes} of what two runs must have in common."""
    patterns = patterns or ("tables/*", "metrics/**/*.csv", "**/*.safetensors", "fused/**/*.tif")
    return {
        str(path.relative_to(results)): path.read_bytes()
        for pattern in patterns
        for path in results.glob(pattern)
    }


def assert_same(ours, theirs, *patterns):
    ours, theirs = files(ours, *patterns), files(theirs, *patterns)
    assert ours.keys() == theirs.keys()
    assert len(ours) >= len(SITES)
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_two_sites_give_the_bytes_of_a_run_without_slurm(project, local):
    profile = (project.folder / "profiles/slurm/config.yaml").read_text()
    lines = profile[profile.index("# set-resources") :].partition("\n\n")[0]
    gpu = lines.replace("# ", "")  # as docs/cluster.md says
    project.edit("profiles/slurm/config.yaml", lines, gpu)
    mine = submitted(project.run("tables"))
    assert_same(project.results("two_sites"), local)
    jobs = project.jobs()
    assert [jobs[job][0] for job in mine] == ["COMPLETED"] * len(mine)
    stages = {}
    for job in mine:
        stage, site = jobs[job][2].removeprefix("rule_").split("_")[:2]
        stages.setdefault(site if site in SITES else "both", []).append(stage)
        asked = project.cluster.asked(job, "%P %b")
        assert asked == ("gpu gres:gpu:1" if stage == "train" else "main N/A"), stage
    assert stages == {site: ["prepare", "train", "score"] for site in SITES} | {
        "both": ["conclude"]
    }


def test_a_job_killed_for_memory_succeeds_with_more(project):
    project.slow_down("prepare_stack", "hog = b'x' * 700_000_000")
    memory = "whole_arrays(record.bytes_a_pixel) if record.bytes_a_pixel else growing(4000)"
    project.edit("rules/scenes.smk", memory, "growing(800)")
    project.edit("rules/preprocess.smk", "mem_mb=growing(4000)", "mem_mb=growing(800)")
    printed = project.run("results/two_sites/stack/village.tif")
    first, second = submitted(printed)
    jobs = project.jobs()
    assert jobs[first][0] in ("OUT_OF_MEMORY", "FAILED")  # by the kernel, or by polling
    assert jobs[second][0] == "COMPLETED"
    assert [project.cluster.asked(job, "%m") for job in (first, second)] == ["800M", "1600M"]
    assert "did not end" not in printed


def test_a_killed_snakemake_loses_nothing_and_trains_nothing_twice(project, local):
    # Leave time to kill it: the second model of a site is still in training when the first is done.
    project.slow_down(
        "train_model",
        "snakemake.wildcards.input == 'none' and __import__('time').sleep(15)",
    )
    results = project.results("two_sites")
    project.reproduce("tables")
    trained = lambda: list(results.glob("benchmarks/train_model/**/*.tsv"))  # noqa: E731
    await_(trained, "the first model")
    project.kill()
    assert len(trained()) < 4
    assert project.jobs("RUNNING")

    second = project.reproduce("tables")
    await_(lambda: "running; waiting" in project.printed, "the second run")
    await_(lambda: "steps to do" in project.printed, "the end of jobs")
    weights = {path: path.stat().st_mtime_ns for path in results.rglob("*.safetensors")}
    assert len(weights) >= 2  # what ran when Snakemake was killed has come to its end
    assert second.wait(WAIT_S) == 0, project.printed
    assert_same(results, local)
    assert {path: path.stat().st_mtime_ns for path in weights} == weights


def test_a_lost_node_costs_only_its_own_jobs(project, local):
    # Jobs wait for each other while they work, and two of them do not fit on one node.
    hold = "while not __import__('os').path.exists('go'): __import__('time').sleep(0.1)"
    project.slow_down("index_patches", hold)
    running = project.start(*project.command(*PATCHES, "--set-threads", "prepare_stack=2"))
    cluster = project.cluster
    stack = project.results("two_sites") / "stack"
    await_(lambda: len(list(stack.glob("*.json"))) == 2, "both stacks")
    on_node = {node: job for job, (_, node, _) in project.jobs("RUNNING").items()}
    lost, kept = on_node["node1"], on_node["node2"]
    cluster.lose_node("node1")
    (project.folder / "go").touch()
    try:
        await_(lambda: project.jobs()[kept][0] == "COMPLETED", "the job on the node that is left")
        await_(lambda: project.jobs()[lost][1] == "node2", "the job on another node")
    finally:
        cluster.start_node("node1")
    assert running.wait(WAIT_S) == 0, project.printed
    # Only these two: Slurm queued the lost one again.
    assert sorted(submitted(project.printed)) == sorted([lost, kept])
    assert [cluster.restarts(job) for job in (lost, kept)] == [1, 0]
    assert_same(project.results("two_sites"), local, "stack/*", "patches/*")


def test_shards_that_are_stopped_go_on_and_give_the_bytes_of_one_plan(project, local):
    # The last plan then has only jobs of the first site; the other comes from its shard.
    project.edit(TWO_SITES, "seeds: [1]", "seeds: [1]\nfigures: {sites: 1}")
    # The training that Ctrl-C comes to is still running then, however short it is.
    hold = "while not __import__('os').path.exists('go'): __import__('time').sleep(0.1)"
    project.slow_down(
        "train_model", f"exec({hold!r} if snakemake.wildcards.site == 'hamlet' else '')"
    )

    def stages(state):
        return [comment for _, _, comment in project.jobs(state).values()]

    def is_training():
        """Its log is there: the job itself runs by then, and Snakemake knows it."""
        return any(project.results("two_sites").glob("logs/train_model/hamlet/**/*.log"))

    running = project.reproduce("--shards", "2")
    await_(lambda: "Shard 2 of 2" in project.printed, "the second shard", 2 * WAIT_S)
    await_(is_training, "the training of the second shard")
    running.send_signal(signal.SIGINT)
    assert running.wait(WAIT_S) != 0
    assert "stopped; the same command continues from here" in project.printed
    assert "The last plan" not in project.printed
    await_(lambda: not project.jobs(ACTIVE), "jobs to be cancelled")
    assert project.jobs("CANCELLED")
    (project.folder / "go").touch()

    assert project.reproduce("--shards", "2").wait(WAIT_S) == 0, project.printed
    assert_same(project.results("two_sites"), local)
    done = stages("COMPLETED")
    for stage in ("prepare_village", "train_village", "prepare_hamlet", "train_hamlet"):
        assert sum(f"rule_{stage}" in comment for comment in done) == 1, stage


def test_an_overdue_job_ends_in_an_error_that_names_rule_and_log(overdue):
    assert overdue.started.wait(WAIT_S) == 1
    (job,) = submitted(overdue.said_by_snakemake())
    assert overdue.jobs()[job][0] == "TIMEOUT"
    failed = overdue.printed.split("FAILED  ")[1].splitlines()
    what, why, log, slurm_log = (line.strip() for line in failed[:4])
    assert what == "Simulate the raw scenes of village"
    assert why == "Slurm stopped it at its time limit: give the rule more `runtime`"
    assert log == "log: results/two_sites/logs/simulate_scene/village.log"
    assert slurm_log.startswith("log: ")
    assert slurm_log.endswith(f"/{job}.log")
