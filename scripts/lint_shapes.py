"""Every public function that takes an array or a tensor gives a shape in its docstring, such as (T, B, I) or (N,).

`python scripts/lint_shapes.py` prints file, line and name of each function that does not, and then exits with 1.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "src" / "anaphora"
ARRAYS = frozenset({"NDArray", "ndarray", "ArrayLike", "Tensor", "PackedSequence", "Ragged"})
SIZE = r"(?:…|\w+(?: ?[·+−*/] ?\w+)*)"
SHAPE = re.compile(rf"\((?=[^()]*\b[A-Za-z]{{1,2}}\b){SIZE},(?: {SIZE},)*(?: {SIZE})?\)")  # one size is a letter or two


def public_functions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the public functions of a module and the public methods of its public classes, with their names."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_functions(node.body, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield prefix + node.name, node


def names_in(expression: ast.expr) -> set[str]:
    """Return the names in an annotation or in the value of an alias: of ``kernels.Float | "Ragged"`` all three."""
    return set(re.findall(r"[^\W\d]\w*", ast.unparse(expression)))


def is_alias(node: ast.stmt) -> bool:
    """Return whether a statement gives another name to a type that is not a function's."""
    return isinstance(node, ast.Assign) and (
        isinstance(node.value, ast.BinOp)
        or (isinstance(node.value, ast.Subscript) and "Callable" not in names_in(node.value.value))
    )


def array_names(modules: dict[str, ast.Module]) -> dict[str, set[str]]:
    """Return for each module the names of array types: of the libraries, its aliases of them, and those it imports."""
    known = {name: set(ARRAYS) for name in modules}
    before = 0
    while before != (before := sum(map(len, known.values()))):
        for name, module in modules.items():
            for node in module.body:
                if isinstance(node, ast.ImportFrom):
                    known[name] |= {alias.name for alias in node.names} & known.get(node.module or "", set())
                elif is_alias(node) and names_in(node.value) & known[name]:
                    known[name] |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return known


def lacks_a_shape(function: ast.FunctionDef, arrays: set[str]) -> bool:
    """Return whether a function has an array among its arguments and no shape in its docstring."""
    annotations = [arg.annotation for arg in ast.walk(function.args) if isinstance(arg, ast.arg)]
    takes_arrays = any(annotation and names_in(annotation) & arrays for annotation in annotations)
    return takes_arrays and not SHAPE.search(" ".join((ast.get_docstring(function) or "").split()))


def offenders(source: Path) -> list[str]:
    """Return file, line and name of each function of a package that lacks a shape."""
    paths = {".".join(path.relative_to(source.parent).with_suffix("").parts): path for path in source.rglob("*.py")}
    modules = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in sorted(paths.items())}
    arrays = array_names(modules)
    return [
        f"{paths[name]}:{function.lineno}: {public}"
        for name, module in modules.items()
        for public, function in public_functions(module.body)
        if lacks_a_shape(function, arrays[name])
    ]


if __name__ == "__main__":
    found = offenders(SOURCE)
    for line in found:
        print(f"{line} takes an array, but its docstring gives no shape such as (T, B, I)")
    sys.exit(bool(found))
