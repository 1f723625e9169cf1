"""A simulated province: seeded, deterministic, with a ground truth of what it has sent."""
