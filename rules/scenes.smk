# Raw scenes: whatever the source, a site's scenes take one form.


rule simulate_scene:
    input:
        code=code("simulate_scene"),
    output:
        optical=result("scenes/{site}/optical.tif"),
        sar=result("scenes/{site}/sar.tif"),
        truth=result("scenes/{site}/truth.tif"),
        metadata=result("scenes/{site}/scene.json"),
    log:
        result("logs/simulate_scene/{site}.log"),
    benchmark:
        result("benchmarks/simulate_scene/{site}.tsv")
    wildcard_constraints:
        site=one_of(sites_from("simulated")),
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        size_px=lambda wildcards: STUDY["sites"][wildcards.site]["size_px"],
        seed=lambda wildcards: STUDY["sites"][wildcards.site]["seed"],
        looks=lambda wildcards: STUDY["sites"][wildcards.site]["looks"],
    message:
        "Simulate the raw scenes of {wildcards.site}"
    script:
        "../scripts/simulate_scene.py"


rule import_scene:
    input:
        code=code("import_scene"),
        files=lambda wildcards: scene_files(wildcards.site).values(),
    output:
        optical=result("scenes/{site}/optical.tif"),
        sar=result("scenes/{site}/sar.tif"),
        metadata=result("scenes/{site}/scene.json"),
    log:
        result("logs/import_scene/{site}.log"),
    benchmark:
        result("benchmarks/import_scene/{site}.tsv")
    wildcard_constraints:
        site=one_of(sites_from("files")),
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        settings=lambda wildcards: STUDY["sites"][wildcards.site],
        bands=lambda wildcards: list(scene_files(wildcards.site)),
    message:
        "Import the raw scenes of {wildcards.site}"
    script:
        "../scripts/import_scene.py"
