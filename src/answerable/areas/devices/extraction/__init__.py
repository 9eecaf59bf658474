"""From the files of an acquisition to typed rows in Parquet, with the account of every file and every gap."""
