"""What a version is: bytes that name themselves, and numbers that prove themselves.

Bytes
    canonical.py     the one way to write a value as bytes, and the hash that names them
    content.py       a solved plan cut into chunks, with the manifest that lists them
    measures.py      the further measures, each a plan of its own inside the same manifest

What is checked of them
    proof.py         the same as one document, and the check of it that needs no solver
    document.py      what stands in such a document: manifest.py and the rows that it lists, rows.py
    claim.py         its rows as the solver's certificate
    statement.py     what it says beside the certificate: stated_rules, stated_targets,
                     stated_figures, stated_months, stated_lines
    retold.py        its plan put together again, and every figure that follows
    compare.py       what is said beside what follows
    uncovered.py     what follows from nothing

What was decided since the solve
    decision.py      what may be decided about quotas that stand, and why it is refused
    deciding.py      who carries what then, and a longer ledger
    ledger.py        the ledger of amendments, replayed; named.py, what it says by names
    amendable.py     a version as it is stored, and as it will be
    amended.py       a plan inside a version that was amended, and what the version says now
    opened.py        a plan that is amended before it is stored for the first time
    beyond.py        the limits of the solve that quotas do not keep any more

What stays
    kept.py          locks, envelopes and reserves, compared with what is carried
    handed.py        locks and envelopes, as they are handed down to the next solve
    closed.py        months that a solve in the middle of the period leaves as they are
"""
