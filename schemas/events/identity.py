"""What makes two events one: the hash of system and id, and the hash of what it says."""

from hashlib import blake2b


def identity(system: str, event_id: str) -> str:
    """What an event is known by, whatever its `time`: 16 bytes as hexadecimal digits."""
    return blake2b(f"{system}\0{event_id}".encode(), digest_size=16).hexdigest()


def content_hash(event_type: str, subject: str, retracted: bool, data: bytes) -> int:
    """What two deliveries of one revision must agree in; `data` as the archive keeps it. A signed 64-bit number."""
    content = f"{event_type}\0{subject}\0{retracted}\0".encode() + data
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "big", signed=True)
