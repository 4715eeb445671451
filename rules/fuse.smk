# Whole scenes, fused by trained models and by methods without training.


rule fuse_scene:
    input:
        unpack(lambda wildcards: gap_mask(wildcards.protocol)),
        code=code("fuse_scene"),
        network=network_code,
        optical=lambda wildcards: optical_raster(wildcards.protocol),
        sar=lambda wildcards: sar_raster(wildcards.input),
        weights=each_seed(
            trained("{site}/{protocol}/{band}/{model}-{input}/seed{seed}.safetensors")
        ),
        records=each_seed(trained("{site}/{protocol}/{band}/{model}-{input}/seed{seed}.json")),
    output:
        fused=each_seed(result("fused/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tif")),
    log:
        result("logs/fuse_scene/{site}/{protocol}/{band}/{model}-{input}.log"),
    benchmark:
        result("benchmarks/fuse_scene/{site}/{protocol}/{band}/{model}-{input}.tsv")
    conda:
        TORCH_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        tile_px=STUDY["fusing"]["tile_px"],
        device=STUDY["training"]["device"],
    message:
        "Fuse {wildcards.band} of {wildcards.site} with {wildcards.model} ({wildcards.input})"
        " for {wildcards.protocol}"
    script:
        "../scripts/fuse_scene.py"


use rule fuse_scene as fuse_full_scale with:
    input:
        code=code("fuse_scene"),
        network=network_code,
        optical=result("stack/{site}.full.tif"),
        sar=lambda wildcards: sar_raster(wildcards.input, ".full"),
        weights=each_seed(
            trained("{site}/sharpening/{band}/{model}-{input}/seed{seed}.safetensors")
        ),
        records=each_seed(trained("{site}/sharpening/{band}/{model}-{input}/seed{seed}.json")),
    output:
        fused=each_seed(
            result("fused/{site}/sharpening/{band}/{model}-{input}/seed{seed}.full.tif")
        ),
    log:
        result("logs/fuse_full_scale/{site}/{band}/{model}-{input}.log"),
    benchmark:
        result("benchmarks/fuse_full_scale/{site}/{band}/{model}-{input}.tsv")
    message:
        "Sharpen {wildcards.band} of {wildcards.site} with {wildcards.model}" " ({wildcards.input})"


rule fuse_classical:
    input:
        unpack(lambda wildcards: gap_mask(wildcards.protocol)),
        code=code("fuse_classical"),
        split=result("stack/{site}.split.tif"),
        optical=lambda wildcards: optical_raster(wildcards.protocol),
        sar=result("stack/{site}.tif"),
    output:
        fused=expand(
            result("fused/{{site}}/{{protocol}}/{band}/{{method}}-{{input}}/seed0.tif"),
            band=BANDS,
        ),
    log:
        result("logs/fuse_classical/{site}/{protocol}/{method}-{input}.log"),
    benchmark:
        result("benchmarks/fuse_classical/{site}/{protocol}/{method}-{input}.tsv")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        bands=BANDS,
    message:
        "Fuse {wildcards.site} by {wildcards.method} for {wildcards.protocol}"
    script:
        "../scripts/fuse_classical.py"


use rule fuse_classical as fuse_classical_full_scale with:
    input:
        code=code("fuse_classical"),
        split=result("stack/{site}.split.tif"),
        optical=result("stack/{site}.full.tif"),
        sar=result("stack/{site}.full.tif"),
    output:
        fused=expand(
            result("fused/{{site}}/sharpening/{band}/{{method}}-{{input}}/seed0.full.tif"),
            band=BANDS,
        ),
    log:
        result("logs/fuse_classical_full_scale/{site}/{method}-{input}.log"),
    benchmark:
        result("benchmarks/fuse_classical_full_scale/{site}/{method}-{input}.tsv")
    message:
        "Sharpen {wildcards.site} by {wildcards.method}"
