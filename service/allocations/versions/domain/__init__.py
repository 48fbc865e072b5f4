"""What a version is: bytes that name themselves, and numbers that prove themselves.

canonical.py     the one way to write a value as bytes, and the hash that names them
content.py       a solved plan cut into chunks, with the manifest that lists them
proof.py         the same as one document, and the check of it that needs no solver
"""
