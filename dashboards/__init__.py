"""Grafana dashboards, generated in Vietnamese and English, and their publishing."""
