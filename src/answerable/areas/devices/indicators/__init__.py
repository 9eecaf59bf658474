"""Indicators of spyware: what public feeds list, read from files of STIX and brought to one spelling for matching."""
