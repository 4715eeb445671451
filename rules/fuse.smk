# Whole scenes, fused by trained models and by methods without training.


rule fuse_scene:
    input:
        code=code("fuse_scene"),
        network=network_code,
        stack=result("stack/{site}.tif"),
        weights=result("models/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.safetensors"),
        record=result("models/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.json"),
    output:
        fused=result("fused/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tif"),
    log:
        result("logs/fuse_scene/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.log"),
    benchmark:
        result("benchmarks/fuse_scene/{site}/{protocol}/{band}/{model}-{input}/seed{seed}.tsv")
    conda:
        "../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        tile_px=STUDY["fusing"]["tile_px"],
        device=STUDY["training"]["device"],
    message:
        "Fuse {wildcards.band} of {wildcards.site} with {wildcards.model} ({wildcards.input}),"
        " seed {wildcards.seed}"
    script:
        "../scripts/fuse_scene.py"


rule fuse_classical:
    input:
        code=code("fuse_classical"),
        stack=result("stack/{site}.tif"),
    output:
        fused=result("fused/{site}/{protocol}/{band}/{method}-none/seed0.tif"),
    log:
        result("logs/fuse_classical/{site}/{protocol}/{band}/{method}-none.log"),
    benchmark:
        result("benchmarks/fuse_classical/{site}/{protocol}/{band}/{method}-none.tsv")
    conda:
        "../envs/data.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    message:
        "Fuse {wildcards.band} of {wildcards.site} by {wildcards.method}"
    script:
        "../scripts/fuse_classical.py"
