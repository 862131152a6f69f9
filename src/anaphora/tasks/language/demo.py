"""Python's own documentation, learned by character."""

from __future__ import annotations

from anaphora.tasks.base.demo import Demo, Say, Shown
from anaphora.tasks.base.python_text import documentation

PROMPT = "The following "
SAMPLE = 320  # characters
SEED = 3


def _show(shown: Shown, say: Say) -> None:
    from anaphora.formatting import duration_text
    from anaphora.report.loss_plot import draw_curve, read_curve, save
    from anaphora.report.terminal_chart import chart

    model, report = shown.model, shown.report
    curve = read_curve(report.run_dir / "metrics.jsonl")
    say("\nValidation loss during training, nats per character; dotted: the n-gram model\n")
    say("\n".join(chart(curve.held_out, report.baseline.nats)) + "\n")
    say(f"\nText generated from the prompt {PROMPT!r}:\n\n{PROMPT}")
    for piece in model.stream(PROMPT, SAMPLE, temperature=0.6, seed=SEED):
        say(piece)
    say(f"\n\nMost probable characters after {PROMPT!r}:\n\n{model.table(PROMPT, 5)}")
    facts = f"{report.parameters:,} parameters, {duration_text(report.seconds)} from start to score; lower is better"
    figure = draw_curve(curve, "An LSTM learns Python's documentation", facts)
    pictures = [report.run_dir / f"curve.{ending}" for ending in ("svg", "png")]
    for picture in pictures:
        save(figure, picture)
    say(f"\npicture  {pictures[0]} and {pictures[1].name}\n")


DEMO = Demo(
    summary="A text that comes with Python: generation, and probabilities of the next character.",
    help="""Train a small language model on Python's own documentation, and look at what it learned.

    The demo downloads nothing. It writes the model, the text, and a folder with the records and the picture of the run.
    """,
    ending=".txt",
    options=(
        "--cell", "lstm", "--hidden", "320", "--layers", "1", "--embedding", "32", "--learning-rate", "0.01",
        "--embedding-dropout", "0.1", "--output-dropout", "0.2", "--batch", "16", "--bptt", "64",
        "--evaluations", "12", "--evaluation-units", "40000",
    ),
    data=documentation,
    about="Text: Python's own documentation (pydoc_data.topics) in {data}; the last tenth is held out.",
    show=_show,
    next=(
        'anaphora run {model} --prompt "If the object "',
        'anaphora run {model} --prompt "def " --temperature 0.4 --seed 1',
        'anaphora run {model} --prompt "a list of " --next 5',
        "anaphora verify {model}",
        "anaphora train language YOUR_TEXT.txt --minutes 15",
    ),
)  # fmt: skip
