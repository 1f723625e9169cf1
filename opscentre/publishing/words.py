"""Words as exports write them: what the eye does not tell apart is one thing."""

from functools import lru_cache

from schemas.events.envelope import composed

# Soft hyphen, zero-width spaces and joiners, marks of direction, byte-order mark: they come along when text is copied.
_UNSEEN = dict.fromkeys([0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF])


def tidy(cell: str) -> str:
    """A cell as it is meant: letters composed, nothing that takes no width, no blanks (no-break ones, too) around."""
    return cell.strip() if cell.isascii() else composed(cell.translate(_UNSEEN)).strip()


@lru_cache(maxsize=10_000)
def word(text: str) -> str:
    """What is compared of a header, a state or another word: neither the kind nor the number of blanks matters."""
    return " ".join(tidy(text).split())
