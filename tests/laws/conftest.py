from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from anaphora import kernels
from laws.cases import few_cases, many_cases

TORCH_S_OWN = (
    "ignore:LSTM with projections is not supported with oneDNN:UserWarning",
    "ignore:`torch.jit.script` is deprecated:DeprecationWarning",  # torch.func.jvp imports what uses it
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every law that takes a `case` runs over the few, in the soak over many: that of being torch's module over all."""
    if "case" in metafunc.fixturenames:
        whole = metafunc.module.__name__.endswith("test_equal_to_torch")
        cases = many_cases(whole) if metafunc.config.getoption("--soak") else few_cases()
        metafunc.parametrize("case", cases, ids=str)


def pytest_itemcollected(item: pytest.Item) -> None:
    for warning in TORCH_S_OWN:
        item.add_marker(pytest.mark.filterwarnings(warning))


@pytest.fixture(autouse=True, scope="package")
def _one_thread() -> Iterator[None]:
    """Batches here are tiny: threads would spend their time meeting. That threads change no bit is a law of its own."""
    before = torch.get_num_threads(), kernels.get_threads()
    torch.set_num_threads(1)
    kernels.set_threads(1)
    yield
    torch.set_num_threads(before[0])
    kernels.set_threads(before[1])
