"""The figures once more, from the archive: compared, repaired, told as of a moment, made anew; dead letters replayed.

Its doors: `compare.compare_all`, `rebuild.apply_catalogue` and `replay.replay`.
"""
