"""A model from its spec, in torch: one builder per kind of block.

    y, state = build(tree)(inputs, state, lengths)        ids (T, B) or vectors (T, B, I), y (T, B, V) or (B, V)
    y, state = build(tree)(Ragged(ids (N,), lengths))     rows one after another, nothing padded; y Ragged or (B, V)

The parameters carry the names that `anaphora.bundle.spec.tensors` lists, so a module's `state_dict` and a bundle's
tensors are the same mapping. The caller holds the state: it maps the path of every block that has a state to `(h,)` or
`(h, c)`, each (L·D, B, W). `anaphora.runtime.build` holds the same table in NumPy, and a law compares the two kind by
kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from anaphora.bundle import spec
from anaphora.nn.convolution import Convolution
from anaphora.nn.crf import CRF
from anaphora.nn.cross_attention import CrossAttention
from anaphora.nn.engine.base import RecurrentBase
from anaphora.nn.gru import GRU
from anaphora.nn.lstm import LSTM
from anaphora.nn.modifiers.learned_state import learned_state
from anaphora.nn.modifiers.zoneout import zoneout
from anaphora.nn.pooling import Attention, Pooling
from anaphora.nn.ragged import Ragged
from anaphora.nn.rnn import RNN
from anaphora.nn.variants.coupled import CoupledLSTM
from anaphora.nn.variants.layer_norm import LayerNormGRU, LayerNormLSTM
from anaphora.nn.variants.peephole import PeepholeLSTM
from anaphora.nn.variants.reset_before import ResetBeforeGRU

State = dict[str, tuple[Tensor, ...]]


class TiedOutput(nn.Module):
    """logits = W_embedding · h + b, with the embedding's weights (Press & Wolf, 2017; Inan et al., 2017)."""

    def __init__(self, table: nn.Embedding, bias: bool) -> None:
        super().__init__()
        self._table = (table,)  # inside a tuple torch does not count it as a child: its weight belongs to the embedding
        self.bias = nn.Parameter(torch.zeros(table.num_embeddings)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (…, V) of the table's symbols for x (…, E)."""
        return nn.functional.linear(x, self._table[0].weight, self.bias)


def _recurrent(layer: Callable[..., RecurrentBase]) -> Builder:
    def builder(block: spec.Block, built: Mapping[str, nn.Module]) -> nn.Module:
        fields = {field: value for field, value in block.items() if field not in ("kind", "name")}
        learned, hidden, memory = (
            fields.pop(modifier, 0.0) for modifier in ("learned_state", "zoneout_hidden", "zoneout_memory")
        )
        module = layer(**fields)
        if learned:
            learned_state(module)
        return zoneout(module, hidden, memory) if hidden or memory else module

    return builder


def _tied(block: spec.Block, built: Mapping[str, nn.Module]) -> nn.Module:
    table = built[block["embedding"]]
    assert isinstance(table, nn.Embedding)
    return TiedOutput(table, block["bias"])


Builder = Callable[[spec.Block, Mapping[str, nn.Module]], nn.Module]

BUILDERS: dict[str, Builder] = {
    "embedding": lambda block, built: nn.Embedding(block["vocabulary"], block["size"]),
    "dropout": lambda block, built: nn.Dropout(block["p"]),
    "layer_norm": lambda block, built: nn.LayerNorm(block["input_size"], bias=block["bias"]),
    "rnn": _recurrent(RNN),
    "gru": _recurrent(GRU),
    "lstm": _recurrent(LSTM),
    "reset_before_gru": _recurrent(ResetBeforeGRU),
    "layer_norm_gru": _recurrent(LayerNormGRU),
    "peephole_lstm": _recurrent(PeepholeLSTM),
    "coupled_lstm": _recurrent(CoupledLSTM),
    "layer_norm_lstm": _recurrent(LayerNormLSTM),
    "pooling": lambda block, built: Pooling(block["over"]),
    "attention": lambda block, built: Attention(block["input_size"], block["attention_size"]),
    "convolution": lambda block, built: Convolution(block["input_size"], block["output_size"], block["width"]),
    "linear": lambda block, built: nn.Linear(block["input_size"], block["output_size"], block["bias"]),
    "tied_output": _tied,
    "cross_attention": lambda block, built: CrossAttention(
        block["query_size"], block["memory_size"], block["score"], block["attention_size"]
    ),
    "shared_output": _tied,
    "crf": lambda block, built: CRF(block["labels"]),
}


class Stack(nn.Module):
    """The blocks of a spec in order; parameters are named by path."""

    def __init__(self, tree: Mapping[str, object]) -> None:
        super().__init__()
        self.tree = spec.check(tree)
        self._carries = spec.states(self.tree)
        kinds = {path: spec.KINDS[block["kind"]] for path, block in spec.walk(self.tree)}
        self._whole = {path for path, kind in kinds.items() if kind.pools or kind.around}
        self._paths: list[str] = []
        built: dict[str, nn.Module] = {}
        for path, block in spec.walk(self.tree):
            module = BUILDERS[block["kind"]](block, built)
            built[block["name"]] = module
            _place(self, path, module)
            self._paths.append(path)

    def forward(
        self, inputs: Tensor | Ragged, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Any, State]:
        """Run ids (T, B) or vectors (T, B, I), or a Ragged of them, through every block.

        Returns the last block's output, (T, B, W) or from a model that pools (B, W), and the state after each row's
        last step. A state of None is the initial one. With `lengths` (B,), in steps, numbers past a row's end have no
        meaning and change nothing.
        """
        x: Any = inputs
        after: State = {}
        for path in self._paths:
            module = self.get_submodule(path)
            if path in self._carries:
                x, after[path] = self._recur(path, module, x, None if state is None else state[path], lengths)
            elif path in self._whole:
                x = module(x, lengths)
            else:
                x = x.with_data(module(x.data)) if isinstance(x, Ragged) else module(x)
        return x, after

    def _recur(
        self, path: str, module: nn.Module, x: Any, before: tuple[Tensor, ...] | None, lengths: Tensor | None
    ) -> tuple[Any, tuple[Tensor, ...]]:
        pair = len(self._carries[path]) == 2
        entering = before if before is None or pair else before[0]
        x, leaving = module(x, entering) if lengths is None else module(x, entering, lengths=lengths)
        return x, leaving if pair else (leaving,)


class Parts(nn.Module):
    """The parts of a model by name, which a task joins: `parts.encoder(x)`."""

    def __init__(self, tree: Mapping[str, object]) -> None:
        super().__init__()
        self.tree = spec.check(tree)
        for name, part in spec.parts(self.tree).items():
            built = {path.rpartition(".")[2]: module for path, module in self.named_modules()}
            self.add_module(name, Stack(part) if part["kind"] == "stack" else BUILDERS[part["kind"]](part, built))


def build(tree: Mapping[str, object]) -> Stack:
    """Build the module that a spec describes, its weights as torch would draw them.

    Raises IncompatibleBundle if the spec is not one this version understands.
    """
    return Stack(tree)


def assemble(tree: Mapping[str, object]) -> Stack | Parts:
    """Build a model that may be of parts; raises as `build` does."""
    return Parts(tree) if tree.get("kind") == "parts" else Stack(tree)


def _place(root: nn.Module, path: str, module: nn.Module) -> None:
    """Add `module` under `path`, making a plain container for every stack on the way."""
    *stacks, name = path.split(".")
    parent = root
    for stack in stacks:
        if stack not in parent._modules:
            parent.add_module(stack, nn.Module())
        parent = parent.get_submodule(stack)
    parent.add_module(name, module)
