"""Plans with rules that cut across the organisation: groups, parities, margins and own rows.

coupling.py       the rules as rows of coefficients, whatever they are called
two_stages.py     the solve: first the least possible largest stretch, then least squares at it
largest.py        the first stage and its proof; trial.py  cells.py  what it is told in
formulation.py    the linear programme of it; rules.py: one function per rule
duality.py        what a linear programme's prices prove, in numbers that can be checked
squares.py        the second stage; dual_function.py: many solves on the tree, few prices
interior_point.py the same where there are many rows
"""
