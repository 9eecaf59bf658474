"""Devices: traces of spyware on a phone whose owner agreed to the check, and what exactly was looked at."""
