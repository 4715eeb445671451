# The description of the run, with which every table and figure can be traced to scenes and code.


rule describe_run:
    input:
        LAYOUT.viewer(),  # the crate also states their checksums
        LAYOUT.products(),
        list(map(project_file, source_files())),
        lock=[LOCK] if sites_from("stac") else [],
        shards=STEPS_OF_SHARDS,
        kept=[
            *LAYOUT.tables(),
            *LAYOUT.product_tables(),
            *LAYOUT.figures(),
            "<results>/paper.pdf",
            *(f"<results>/scenes/{site}/scene.json" for site in SITES),
        ],
    output:
        config="<results>/config.yaml",
        crate=directory("<results>/provenance"),
    log:
        "<logs>/describe_run.log",
    benchmark:
        "<benchmarks>/describe_run.tsv"
    conda:
        "../envs/provenance.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        code=code("describe_run"),
        study=STUDY,
        steps=lambda wildcards: steps(),
        results=lambda wildcards, output: str(Path(output.config).parent),
        engine=engine,
        conda=lambda wildcards: in_conda(),
    message:
        "Describe the run"
    script:
        "../scripts/describe_run.py"
