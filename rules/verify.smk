# What `./reproduce verify` makes again, to hold it against the results of another person.


rule scores:
    input:
        list(LAYOUT.score_tables()),
        list(LAYOUT.transfer_tables()),
        [
            path
            for path, (_, protocol) in LAYOUT.difference_tables().items()
            if LAYOUT.is_comparable(protocol)
        ],
    localrule: True
    message:
        "The scores are complete"


# All that follows from scores, here from those in the setting `scores_from`.
rule derived:
    input:
        SCORED.tables(),
        SCORED.figures(lambda figure: figure.from_tables),
    localrule: True
    message:
        "All that follows from the scores is complete"
