# The paper: the study written out, with its own numbers, tables and figures.


rule typeset_paper:
    input:
        project_file("config/claims.schema.yaml"),
        template=[
            project_file(f"paper/{name}") for name in ("paper.typ", "style.typ", "references.bib")
        ],
        claims=project_file("config/claims.yaml"),
        summary=result("tables/summary.csv"),
        verdicts=result("tables/claims.csv"),
        models=result("tables/models.csv"),
        times=result("benchmarks/training_times.csv"),
        differences=difference_files(),
        tables=table_files(),
        figures=paper_figures(),
        metadata=[result(f"scenes/{site}/scene.json") for site in SITES],
        descriptions=[result(f"stack/{site}.json") for site in SITES],
        stacks=[result(f"stack/{site}.tif") for site in PAPER_SITES],
    output:
        pdf=report(
            result("paper.pdf"),
            caption="../config/captions/paper.rst",
            category="Paper",
            labels={"form": "PDF"},
        ),
    log:
        result("logs/typeset_paper.log"),
    benchmark:
        result("benchmarks/typeset_paper.tsv")
    conda:
        "../envs/paper.yaml"
    threads: 1
    resources:
        mem_mb=growing(1000 + 5 * len(SITES)),
        runtime=growing(30),
    params:
        code=code("typeset_paper"),
        study=STUDY,
        sites=SITES,
        shown=PAPER_SITES,
        engine=engine,
        conda=lambda wildcards: in_conda(),
    message:
        "Typeset the paper"
    script:
        "../scripts/typeset_paper.py"
