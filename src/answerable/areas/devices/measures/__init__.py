"""Methods on phones: what was found, how sure that is, and what could not be looked at."""
