# What a whole study makes: its tables, figures, paper and viewer, by their paths. No rules.


def difference_files():
    """The tables of differences of every site and protocol."""
    return [
        result(f"metrics/{site}/{protocol}.differences.csv")
        for site in SITES
        for protocol in STUDY["protocols"]
    ]


def score_files():
    """The score tables of every site and protocol."""
    return [path for site in SITES for path in site_scores(site)]


def site_scores(site):
    """The score tables of every protocol of a site."""
    names = [*STUDY["protocols"]]
    if "sharpening" in names:
        names.append("sharpening.full")
    return [result(f"metrics/{site}/{name}.csv") for name in names]


def transfer_runs(folder, protocol):
    """(band, method, input, seed) of the models of a transfer that can be had."""
    return learned_runs(protocol, BANDS, SEEDS, [folder])


def transfer_scores():
    """{score table: (name of the transfer, sites trained on)} of models tested on unseen sites."""
    return {
        result(f"metrics/{site}/{folder}/{protocol}.csv"): (about["name"], about["train"])
        for folder, about in TRANSFERS.items()
        for site in about["test"]
        for protocol in STUDY["protocols"]
        if transfer_runs(folder, protocol)
    }


def across_files():
    """Tables and names of figures across sites, of a study that has several."""
    tables, figures = [], []
    if len(STUDY["sites"]) > 1:
        tables += [f"across_sites{rest}" for rest in (".csv", "_differences.csv", ".md")]
        figures += [f"across_sites_{protocol}_scores" for protocol in STUDY["protocols"]]
        figures.append("across_sites_differences")
    if transfer_scores():
        tables += ["transfer_metrics.csv", "transfer.csv", "transfer.md"]
        figures.append("transfer")
    return tables, figures


def table_files():
    """What `snakemake tables` makes."""
    summary = [f"summary.{form}" for form in ("csv", "md", "tex", "txt")]
    names = ["metrics.csv", *summary, "claims.csv", "claims.md", "models.csv", "models.md"]
    return [result(f"tables/{name}") for name in [*names, *across_files()[0]]]


def figure_files():
    """What `snakemake figures` makes; colour needs all three bands."""
    protocols = list(STUDY["protocols"])
    kinds = {protocol: [*BANDS, "differences", "density", "training"] for protocol in protocols}
    if set(BANDS) == {"red", "green", "blue"}:
        own = {"cloud_gap": ["examples"], "sharpening": ["products"]}
        kinds = {name: [*kinds[name], "composites", *own.get(name, [])] for name in protocols}
    names = [
        *(f"{site}_overview" for site in shown_sites(STUDY)),
        *(
            f"{site}_{protocol}_{kind}"
            for site in shown_sites(STUDY)
            for protocol in protocols
            for kind in kinds[protocol]
        ),
        *(f"{protocol}_scores" for protocol in protocols),
        *(["cloud_gap_distance"] if "cloud_gap" in protocols else []),
        "paired_differences",
        "claims",
        *across_files()[1],
    ]
    return [result(f"figures/{name}.{form}") for name in names for form in ("png", "pdf")]


# Of the sites with figures, those that the paper shows.
PAPER_SITES = shown_sites(STUDY)[:2]


def paper_files():
    """What a whole run typesets."""
    return [result("paper.pdf")]


def paper_figures():
    """The figures that the paper shows, of those that the study makes."""
    kinds = ["overview", "reconstruction_composites", "cloud_gap_examples", "sharpening_products"]
    names = ["cloud_gap_distance", "paired_differences", "claims"]
    names += [f"{site}_{kind}" for site in PAPER_SITES for kind in kinds]
    made = figure_files()
    return [path for name in names if (path := result(f"figures/{name}.pdf")) in made]


def viewer_pages():
    """{site: file name} of the pages of the viewer; that of the first site shown is the index."""
    return {
        site: f"site-{site}.html" if i else "index.html"
        for i, site in enumerate(shown_sites(STUDY))
    }


def viewer_files():
    """What `snakemake viewer` makes."""
    return [result(f"viewer/{page}") for page in viewer_pages().values()]


def viewer_site(wildcards):
    """The site of a page of the viewer."""
    return next(site for site, page in viewer_pages().items() if page == f"{wildcards.page}.html")


def viewer_runs():
    """[protocol, band, method, input, seed] of all that a page shows; 10 m products as "full"."""
    chosen = [
        [protocol, *run] for protocol in STUDY["protocols"] for run in compared_runs(protocol)
    ]
    return chosen + [["full", *run] for protocol, *run in chosen if protocol == "sharpening"]


def viewer_fused(site):
    """The fused rasters of `viewer_runs`, in their order."""
    return [
        path
        for protocol, *run in viewer_runs()
        for path in (
            fused_files(site, "sharpening", [run], ".full")
            if protocol == "full"
            else fused_files(site, protocol, [run])
        )
    ]


def viewer_ground(site):
    """What a page shows besides, where the study has it, as named inputs."""
    named = truth(site)
    for protocol in STUDY["protocols"]:
        named |= gap_mask(protocol)
    return {name: path.format(site=site) for name, path in named.items()}


# Tables that the report shows: their category there, and their label.
SHOWN_TABLES = {
    "claims": ("Claims", {"shows": "claims, as a table"}),
    "summary": ("Tables", {"shows": "scores over seeds"}),
    "models": ("Tables", {"shows": "size of the models"}),
    "across_sites": ("Across sites", {"shows": "means over sites"}),
    "transfer": ("Across sites", {"shows": "transfer, as a table"}),
}


def report_files():
    """{table: page} of the report, in the order of SHOWN_TABLES."""
    made = [Path(path).stem for path in table_files() if path.endswith(".md")]
    return {name: result(f"report/{name}.html") for name in SHOWN_TABLES if name in made}
