"""What events come to, as pure functions: no I/O, no clock, no order of arrival.

A history of a case or an item becomes a state, a state what it counts for, and the change of that the counters'
differences. Its door: `contributions.Folds`, the fold of each kind under one catalogue's rules.
"""
