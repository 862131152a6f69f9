"""Model files and the commands that read them, with torch and without."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from anaphora import bundle, runtime
from anaphora.baselines.ngram import KneserNey
from anaphora.bundle import spec
from anaphora.tasks.language.score import nats as unit_nats
from program import TEXT, Run, failed, write_model


@pytest.mark.parametrize("kind", ["char", "byte", "word", "subword"])
def test_run_eval_and_verify(run: Run, tmp_path: Path, python: Path | str, kind: str) -> None:
    vocabulary, _ = write_model(tmp_path / "m.anaphora", kind)
    (tmp_path / "t.txt").write_text(TEXT[:600], encoding="utf-8")

    words = ["run", "m.anaphora", "--prompt", "The cat sat", "--length", "25", "--seed", "4"]
    first, second = run(*words, python=python), run(*words, python=python)
    assert first.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert first.stdout.startswith("The cat sat")
    assert "\ufffd" not in first.stdout or kind == "byte"  # the unknown unit is never written

    following = run("run", "m.anaphora", "--prompt", "The cat sat", "--next", "3", python=python)
    assert following.returncode == 0, following.stderr
    probabilities = [float(p) for p in re.findall(r"  (0\.\d{4})", following.stdout)]
    logits = runtime.load(tmp_path / "m.anaphora").session().feed(vocabulary.encode("The cat sat"))[-1]
    expected = np.sort(np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum())[::-1][:3]
    np.testing.assert_allclose(probabilities[-3:], expected, atol=1e-4)
    assert ("next word" in following.stdout) == (kind != "subword")

    scored = run("eval", "m.anaphora", "t.txt", "--json", python=python)
    assert scored.returncode == 0, scored.stderr
    facts = json.loads(scored.stdout)
    nats = unit_nats(runtime.load(tmp_path / "m.anaphora"), vocabulary.encode(TEXT[:600])).mean()
    assert facts["nats_per_unit"] == pytest.approx(nats, rel=1e-12)
    assert facts["bits_per_unit"] == pytest.approx(nats / math.log(2))
    assert facts["perplexity"] == pytest.approx(math.exp(nats))
    assert facts["baseline_nats"] is None
    assert "--baseline-text" in facts["baseline_note"]

    whole = run("verify", "m.anaphora", python=python)
    assert whole.returncode == 0, whole.stderr
    assert "whole" in whole.stdout


def test_the_floor_from_the_training_text(run: Run, tmp_path: Path) -> None:
    vocabulary, _ = write_model(tmp_path / "m.anaphora")
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    (tmp_path / "e.txt").write_text(TEXT[30:500], encoding="utf-8")
    facts = json.loads(run("eval", "m.anaphora", "e.txt", "--json", "--baseline-text", "t.txt").stdout)
    ngram = KneserNey(7, vocabulary.size).fit(vocabulary.encode(TEXT))
    assert facts["baseline_nats"] == pytest.approx(ngram.nats(vocabulary.encode(TEXT[30:500]))[1:].mean())
    assert "n-gram" in run("eval", "m.anaphora", "e.txt", "--baseline-text", "t.txt").stdout


def test_prompts_from_lines(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora")
    done = run("run", "m.anaphora", "--prompt", "-", "--seed", "1", "--length", "30", stdin="The cat\nthe dog\n\n")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 3  # one line in, one line out
    assert lines[0].startswith("The cat")
    assert lines[1].startswith("the dog")
    tables = run("run", "m.anaphora", "--prompt", "-", "--next", "2", stdin="The cat\nthe dog\n").stdout
    assert re.findall(r"^after (.*)$", tables, re.MULTILINE) == ["'The cat'", "'the dog'"]
    latin = run("run", "m.anaphora", "--prompt", "-", stdin=b"The cat\ncaf\xe9\n")
    failed(latin, 3, "standard input, line 2", "0xe9", "iconv")


def test_a_prompt_with_unknown_symbols(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora")
    failed(run("run", "m.anaphora", "--prompt", "The ☃ sat"), 3, "'☃'", "character 5", "Remove or replace")
    write_model(tmp_path / "w.anaphora", "word")
    failed(run("run", "w.anaphora", "--prompt", "The cot sat"), 3, "'cot'", "character 5", "'cat'")


def test_names_for_white_space(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora", text="a \n" * 400)
    shown = run("run", "m.anaphora", "--prompt", "a", "--next", "4").stdout
    for name in ("space", "newline", "<unk>"):
        assert re.search(rf"^{re.escape(name)} +0\.", shown, re.MULTILINE), shown
    write_model(tmp_path / "w.anaphora", "word")
    assert re.search(r"^␣cat +0\.", run("run", "w.anaphora", "--prompt", "The", "--next", "99").stdout, re.MULTILINE)


@pytest.mark.parametrize("command", [["verify"], ["run"], ["eval"]])
def test_a_damaged_model(run: Run, tmp_path: Path, command: list[str]) -> None:
    write_model(tmp_path / "m.anaphora")
    raw = bytearray((tmp_path / "m.anaphora").read_bytes())
    raw[-5] ^= 1
    (tmp_path / "m.anaphora").write_bytes(raw)
    (tmp_path / "t.txt").write_text(TEXT, encoding="utf-8")
    more = ["t.txt"] if command == ["eval"] else []
    failed(run(*command, "m.anaphora", *more), 5, "m.anaphora", "damaged", "SHA-256")


@pytest.mark.parametrize("command", ["verify", "run"])
def test_a_newer_model(run: Run, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path / "m.anaphora")
    opened = bundle.read(tmp_path / "m.anaphora")
    monkeypatch.setattr("anaphora.bundle.format._VERSIONS", range(1, 4))
    (tmp_path / "m.anaphora").write_bytes(bundle.to_bytes(opened.tensors, {**opened.config, "version": 3}))
    failed(run(command, "m.anaphora"), 5, "newer anaphora", "pip install -U anaphora")


def test_something_else_is_no_model(run: Run, tmp_path: Path) -> None:
    (tmp_path / "m.anaphora").write_text(TEXT, encoding="utf-8")
    failed(run("run", "m.anaphora", "--prompt", "x"), 5, "m.anaphora")
    failed(run("run", "none.anaphora", "--prompt", "x"), 3, "none.anaphora", "No such file")


def test_a_model_of_another_task(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora")
    opened = bundle.read(tmp_path / "m.anaphora")
    bundle.write(tmp_path / "m.anaphora", opened.tensors, {**opened.config, "task": "juggling"})
    failed(run("run", "m.anaphora", "--prompt", "x"), 5, "'juggling'")


def test_verify_checks_every_file_and_ends_with_the_worst_code(run: Run, tmp_path: Path) -> None:
    for name in ("a.anaphora", "b.anaphora"):
        write_model(tmp_path / name)
    whole = run("verify", "a.anaphora", "b.anaphora")
    assert (whole.returncode, whole.stderr) == (0, "")
    assert whole.stdout.endswith("All 2 files are whole.\n")
    (tmp_path / "cut.anaphora").write_bytes((tmp_path / "a.anaphora").read_bytes()[:-1])
    for wrong, code in ((["none"], 3), (["cut.anaphora", "none"], 5)):
        done = run("verify", *wrong, "a.anaphora", "b.anaphora")
        assert done.returncode == code
        assert [name for name in ("a", "b") if f"{name}.anaphora: whole" in done.stdout] == ["a", "b"]
        assert [line.partition(" ")[0] for line in done.stderr.splitlines()] == ["anaphora:"] * len(wrong) + ["2"]
        last = f"2 of {len(wrong) + 2} files are whole; these are not: {', '.join(wrong)}.\n"
        assert done.stderr.endswith(last)
    lines = [json.loads(line) for line in run("verify", "cut.anaphora", "a.anaphora", "--json").stdout.splitlines()]
    assert ["error" in line for line in lines] == [True, False]
    assert "cut short" in lines[0]["error"]


def test_verify_as_json(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora")
    facts = json.loads(run("verify", "m.anaphora", "--json").stdout)
    assert facts["sha256"] == bundle.verify(tmp_path / "m.anaphora").sha256
    assert facts["parameters"] == sum(math.prod(shape) for shape in spec.tensors(facts["config"]["model"]).values())


@pytest.mark.parametrize("words", [("run",), ("eval",), ("verify",)])
def test_a_file_that_is_no_model(run: Run, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "notes.txt").write_text("These are some words.\n", encoding="utf-8")
    (tmp_path / "a.run").mkdir()
    more = ("notes.txt",) if words == ("eval",) else ()
    failed(run(*words, "notes.txt", *more), 5, "'notes.txt' is not a model file.", "`anaphora train` wrote")
    failed(run(*words, "a.run", *more), 3, "'a.run' is a folder, not a model file.", "`anaphora train` wrote")
    (tmp_path / "a.run" / "model.anaphora").write_bytes(b"")
    failed(run(*words, "a.run", *more), 3, "The model of this run is 'a.run/model.anaphora'.")


def test_a_card_cannot_draw_on_the_screen(run: Run, tmp_path: Path) -> None:
    write_model(tmp_path / "m.anaphora")
    opened = bundle.read(tmp_path / "m.anaphora")
    card = {
        "sources": ["a\x1b[2Jb.txt"], "baseline": {"nats_per_unit": 1.5}, "steps": 12345, "e\x1b[2J_il": [{"\x1b": 1}],
    }  # fmt: skip
    bundle.write(tmp_path / "m.anaphora", opened.tensors, {**opened.config, "card": card})
    shown = run("verify", "m.anaphora").stdout
    assert "\x1b" not in shown
    assert re.search(r"^    sources +a\\x1b\[2Jb.txt$", shown, re.MULTILINE)
    assert re.search(r"^    baseline: nats per unit +1.5  \(on the whole held-out part\)$", shown, re.MULTILINE)
    assert re.search(r"^    steps +12,345$", shown, re.MULTILINE)
