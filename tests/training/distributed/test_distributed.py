"""Training on several ranks: the weights of one process, and every way in which ranks can end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kills
import ranks as program
from anaphora.training import checkpoint

Ask = Callable[..., dict[str, Any]]
SETTINGS = (
    "--bptt 16 --hidden 12 --layers 2 --embedding 6 --evaluation-units 150 --evaluations 6 --max-steps 36 --device cpu"
    " --average 0.4 --patience 5"
)
NO_CHANCE = "--dropout 0 --output-dropout 0 --embedding-dropout 0"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "ANAPHORA_THREADS": "1"}


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """A program that lets ranks train in children of its own."""
    with subprocess.Popen(
        [sys.executable, program.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=ENVIRONMENT,
        text=True,
    ) as running:

        def call(folder: Path, words: str = "", **how: Any) -> dict[str, Any]:
            assert running.stdin is not None
            assert running.stdout is not None
            folders = how.pop("folders", [folder])
            for each in folders:
                each.mkdir(exist_ok=True)
                if not (each / "t.txt").exists():
                    (each / "t.txt").write_text(kills.TEXT, encoding="utf-8")
            asked = {"words": words.split(), "folders": [str(each) for each in folders], **how}
            running.stdin.write(json.dumps(asked) + "\n")
            running.stdin.flush()
            answer: dict[str, Any] = json.loads(running.stdout.readline())
            return answer

        yield call
        running.stdin.close()


def train(options: str) -> str:
    """The command with these options, and with the settings that they do not set."""
    usual = SETTINGS.split()
    pairs = [f"{name} {value}" for name, value in zip(usual[::2], usual[1::2], strict=True) if name not in options]
    return f"train language t.txt -o m.anaphora {' '.join(pairs)} {options}"


def state(folder: Path, name: str = checkpoint.LAST) -> tuple[dict[str, Any], dict[str, Any]]:
    return checkpoint.read(folder / "m.run" / "checkpoints" / name)


def losses(folder: Path) -> list[tuple[int, float]]:
    lines = (folder / "m.run" / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    return [(event["step"], event["loss"]) for event in events if event["event"] in ("step", "evaluation")]


def same(one: Path, other: Path) -> None:
    """To the bit: everything but the times."""
    (tensors, facts), (others, their_facts) = state(one), state(other)
    assert tensors.keys() == others.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(tensor, others[name], err_msg=name)
    for name in facts.keys() - {"seconds", "evaluation_seconds", "logged"}:
        assert facts[name] == their_facts[name], name
    assert losses(one) == losses(other)


def test_what_ranks_tell_each_other(ask: Ask, tmp_path: Path) -> None:
    answer = ask(tmp_path, ranks=3, call="exchange", environment={"2": {"ANAPHORA_THREADS": "2"}})
    assert answer["codes"] == [0, 0, 0], answer["err"]
    found = [json.loads(text) for text in answer["out"]]
    assert found[0] == found[1] == found[2]
    assert found[0] == {
        "total": [3.0, 111.0],
        "short": {"rank": 0, "none": None, "inf": float("inf")},
        "long": 3000,
        "edge": [1012, 1013, 1014, 1015],
        "everyone": [["", 0.0], ["ü", 1 / 3], ["üü", 2 / 3]],
        "gathered": [[10.0, 20.0, 21.0], [11.0, 22.0, 23.0]],
        "truths": [[False], [True], [False]],
        "handed": {"a": ["<f8", [[0, 1, 2], [3, 4, 5]]], "none": ["|i1", []], "one": ["<i8", 7]},
        "threads": 1,  # the fewest that any has
    }


@pytest.mark.parametrize(
    ("ranks", "options"),
    [(2, "--batch 5 --accumulate 2"), (2, "--batch 1 --cell gru"), (3, "--batch 4 --cell rnn --tied")],
)
def test_ranks_reach_the_weights_of_one_process(ask: Ask, tmp_path: Path, ranks: int, options: str) -> None:
    """The same global batch, dealt unevenly, one row on two ranks included: weights, carried state, losses."""
    assert ask(tmp_path / "one", train(f"{options} {NO_CHANCE}"))["codes"] == [0]
    happens = [{"what": "no_gradient", "rank": 1}] if "--batch 1" in options else []
    answer = ask(tmp_path / "all", train(f"{options} {NO_CHANCE}"), ranks=ranks, happens=happens)
    assert answer["codes"] == [0] * ranks, answer["err"]
    assert answer["out"][1:] == answer["err"][1:] == [""] * (ranks - 1)
    for name in (checkpoint.LAST, checkpoint.BEST):
        (tensors, facts), (others, their_facts) = (state(tmp_path / folder, name) for folder in ("one", "all"))
        assert facts["step"] == their_facts["step"]
        for key in tensors.keys() - {"random"}:
            size = float(np.abs(tensors[key].astype(np.float64)).max(initial=1e-3))
            np.testing.assert_allclose(others[key], tensors[key], rtol=0, atol=2e-5 * size, err_msg=key)
    for (step, loss), (their_step, their_loss) in zip(losses(tmp_path / "one"), losses(tmp_path / "all"), strict=True):
        assert (their_step, their_loss) == (step, pytest.approx(loss, rel=1e-5))
    facts = json.loads((tmp_path / "all" / "m.run" / "run.json").read_text(encoding="utf-8"))
    assert (facts["machine"]["ranks"], facts["machine"]["threads"]) == (ranks, 1)


SENTENCES = "text,label\n" + "".join(
    f"{'so ' * (row % 7)}{'good' if row % 3 else 'bad'} {row % 5},{'yes' if row % 3 else 'no'}\n" for row in range(60)
)
SURE = (
    "--embedding-dropout 0 --output-dropout 0 --unk-dropout 0 --hidden 6 --embedding 5 --max-steps 30 --evaluations 3"
)


@pytest.mark.parametrize(
    ("ranks", "options"),
    [(2, "--batch 1"), (2, "--batch 1 --pooling attention --class-weights balanced"), (3, "--batch 4 --accumulate 2")],
)
def test_ranks_of_a_classifier_share_rows_of_any_length(ask: Ask, tmp_path: Path, ranks: int, options: str) -> None:
    """One row on two ranks, four on three: a rank without rows runs an empty batch."""
    words = f"train classify rows.csv -o m.anaphora --preset small --device cpu {SURE} {options}"
    for name, count in (("one", 1), ("all", ranks)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.csv").write_text(SENTENCES, encoding="utf-8")
        answer = ask(tmp_path / name, words, ranks=count)
        assert answer["codes"] == [0] * count, answer["err"]
    (tensors, facts), (others, their_facts) = (state(tmp_path / name) for name in ("one", "all"))
    assert facts["step"] == their_facts["step"] == 30
    for key in tensors.keys() - {"random"}:
        size = float(np.abs(tensors[key].astype(np.float64)).max(initial=1e-3))
        np.testing.assert_allclose(others[key], tensors[key], rtol=0, atol=2e-5 * size, err_msg=key)


def test_what_one_process_does_is_refused_to_several(ask: Ask, tmp_path: Path) -> None:
    for words in ("demo", "tune language t.txt --minutes 1", "lr-find language t.txt"):
        answer = ask(tmp_path, words, ranks=2)
        assert answer["codes"] == [2, 2]
        command = " ".join(words.split()[:2]) if " " in words else words
        assert f"anaphora {command} runs in one process, and torchrun started 2" in answer["err"][0]
        assert "run it without torchrun" in answer["err"][0]
        assert answer["err"][1] == answer["out"][0] == ""
        assert not list(tmp_path.glob("*.run"))


def test_a_time_to_be_done_by_is_the_first_ranks(ask: Ask, tmp_path: Path) -> None:
    """The second rank's clock is 50,000 times as fast, and no plan depends on it."""
    words, plans = train("--batch 3 --minutes 0.1 --max-steps 100000"), []
    clocks = [{"what": "clock", "rank": rank, "seconds": seconds} for rank, seconds in enumerate((0.02, 1000.0))]
    for name, count in (("one", 1), ("all", 2)):
        answer = ask(tmp_path / name, words, ranks=count, happens=clocks)
        assert answer["codes"] == [0] * count, answer["err"]
        _, facts = state(tmp_path / name)
        plans.append(facts["plans"])
        assert [plan["reason"] for plan in facts["plans"][:2]] == ["trial", "minutes"]
        assert facts["step"] == facts["plans"][-1]["total_steps"]
    assert plans[0] == plans[1]


@pytest.fixture(scope="module")
def whole(ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three ranks, four rows, dropout: never cut off."""
    folder = tmp_path_factory.mktemp("whole")
    assert ask(folder, train("--batch 4 --dropout 0.3"), ranks=3)["codes"] == [0, 0, 0]
    return folder


def test_a_rank_that_is_killed_ends_all_and_the_run_goes_on_to_the_same_bits(
    ask: Ask, whole: Path, tmp_path: Path, soak: bool
) -> None:
    rng = np.random.default_rng(20261125)
    for number in range(20 if soak else 2):
        killed, step = (number + 2) % 3, int(rng.integers(2, 36))
        folder = tmp_path / str(number)
        happens = [{"what": "at_update", "rank": killed, "step": step, "number": 9}]
        answer = ask(folder, train("--batch 4 --dropout 0.3"), ranks=3, happens=happens)
        assert answer["codes"] == [-9 if rank == killed else 1 for rank in range(3)]
        assert answer["seconds"] < 30, "nobody waits for the dead"
        said = [text.partition("anaphora: ")[2] for text in answer["err"]]
        speakers = [0] if killed else [1, 2]
        assert [bool(text) for text in said] == [rank in speakers for rank in range(3)]
        for text in (said[rank] for rank in speakers):
            assert text.startswith(f"Rank {killed} (")
            assert "ended without a message" in text
            assert "anaphora resume m.run" in text
        answer = ask(folder, "resume m.run", ranks=3)
        assert answer["codes"] == [0, 0, 0], answer["err"]
        same(whole, folder)
        shutil.rmtree(folder)


def test_another_number_of_ranks_goes_on_and_says_so(ask: Ask, whole: Path, tmp_path: Path) -> None:
    happens = [{"what": "at_update", "rank": 1, "step": 20, "number": 9}]
    assert ask(tmp_path / "cut", train("--batch 4 --dropout 0.3"), ranks=3, happens=happens)["codes"] == [1, -9, 1]
    step = state(tmp_path / "cut")[1]["step"]
    for ranks in (1, 2, 4):
        folder = tmp_path / str(ranks)
        shutil.copytree(tmp_path / "cut", folder)
        run = folder / "m.run" / "run.json"
        run.write_text(run.read_text(encoding="utf-8").replace(str(tmp_path / "cut"), str(folder)), encoding="utf-8")
        answer = ask(folder, "resume m.run", ranks=ranks)
        assert answer["codes"] == [0] * ranks, answer["err"]
        assert f"note: Continuing after step {step} of 36." in answer["err"][0]
        assert f"the number of ranks was 3 and is {ranks}. The run continues, but its weights" in answer["err"][0]
        tensors, facts = state(folder)
        assert (facts["step"], tensors["random"].shape[0], tensors["carry/0"].shape[1]) == (36, ranks, 4)
        before, after = losses(whole), losses(folder)
        assert [told for told in after if told[0] <= step] == [told for told in before if told[0] <= step]
        assert len(after) == len(before)


@pytest.mark.parametrize(
    ("what", "rank", "number"),
    [("at_update", 0, signal.SIGINT), ("at_update", 2, signal.SIGTERM), ("at_look", 0, signal.SIGTERM)],
)
def test_a_signal_stops_all_after_the_same_step(
    ask: Ask, whole: Path, tmp_path: Path, what: str, rank: int, number: int
) -> None:
    code = 128 + number
    happens = [{"what": what, "rank": rank, "step": 12, "number": number}]
    answer = ask(tmp_path, train("--batch 4 --dropout 0.3"), ranks=3, happens=happens)
    assert answer["codes"] == [code] * 3, answer["err"]
    assert answer["seconds"] < 30
    step = state(tmp_path)[1]["step"]
    assert step == 12 if rank == 0 else step in (12, 13)  # the first hears of others' signals by the next step
    assert f"after step {step}. The best model so far" in answer["err"][0]
    assert answer["err"][1:] == ["", ""]
    assert ask(tmp_path, "resume m.run", ranks=3)["codes"] == [0, 0, 0]
    same(whole, tmp_path)


def test_a_long_look_ends_nobody(ask: Ask, whole: Path, tmp_path: Path) -> None:
    happens = [{"what": "slow_look", "rank": 0, "step": 12, "seconds": 6.0}]
    assert ask(tmp_path, train("--batch 4 --dropout 0.3"), ranks=3, happens=happens)["codes"] == [0, 0, 0]
    same(whole, tmp_path)


def test_a_full_disk_of_the_first_rank_ends_all_after_what_can_be_saved_is_saved(ask: Ask, tmp_path: Path) -> None:
    happens = [{"what": "full_disk", "rank": 0, "step": 7}]
    answer = ask(tmp_path, train("--batch 4"), ranks=2, happens=happens)
    assert answer["codes"] == [2, 2], answer["err"]
    assert "No space left on device. The best model so far, from step 12, is saved in m.anaphora" in answer["err"][0]
    assert answer["err"][1] == ""


def test_a_mistake_in_one_rank_is_said_once_more_by_the_first(ask: Ask, tmp_path: Path) -> None:
    happens = [{"what": "fails_at_update", "rank": 1, "step": 9}]
    answer = ask(tmp_path, train("--batch 4"), ranks=2, happens=happens)
    assert answer["codes"] == [1, 1]
    assert "MemoryError: no room for the batch" in answer["err"][1]
    assert "Rank 1 (" in answer["err"][0]
    assert "has ended: MemoryError: no room for the batch. Training needs all 2 ranks" in answer["err"][0]


def test_the_rank_whose_rows_are_not_finite_is_named(ask: Ask, tmp_path: Path) -> None:
    happens = [{"what": "no_number", "rank": 1, "step": 9}]
    answer = ask(tmp_path, train("--batch 4"), ranks=2, happens=happens)
    assert answer["codes"] == [4, 4]
    assert "The loss was nan at step 9 of 36. On rank 1: The output of every block was finite" in answer["err"][0]
    assert answer["err"][1] == ""


def test_ranks_must_have_the_same_before_them(ask: Ask, tmp_path: Path) -> None:
    folders = [tmp_path / "0", tmp_path / "1"]
    folders[1].mkdir()
    (folders[1] / "t.txt").write_text(kills.TEXT.replace("mat", "hat"), encoding="utf-8")
    answer = ask(tmp_path, train("--batch 4"), ranks=2, folders=folders)
    assert answer["codes"] == [2, 2]
    assert "The SHA-256 of data of rank 1 differs from that of rank 0" in answer["err"][0]
    assert answer["err"][1] == ""

    (folders[1] / "t.txt").unlink()
    (folders[1] / "t.txt").mkdir()
    answer = ask(tmp_path, train("--batch 4"), ranks=2, folders=folders)
    assert answer["codes"] == [3, 3]
    assert "anaphora: rank 1: " in answer["err"][1]
    assert "t.txt" in answer["err"][1]
    assert "anaphora:" not in answer["err"][0]

    answer = ask(tmp_path, train("--batch 4"), ranks=2, happens=[{"what": "other_instructions", "rank": 1}])
    assert answer["codes"] == [2, 2]
    assert "The instruction set of rank 1 differs from that of rank 0: avx9, expected" in answer["err"][0]

    answer = ask(tmp_path, "train language - -o m.anaphora", ranks=2)
    assert answer["codes"] == [2, 2]
    assert "Only one process can read standard input" in answer["err"][0]
    assert answer["err"][1] == ""


def test_a_rank_that_is_stuck_ends_too(ask: Ask, tmp_path: Path) -> None:
    answer = ask(tmp_path, ranks=2, call="stuck")
    assert answer["codes"] == [1, -9]
    assert answer["seconds"] < 30
    assert answer["out"][0].startswith("Rank 1 (")
    assert "anaphora resume some.run" in answer["out"][0]


# Under torchrun itself


def torchrun(folder: Path, *words: str) -> subprocess.Popen[str]:
    folder.mkdir(exist_ok=True)
    (folder / "t.txt").write_text(kills.TEXT, encoding="utf-8")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", *words]
    return subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=-1, stderr=-1, text=True)


def said_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stderr is not None
    said = ""
    while text not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    return said


def worker_of(process: subprocess.Popen[str], rank: int) -> int:
    """The process of a rank that torchrun has started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    told = {number: Path(f"/proc/{number}/environ").read_bytes().split(b"\0") for number in children}
    return next(int(number) for number in children if f"RANK={rank}".encode() in told[number])


LONG = "--batch 4 --dropout 0.3 --max-steps 200 --evaluations 40"


@pytest.fixture(scope="module")
def long(ask: Ask, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two ranks, never cut off."""
    folder = tmp_path_factory.mktemp("long")
    assert ask(folder, train(LONG), ranks=2)["codes"] == [0, 0]
    return folder


def test_torchrun_starts_a_killed_rank_again_and_the_run_goes_on(long: Path, tmp_path: Path) -> None:
    with torchrun(tmp_path, "--max-restarts", "1", "-m", "anaphora", *train(LONG).split()) as running:
        before = said_until(running, "Step 10 of 200")
        os.kill(worker_of(running, 1), signal.SIGKILL)
        out, err = running.communicate()
    assert running.returncode == 0, err
    assert "Planned: 200 steps in all." in before
    assert "ended without a message" in err
    assert "torchrun starts them again from the newest checkpoint in m.run." in err
    assert "note: Continuing after step" in err
    assert out.count("records") == 1
    assert not (tmp_path / "m-2.run").exists()
    same(long, tmp_path)


def test_torchrun_that_is_asked_to_stop_leaves_a_checkpoint(long: Path, tmp_path: Path) -> None:
    with torchrun(tmp_path, "-m", "anaphora", *train(LONG).split()) as running:
        said_until(running, "Step 10 of 200")
        running.send_signal(signal.SIGTERM)
        _, err = running.communicate()
    assert running.returncode != 0
    step = state(tmp_path)[1]["step"]
    assert 10 <= step < 200
    assert err.count(f"anaphora: Stopped by a signal after step {step}.") == 1
    with torchrun(tmp_path, "-m", "anaphora", "resume", "m.run") as running:
        out, err = running.communicate()
    assert running.returncode == 0, err
    assert f"note: Continuing after step {step} of 200." in err
    assert out.count("records") == 1
    same(long, tmp_path)
