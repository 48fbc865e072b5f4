"""Batches: many plans solved together, each as a part of one operation."""
