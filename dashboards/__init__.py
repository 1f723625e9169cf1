"""The screens of a province as data, in Vietnamese and English, and how Grafana shows them.

Its doors: `screens.screens`, what each shows; `grafana.documents.documents`, every dashboard as JSON; and
`grafana.publish.publish`.
"""
