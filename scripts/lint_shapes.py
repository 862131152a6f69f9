"""Every public function that takes an array or a tensor gives a shape in its docstring, such as (T, B, I) or (N,).

`python scripts/lint_shapes.py` prints file, line and name of each function that does not, and then exits with 1.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "anaphora"
TO_DO: tuple[str, ...] = ()
ARRAYS = re.compile(
    r"\b(NDArray|ndarray|ArrayLike|Tensors?|PackedSequence|Ragged|Floats?|Doubles|Probabilities"
    r"|Numbers|Counts|Labels|Ids|Units|Indices)\b"
)
SIZE = r"(?:…|\w+(?: ?[·+−*/] ?\w+)*)"
SHAPE = re.compile(rf"\((?=[^()]*\b[A-Za-z]{{1,2}}\b){SIZE},(?: {SIZE},)*(?: {SIZE})?\)")  # one size is a letter or two


def public_functions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the public functions of a module and the public methods of its public classes, with their names."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield prefix + node.name, node


def lacks_a_shape(function: ast.FunctionDef) -> bool:
    """Return whether a function has an array among its arguments and no shape in its docstring."""
    annotations = [arg.annotation for arg in ast.walk(function.args) if isinstance(arg, ast.arg)]
    takes_arrays = any(annotation and ARRAYS.search(ast.unparse(annotation)) for annotation in annotations)
    return takes_arrays and not SHAPE.search(" ".join((ast.get_docstring(function) or "").split()))


def offenders(source: Path) -> list[str]:
    """Return file, line and name of each function in the finished rooms of a package that lacks a shape."""
    paths = [path for path in sorted(source.rglob("*.py")) if path.relative_to(source).parts[0] not in TO_DO]
    return [
        f"{path}:{function.lineno}: {name}"
        for path in paths
        for name, function in public_functions(ast.parse(path.read_text(encoding="utf-8")).body)
        if lacks_a_shape(function)
    ]


if __name__ == "__main__":
    found = offenders(SOURCE)
    for line in found:
        print(f"{line} takes an array, but its docstring gives no shape such as (T, B, I)")
    sys.exit(bool(found))
