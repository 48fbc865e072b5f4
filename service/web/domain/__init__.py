"""What pages show of plans and versions, and what can be asked of it; neither HTTP nor SQL.

cards.py     plans and versions in lists
quotas.py    a rep, a unit, and what is decided about them
totals.py    sums over the reps below a unit
version.py   one version with all its quotas
"""
