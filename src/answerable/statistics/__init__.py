"""Estimators that several areas share. They work on small arrays (counts of cells, signatures), never on rows."""
