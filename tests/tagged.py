"""Small tagged sentences that a network can learn, and how little is set to learn them."""

from __future__ import annotations

from pathlib import Path

import torch

from anaphora.config import resolve
from anaphora.runtime.model import MultipartModel
from anaphora.tasks.tag.data import from_memory
from anaphora.tasks.tag.grammar import columns, sentences
from anaphora.tasks.tag.predict import Tagger
from anaphora.tasks.tag.settings import PRESETS, TagConfig
from anaphora.tasks.tag.training import TagTraining
from anaphora.training.initial import first_model
from anaphora.training.observer import Observer

TINY = (
    "--embedding 6 --character-embedding 4 --character-hidden 3 --hidden 5 --batch 8 --max-steps 12 --evaluations 2"
    " --valid 0.2"
)
LEARNED = (
    "--embedding 24 --character-embedding 12 --character-hidden 16 --hidden 32 --embedding-dropout 0.2"
    " --output-dropout 0.2 --learning-rate 1e-2 --batch 20 --epochs 8 --evaluations 4"
)


def config(*options: str, tiny: str = TINY) -> TagConfig:
    if "--characters none" in " ".join(options):
        tiny = tiny.replace("--character-embedding 4 --character-hidden 3 ", "")
    return resolve(TagConfig, PRESETS, preset="small", options=[*tiny.split(), *options])


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def write_grammar(path: Path, count: int, seed: int = 0) -> str:
    """Sentences of the grammar as columns."""
    return write(path, columns(sentences(count, seed)))


def random_tagger(*options: str, seed: int = 3) -> Tagger:
    """A tagger of the grammar with large random weights, so that its tags change from word to word."""
    settings = config(*options)
    task = TagTraining(settings, from_memory(settings, sentences(60, seed)))
    task.fit_baseline(Observer())
    model = first_model(task.tree, seed, task.initialise)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_((2.0 if parameter.ndim > 1 else 0.2) * torch.randn_like(parameter))
    tensors = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return Tagger(MultipartModel(task.bundle_of(task.tree, tensors)))
