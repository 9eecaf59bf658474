"""The gallery: published findings as complete cases that anybody can re-run, on public data."""
