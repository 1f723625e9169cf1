"""From Kafka's bytes to checked events: fetched by the partition, decoded one by one, refused with a reason.

What passes through is in `records`. Its doors: `transport.install` and `transport.Transport`, which Faust fetches
with, and `decoder.decode`.
"""
