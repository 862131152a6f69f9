"""``anaphora lr-find TASK``: a learning rate range test (Smith 2017) of a hundred updates that are then discarded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from anaphora.commands import options as config_options
from anaphora.commands.options import option, parameter
from anaphora.commands.train_arguments import TrainArguments, train_parameters
from anaphora.report.terminal import show
from anaphora.tasks import registry
from anaphora.training.distributed import launch

if TYPE_CHECKING:
    from anaphora.report.curves import Chart
    from anaphora.training.lr_finder import LRRangeTest

_ROWS = 12
_ABOVE = 0.25  # of the fall: the picture shows losses up to this share above the first loss
_HELP = """Suggest a learning rate by a range test: the learning rate rises from very small to very large.

    suggested = 0.1 × the learning rate with the lowest smoothed loss

The options are those of `anaphora train {task}`. The updates are discarded. A long run needs a lower learning rate than
a short one, so treat the suggestion as a starting point and as an upper bound.
"""


def make() -> Any:
    """Return the group of all tasks."""
    return config_options.for_each_task("lr-find", "Suggest a learning rate for your data and config.", _command)


def _command(task: str) -> Any:
    def command(updates: int, plot: str | None, as_json: bool, force: bool, **values: Any) -> None:
        _find(TrainArguments.of(task, values), updates, plot, as_json, force)

    own = [
        *train_parameters(task),
        parameter("updates", int, option("Number of updates of the range test.", "N", "--updates", min=10), 100),
        parameter("plot", str, option("Draw loss over learning rate: a .svg, .png or .pdf.", "FILE", "--plot"), None),
        parameter("as_json", bool, option("Print one JSON object.", None, "--json"), False),
        config_options.force_parameter(),
    ]
    return config_options.with_fields(task, own, command, _HELP.format(task=task))


def _find(asked: TrainArguments, updates: int, plot: str | None, as_json: bool, force: bool) -> None:
    task = asked.task
    launch.refuse(f"anaphora lr-find {task}")
    from anaphora.commands.train import import_torch_side
    from anaphora.data.progress import observed_by
    from anaphora.files import outputs, sealed
    from anaphora.report import picture_file
    from anaphora.runs import folder as run_folder

    chosen, config = registry.task(task), asked.resolved()
    read = asked.inputs(config)
    run_folder.check_places(asked.output, asked.run_dir, read, force=force)  # of the training that is proposed
    drawn = [] if plot is None else [outputs.Output("--plot", plot, sealed.of(plot, sealed.CHART_ENDINGS))]
    replaced = outputs.check(drawn, [*read, *([asked.output] if drawn else [])], force=force)
    with show("") as early, observed_by(early.stage):
        for note in replaced:
            early.note(note)
        corpus = chosen.read(config, asked.data)
        import_torch_side(f"anaphora lr-find {task}")
        work = chosen.training(config, corpus)
        early.stage(f"range test: {updates} updates")
        from anaphora.training.lr_finder import range_test

        tested = range_test(work, updates)
    if plot is not None and tested.rates:
        picture_file.write(plot, _picture(tested), 820, 380)
    if as_json:
        print(
            json.dumps(
                {"suggested": tested.suggested, "note": tested.note, "rates": tested.rates, "losses": tested.losses}
            )
        )
        return
    print("\n".join(_in_words(tested)))
    if tested.suggested is not None:
        rate = f"{tested.suggested:g}"
        print(f"\nsuggested {rate}   {asked.line(force, training__learning_rate=rate)}")
    if tested.note:
        print(f"note: {tested.note}")
    if plot is not None and tested.rates:
        print(f"picture   {plot}")


def _in_words(tested: LRRangeTest) -> list[str]:
    from anaphora.formatting import columns

    every = max(1, len(tested.rates) // _ROWS)
    rows = [
        [f"{rate:.1e}", f"{loss:.4f}", f"{mean:.4f}"]
        for rate, loss, mean in list(zip(tested.rates, tested.losses, tested.smooth, strict=True))[::every]
    ]
    return columns(["learning rate", "loss", "smoothed"], rows, right=(0, 1, 2))


def _picture(tested: LRRangeTest) -> Chart:
    from anaphora.report.curves import Chart, CurveLine

    first, least = tested.smooth[0], min(tested.smooth)
    shown = [mean <= first + _ABOVE * (first - least) for mean in tested.smooth]
    losses, means = (
        [(rate, y) for rate, y, kept in zip(tested.rates, ys, shown, strict=True) if kept]
        for ys in (tested.losses, tested.smooth)
    )
    lines = [CurveLine("each update", "seen", losses, "faint"), CurveLine("smoothed", "unseen", means)]
    if tested.suggested is not None:
        lines.append(CurveLine("suggested", "other", [(tested.suggested, least)], "upright", tested.suggested))
    return Chart("Loss over the learning rate", lines, "learning rate", "loss", log_across=True, named=True)
