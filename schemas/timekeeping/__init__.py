"""Moments, the province's days, and office time. No clock is read here: what time it is comes from outside.

Its doors: `moments.moment_of` and `working_time.WorkingTime`.
"""
