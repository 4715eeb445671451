# The tables of the study, with all seeds.


# A rule of its own, since most figures of tables need only this table: the summary, below, also
# needs the prepared scenes.
rule collect_scores:
    input:
        scores=list(SCORED.score_tables()),
    output:
        metrics="<results>/tables/metrics.csv",
    log:
        "<logs>/collect_scores.log",
    benchmark:
        "<benchmarks>/collect_scores.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(1000),
        runtime=growing(10),
    params:
        code=code("collect_scores"),
    message:
        "Collect all scores"
    script:
        "../scripts/collect_scores.py"


rule tabulate_metrics:
    input:
        metrics="<results>/tables/metrics.csv",
        descriptions=[f"<results>/stack/{site}.json" for site in SITES],
        models="<results>/tables/models.csv",
    output:
        csv="<results>/tables/summary.csv",
        md="<results>/tables/summary.md",
        tex="<results>/tables/summary.tex",
        txt="<results>/tables/summary.txt",
    log:
        "<logs>/tabulate_metrics.log",
    benchmark:
        "<benchmarks>/tabulate_metrics.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(1000),
        runtime=growing(10),
    params:
        code=code("tabulate_metrics"),
        missing=MISSING,
    message:
        "Summarise all scores over seeds"
    script:
        "../scripts/tabulate_metrics.py"


rule tabulate_uncertainty:
    input:
        uncertainties=list(SCORED.uncertainty_tables()),
    output:
        csv="<results>/tables/uncertainty.csv",
        md="<results>/tables/uncertainty.md",
    log:
        "<logs>/tabulate_uncertainty.log",
    benchmark:
        "<benchmarks>/tabulate_uncertainty.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(1000),
        runtime=growing(10),
    params:
        code=code("tabulate_uncertainty"),
        missing=MISSING,
    message:
        "Tabulate the uncertainty of the methods"
    script:
        "../scripts/tabulate_uncertainty.py"


rule tabulate_land_cover:
    input:
        scores=list(SCORED.land_cover_tables()),
    output:
        csv="<results>/tables/land_cover.csv",
        md="<results>/tables/land_cover.md",
    log:
        "<logs>/tabulate_land_cover.log",
    benchmark:
        "<benchmarks>/tabulate_land_cover.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(1000),
        runtime=growing(10),
    params:
        code=code("tabulate_land_cover"),
        missing=MISSING,
    message:
        "Tabulate the scores of maps made from filled gaps"
    script:
        "../scripts/tabulate_land_cover.py"


rule tabulate_models:
    input:
        records=[
            record
            for site in SITES
            for protocol in STUDY["protocols"]
            for record in SCORED.records(site, protocol)
        ],
    output:
        csv="<results>/tables/models.csv",
        md="<results>/tables/models.md",
        # Not in tables/, since times differ between runs.
        times="<benchmarks>/training_times.csv",
    log:
        "<logs>/tabulate_models.log",
    benchmark:
        "<benchmarks>/tabulate_models.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(1000),
        runtime=growing(10),
    params:
        code=code("tabulate_models"),
        missing=MISSING,
    message:
        "Tabulate the cost of the models"
    script:
        "../scripts/tabulate_models.py"


rule rank_methods:
    input:
        differences=list(SCORED.difference_tables()),
        metrics="<results>/tables/metrics.csv",
    output:
        csv="<results>/tables/ranking.csv",
        md="<results>/tables/ranking.md",
    log:
        "<logs>/rank_methods.log",
    benchmark:
        "<benchmarks>/rank_methods.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(1000),
        runtime=growing(10),
    params:
        code=code("rank_methods"),
        against=STUDY.get("ranked_against"),
        missing=MISSING,
    message:
        "Rank the methods"
    script:
        "../scripts/rank_methods.py"


rule judge_claims:
    input:
        project_file("config/claims.schema.yaml"),
        claims=project_file("config/claims.yaml"),
        differences=list(SCORED.difference_tables()),
        uncertainties=list(SCORED.uncertainty_tables()),
        metrics="<results>/tables/metrics.csv",
        models="<results>/tables/models.csv",
    output:
        csv="<results>/tables/claims.csv",
        md="<results>/tables/claims.md",
        readings_csv="<results>/tables/readings.csv",
        readings_md="<results>/tables/readings.md",
    log:
        "<logs>/judge_claims.log",
    benchmark:
        "<benchmarks>/judge_claims.tsv"
    conda:
        "../envs/metrics.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(1000),
        runtime=growing(10),
    params:
        code=code("judge_claims"),
        dated=LAYOUT.dated_inputs,
        missing=MISSING,
    message:
        "Judge the claims"
    script:
        "../scripts/judge_claims.py"
