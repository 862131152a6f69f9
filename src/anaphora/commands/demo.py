"""``anaphora demo``: example data, a small network trained on them, and its results; one minute.

generated data → training → score beside the baseline → predictions on new data
"""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import Any

from anaphora.commands import parser
from anaphora.commands.options import force_parameter, option, parameter, with_parameters
from anaphora.commands.train import import_torch_side
from anaphora.report.observers import observers
from anaphora.report.terminal import show
from anaphora.tasks import registry
from anaphora.training.distributed import launch

_USUAL = registry.TASKS[0]


def make() -> Any:
    """Return the group of all demos."""
    text = "Train a small model in about one minute and show its results. Without a task name: language."
    demos = {task.name: (task.name, task.demo.summary) for task in registry.tasks()}
    return parser.group(demos, "demo", text, _command, usual=_USUAL, noun="task")


def _command(task: str) -> Any:
    output = "demo.anaphora" if task == _USUAL else f"demo-{task}.anaphora"
    own = [
        parameter("output", str, option("Model file to write.", "FILE", "-o", "--output"), output),
        parameter(
            "minutes",
            float,
            option("Time limit in minutes, including the final score.", "X", "--minutes", min=0.1),
            1.0,
        ),
        force_parameter("Replace an existing file of another kind."),
    ]

    def command(output: str, minutes: float, force: bool) -> None:
        _demo(task, output, minutes, force)

    return with_parameters(task, own, command, registry.task(task).demo.help)


def _demo(name: str, named: str, minutes: float, force: bool) -> None:
    started = time.monotonic()
    launch.refuse("anaphora demo")
    from anaphora.config import resolve
    from anaphora.files import atomic, outputs, sealed
    from anaphora.runs import folder as run_folder
    from anaphora.runtime import load
    from anaphora.tasks.base.demo import Shown

    task = registry.task(name)
    demo = task.demo
    run_folder.check_places(named, None, force=force)
    run = import_torch_side(f"anaphora demo {name}")
    output, written = Path(named), demo.data().encode()
    data, page = output.with_suffix(demo.ending), output.with_suffix(".html")
    kind = outputs.Kind(
        "the example data", lambda path: path.read_bytes() == written, makes_parents=True, replaced=False
    )
    places = [outputs.Output("-o", named, run_folder.TRAINED), outputs.Output("-o", data, kind)]
    places += [outputs.Output("-o", page, sealed.PAGE._replace(makes_parents=True, replaced=False))] * demo.draws
    outputs.check(places, force=force)
    data.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(data, [written])
    config = resolve(task.config, task.presets, preset="small", options=[*demo.options, "--minutes", str(minutes)])
    print(f"{demo.about.format(data=data)}\n", flush=True)
    work = task.training(config, task.read(config, [str(data)]))
    with show(work.unit) as observer:
        report = run.train(
            work, output, data=[str(data)], force=force, observer=observer, observers=observers(work), started=started
        )
    print("\n".join(report.lines()))
    demo.show(Shown(registry.open_model(load(report.model)), report, data, page), _say)
    model, quoted = shlex.quote(str(report.model)), shlex.quote(str(data))
    print("\nTry next:")
    for line in demo.next:
        print(f"  {line.format(model=model, data=quoted)}")


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
