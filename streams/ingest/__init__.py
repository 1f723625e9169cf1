"""From Kafka's bytes to checked events: fetched by the partition, decoded one by one, refused with a reason.

Its doors: `transport.Transport`, which Faust fetches with, and `records.decode`.
"""
