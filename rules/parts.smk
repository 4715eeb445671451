# A study in several plans (scripts/sarfusion/study/parts.py): the files that a shard makes, and
# those that the last plan gets from the shards.

SHARD_FILES = (*LAYOUT.joined(), *LAYOUT.shown()) if SHARD else ()
# In the last plan: the files with the steps of the shards.
STEPS_OF_SHARDS = [
    LAYOUT.steps_file(number + 1, PART.shards)
    for number in range(PART.shards if PART and PART.is_last else 0)
]


PLANNED_SET = {*PLANNED}
# In the last plan: files of sites for which it has no jobs, since shards make them.
GIVEN_SITES = {} if SHARD else {site: None for site in SITES if site not in PLANNED_SET}
GIVEN_FILES = (
    dict.fromkeys(Layout(STUDY, RESULTS, MODELS, sites=list(GIVEN_SITES)).joined())
    if GIVEN_SITES
    else {}
)


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
            "Record how the files of the shard were made"
        script:
            "../scripts/note_steps.py"
