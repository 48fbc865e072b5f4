"""Scenarios without HTTP and SQL.

axes.py       every combination of a grid, with the places of its values in the request
figures.py    what one plan comes to, in measures that policies of all kinds share
frontier.py   which plans no other plan beats
"""
