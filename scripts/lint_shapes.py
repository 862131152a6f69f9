#!/usr/bin/env python3
# Every public function that takes an array or a tensor says its shape in its docstring, such as (T, B, I) or (N,).
# `scripts/lint_shapes.py` prints each function that does not, with its file and line, and then exits with 1.
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "anaphora"
TO_DO = ("nn", "kernels", "tasks", "training", "report")  # rooms whose docstrings have no shapes yet
ARRAYS = re.compile(
    r"\b(NDArray|ndarray|ArrayLike|Tensors?|Probabilities|Floats?|Numbers|Counts|Ids|Units|Indices|Ragged|PackedSequence)\b"
)
SIZE = r"(?:…|\w+(?: ?[·+−*/] ?\w+)*)"
SHAPE = re.compile(rf"\((?=[^()]*\b[A-Za-z]{{1,2}}\b){SIZE},(?: ?{SIZE},)*(?: ?{SIZE})?\)")


def public_functions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield prefix + node.name, node


def lacks_a_shape(function: ast.FunctionDef) -> bool:
    arguments = [each for each in ast.walk(function.args) if isinstance(each, ast.arg) and each.annotation]
    takes_arrays = any(ARRAYS.search(ast.unparse(each.annotation)) for each in arguments if each.annotation)
    return takes_arrays and not SHAPE.search(ast.get_docstring(function) or "")


def main() -> int:
    paths = [path for path in sorted(SOURCE.rglob("*.py")) if path.relative_to(SOURCE).parts[0] not in TO_DO]
    offenders = [
        f"{path.relative_to(SOURCE.parent.parent)}:{function.lineno}: {name} takes an array; its docstring has no shape"
        for path in paths
        for name, function in public_functions(ast.parse(path.read_text(encoding="utf-8")).body)
        if lacks_a_shape(function)
    ]
    print("\n".join(offenders), end="\n" if offenders else "")
    return 1 if offenders else 0


if __name__ == "__main__":
    sys.exit(main())
