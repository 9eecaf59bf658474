"""Reading tabular evidence: text, spreadsheets, JSON lines and Parquet, mapped to declared tables."""
