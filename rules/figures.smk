# Figures: scripts/sarfusion/study/figures.py lists them. They show the first seed of each model;
# tables have all seeds. One job draws all figures of a site and protocol, since most take less time
# than the start of a process.
#
# Another person's results are compared only by PNG files, so only these are drawn again. A figure
# that cannot be drawn does not stop the others.

if "scores_from" in STUDY:
    DRAWN_AGAIN = figures_drawn_again()

    rule plot_again:
        input:
            lambda wildcards: files_of_drawings(DRAWN_AGAIN[wildcards.part]),
        output:
            drawn="<results>/figures/{part}.txt",
        log:
            "<logs>/plot_again/{part}.log",
        benchmark:
            "<benchmarks>/plot_again/{part}.tsv"
        wildcard_constraints:
            part=one_of(DRAWN_AGAIN),
        # Figures of tables take long. If they began last, the other cores would have no work.
        priority: 1
        conda:
            "../envs/figures.yaml"
        threads: 1
        resources:
            mem_mb=growing(2000),
            runtime=growing(60),
        params:
            code=code("plot_again", *figure_modules(FIGURES)),
            drawings=lambda wildcards: drawings_of(DRAWN_AGAIN[wildcards.part], ["png"]),
        message:
            "Draw the figures of {wildcards.part} again"
        script:
            "../scripts/plot_again.py"

else:
    FIGURE_MESSAGES = {"site": "Draw the scenes of {wildcards.site}", "tables": "Draw the scores"}

    for part in dict.fromkeys(name for name, _ in FIGURE_JOBS):
        figures = figures_of(part)
        # Path of log and benchmark.
        of_part = f"plot_{part}" if part == "tables" else f"plot_{part}/{{site}}"

        rule:
            name:
                f"plot_{part}"
            input:
                of_figures(part, files_of_drawings),
            output:
                [
                    report(
                        figure_file(one, ".png"),
                        caption=f"../config/captions/{FIGURES[one.kind].caption}.rst",
                        category=FIGURES[one.kind].category,
                        labels=figure_labels(one),
                    )
                    for one in figures
                ],
                [figure_file(one, ".pdf") for one in figures],
            log:
                f"<logs>/{of_part}.log",
            benchmark:
                f"<benchmarks>/{of_part}.tsv"
            wildcard_constraints:
                site=one_of(LAYOUT.shown_sites),
            conda:
                "../envs/figures.yaml"
            threads: 1
            resources:
                mem_mb=of_all_sites(2000) if part == "tables" else growing(2000),
                runtime=growing(30),
            params:
                code=code("plot", *figure_modules(one.kind for one in figures)),
                drawings=of_figures(part, drawings_of),
            message:
                FIGURE_MESSAGES.get(part, f"Draw the figures of {{wildcards.site}} for {part}")
            script:
                "../scripts/plot.py"
