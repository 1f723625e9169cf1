"""Grafana's dashboards from the screens' definitions, in Vietnamese and English, and their publishing.

Its doors: `documents.documents`, every dashboard as JSON, and `publish.publish`. It knows no screen by name.
"""
