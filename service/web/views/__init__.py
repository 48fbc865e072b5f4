"""What the templates show: the facts of a version put in the reader's words.

opened.py    one version, opened by one reader; what all its pages say
plans.py     the list of plans
plan.py      a version with its chart and its table
rep.py       one rep's quota and why
"""
