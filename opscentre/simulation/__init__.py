"""A simulated province: seeded, deterministic, with a ground truth of what it has published.

Its doors: `plan.Plan`, `record_stream.simulate` and `verification.verify`.
"""
