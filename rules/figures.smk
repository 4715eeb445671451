# Figures: a rule for each record in scripts/sarfusion/study/figures.py. They show the first seed of
# each model; tables have all seeds.


for kind, figure in FIGURES.items():
    # Path of log and benchmark. It has no band, since one job draws all bands.
    of_figure = Path(
        f"plot_{kind}", *(name for name in ("{site}", "{protocol}") if name in figure.name)
    )

    rule:
        name:
            f"plot_{kind}"
        input:
            unpack(figure_inputs(figure)),
        output:
            png=[
                report(
                    path,
                    caption=f"../config/captions/{figure.caption}.rst",
                    category=figure.category,
                    labels=figure_labels(figure, band),
                )
                for band, path in zip(BANDS, figure_files(figure, ".png"))
            ],
            pdf=figure_files(figure, ".pdf"),
        log:
            f"<logs>/{of_figure}.log",
        benchmark:
            f"<benchmarks>/{of_figure}.tsv"
        wildcard_constraints:
            protocol=one_of(LAYOUT.figure_protocols(figure)),
        conda:
            "../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=growing(2000) if "{site}" in figure.name else of_all_sites(2000),
            runtime=growing(10 if "{site}" in figure.name else 30),
        params:
            **figure_parameters(figure),
            code=code("plot", f"show/figures/{figure.draws.partition('.')[0]}"),
            function=figure.draws,
        message:
            figure.message
        script:
            "../scripts/plot.py"
