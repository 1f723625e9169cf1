"""Grafana dashboards in Vietnamese and English, generated from the catalogue, and their publishing.

Its doors: `documents.documents`, every dashboard as JSON, and `publish.publish`.
"""
