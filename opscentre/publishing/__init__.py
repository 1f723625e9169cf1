"""`opscentre publish`: JSON lines as they are, and agencies' CSV exports through a mapping.

Its doors: `files.publish_lines`, `files.publish_csv` and `mapping.load_mapping`.
"""
