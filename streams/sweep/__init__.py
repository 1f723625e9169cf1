"""What is done by the clock and not by events: missed deadlines, targets decided, what is past its time dropped.

Its door: `timers.SweepTimer`, a thread of every worker, of which one sweeps at a time.
"""
