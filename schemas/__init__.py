"""What everyone agrees on: events, the catalogue, working time, topics, counters, SQL. Does no I/O but its own files.

Its doors: `schemas.events.BY_TYPE` (every event type) and `schemas.catalogue.load.load_catalogue`.
"""
