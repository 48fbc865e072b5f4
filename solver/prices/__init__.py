"""What one more unit of money costs whom, in the target or in a limit.

on_the_tree.py    of plans whose rules are limits of reps and units; movement.py: who moves
coupled.py        of plans with rules across the organisation
of_units.py  range.py         its prices of units, and how far a price holds
sensitivity.py  linkage.py    how such a plan moves when its limits do
standing.py       which limits hold it where it stands
growth.py         which limits keep people from carrying more
"""
