"""``anaphora run``: let a model go on with a prompt, unit by unit, or show what it expects next; no torch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.errors import UsageError

if TYPE_CHECKING:
    from numpy.random import Generator

    from anaphora.tasks.language.writing import Guess, Prompt, Writer

BAR = 24  # characters of a bar that stands for probability 1


def make() -> Any:
    """Return the command."""
    return parser.command(run, "run")


def run(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file.", show_default=False)],
    prompt: Annotated[
        str,
        typer.Option(
            help="Text to go on from; '-' takes every line of standard input as a prompt and ends at its line's end."
        ),
    ] = "",
    length: Annotated[int, typer.Option(min=0, help="Most units to write.")] = 400,
    temperature: Annotated[
        float, typer.Option(help="Below 1 safer, above 1 bolder; 0 always takes the likeliest.")
    ] = 0.8,
    top_k: Annotated[int, typer.Option(help="Draw among the K likeliest units only; 0: among all.")] = 0,
    top_p: Annotated[
        float, typer.Option(help="Draw among the likeliest units that reach this probability together.")
    ] = 1.0,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed writes the same text.", show_default="a new one")
    ] = None,
    following: Annotated[
        int,
        typer.Option("--next", min=0, metavar="K", help="Write nothing; show the K likeliest next units, and words."),
    ] = 0,
) -> None:
    """Let a model go on with a prompt, or show what it expects next.

    The prompt and what follows go to standard output as they are drawn. Needs no torch.
    """
    import numpy as np

    from anaphora.decode import check_settings
    from anaphora.tasks.language.writing import Writer

    check_settings(temperature, top_k, top_p)
    writer = Writer.open(model)
    rng = np.random.default_rng(seed)

    def answer(text: str, stop: tuple[str, ...]) -> None:
        read = writer.read(text)
        if following:
            show_next(writer, read, following)
        else:
            stream(writer, read, length, rng, temperature=temperature, top_k=top_k, top_p=top_p, stop=stop)

    if prompt != "-":
        answer(prompt, ())
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("--prompt - reads prompts from standard input, one per line: pipe some in.")
    for line in sys.stdin:
        answer(line.rstrip("\n"), ("\n",))


def stream(writer: Writer, prompt: Prompt, length: int, rng: Generator, **settings: Any) -> None:
    """Print the prompt and its continuation, each piece as soon as it is there."""
    sys.stdout.write(prompt.text)
    for piece in writer.write(prompt, length, rng, **settings):
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")


def show_next(writer: Writer, prompt: Prompt, count: int) -> None:
    """Print the likeliest next units, and for small units the likeliest next words, with their probabilities."""
    words = writer.next_words(prompt, count)
    if words:
        print_guesses("next word", words)
        print()
    print_guesses(f"next {_UNIT.get(writer.vocabulary.kind, 'unit')}", writer.next_units(prompt, count))


def print_guesses(title: str, guesses: list[Guess]) -> None:
    """Print guesses as a table: text, probability, and a bar of it."""
    width = max(len(title), *(len(guess.text) for guess in guesses))
    print(f"{title:<{width}}  probability")
    for guess in guesses:
        print(f"{guess.text:<{width}}  {guess.probability:.4f}  {'█' * round(BAR * guess.probability)}".rstrip())


_UNIT = {"char": "character", "byte": "byte", "word": "word", "subword": "piece"}
