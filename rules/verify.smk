# Targets of `./reproduce verify`, which compares them with the results of another person.


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


# All that follows from scores, with the setting `scores_from` from those of another person.
rule derived:
    input:
        SCORED.tables(),
        SCORED.figures(lambda figure: figure.from_tables),
    localrule: True
    message:
        "All that follows from the scores is complete"
