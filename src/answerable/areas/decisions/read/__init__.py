"""Readers of evidence on decisions: each module reads the table of its name."""
