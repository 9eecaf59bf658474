"""The report: chosen findings as one page for people, and the same as data for machines."""
