"""Colours of the screens."""

BLUE, DARK, GREY, AMBER, RED = "#0B6FC0", "#2F4A56", "#4A4F57", "#C77700", "#B3203A"
AMBER_TEXT, RED_TEXT = "#FFB357", "#FF6B81"
"""Grounds, and what can be read as text. Told apart by the colour-blind, too.

Not everything may shout: what needs no attention is dark.
"""
SERIES = ("#6CB8FF", AMBER_TEXT, "#7FD6A8", "#D0A6F0")
"""Lines of a chart, in their order."""
