"""One bare GROUP BY of people, the least that a bootstrap of people needs: python bare_people.py FILE."""

import sys

import duckdb

with duckdb.connect() as connection:
    print(
        connection.execute(
            f"SELECT count(*) FROM (SELECT person, race, age, p, y, count(*) AS rows FROM '{sys.argv[1]}' GROUP BY ALL)"
        ).fetchone()[0]
    )
