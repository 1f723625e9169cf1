"""What is done by the clock and not by events: missed deadlines, targets decided, what is past its time dropped.

Its door: the threads of `timers`, which every worker has; of those that meet, one does the work.
"""
