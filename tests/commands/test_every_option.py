"""Every option of every command is obeyed or refused, whatever the task: a new option without an entry here fails.

The options come from the parser and from the declarations of the tasks. Fields of configs have a law of their own
(`tests/test_every_field.py`); here each is given on the command line of every command that takes it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import anaphora
from anaphora.cli import COMMANDS, program
from anaphora.commands.train_arguments import TrainArguments, as_typed
from anaphora.config import ConfigField, config_fields, resolve
from anaphora.errors import UsageError
from anaphora.tasks import registry
from gapped import text
from labelled import sentences
from program import Run, failed
from test_every_field import away
from translated import PAIRS

TESTS = Path(__file__).resolve().parent
TASKS = {task.name: task for task in registry.tasks()}
SECTIONED = ("train", "check", "lr-find", "tune", "config")
"""Commands with every field; `init` has those of the section `data`."""

# The test that shows that an option of a command's own is obeyed.
PROVED = {
    "demo --output": "test_outputs.py", "demo --minutes": "test_usage.py", "demo --force": "test_outputs.py",
    "init --output": "test_init.py", "init --force": "test_init.py",
    "check --output": "test_check.py", "check --preset": "test_check.py", "check --config": "test_check.py",
    "check --run-dir": "test_train_arguments.py", "check --tensorboard": "test_train_arguments.py",
    "check --json": "test_check.py", "check --force": "test_train_arguments.py",
    "train --output": "test_train.py", "train --preset": "test_train_arguments.py", "train --config": "test_usage.py",
    "train --run-dir": "test_resume.py", "train --tensorboard": "test_observers.py",
    "train --force": "test_outputs.py",
    "lr-find --output": "test_lr_find.py", "lr-find --preset": "test_lr_find.py", "lr-find --config": "test_lr_find.py",
    "lr-find --run-dir": "test_lr_find.py", "lr-find --tensorboard": "test_lr_find.py",
    "lr-find --updates": "test_lr_find.py", "lr-find --plot": "test_lr_find.py", "lr-find --json": "test_lr_find.py",
    "lr-find --force": "test_outputs.py",
    "tune --preset": "test_every_option.py", "tune --config": "test_tune.py", "tune --trials": "test_tune.py",
    "tune --option": "test_tune.py", "tune --run-dir": "test_outputs.py", "tune --jobs": "test_tune.py",
    "tune --json": "test_tune.py",
    "config --schema": "test_config.py", "config --preset": "test_config.py", "config --config": "test_config.py",
    "run --json": "test_models.py", "run --encoding": "test_every_option.py", "run --force": "test_outputs.py",
    "eval --json": "test_models.py", "eval --encoding": "test_every_option.py",
    "runs --json": "test_runs.py", "runs --html": "test_runs.py", "runs --svg": "test_runs.py",
    "runs --force": "test_outputs.py",
    "verify --json": "test_models.py",
}  # fmt: skip

LITTLE: dict[str, Any] = {"preset": "small", "hidden": 8, "max_steps": 20, "evaluations": 1}
TAGGED = [(["the", "cat"], ["DET", "NOUN"]), (["a", "dog"], ["DET", "NOUN"])] * 10
MADE = {
    "language": ("the cat sat on the mat. " * 60, {"batch": 2, "bptt": 8}),
    "classify": (sentences(40), {}),
    "tag": (TAGGED, {}),
    "fill": (text(60), {"batch": 2, "bptt": 8}),
    "translate": (PAIRS * 4, {"units": "char", "hidden": 32, "max_steps": 200, "learning_rate": 0.02}),
}
INPUTS = {
    "classify": "a fine film\n", "tag": "the cat\n", "fill": "You saw a ___ rose.\n", "translate": "ein Mann\n",
    "language": "",
}  # fmt: skip
# Words to which the option is added, and the option with a value that changes the answer. Without the option the answer
# is another one.
OBEYED = {
    "language prompt": ("--length 5 --seed 0", "--prompt the"),
    "language length": ("--prompt the --seed 0", "--length 3"),
    "language following": ("--prompt the", "--next 2"),
    "language temperature": ("--prompt the --length 40", "--temperature 0"),
    "language top_k": ("--prompt the --length 40 --seed 0 --temperature 3", "--top-k 2"),
    "language top_p": ("--prompt the --length 40 --seed 0 --temperature 3", "--top-p 0.1"),
    "language seed": ("--prompt the --length 40", "--seed 0"),
    "classify top": ("", "--top 2"),
    "tag top": ("", "--top 2"),
    "tag form": ("", "--format columns"),
    "fill top": ("-", "--top 1"),
    "fill mask_token": ("-", "--mask-token saw"),
    "fill left_to_right": ("-", "--left-to-right"),
    "translate beam": ("--json", "--beam 4"),
    "translate length_penalty": ("--beam 4 --n-best 4", "--length-penalty 0"),
    "translate coverage": ("--beam 4 --n-best 4", "--coverage 2"),
    "translate no_repeat": ("--beam 4", "--no-repeat-ngram 1"),
    "translate best": ("--beam 4", "--n-best 2"),
    "translate sample": ("", "--sample --seed 0 --temperature 3"),
    "translate temperature": ("--sample --seed 0", "--temperature 9"),
    "translate top_k": ("--sample --seed 0 --temperature 9", "--top-k 2"),
    "translate top_p": ("--sample --seed 0 --temperature 9", "--top-p 0.05"),
    "translate seed": ("--sample --temperature 9", "--seed 0"),
    "translate attention": ("", "--attention a.html"),
}
SCORED = {
    "language": "the cat sat on a hat. " * 9,
    "fill": text(9, seed=3),
    "translate": "source\ttarget\nein Hund lacht\ta dog laughs\nzwei Mann\ttwo men\n",
}
MEASURED = {
    "language baseline_text": "--baseline-text more.txt",
    "language max_units": "--max-units 9",
    "fill baseline_text": "--baseline-text more.txt",
    "translate beam": "--beam 4",
    "translate length_penalty": "--beam 4 --length-penalty 0",
    "translate coverage": "--beam 4 --coverage 2",
    "translate bleu_tokenize": "--bleu-tokenize char",
}


class Useless(Exception):
    """The field was refused by its name."""


@contextlib.contextmanager
def named(field: ConfigField) -> Iterator[None]:
    """A refusal in the block names the field."""
    try:
        yield
    except UsageError as error:
        if not str(error).startswith((f"{field.short} takes ", f"{field.short} has no effect ")):
            raise
        raise Useless from error


def commands() -> Iterator[tuple[str, str, Any]]:
    """Every command with its name, and its task or a part of its name."""
    root = program()
    for name in COMMANDS:
        made = root.get_command(None, name)
        table = getattr(made, "table", None)
        yield from [(name, part, made.get_command(None, part)) for part in table] if table else [(name, "", made)]


def own_options() -> set[str]:
    """Every option that is neither a field of a config nor declared by a task, as `command --option`."""
    declared = {option.flags for task in TASKS.values() for option in (*task.run_options, *task.eval_options)}
    found = set()
    for name, task, made in commands():
        fields = {field.flag for field in config_fields(TASKS[task].config)} if task in TASKS else set()
        for parameter in made.params:
            flags = [flag for flag in parameter.opts if flag.startswith("--") and flag != "--folder"]
            if flags and not {*flags} & (fields | declared | {"--help"}):
                found.add(f"{name} {flags[-1]}")
    return found


def test_every_option_of_a_command_has_a_test_that_gives_it() -> None:
    assert own_options() == set(PROVED)
    for option, where in PROVED.items():
        flag = option.split()[1]
        names = {"--output": '"-o"'}.get(flag, flag)
        assert re.search(names, (TESTS / where).read_text(encoding="utf-8")), (option, where)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_every_field_given_to_any_command_is_set_or_refused_by_its_name(task: Any) -> None:
    """The value that the parser hands on is the value of the config; with a value out of range, the field is named."""
    made = {name: command for name, part, command in commands() if part == task.name}
    for field in config_fields(task.config):
        for name in (*SECTIONED, *["init"] * (field.section == "data")):
            words = [] if name == "config" else ["data"]
            words += as_typed(task.name, {f"{field.section}.{field.key}": typed(task, field)})
            parameters = made[name].make_context(name, words).params
            given = TrainArguments.of(task.name, {"output": "", "preset": None, "config": None, "run_dir": None,
                                                  "tensorboard": False, "data": [], **parameters})  # fmt: skip
            with contextlib.suppress(Useless):
                with named(field):
                    resolved = given.resolved()
                assert getattr(getattr(resolved, field.section), field.key) == away(task, field), (name, field.flag)


def typed(task: Any, field: ConfigField) -> Any:
    value = away(task, field)
    return value if field.is_truth else str(value)


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
@pytest.mark.parametrize("wrong", ["nan", "inf", "-1", "1e400", "99999999999999999999999", "", "x y"])
def test_a_wrong_number_is_refused_by_its_name(task: Any, wrong: str) -> None:
    for field in config_fields(task.config):
        numeric = field.type in ("a whole number", "a number")
        if not numeric or field.choices:
            continue
        with contextlib.suppress(Useless):
            with named(field):
                found = resolve(task.config, options=[f"{field.flag}={wrong}"])
            assert wrong.startswith("999"), field.flag
            assert getattr(getattr(found, field.section), field.key) in (int(wrong), float(wrong))


@pytest.mark.parametrize("valid", ["0", "1", "-0.5", "nan", "inf", "1.5"])
@pytest.mark.parametrize("task", TASKS)
def test_a_held_out_share_is_between_0_and_1(run: Run, tmp_path: Path, task: str, valid: str) -> None:
    table = "text,label\na b,x\nb a,y\n" if task == "classify" else "source,target\na b,x\n"
    (tmp_path / "d.csv").write_text("a\tx\n\nb\ty\n\n" if task == "tag" else table * 20, encoding="utf-8")
    failed(run("check", task, "d.csv", "--valid", valid), 2, "--valid takes", "it was given")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    for task, (data, options) in MADE.items():
        anaphora.train(task, data, output=folder / f"{task}.anaphora", **{**LITTLE, **options})
    return folder


def test_the_tables_name_every_option_of_every_task() -> None:
    assert {f"{task.name} {option.name}" for task in TASKS.values() for option in task.run_options} == set(OBEYED)
    assert {f"{task.name} {option.name}" for task in TASKS.values() for option in task.eval_options} == set(MEASURED)


@pytest.mark.parametrize("name", OBEYED)
def test_an_option_of_run_changes_the_answer(run: Run, models: Path, tmp_path: Path, name: str) -> None:
    task = name.split()[0]
    words, option = OBEYED[name]
    model = str(models / f"{task}.anaphora")
    plain = run("run", model, *words.split(), stdin=INPUTS[task])
    given = run("run", model, *words.split(), *option.split(), stdin=INPUTS[task])
    assert given.returncode == 0 or "columns" in option, given.stderr
    assert given.stdout != plain.stdout or (tmp_path / "a.html").exists()


@pytest.mark.parametrize("name", MEASURED)
def test_an_option_of_eval_changes_the_score(run: Run, models: Path, tmp_path: Path, name: str) -> None:
    task = name.split()[0]
    ending = ".tsv" if task == "translate" else ".txt"
    (tmp_path / f"d{ending}").write_text(SCORED[task], encoding="utf-8")
    (tmp_path / "more.txt").write_text(SCORED["language"] if task == "language" else text(40), encoding="utf-8")
    model = str(models / f"{task}.anaphora")
    words = ["eval", model, f"d{ending}"]
    given = run(*words, *MEASURED[name].split())
    assert given.returncode == 0, given.stderr
    assert given.stdout != run(*words).stdout


def test_a_tokenizer_of_bleu_is_obeyed_or_refused(run: Run, models: Path, tmp_path: Path) -> None:
    (tmp_path / "d.tsv").write_text(SCORED["translate"], encoding="utf-8")
    words = ["eval", str(models / "translate.anaphora"), "d.tsv", "--bleu-tokenize"]
    assert "tok:intl|" in run(*words, "intl").stdout
    failed(run(*words, "14a"), 2, "Expected 13a, intl, zh, char, none, ja-mecab or ko-mecab for --bleu-tokenize")
    failed(run(*words, "ja-mecab"), 2, "--bleu-tokenize ja-mecab needs packages that are not installed: pip install")


@pytest.mark.parametrize("task", TASKS)
def test_an_option_of_another_task_is_refused_even_if_0(run: Run, models: Path, tmp_path: Path, task: str) -> None:
    (tmp_path / "d.txt").write_text("x\n", encoding="utf-8")
    model, chosen = str(models / f"{task}.anaphora"), TASKS[task]
    for words, declared in ((["run", model], "run_options"), (["eval", model, "d.txt"], "eval_options")):
        own = {option.name for option in getattr(chosen, declared)}
        others = {o.name: o for each in TASKS.values() for o in getattr(each, declared) if o.name not in own}
        for option in others.values():
            least = "1" if option.least == 1 else "2" if option.least == 2 else "0"
            value = [] if option.type is bool else [least]
            failed(run(*words, option.flags, *value, stdin="x\n"), 2, f"has no option {option.flags}.")


@pytest.mark.parametrize("task", ["classify", "tag", "fill", "translate"])
def test_the_encoding_of_the_inputs_is_obeyed(run: Run, models: Path, tmp_path: Path, task: str) -> None:
    (tmp_path / "d.txt").write_bytes(INPUTS[task].replace("a", "ä").encode("utf-16"))
    model = str(models / f"{task}.anaphora")
    assert "ä" in run("run", model, "d.txt", "--encoding", "utf-16").stdout or task == "translate"
    failed(run("run", model, "d.txt", "--encoding", "utf-17"), 2, "There is no text encoding 'utf-17'")
    failed(run("eval", model, "d.txt", "--encoding", "utf-17"), 2, "There is no text encoding 'utf-17'")


def test_a_number_that_is_not_finite_is_refused(run: Run, models: Path) -> None:
    for task, option in (("language", "--temperature"), ("language", "--top-p"), ("translate", "--length-penalty")):
        for wrong in ("nan", "inf"):
            done = run("run", str(models / f"{task}.anaphora"), option, wrong, stdin="x\n")
            failed(
                done, 2, option, "expected at least 0" if "penalty" in option and wrong == "nan" else "finite number"
            )
    with pytest.raises(typer.TyperException):
        program().get_command(None, "demo").get_command(None, "tag").make_context("tag", ["--minutes", "nan"])
