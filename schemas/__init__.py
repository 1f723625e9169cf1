"""What everyone agrees on: events, topics, the catalogue, SQL. Does no I/O but reading its own files."""
