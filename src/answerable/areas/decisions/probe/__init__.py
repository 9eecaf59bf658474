"""Probes: matched pairs of prompts sent to a system that decides, and everything that it answered, kept as evidence."""
