"""Collect every score of the study and summarise them over seeds."""

from sarfusion.files import write_csv, write_text
from sarfusion.tables import as_text, meaning, printable, read_scores, summarise


def main(*, scores, metrics, summary_csv, summary_md, summary_tex, summary_txt):
    """Write tables/metrics.csv and the summary as CSV, Markdown, LaTeX and plain text."""
    table = read_scores(scores)
    summary = summarise(table)
    people = printable(summary)
    note = (
        "Mean over seeds ± half the 95 % t-interval, on test ground. RMSE and bias in reflectance."
    )
    write_csv(metrics, table)
    write_csv(summary_csv, summary)
    write_text(summary_md, f"{as_text(people, 'github')}\n\n{note}\n\n{meaning(summary)}\n")
    write_text(summary_tex, f"% {note}\n{as_text(people, 'latex_booktabs')}\n")
    write_text(summary_txt, f"{as_text(people, 'simple')}\n\n{note}\n\n{meaning(summary)}\n")


if __name__ == "__main__":
    from sarfusion.job import job

    with job(snakemake.log[0]):
        main(
            scores=snakemake.input.scores,
            metrics=snakemake.output.metrics,
            summary_csv=snakemake.output.csv,
            summary_md=snakemake.output.md,
            summary_tex=snakemake.output.tex,
            summary_txt=snakemake.output.txt,
        )
