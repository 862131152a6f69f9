"""A model from its spec, in torch: one builder per kind of block.

    logits, state = build(tree)(ids, state)        ids (T, B), logits (T, B, V)

The parameters carry the names that `anaphora.spec.tensors` lists, so a module's `state_dict` and a bundle's tensors
are the same mapping. The state is a value that the caller holds: for every block that carries one, its path -> `(h,)`
or `(h, c)`, each (layers·D, B, width). `anaphora.runtime.blocks` holds the same table in numpy, and a law compares
the two kind by kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from anaphora import spec
from anaphora.nn.gru import GRU
from anaphora.nn.lstm import LSTM
from anaphora.nn.rnn import RNN

State = dict[str, tuple[Tensor, ...]]


class TiedOutput(nn.Module):
    """logits = W_embedding · h + b: the table that reads a symbol also writes it (Press and Wolf, 2017; Inan et al.,
    2017).
    """

    def __init__(self, table: nn.Embedding, bias: bool) -> None:
        super().__init__()
        self._table = (table,)  # inside a tuple torch does not count it as a child: its weight belongs to the embedding
        self.bias = nn.Parameter(torch.zeros(table.num_embeddings)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Score every symbol of the table: (…, size) -> (…, V)."""
        return nn.functional.linear(x, self._table[0].weight, self.bias)


def _recurrent(layer: Callable[..., nn.Module]) -> Builder:
    def builder(block: spec.Block, built: Mapping[str, nn.Module]) -> nn.Module:
        return layer(**{field: value for field, value in block.items() if field not in ("kind", "name")})

    return builder


def _tied(block: spec.Block, built: Mapping[str, nn.Module]) -> nn.Module:
    table = built[block["embedding"]]
    assert isinstance(table, nn.Embedding)
    return TiedOutput(table, block["bias"])


Builder = Callable[[spec.Block, Mapping[str, nn.Module]], nn.Module]

BUILDERS: dict[str, Builder] = {
    "embedding": lambda block, built: nn.Embedding(block["vocabulary"], block["size"]),
    "dropout": lambda block, built: nn.Dropout(block["p"]),
    "rnn": _recurrent(RNN),
    "gru": _recurrent(GRU),
    "lstm": _recurrent(LSTM),
    "linear": lambda block, built: nn.Linear(block["input_size"], block["output_size"], block["bias"]),
    "tied_output": _tied,
}


class Stack(nn.Module):
    """The blocks of a spec in order; parameters are named by path."""

    def __init__(self, tree: Mapping[str, object]) -> None:
        super().__init__()
        self.tree = spec.check(tree)
        self._carries = spec.states(self.tree)
        self._paths: list[str] = []
        built: dict[str, nn.Module] = {}
        for path, block in spec.walk(self.tree):
            module = BUILDERS[block["kind"]](block, built)
            built[block["name"]] = module
            _place(self, path, module)
            self._paths.append(path)

    def forward(self, ids: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """Run ids (T, B) through every block: (T, B, width) leaves the last, and the state after each row's end.

        No state is a state of zeros. With `lengths` (B,), what is past a row's end carries no meaning and changes
        nothing.
        """
        x = ids
        after: State = {}
        for path in self._paths:
            module = self.get_submodule(path)
            if path in self._carries:
                x, after[path] = self._recur(path, module, x, None if state is None else state[path], lengths)
            else:
                x = module(x)
        return x, after

    def _recur(
        self, path: str, module: nn.Module, x: Tensor, before: tuple[Tensor, ...] | None, lengths: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        pair = len(self._carries[path]) == 2
        entering = before if before is None or pair else before[0]
        x, leaving = module(x, entering) if lengths is None else module(x, entering, lengths=lengths)
        return x, leaving if pair else (leaving,)


def build(tree: Mapping[str, object]) -> Stack:
    """Build the module that a spec describes, its weights as torch would draw them.

    Raises IncompatibleBundle if the spec is not one this version understands.
    """
    return Stack(tree)


def _place(root: nn.Module, path: str, module: nn.Module) -> None:
    """Add `module` under `path`, making a plain container for every stack on the way."""
    *stacks, name = path.split(".")
    parent = root
    for stack in stacks:
        if stack not in parent._modules:
            parent.add_module(stack, nn.Module())
        parent = parent.get_submodule(stack)
    parent.add_module(name, module)
