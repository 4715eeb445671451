# Tables that people read. They hold all seeds.


rule tabulate_metrics:
    input:
        scores=score_files(),
    output:
        metrics=result("tables/metrics.csv"),
        csv=result("tables/summary.csv"),
        md=result("tables/summary.md"),
        tex=result("tables/summary.tex"),
        txt=result("tables/summary.txt"),
    log:
        result("logs/tabulate_metrics.log"),
    benchmark:
        result("benchmarks/tabulate_metrics.tsv")
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000 + 5 * len(SITES)),
        runtime=growing(10),
    params:
        code=code("tabulate_metrics"),
        missing=MISSING,
    message:
        "Summarise all scores over seeds"
    script:
        "../scripts/tabulate_metrics.py"


rule tabulate_models:
    input:
        records=[
            record
            for site in SITES
            for protocol in STUDY["protocols"]
            for record in records(site, protocol)
        ],
    output:
        csv=result("tables/models.csv"),
        md=result("tables/models.md"),
        # Apart from the tables: a time is measured anew in every run.
        times=result("benchmarks/training_times.csv"),
    log:
        result("logs/tabulate_models.log"),
    benchmark:
        result("benchmarks/tabulate_models.tsv")
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000 + 5 * len(SITES)),
        runtime=growing(10),
    params:
        code=code("tabulate_models"),
        missing=MISSING,
    message:
        "Tabulate what the models cost"
    script:
        "../scripts/tabulate_models.py"


rule judge_claims:
    input:
        project_file("config/claims.schema.yaml"),
        claims=project_file("config/claims.yaml"),
        differences=difference_files(),
        metrics=result("tables/metrics.csv"),
    output:
        csv=result("tables/claims.csv"),
        md=result("tables/claims.md"),
    log:
        result("logs/judge_claims.log"),
    benchmark:
        result("benchmarks/judge_claims.tsv")
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000 + 5 * len(SITES)),
        runtime=growing(10),
    params:
        code=code("judge_claims"),
        missing=MISSING,
    message:
        "Judge the claims"
    script:
        "../scripts/judge_claims.py"
