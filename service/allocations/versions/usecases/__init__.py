"""What one can do with versions: solve into one, read it, check it again. The caller commits."""
