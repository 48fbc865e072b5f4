"""Formats, written from a published version without HTTP and SQL."""
