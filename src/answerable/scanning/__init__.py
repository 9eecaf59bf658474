"""`answerable scan`: a phone, its owner's consent, every method of the area, one report."""
