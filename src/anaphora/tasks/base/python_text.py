"""Text that comes with every Python: its language reference as ``pydoc`` carries it.

The order of the topics depends on their names alone. Each paragraph occurs once: topics quote each other, and a
held-out copy of a training paragraph would make every score too good.
"""

from __future__ import annotations

import hashlib


def documentation() -> str:
    """Every paragraph of every topic once, topics in the order of the SHA-256 of their names."""
    from pydoc_data.topics import topics

    seen: set[str] = set()
    kept = []
    for name in sorted(topics, key=lambda name: hashlib.sha256(name.encode()).digest()):
        for paragraph in topics[name].split("\n\n"):
            words = " ".join(paragraph.split())
            if words and words not in seen:
                seen.add(words)
                kept.append(paragraph.strip("\n"))
    return "\n\n".join(kept) + "\n"
