"""``anaphora run``: let a language model go on with a prompt, or another model answer lines as they come; no torch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from anaphora.commands import parser
from anaphora.errors import DataError, UsageError

if TYPE_CHECKING:
    from numpy.random import Generator

    from anaphora.runtime import Model
    from anaphora.tasks.language.writing import Guess, Prompt, Writer

BAR = 24  # characters of a bar that stands for probability 1


def make() -> Any:
    """Return the command."""
    return parser.command(run, "run")


def _option(text: str, metavar: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=text, metavar=metavar, **more)


_PROMPT = (
    "Text to go on from. '-': every line of standard input is a prompt, and what is written ends at the line's end."
)
_INPUT = "For models that answer lines: files of lines, JSONL or tables; nothing or '-' is standard input."
_HELP = {
    "top": _option("Show the K likeliest labels of each line, rows of tags, or words of a gap.", "K", "--top", min=1),
    "length": _option("Most units to write.", "N", min=0),
    "temperature": _option("Below 1 safer, above 1 bolder; 0 always takes the likeliest unit.", "X"),
    "top_k": _option("Draw among the K likeliest units only; 0: among all.", "K"),
    "top_p": _option("Draw among the likeliest units that reach this probability together.", "P"),
    "seed": _option("The same seed writes the same text; without one it is another every time.", "N", min=0),
    "next": _option("Write nothing; show the K likeliest next units, and next words.", "K", "--next", min=0),
    "beam": _option("Keep the N likeliest beginnings at every step; 1 takes the likeliest symbol.", "N", min=1),
    "length_penalty": _option("Rank by Σ ln p / length^A; 0 by the sum, which favours short ones.", "A", min=0),
    "coverage": _option("How much it costs to leave a part of the source unlooked at.", "B", min=0),
    "no_repeat": _option("Write no N symbols in a row twice; 0: as often as it likes.", "N", min=0),
    "best": _option("The N best of the beam, each with what it is ranked by.", "N", "--n-best", min=1),
    "sample": _option("Draw a translation by --temperature, --top-k, --top-p and --seed.", "", "--sample"),
    "gap": _option("For a gap filler: what stands where a word is missing, else ___ or longer.", "MARK", "--gap"),
    "one_sided": _option("For a gap filler: show beside what the past alone would say.", "", "--one-sided"),
    "form": _option("For a tagger: what a line is, auto, lines, columns, conllu or json.", "FORM", "--format"),
    "attention": _option("Draw where it looked: a page of pictures (.html), or the first (.svg).", "FILE"),
}
_TRANSLATING = {"beam": 1, "length_penalty": 1.0, "coverage": 0.0, "no_repeat": 0, "best": 1, "sample": False}
_NAMED = {"no_repeat": "--no-repeat-ngram", "best": "--n-best"}


def run(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A model file.", show_default=False)],
    inputs: Annotated[list[str] | None, typer.Argument(metavar="[INPUT...]", help=_INPUT, show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer lines with JSON objects.")] = False,
    top: Annotated[int | None, _HELP["top"]] = None,
    prompt: Annotated[str, _option(_PROMPT, "TEXT", show_default=False)] = "",
    length: Annotated[int, _HELP["length"]] = 400,
    temperature: Annotated[float | None, _HELP["temperature"]] = None,
    top_k: Annotated[int, _HELP["top_k"]] = 0,
    top_p: Annotated[float, _HELP["top_p"]] = 1.0,
    seed: Annotated[int | None, _HELP["seed"]] = None,
    following: Annotated[int, _HELP["next"]] = 0,
    beam: Annotated[int, _HELP["beam"]] = 1,
    length_penalty: Annotated[float, _HELP["length_penalty"]] = 1.0,
    coverage: Annotated[float, _HELP["coverage"]] = 0.0,
    no_repeat_ngram: Annotated[int, _HELP["no_repeat"]] = 0,
    best: Annotated[int, _HELP["best"]] = 1,
    sample: Annotated[bool, _HELP["sample"]] = False,
    attention: Annotated[str | None, _HELP["attention"]] = None,
    form: Annotated[str, _HELP["form"]] = "auto",
    gap: Annotated[str, _HELP["gap"]] = "___",
    one_sided: Annotated[bool, _HELP["one_sided"]] = False,
) -> None:
    """Let a model do what it was trained for.

    A language model goes on with a prompt, or shows what it expects next; the prompt and what follows go to standard
    output as they are drawn. Another model answers each line of its input with a line, as soon as it is there; a line
    that cannot be read is reported, stops nothing, and makes the exit code 3. A translator's line is a translation; a
    gap filler also takes a text itself, "feeling ___ the weather", in a file's place.
    Needs no torch.
    """
    from anaphora.runtime import load
    from anaphora.tasks import registry

    opened = load(model)
    task = opened.config["task"]
    decoding = (beam, length_penalty, coverage, no_repeat_ngram, best, sample)
    how = dict(zip(_TRANSLATING, decoding, strict=True))
    drawing = {"temperature": temperature, "top_k": top_k, "top_p": top_p}
    if task in registry.TASKS and task != "language":
        told = {"--prompt": prompt, "--next": following}
        if task == "translate":
            told["--top"] = top
        else:
            told |= {"--seed": seed, **_translating(how, attention)}
        if task != "tag":
            told["--format"] = form != "auto"
        if task != "fill":
            told |= {"--gap": gap != "___", "--one-sided": one_sided}
        _refuse([name for name, value in told.items() if value], f"a model that was trained to {task}")
        if task == "translate":
            _translate(opened, inputs or [], as_json, attention, {**how, **drawing, "seed": seed})
        elif task == "fill":
            answer_lines(registry.task("fill").Answers(opened, as_json, top, gap, one_sided), inputs or [])
        elif task == "tag":
            answer_lines(registry.task("tag").Answers(opened, as_json, top, form), inputs or [])
        else:
            answer_lines(registry.task(task).answers(opened, as_json, top), inputs or [])
        return
    told = {
        "--json": as_json,
        "--top": top,
        "INPUT": inputs,
        "--format": form != "auto",
        "--gap": gap != "___",
        "--one-sided": one_sided,
        **_translating(how, attention),
    }
    _refuse([name for name, value in told.items() if value], "a language model, which goes on with a --prompt")
    settings = {**drawing, "temperature": 0.8 if temperature is None else temperature}
    _go_on(opened, prompt, length, seed, following, settings)


def _refuse(given: list[str], of: str) -> None:
    if given:
        raise UsageError(f"{', '.join(given)}: not for {of}.")


def _translating(how: dict[str, Any], attention: str | None) -> dict[str, Any]:
    """The options that only a translator knows, by name: what was given, else nothing."""
    given = {name: value != usual for (name, value), usual in zip(how.items(), _TRANSLATING.values(), strict=True)}
    named = {_NAMED.get(name, f"--{name.replace('_', '-')}"): different for name, different in given.items()}
    return {**named, "--attention": attention}


def _translate(opened: Model, paths: list[str], as_json: bool, attention: str | None, how: dict[str, Any]) -> None:
    from anaphora.tasks import registry

    task = registry.task("translate")
    how["temperature"] = 1.0 if how["temperature"] is None else how["temperature"]
    if how["seed"] is None:
        import secrets

        how["seed"] = secrets.randbits(32)
    answers = task.Answers(opened, as_json, task.How(**how), attention)
    try:
        answer_lines(answers, paths)
    finally:
        answers.close()


def answer_lines(reply: Any, paths: list[str]) -> None:
    """Print an answer to every line as it comes, or to whatever the reply cuts its input into; raise DataError at the
    end if some could not be read.
    """
    from anaphora.data.files.lines import batches

    lines = wrong = 0
    for batch in getattr(reply, "batches", batches)(paths):
        for answer in reply(batch):
            lines += 1
            if isinstance(answer, DataError):
                wrong += 1
                print(f"anaphora: {answer}", file=sys.stderr)
                print(reply.blank)
            else:
                print(answer)
        sys.stdout.flush()
    if wrong:
        raise DataError(f"{wrong:,} of {lines:,} lines could not be read; all others were answered.")


def _go_on(opened: Model, prompt: str, length: int, seed: int | None, following: int, settings: dict[str, Any]) -> None:
    import numpy as np

    from anaphora.decode import check_settings
    from anaphora.tasks.language.writing import Writer

    check_settings(**settings)
    writer = Writer(opened)
    rng = np.random.default_rng(seed)

    def answer(text: str, stop: tuple[str, ...]) -> None:
        read = writer.read(text)
        if following:
            show_next(writer, read, following)
        else:
            stream(writer, read, length, rng, stop=stop, **settings)

    if prompt != "-":
        answer(prompt, ())
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("--prompt - reads prompts from standard input, one per line: pipe some in.")
    for number, line in enumerate(sys.stdin.buffer, 1):
        text = _decoded(line, number)
        if following:
            print(f"{'' if number == 1 else chr(10)}after {text!r}")
        answer(text, ("\n",))


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError(
            f"Line {number} of standard input is not UTF-8: its byte {error.start} is {line[error.start]:#04x}. "
            "Convert it first, for example with iconv -t utf-8."
        ) from error


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
