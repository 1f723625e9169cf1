"""The one transaction of a batch: fence, deduplicate, archive, project, count, dead letters, offset.

Its doors: `writer.Writer.commit`, which writes each batch exactly once whatever fails on the way, and `fence`, which
whoever else changes the counters goes through.
"""
