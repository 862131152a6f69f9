#!/usr/bin/env bash
# A row of length zero: Flax answers with the state after all of its padding.
#
# Packages: Flax 0.12.8 (flax.nnx), jax and jaxlib 0.10.2, NumPy 2.4.6, on a CPU. Python 3.11.
# Valid input: two rows, padded to 4 steps of 3 features, with an initial state and seq_lengths = [0, 2], through
# nnx.RNN with return_carry=True, for each of three cells.
# Expectation: a row without steps keeps its initial state, and no row's state depends on its padding.
# Behaviour: the row of length 0 ends in the state after its 4 steps of padding, as if its length were 4, and this
# state changes when the padding changes. Flax takes the state at index length - 1, and index -1 is the last step.
# The row of length 2 is right. There is no error and no warning: an empty text in a batch gets a state made of padding.
# Remedy: put the initial state back into the rows of length 0.
set -euo pipefail
source "$(dirname "$0")/steps"

install flax==0.12.8 jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6

program <<'END'
import os

os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import numpy as np
from flax import nnx

rng = np.random.default_rng(7)
x = rng.standard_normal((2, 4, 3)).astype(np.float32)
other_padding = x.copy()
other_padding[0, :] += 1
other_padding[1, 2:] += 1


def same(a, b, row):
    pairs = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return all(np.allclose(one[row], two[row], atol=1e-6) for one, two in pairs)


for cell in (nnx.SimpleCell, nnx.GRUCell, nnx.LSTMCell):
    rnn = nnx.RNN(cell(3, 5, rngs=nnx.Rngs(0)), return_carry=True)
    shapes = rnn.cell.initialize_carry((2, 3), nnx.Rngs(0))
    initial = jax.tree.map(lambda part: rng.standard_normal(part.shape).astype(np.float32), shapes)

    def final(inputs, lengths):
        return rnn(inputs, initial_carry=initial, seq_lengths=np.array(lengths))[0]

    ragged = final(x, [0, 2])
    print(cell.__name__)
    print("  row of length 0 equals its initial state:", same(ragged, initial, 0))
    print("  row of length 0 equals the same row with length 4:", same(ragged, final(x, [4, 2]), 0))
    print("  row of length 0 is the same with other padding:", same(ragged, final(other_padding, [0, 2]), 0))
    print("  row of length 2 is the same with other padding:", same(ragged, final(other_padding, [0, 2]), 1))
END

expect <<'END'
SimpleCell
  row of length 0 equals its initial state: False
  row of length 0 equals the same row with length 4: True
  row of length 0 is the same with other padding: False
  row of length 2 is the same with other padding: True
GRUCell
  row of length 0 equals its initial state: False
  row of length 0 equals the same row with length 4: True
  row of length 0 is the same with other padding: False
  row of length 2 is the same with other padding: True
LSTMCell
  row of length 0 equals its initial state: False
  row of length 0 equals the same row with length 4: True
  row of length 0 is the same with other padding: False
  row of length 2 is the same with other padding: True
END
