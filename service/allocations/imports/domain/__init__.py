"""Plans made by hand, without HTTP and SQL.

sent.py       rows as they came, with the places of their faults
wanted.py     rows as whole amounts of known reps, or every fault
beside.py     the plan by hand beside the even one, and the limits that it breaks
repair.py     the smallest change that keeps all limits and sums
"""
