"""The notifier: from the topic `alerts` to people, each message planned in the database before it is sent.

Its door: `python -m consumers`, one notifier process.
"""
