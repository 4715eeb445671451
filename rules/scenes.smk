# Raw scenes: whatever the source, a site's scenes take one form.


rule simulate_scene:
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
        mem_mb=whole_arrays(5000),
        runtime=growing(10),
    params:
        code=code("simulate_scene"),
        size_px=lambda wildcards: STUDY["sites"][wildcards.site]["size_px"],
        seed=lambda wildcards: STUDY["sites"][wildcards.site]["seed"],
        looks=lambda wildcards: STUDY["sites"][wildcards.site]["looks"],
    message:
        "Simulate the raw scenes of {wildcards.site}"
    script:
        "../scripts/simulate_scene.py"


rule import_scene:
    input:
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
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code("import_scene"),
        site_settings=lambda wildcards: STUDY["sites"][wildcards.site],
        bands=lambda wildcards: list(scene_files(wildcards.site)),
        absent=lambda wildcards: ABSENT.get(wildcards.site),
    message:
        "Import the raw scenes of {wildcards.site}"
    script:
        "../scripts/import_scene.py"


# Scenes from a catalogue: searched once, then locked. A run with a lock never searches.

if sites_from("stac") and not Path(LOCK).exists():

    localrules:
        keep_lock,

    rule keep_lock:
        input:
            new_lock=result("search/lock.json"),
        output:
            lock=LOCK,
        log:
            result("logs/keep_lock.log"),
        benchmark:
            result("benchmarks/keep_lock.tsv")
        conda:
            "../envs/scenes.yaml"
        threads: 1
        resources:
            mem_mb=growing(500),
            runtime=growing(10),
        params:
            code=code("keep_lock"),
        message:
            "Lock the scenes in {output.lock}, which did not exist"
        script:
            "../scripts/keep_lock.py"


localrules:
    lock_scenes,


rule find_scenes:
    output:
        found=temp(result("search/{site}.json")),
        table=result("search/{site}.csv"),
    log:
        result("logs/find_scenes/{site}.log"),
    benchmark:
        result("benchmarks/find_scenes/{site}.tsv")
    wildcard_constraints:
        site=one_of(sites_from("stac")),
    conda:
        "../envs/scenes.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code("find_scenes"),
        site_settings=lambda wildcards: catalogue_site(STUDY, wildcards.site),
        mask=lambda wildcards: setting(STUDY, wildcards.site, "optical")["mask"],
    message:
        "Search the catalogue for scenes of {wildcards.site}"
    script:
        "../scripts/find_scenes.py"


rule lock_scenes:
    input:
        found=[result(f"search/{site}.json") for site in sites_from("stac")],
        tables=[result(f"search/{site}.csv") for site in sites_from("stac")],
    output:
        new_lock=temp(result("search/lock.json")),
        summary=result("search/lock.txt"),
    log:
        result("logs/lock_scenes.log"),
    benchmark:
        result("benchmarks/lock_scenes.tsv")
    conda:
        "../envs/scenes.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        code=code("lock_scenes"),
        sites=sites_from("stac"),
        previous=LOCK,
    message:
        "Compare the scenes found with {params.previous}"
    script:
        "../scripts/lock_scenes.py"


rule download_scene:
    input:
        lock=ancient(LOCK),
    output:
        optical=result("scenes/{site}/optical.tif"),
        sar=result("scenes/{site}/sar.tif"),
        metadata=result("scenes/{site}/scene.json"),
    log:
        result("logs/download_scene/{site}.log"),
    benchmark:
        result("benchmarks/download_scene/{site}.tsv")
    wildcard_constraints:
        site=one_of(sites_from("stac")),
    conda:
        "../envs/scenes.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        code=code("download_scene"),
        site_settings=lambda wildcards: catalogue_site(STUDY, wildcards.site),
        locked=lambda wildcards: locked(wildcards.site),
        parts=result("downloads/{site}"),
    message:
        "Download the raw scenes of {wildcards.site}"
    script:
        "../scripts/download_scene.py"


rule download_clouds:
    input:
        lock=ancient(LOCK),
    output:
        clouds=result("scenes/{site}/clouds.tif"),
    log:
        result("logs/download_clouds/{site}.log"),
    benchmark:
        result("benchmarks/download_clouds/{site}.tsv")
    wildcard_constraints:
        site=one_of(sites_from("stac")),
    conda:
        "../envs/scenes.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code("download_clouds"),
        site_settings=lambda wildcards: catalogue_site(STUDY, wildcards.site),
        locked=lambda wildcards: locked(wildcards.site),
        parts=result("downloads/{site}.clouds"),
    message:
        "Download the clouds of another date over {wildcards.site}"
    script:
        "../scripts/download_clouds.py"
