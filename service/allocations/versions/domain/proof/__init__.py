"""The proof of a version: one document, and the check of it that needs neither database nor solver.

examine.py       the check, from the bytes to the numbers
claim.py         its rows as the solver's certificate
statement.py     what it says beside the certificate: stated_rules.py, stated_targets.py,
                 stated_figures.py, stated_months.py, stated_lines.py
retold.py        its plan put together again, and every figure that follows
amended.py       a plan inside a version that was amended, and what the version says now
compare.py       what is said beside what follows
uncovered.py     what follows from nothing
"""
