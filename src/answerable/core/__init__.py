"""The words of the design as types: tables, methods, estimates, findings, the judge, the engine."""
