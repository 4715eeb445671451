# Raw scenes. They have the same form for every source (docs/add-a-source.md).


# The ground that the scenes of a site are made from, if they share it.
for module, sources in sources_by("land_script").items():
    record = SOURCES[sources[0]]

    rule:
        name:
            module
        output:
            land=LAND,
        log:
            f"<logs>/{module}/{{site}}.log",
        benchmark:
            f"<benchmarks>/{module}/{{site}}.tsv"
        wildcard_constraints:
            site=one_of(sites_from(*sources, among=PLANNED)),
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            mem_mb=whole_arrays(record.bytes_a_pixel),
            runtime=growing(record.minutes),
        params:
            code=code(module),
            script=module,
            site_settings=lambda wildcards: settings_of_source(wildcards.site),
        message:
            f"{record.verb} the ground of {{wildcards.site}}"
        script:
            "../scripts/{params.script}.py"


# A rule for each script of a source, which makes scenes from the settings and files of a site.
for module, sources in sources_by("script").items():
    record = SOURCES[sources[0]]

    rule:
        name:
            module
        input:
            own_scene_files if record.files else unpack(shared_land),
        output:
            **({"truth": "<results>/scenes/{site}/truth.tif"} if record.has_truth else {}),
            **LAYOUT.aerosol,
            optical="<results>/scenes/{site}/optical.tif",
            sar="<results>/scenes/{site}/sar.tif",
            metadata="<results>/scenes/{site}/scene.json",
        log:
            f"<logs>/{module}/{{site}}.log",
        benchmark:
            f"<benchmarks>/{module}/{{site}}.tsv"
        wildcard_constraints:
            site=one_of(sites_from(*sources, among=PLANNED)),
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            mem_mb=whole_arrays(record.bytes_a_pixel) if record.bytes_a_pixel else growing(4000),
            runtime=growing(record.minutes),
        params:
            **(own_scene_parameters() if record.files else {}),
            code=code(module),
            script=module,
            site_settings=lambda wildcards: scene_settings(wildcards.site),
        message:
            f"{record.verb} the raw scenes of {{wildcards.site}}"
        script:
            "../scripts/{params.script}.py"


# The radar of a raw Sentinel-1 scene, for sites that have one.
rule calibrate_grd:
    input:
        grd_files,
    output:
        calibrated=CALIBRATED,
        origin=ORIGIN,
    log:
        "<logs>/calibrate_grd/{site}.log",
    benchmark:
        "<benchmarks>/calibrate_grd/{site}.tsv"
    wildcard_constraints:
        site=one_of(sites_with_own("safe")),
    conda:
        "../envs/grd.yaml"
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=growing(240),
    params:
        code=code("calibrate_grd"),
        safe=lambda wildcards: str(Path(own_files(STUDY, wildcards.site)["safe"]).parent),
        elevation=lambda wildcards: elevation_of(wildcards.site),
        geoid=lambda wildcards: own_files(STUDY, wildcards.site).get("geoid"),
        red=lambda wildcards: own_files(STUDY, wildcards.site)["optical.red"],
        absent=lambda wildcards: ABSENT.get(wildcards.site),
    message:
        "Calibrate the raw radar of {wildcards.site}"
    script:
        "../scripts/calibrate_grd.py"


# The site on another day, for sites with other dates.
for module, sources in sources_by("date_script").items():
    record = SOURCES[sources[0]]

    rule:
        name:
            module
        input:
            own_date_files if record.files else [],
            **({"scene": "<results>/scenes/{site}/optical.tif"} if record.files else {}),
            **({"land": ancient(LAND)} if record.land_script else {}),
        output:
            **(
                {"truth": "<results>/scenes/{site}/dates/{date}.truth.tif"}
                if record.has_truth
                else {}
            ),
            optical="<results>/scenes/{site}/dates/{date}.tif",
            metadata="<results>/scenes/{site}/dates/{date}.json",
        log:
            f"<logs>/{module}/{{site}}/{{date}}.log",
        benchmark:
            f"<benchmarks>/{module}/{{site}}/{{date}}.tsv"
        wildcard_constraints:
            site=one_of(sites_from(*sources, among=PLANNED)),
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            mem_mb=whole_arrays(record.bytes_a_pixel) if record.bytes_a_pixel else growing(4000),
            runtime=growing(record.minutes),
        params:
            **(
                own_date_parameters()
                if record.files
                else {"site_settings": lambda wildcards: settings_of_source(wildcards.site)}
            ),
            code=code(module),
            script=module,
        message:
            f"{record.verb} {{wildcards.site}} on {{wildcards.date}}"
        script:
            "../scripts/{params.script}.py"


# A map of built-up ground, for sites that have one.
for source, record in SOURCES.items():
    if record.built_up_script:

        rule:
            name:
                record.built_up_script
            input:
                **({"land": ancient(LAND)} if record.land_script else {}),
            output:
                built_up="<results>/scenes/{site}/built_up.tif",
            log:
                f"<logs>/{record.built_up_script}/{{site}}.log",
            benchmark:
                f"<benchmarks>/{record.built_up_script}/{{site}}.tsv"
            wildcard_constraints:
                site=one_of(sites_from(source, among=PLANNED)),
            conda:
                "../envs/data.yaml"
            threads: 1
            resources:
                mem_mb=whole_arrays(record.bytes_a_pixel),
                runtime=growing(record.minutes),
            params:
                code=code(record.built_up_script),
                script=record.built_up_script,
                site_settings=lambda wildcards: settings_of_source(wildcards.site),
            message:
                "Map the built-up ground of {wildcards.site}"
            script:
                "../scripts/{params.script}.py"


rule import_built_up:
    input:
        lambda wildcards: watched(own_files(STUDY, wildcards.site)["built_up"]),
        optical="<results>/scenes/{site}/optical.tif",
    output:
        built_up="<results>/scenes/{site}/built_up.tif",
    log:
        "<logs>/import_built_up/{site}.log",
    benchmark:
        "<benchmarks>/import_built_up/{site}.tsv"
    wildcard_constraints:
        site=one_of(sites_with_own("built_up")),
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(30),
    params:
        code=code("import_built_up"),
        mask=lambda wildcards: own_files(STUDY, wildcards.site)["built_up"],
        mask_settings=lambda wildcards: STUDY["sites"][wildcards.site]["built_up"],
    message:
        "Bring the mask of built-up ground of {wildcards.site} onto its grid"
    script:
        "../scripts/import_built_up.py"


# Scenes in a catalogue are searched once, then locked. A run with a lock never searches. Windows
# from ./reproduce unpack are not downloaded.
PACKED = f"{Path(RESULTS).parent}/.packed/{STUDY['study']}"

if sites_from("stac") and not Path(LOCK).exists():

    rule keep_lock:
        input:
            new_lock="<results>/search/lock.json",
        output:
            lock=LOCK,
        log:
            "<logs>/keep_lock.log",
        benchmark:
            "<benchmarks>/keep_lock.tsv"
        localrule: True
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


rule find_scenes:
    output:
        found=temp("<results>/search/{site}.json"),
        table="<results>/search/{site}.csv",
    log:
        "<logs>/find_scenes/{site}.log",
    benchmark:
        "<benchmarks>/find_scenes/{site}.tsv"
    wildcard_constraints:
        site=one_of(sites_from("stac", among=PLANNED)),
    conda:
        "../envs/scenes.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code("find_scenes"),
        answers=f"{RESULTS}/search/answers",
        site_settings=lambda wildcards: catalogue_site(STUDY, wildcards.site),
        mask=lambda wildcards: setting(STUDY, wildcards.site, "optical")["mask"],
    message:
        "Search the catalogue for scenes of {wildcards.site}"
    script:
        "../scripts/find_scenes.py"


rule lock_scenes:
    input:
        found=[f"<results>/search/{site}.json" for site in sites_from("stac")],
        tables=[f"<results>/search/{site}.csv" for site in sites_from("stac")],
    output:
        new_lock=temp("<results>/search/lock.json"),
        summary="<results>/search/lock.txt",
    log:
        "<logs>/lock_scenes.log",
    benchmark:
        "<benchmarks>/lock_scenes.tsv"
    localrule: True
    conda:
        "../envs/scenes.yaml"
    threads: 1
    resources:
        mem_mb=growing(500),
        runtime=growing(10),
    params:
        code=code("lock_scenes"),
        answers=f"{RESULTS}/search/answers",
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
        **LAYOUT.aerosol,
        optical="<results>/scenes/{site}/optical.tif",
        sar="<results>/scenes/{site}/sar.tif",
        metadata="<results>/scenes/{site}/scene.json",
    log:
        "<logs>/download_scene/{site}.log",
    benchmark:
        "<benchmarks>/download_scene/{site}.tsv"
    wildcard_constraints:
        site=one_of(sites_from("stac", among=PLANNED)),
    conda:
        "../envs/scenes.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        code=code("download_scene"),
        site_settings=lambda wildcards: download_settings(wildcards.site),
        locked=lambda wildcards: locked(wildcards.site),
        parts=f"{RESULTS}/downloads/{{site}}",
        packed=f"{PACKED}/{{site}}",
    message:
        "Download the raw scenes of {wildcards.site}"
    script:
        "../scripts/download_scene.py"


rule download_date:
    input:
        lock=ancient(LOCK),
    output:
        optical="<results>/scenes/{site}/dates/{date}.tif",
        metadata="<results>/scenes/{site}/dates/{date}.json",
    log:
        "<logs>/download_date/{site}/{date}.log",
    benchmark:
        "<benchmarks>/download_date/{site}/{date}.tsv"
    wildcard_constraints:
        site=one_of(sites_from("stac", among=PLANNED)),
    conda:
        "../envs/scenes.yaml"
    threads: 1
    resources:
        mem_mb=growing(4000),
        runtime=growing(240),
    params:
        code=code("download_date"),
        site_settings=lambda wildcards: download_settings(wildcards.site),
        locked=lambda wildcards: locked(wildcards.site, wildcards.date),
        parts=f"{RESULTS}/downloads/{{site}}.{{date}}",
        packed=f"{PACKED}/{{site}}",
    message:
        "Download {wildcards.site} on {wildcards.date}"
    script:
        "../scripts/download_date.py"


rule download_clouds:
    input:
        lock=ancient(LOCK),
    output:
        clouds="<results>/scenes/{site}/clouds.tif",
    log:
        "<logs>/download_clouds/{site}.log",
    benchmark:
        "<benchmarks>/download_clouds/{site}.tsv"
    wildcard_constraints:
        site=one_of(sites_from("stac", among=PLANNED)),
    conda:
        "../envs/scenes.yaml"
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code("download_clouds"),
        site_settings=lambda wildcards: download_settings(wildcards.site),
        locked=lambda wildcards: locked(wildcards.site),
        parts=f"{RESULTS}/downloads/{{site}}.clouds",
        packed=f"{PACKED}/{{site}}",
    message:
        "Download the clouds of another date over {wildcards.site}"
    script:
        "../scripts/download_clouds.py"
