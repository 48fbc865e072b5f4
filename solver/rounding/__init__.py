"""Whole quotas near the even ones, with every sum exact.

on_the_tree.py    largest remainders down the organisation
repair.py         the same with rules across it: what they miss is mended by swaps
swaps.py  chains.py   which swaps there are, and the shortest chain of them
inward.py         where that finds none: unrounded plans with some room around them
"""
