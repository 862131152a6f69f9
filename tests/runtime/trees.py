"""Any model: a tree of random blocks of random widths, one of them of the kind that is asked for."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from anaphora.bundle import spec
from small_models import V

RECURRENT = [kind for kind, entry in spec.KINDS.items() if "hidden_size" in entry.fields]
EACH_STEP = ["dropout", "layer_norm", "linear"]
POOLS = ["pooling", "attention"]
widths = st.sampled_from([1, 2, 5, 8, 17, 33, 130])  # around the lanes of a register, and of a block of NumPy's sums
probabilities = st.sampled_from([0.0, 0.25])


@st.composite
def trees(draw: st.DrawFn, kind: str, streaming: bool = False) -> dict[str, Any]:
    """A checked tree with a block of this kind; ``streaming`` for one that can go step by step."""
    vectors = kind not in ("embedding", "tied_output") and draw(st.booleans())
    first = draw(widths)
    blocks: list[dict[str, Any]] = []
    width = first
    if not vectors:
        blocks = [{"kind": "embedding", "vocabulary": V, "size": first}]
    walks = draw(st.lists(st.sampled_from(RECURRENT + EACH_STEP), max_size=2))
    walks.insert(draw(st.integers(0, len(walks))), kind if kind in RECURRENT + EACH_STEP else "dropout")
    for each in walks:
        block, width = draw(placed(each, width, streaming))
        blocks.append(block)
    inside = draw(st.integers(1 if blocks else 0, len(blocks)))
    if inside < len(blocks) and draw(st.booleans()):
        blocks = [*blocks[:inside], {"kind": "stack", "blocks": blocks[inside:]}]
    if kind in POOLS or (not streaming and draw(st.booleans())):
        block, width = draw(placed(kind if kind in POOLS else draw(st.sampled_from(POOLS)), width, streaming))
        blocks.append(block)
    if kind == "tied_output":
        blocks += [{"kind": "linear", "input_size": width, "output_size": first}, {"kind": kind, "embedding": "b0"}]
    elif draw(st.booleans()):
        blocks.append(draw(placed(draw(st.sampled_from(EACH_STEP)), width, streaming))[0])
    tree = {"kind": "stack", "blocks": blocks, "input_size": first if vectors else spec.IDS}
    return spec.check({**tree, "name": "model", "blocks": named(blocks, "b")})


@st.composite
def placed(draw: st.DrawFn, kind: str, width: int, streaming: bool) -> tuple[dict[str, Any], int]:
    """A block that takes this width, without a name, and the width it gives."""
    block: dict[str, Any] = {"kind": kind}
    if kind == "dropout":
        return block, width
    if kind == "pooling":
        return {**block, "over": draw(st.sampled_from(["last", "mean", "max"]))}, width
    block["input_size"] = width
    if kind == "attention":
        return {**block, "attention_size": draw(widths)}, width
    block["bias"] = draw(st.booleans())
    if kind == "layer_norm":
        return block, width
    if kind == "linear":
        block["output_size"] = draw(widths)
        return block, block["output_size"]
    block["hidden_size"] = leaves = draw(widths)
    block["num_layers"] = draw(st.integers(1, 2))
    block["learned_state"] = draw(st.booleans())
    block["bidirectional"] = not streaming and draw(st.booleans())
    if kind == "lstm" and leaves > 1 and draw(st.booleans()):
        block["proj_size"] = leaves = draw(st.integers(1, leaves - 1))
    else:
        block["zoneout_hidden"] = draw(probabilities)
        if "zoneout_memory" in spec.KINDS[kind].fields:
            block["zoneout_memory"] = draw(probabilities)
    return block, leaves * (2 if block["bidirectional"] else 1)


def named(blocks: list[dict[str, Any]], prefix: str) -> list[dict[str, Any]]:
    """The same blocks, each with a name of its own."""
    found = []
    for number, block in enumerate(blocks):
        name = f"{prefix}{number}"
        inner = {"blocks": named(block["blocks"], f"{name}_")} if block["kind"] == "stack" else {}
        found.append({**block, "name": name, **inner})
    return found
