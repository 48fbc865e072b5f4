"""What one can do with batches. The caller commits.

listing.py   which plans are meant, and what is known of each; every fault of the list
starting.py  an operation with a part for each plan
finding.py   a batch by its id
retrying.py  the parts that failed once more
"""
