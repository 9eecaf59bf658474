"""Provisions of law and soft law as dated data, and what reads them."""
