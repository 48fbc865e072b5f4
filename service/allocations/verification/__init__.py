"""The check of everything that is stored for ever; computed when asked for, mends nothing."""
