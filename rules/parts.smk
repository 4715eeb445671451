# A study in several plans (scripts/sarfusion/study/parts.py): what a shard makes, and what the last
# plan is given by the shards.

SHARD_FILES = (*LAYOUT.joined(), *LAYOUT.shown()) if SHARD else ()
# In the last plan: the files with the steps of the shards.
STEPS_OF_SHARDS = [
    LAYOUT.steps_file(number + 1, PART.shards)
    for number in range(PART.shards if PART and PART.is_last else 0)
]


PLANNED_SET = {*PLANNED}
# In the last plan: files of the sites that it has no jobs of, which shards make.
GIVEN_SITES = {} if SHARD else {site: None for site in SITES if site not in PLANNED_SET}
GIVEN_FILES = (
    dict.fromkeys(Layout(STUDY, RESULTS, MODELS, sites=list(GIVEN_SITES)).joined())
    if GIVEN_SITES
    else {}
)


def lacking():
    """Return the line for what this plan lacks that others make, "" if it lacks nothing."""
    if sites_from("stac") and not Path(LOCK).exists():
        return f"--shards: find and lock the scenes first: ./reproduce lock {STUDY['study']}"
    for path in GIVEN_FILES:
        if not Path(path).exists():
            parts = Path(path).relative_to(RESULTS).with_suffix("").parts
            site = next(part for part in parts if part in GIVEN_SITES)
            return (
                f"site {site}: {path} is missing, which a shard makes; run"
                f" ./reproduce STUDY --shards {PART.shards}, which goes on from what is there"
            )
    for path in map(real, STEPS_OF_SHARDS):
        if not Path(path).exists():
            return f"{path} is missing, of a shard that has not run to its end"
    return ""


if PART and workflow.is_main_process:
    if problem := lacking():
        refuse(problem)


if SHARD:

    rule shard:
        input:
            SHARD_FILES,
        output:
            steps=LAYOUT.steps_file(*PART),
        log:
            "<logs>/shard.log",
        benchmark:
            "<benchmarks>/shard.tsv"
        localrule: True
        conda:
            "../envs/provenance.yaml"
        threads: 1
        resources:
            mem_mb=of_all_sites(1000),
            runtime=growing(30),
        params:
            code=code("note_steps"),
            steps_made=lambda wildcards: steps_behind(SHARD_FILES),
        message:
            "Note how the files of the shard came about"
        script:
            "../scripts/note_steps.py"
