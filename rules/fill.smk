# Filling the clouds of a new scene with models of another study (./reproduce fill), without
# training and split. The steps are those of a study with its own product, and check_domain.


rule check_domain:
    input:
        description="<results>/stack/{site}.json",
        metadata="<results>/scenes/{site}/scene.json",
        records=lambda wildcards: LAYOUT.product_models(wildcards.site, ".json"),
    output:
        domain="<results>/stack/{site}.domain.json",
    log:
        "<logs>/check_domain/{site}.log",
    benchmark:
        "<benchmarks>/check_domain/{site}.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000),
        runtime=growing(10),
    params:
        code=code("check_domain"),
        preparation=lambda wildcards: preparation(FILLING, wildcards.site),
        trained_by={name: GIVEN_MODELS.get(name) for name in ("study", "site")},
        anyway=GIVEN_MODELS.get("anyway", False),
    message:
        "Compare {wildcards.site} with what the models were trained on"
    script:
        "../scripts/check_domain.py"


rule fill:
    input:
        LAYOUT.products() if LAYOUT.fills_only else [],
    localrule: True
    message:
        "The clouds are filled"
