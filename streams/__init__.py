"""Stream processors: from Kafka into exact counters in TimescaleDB.

The way of an event leads through `ingest` (a record becomes a checked event), `fold` (what it changes, pure) and
`write` (one transaction a batch); `sweep` does what is done by the clock, `recount` proves the counters from the
archive. Its door: `python -m streams`, one worker process.
"""
