"""What one can do with the units of a draft."""
