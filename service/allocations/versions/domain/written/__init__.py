"""How a version is written down, and read again.

canonical.py     the one way to write a value as bytes, and the hash that names them
content.py       a solved plan cut into chunks, with the manifest that lists them
measures.py      the further measures, each a plan of its own inside the same manifest
document.py      what stands in a proof: manifest.py and the rows that it lists, rows.py
"""
