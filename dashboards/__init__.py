"""Grafana dashboards, generated."""
