"""Acquisitions: what was taken from a phone, recognised, and opened through safe doors that only read."""
