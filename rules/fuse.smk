# Whole scenes, fused by trained models and by methods without training.

MODEL = "<models>/{site}/{protocol}/{band}/{model}-{input}/seed{seed}"
TOGETHER = runs_together(LAYOUT.protocols)
TOGETHER_FULL = runs_together(LAYOUT.full_scale)


rule fuse_scene:
    input:
        optical=rasters_of_fusing(LAYOUT.given, TOGETHER),
        sar=rasters_of_fusing(lambda _, sar_input: LAYOUT.sar(sar_input), TOGETHER),
        weights=each_fused(f"{MODEL}.safetensors", TOGETHER),
        records=each_fused(f"{MODEL}.json", TOGETHER),
    output:
        fused=each_fused(
            "<results>/fused/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tif", TOGETHER
        ),
    log:
        of_fusing(
            "<logs>/fuse_scene/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.log", TOGETHER
        ),
    benchmark:
        of_fusing(
            "<benchmarks>/fuse_scene/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tsv",
            TOGETHER,
        )
    conda:
        TORCH_ENV
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        code=network_codes(TOGETHER),
        tile_px=STUDY["fusing"]["tile_px"],
        precision=STUDY["fusing"]["precision"],
        device=STUDY["training"]["device"],
    message:
        "Fuse {wildcards.site} with all available models"
        if TOGETHER
        else "Fuse {wildcards.site} with {wildcards.model} ({wildcards.input})"
        " for {wildcards.protocol}"
    script:
        "../scripts/fuse_scene.py"


use rule fuse_scene as fuse_full_scale with:
    input:
        optical=rasters_of_fusing(lambda *_: "<results>/stack/{site}.full.tif", TOGETHER_FULL),
        sar=rasters_of_fusing(lambda _, sar_input: LAYOUT.sar(sar_input, ".full"), TOGETHER_FULL),
        weights=each_fused(f"{MODEL}.safetensors", TOGETHER_FULL),
        records=each_fused(f"{MODEL}.json", TOGETHER_FULL),
    output:
        fused=each_fused(
            "<results>/fused/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.full.tif",
            TOGETHER_FULL,
        ),
    log:
        of_fusing(
            "<logs>/fuse_full_scale/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.log",
            TOGETHER_FULL,
        ),
    benchmark:
        of_fusing(
            "<benchmarks>/fuse_full_scale/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tsv",
            TOGETHER_FULL,
        )
    params:
        code=network_codes(TOGETHER_FULL),
    message:
        "Sharpen {wildcards.site} with all available models"
        if TOGETHER_FULL
        else "Sharpen {wildcards.site} with {wildcards.model} ({wildcards.input})"


use rule fuse_scene as fuse_transfer with:
    input:
        optical=rasters_of_fusing(LAYOUT.given, []),
        sar=rasters_of_fusing(lambda _, sar_input: LAYOUT.sar(sar_input), []),
        weights=each_fused(
            "<models>/{folder}/{protocol}/{band}/{model}-{input}/seed{seed}.safetensors", []
        ),
        records=each_fused(
            "<models>/{folder}/{protocol}/{band}/{model}-{input}/seed{seed}.json", []
        ),
    output:
        fused=each_fused(
            "<results>/fused/{site}/{folder}/{protocol}/{band}/{model}-{input}/seed{seed}.tif", []
        ),
    log:
        of_fusing(
            "<logs>/fuse_transfer/{site}/{folder}/{protocol}/{band}/{model}-{input}/seed{seed}.log",
            [],
        ),
    benchmark:
        of_fusing(
            "<benchmarks>/fuse_transfer/{site}/{folder}/{protocol}/{band}/{model}-{input}/seed{seed}.tsv",
            [],
        )
    wildcard_constraints:
        folder=one_of(LAYOUT.transfers),
    params:
        code=network_codes([]),
    message:
        "Fuse {wildcards.site} with {wildcards.model} ({wildcards.input}) of {wildcards.folder}"


# All methods without training run in one job, since most take less time than starting a process.
# Sharpening reads a scene in tiles; filling gaps reads it whole, which takes 60 bytes per pixel,
# and 80 more for each other date.


CLASSICAL_FILES, CLASSICAL_RUNS = classical_jobs(LAYOUT.protocols)
SHARPENED_FILES, SHARPENED_RUNS = classical_jobs(LAYOUT.full_scale, ".full")

if CLASSICAL_RUNS:

    rule fuse_classical:
        input:
            unpack(lambda wildcards: classical_inputs(wildcards.site)),
            split="<results>/stack/{site}.split.tif",
            stack="<results>/stack/{site}.tif",
        output:
            **classical_outputs(),
            fused=CLASSICAL_FILES,
        log:
            "<logs>/fuse_classical/{site}.log",
        benchmark:
            "<benchmarks>/fuse_classical/{site}.tsv"
        conda:
            "../envs/data.yaml"
        threads: 1
        resources:
            mem_mb=whole_arrays(60 + 80 * MOST_DATES),
            runtime=growing(120),
        params:
            code=code("fuse_classical"),
            runs=CLASSICAL_RUNS,
            mask=lambda wildcards: setting(STUDY, wildcards.site, "optical")["mask"],
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
