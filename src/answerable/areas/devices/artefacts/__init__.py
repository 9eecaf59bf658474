"""Artefacts: what a phone keeps, where it lies on each kind of acquisition, and how it is read. One module a family."""
