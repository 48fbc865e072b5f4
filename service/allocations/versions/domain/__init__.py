"""What a version is: bytes that name themselves, and numbers that prove themselves.

canonical.py     the one way to write a value as bytes, and the hash that names them
content.py       a solved plan cut into chunks, with the manifest that lists them
proof.py         the same as one document, and the check of it that needs no solver
document.py      what stands in such a document
claim.py         its rows as the solver's certificate
statement.py     what it says beside the certificate: stated_rules, stated_targets,
                 stated_figures, stated_months, stated_lines
retold.py        its plan put together again, and every figure that follows
compare.py       what is said beside what follows
uncovered.py     what follows from nothing
"""
