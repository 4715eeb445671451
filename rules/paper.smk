# The paper of the study, with its own numbers, tables and figures.


rule typeset_paper:
    input:
        project_file("CITATION.cff"),  # for the version
        project_file("config/claims.schema.yaml"),
        template=[
            project_file(f"paper/{name}") for name in ("paper.typ", "style.typ", "references.bib")
        ],
        claims=project_file("config/claims.yaml"),
        summary="<results>/tables/summary.csv",
        verdicts="<results>/tables/claims.csv",
        readings="<results>/tables/readings.csv",
        models="<results>/tables/models.csv",
        times="<benchmarks>/training_times.csv",
        differences=list(SCORED.difference_tables()),
        uncertainties=list(SCORED.uncertainty_tables()),
        land_cover=list(SCORED.land_cover_tables()),
        tables=LAYOUT.tables(),
        products=LAYOUT.product_tables()[:1],
        figures=LAYOUT.paper_figures(),
        metadata=[f"<results>/scenes/{site}/scene.json" for site in SITES],
        descriptions=[f"<results>/stack/{site}.json" for site in SITES],
        stacks=[f"<results>/stack/{site}.tif" for site in LAYOUT.paper_sites],
    output:
        pdf=report(
            "<results>/paper.pdf",
            caption="../config/captions/paper.rst",
            category="Paper",
            labels={"form": "PDF"},
        ),
    log:
        "<logs>/typeset_paper.log",
    benchmark:
        "<benchmarks>/typeset_paper.tsv"
    conda:
        "../envs/paper.yaml"
    threads: 1
    resources:
        mem_mb=of_all_sites(1000),
        runtime=growing(30),
    params:
        code=code("typeset_paper"),
        study=STUDY,
        sites=SITES,
        shown=LAYOUT.paper_sites,
        plates=LAYOUT.plates(),
        engine=engine,
        conda=lambda wildcards: in_conda(),
    message:
        "Typeset the paper"
    script:
        "../scripts/typeset_paper.py"
