"""What everything but `schemas` stands on: errors, settings, the database, Kafka, the publisher, the catalogue opened.

Its doors: `core.settings.settings()`, `core.database.connect`, `core.kafka.admin`, `core.publisher.Publisher`.
"""
