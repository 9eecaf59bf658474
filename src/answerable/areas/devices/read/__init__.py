"""Readers of what phones hold, and of indicators."""
