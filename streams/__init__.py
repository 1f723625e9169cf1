"""Stream processors: from Kafka into exact counters in TimescaleDB."""
