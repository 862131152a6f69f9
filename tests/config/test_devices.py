"""Names of devices that people type are understood, and the message names the devices of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from anaphora.config import devices, resolve
from anaphora.errors import UsageError
from anaphora.tasks import registry


@pytest.mark.parametrize(
    ("word", "said"),
    [
        *((word, "Did you mean 'cuda'?") for word in ("gpu", "GPU", "gpu0", "nvidia", "CUDA", "amd")),
        ("cuda:9", "Did you mean 'cuda'? The variable CUDA_VISIBLE_DEVICES=9 chooses the GPU."),
        ("metal", "Did you mean 'mps'?"),
        ("cpu:0", "Did you mean 'cpu'?"),
        ("cpuu", "Did you mean 'cpu'?"),
        ("tpu", "Training does not run on tpu."),
        ("toaster", ""),
    ],
)
def test_a_device_is_meant_by_another_name(word: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "present", lambda: ["cpu", "cuda"])
    task = registry.task("language")
    with pytest.raises(UsageError) as error:
        resolve(task.config, task.presets, preset="small", options=["--device", word])
    ending = f" {said} Devices of this machine: cpu, cuda." if said else " Devices of this machine: cpu, cuda."
    assert str(error.value).endswith(f'it was given "{word}".{ending}')


def test_the_devices_of_a_machine_are_those_its_system_names(tmp_path: Path) -> None:
    assert devices.present(tmp_path, "Linux") == ["cpu"]
    assert devices.present(tmp_path, "Darwin") == ["cpu", "mps"]
    (tmp_path / "nvidiactl").touch()
    assert devices.present(tmp_path, "Linux") == ["cpu"]
    (tmp_path / "nvidia0").touch()
    assert devices.present(tmp_path, "Linux") == ["cpu", "cuda"]
