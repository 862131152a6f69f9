"""Objects that are never pickled: an error names the way in which they are kept instead.

pickle.dumps(model), copy.deepcopy(model)      TypeError: write it with model.save(path), …
copy.copy(model)                               a second object with the same attributes
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, SupportsIndex

from anaphora.errors import WrongCall


class NeverPickled:
    """An object that `pickle` and `copy.deepcopy` refuse with a remedy."""

    kept_by: ClassVar[str]
    """How the object is kept or copied instead: a sentence."""

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        """Raise WrongCall, a TypeError, for every `protocol` of pickle."""
        raise WrongCall(f"A {type(self).__name__} is not pickled, and not copied deeply. {self.kept_by}")

    def __copy__(self) -> Self:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other
