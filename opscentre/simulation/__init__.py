"""A simulated province: seeded, deterministic, with a ground truth of what it has published.

Its doors: `plan.plan_for`, `record_stream.simulate`, `pacing.publish_when_due` and `verification.verify`.
"""
