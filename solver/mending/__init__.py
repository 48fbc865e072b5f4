"""What gives way where the rules cannot all hold: `relax`, `on_infeasible`.

asked.py          what was asked for, what mends it, and what it comes to when it is mended
relaxation.py     the smallest change that mends a tree of limits
relaxed_rows.py   the same with rules across the tree
relaxing.py       rules that give way, applied
gap.py            what nobody can carry, booked where it arises
"""
