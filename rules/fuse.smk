# Whole scenes, fused by trained models and by methods without training.


rule fuse_scene:
    input:
        unpack(lambda wildcards: LAYOUT.gaps(wildcards.protocol)),
        optical=lambda wildcards: LAYOUT.optical(wildcards.protocol),
        sar=lambda wildcards: LAYOUT.sar(wildcards.input),
        weights=each_run(
            "<models>/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.safetensors", FUSED_APART
        ),
        records=each_run(
            "<models>/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.json", FUSED_APART
        ),
    output:
        fused=each_run(
            "<results>/fused/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tif", FUSED_APART
        ),
    log:
        of_job("<logs>/fuse_scene/{site}/{protocol}/{band}/{model}-{input}.log", FUSED_APART),
    benchmark:
        of_job(
            "<benchmarks>/fuse_scene/{site}/{protocol}/{band}/{model}-{input}.tsv",
            FUSED_APART,
        )
    conda:
        TORCH_ENV
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=code("fuse_scene"),
        network=network_code,
        tile_px=STUDY["fusing"]["tile_px"],
        device=STUDY["training"]["device"],
    message:
        "Fuse {wildcards.site} with {wildcards.model} ({wildcards.input}) for {wildcards.protocol}"
    script:
        "../scripts/fuse_scene.py"


use rule fuse_scene as fuse_full_scale with:
    input:
        optical="<results>/stack/{site}.full.tif",
        sar=lambda wildcards: LAYOUT.sar(wildcards.input, ".full"),
        weights=each_run(
            "<models>/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.safetensors", FUSED_APART
        ),
        records=each_run(
            "<models>/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.json", FUSED_APART
        ),
    output:
        fused=each_run(
            "<results>/fused/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.full.tif",
            FUSED_APART,
        ),
    log:
        of_job("<logs>/fuse_full_scale/{site}/{protocol}/{band}/{model}-{input}.log", FUSED_APART),
    benchmark:
        of_job(
            "<benchmarks>/fuse_full_scale/{site}/{protocol}/{band}/{model}-{input}.tsv",
            FUSED_APART,
        )
    message:
        "Sharpen {wildcards.site} with {wildcards.model} ({wildcards.input})"


use rule fuse_scene as fuse_transfer with:
    input:
        unpack(lambda wildcards: LAYOUT.gaps(wildcards.protocol)),
        optical=lambda wildcards: LAYOUT.optical(wildcards.protocol),
        sar=lambda wildcards: LAYOUT.sar(wildcards.input),
        weights=each_run(
            "<models>/{folder}/{protocol}/{band}/{model}-{input}/seed{seed}.safetensors",
            FUSED_APART,
        ),
        records=each_run(
            "<models>/{folder}/{protocol}/{band}/{model}-{input}/seed{seed}.json", FUSED_APART
        ),
    output:
        fused=each_run(
            "<results>/fused/{site}/{folder}/{protocol}/{band}/{model}-{input}/seed{seed}.tif",
            FUSED_APART,
        ),
    log:
        of_job(
            "<logs>/fuse_transfer/{site}/{folder}/{protocol}/{band}/{model}-{input}.log",
            FUSED_APART,
        ),
    benchmark:
        of_job(
            "<benchmarks>/fuse_transfer/{site}/{folder}/{protocol}/{band}/{model}-{input}.tsv",
            FUSED_APART,
        )
    wildcard_constraints:
        folder=one_of(LAYOUT.transfers),
    message:
        "Fuse {wildcards.site} with {wildcards.model} ({wildcards.input}) of {wildcards.folder}"


# All methods without training run in one job, since most take less time than starting a process.
# Sharpening reads a scene in tiles; filling gaps reads it whole, which takes 60 bytes a pixel.


CLASSICAL_FILES, CLASSICAL_RUNS = classical_jobs(LAYOUT.protocols)
SHARPENED_FILES, SHARPENED_RUNS = classical_jobs(LAYOUT.full_scale, ".full")

if CLASSICAL_RUNS:

    rule fuse_classical:
        input:
            unpack(lambda wildcards: classical_inputs()),
            split="<results>/stack/{site}.split.tif",
            stack="<results>/stack/{site}.tif",
        output:
            fused=CLASSICAL_FILES,
        log:
            "<logs>/fuse_classical/{site}.log",
        benchmark:
            "<benchmarks>/fuse_classical/{site}.tsv"
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            mem_mb=whole_arrays(60),
            runtime=growing(120),
        params:
            code=code("fuse_classical"),
            runs=CLASSICAL_RUNS,
        message:
            "Fuse {wildcards.site} by methods without training"
        script:
            "../scripts/fuse_classical.py"


if SHARPENED_RUNS:

    rule fuse_classical_full_scale:
        input:
            split="<results>/stack/{site}.split.tif",
            stack="<results>/stack/{site}.full.tif",
            reduced="<results>/stack/{site}.full.tif",
        output:
            fused=SHARPENED_FILES,
        log:
            "<logs>/fuse_classical_full_scale/{site}.log",
        benchmark:
            "<benchmarks>/fuse_classical_full_scale/{site}.tsv"
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(120),
        params:
            code=code("fuse_classical"),
            runs=SHARPENED_RUNS,
        message:
            "Sharpen {wildcards.site} by methods without training"
        script:
            "../scripts/fuse_classical.py"
