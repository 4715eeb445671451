# Figures: a rule for each record in scripts/sarfusion/study/figures.py. They show the first seed of
# each model; tables have all seeds.
#
# Of results of another person, only PNG files are compared, so that is what is drawn: many figures in
# one job, since most take less time than the start of a process. A figure that cannot be drawn does
# not keep back the others.

if "scores_from" in STUDY:
    DRAWN_AGAIN = figures_drawn_again()

    rule plot_again:
        input:
            lambda wildcards: files_of_drawings(wildcards.part),
        output:
            drawn="<results>/figures/{part}.txt",
        log:
            "<logs>/plot_again/{part}.log",
        benchmark:
            "<benchmarks>/plot_again/{part}.tsv"
        wildcard_constraints:
            part=one_of(DRAWN_AGAIN),
        conda:
            "../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(60),
        params:
            code=code("plot_again", *(f"show/figures/{name}" for name in figure_modules())),
            drawings=lambda wildcards: drawings_of(wildcards.part),
        message:
            "Draw the figures of {wildcards.part} again"
        script:
            "../scripts/plot_again.py"

else:

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
