"""Kafka consumers that tell people."""
