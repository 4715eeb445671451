# Whole scenes, fused by trained models and by methods without training.


rule fuse_scene:
    input:
        unpack(lambda wildcards: gap_mask(wildcards.protocol)),
        optical=lambda wildcards: optical_raster(wildcards.protocol),
        sar=lambda wildcards: sar_raster(wildcards.input),
        weights=each_run(
            trained("{site}/{protocol}/{band}/{model}-{input}/seed{seed}.safetensors"), FUSED_APART
        ),
        records=each_run(
            trained("{site}/{protocol}/{band}/{model}-{input}/seed{seed}.json"), FUSED_APART
        ),
    output:
        fused=each_run(
            result("fused/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tif"), FUSED_APART
        ),
    log:
        of_job(result("logs/fuse_scene/{site}/{protocol}/{band}/{model}-{input}.log"), FUSED_APART),
    benchmark:
        of_job(
            result("benchmarks/fuse_scene/{site}/{protocol}/{band}/{model}-{input}.tsv"),
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
        optical=result("stack/{site}.full.tif"),
        sar=lambda wildcards: sar_raster(wildcards.input, ".full"),
        weights=each_run(
            trained("{site}/sharpening/{band}/{model}-{input}/seed{seed}.safetensors"), FUSED_APART
        ),
        records=each_run(
            trained("{site}/sharpening/{band}/{model}-{input}/seed{seed}.json"), FUSED_APART
        ),
    output:
        fused=each_run(
            result("fused/{site}/sharpening/{band}/{model}-{input}/seed{seed}.full.tif"),
            FUSED_APART,
        ),
    log:
        of_job(result("logs/fuse_full_scale/{site}/{band}/{model}-{input}.log"), FUSED_APART),
    benchmark:
        of_job(result("benchmarks/fuse_full_scale/{site}/{band}/{model}-{input}.tsv"), FUSED_APART)
    message:
        "Sharpen {wildcards.site} with {wildcards.model} ({wildcards.input})"


use rule fuse_scene as fuse_transfer with:
    input:
        unpack(lambda wildcards: gap_mask(wildcards.protocol)),
        optical=lambda wildcards: optical_raster(wildcards.protocol),
        sar=lambda wildcards: sar_raster(wildcards.input),
        weights=each_run(
            trained("{folder}/{protocol}/{band}/{model}-{input}/seed{seed}.safetensors"),
            FUSED_APART,
        ),
        records=each_run(
            trained("{folder}/{protocol}/{band}/{model}-{input}/seed{seed}.json"), FUSED_APART
        ),
    output:
        fused=each_run(
            result("fused/{site}/{folder}/{protocol}/{band}/{model}-{input}/seed{seed}.tif"),
            FUSED_APART,
        ),
    log:
        of_job(
            result("logs/fuse_transfer/{site}/{folder}/{protocol}/{band}/{model}-{input}.log"),
            FUSED_APART,
        ),
    benchmark:
        of_job(
            result(
                "benchmarks/fuse_transfer/{site}/{folder}/{protocol}/{band}/{model}-{input}.tsv"
            ),
            FUSED_APART,
        )
    wildcard_constraints:
        folder=one_of(TRANSFERS),
    message:
        "Fuse {wildcards.site} with {wildcards.model} ({wildcards.input}) of {wildcards.folder}"


# All methods without training in one job: most take less time than the start of a process. Those
# that sharpen see a scene part by part, those that fill gaps hold it whole, 60 bytes a pixel.

CLASSICAL_FILES, CLASSICAL_RUNS = classical_jobs(STUDY["protocols"])
SHARPENED_FILES, SHARPENED_RUNS = classical_jobs(["sharpening"], ".full")

if CLASSICAL_RUNS:

    rule fuse_classical:
        input:
            unpack(lambda wildcards: classical_inputs()),
            split=result("stack/{site}.split.tif"),
            stack=result("stack/{site}.tif"),
        output:
            fused=CLASSICAL_FILES,
        log:
            result("logs/fuse_classical/{site}.log"),
        benchmark:
            result("benchmarks/fuse_classical/{site}.tsv")
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
            split=result("stack/{site}.split.tif"),
            stack=result("stack/{site}.full.tif"),
            reduced=result("stack/{site}.full.tif"),
        output:
            fused=SHARPENED_FILES,
        log:
            result("logs/fuse_classical_full_scale/{site}.log"),
        benchmark:
            result("benchmarks/fuse_classical_full_scale/{site}.tsv")
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
