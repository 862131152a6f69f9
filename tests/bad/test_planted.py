"""Every fault that was planted is found, by its code and in its row; what is an error is what training refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from anaphora.checks import examine
from anaphora.checks.findings import CODES, Finding, errors
from anaphora.config import Config, resolve
from anaphora.data.location import Location
from anaphora.data.text.vocabulary import SHOWN_UNKNOWN, UNKNOWN
from anaphora.errors import DataError
from anaphora.tasks import registry
from anaphora.tasks.language import data as language
from bad.planted import CLASSIFY, GOOD, LANGUAGE, PAIRS, SMALL, Planted, csv, plant, prose, rows, text
from bad.planted_pairs import FILL, TRANSLATE
from bad.planted_tags import TAG

CASES = [("language", each) for each in LANGUAGE] + [("classify", each) for each in CLASSIFY]
CASES += [("tag", each) for each in TAG] + [("fill", each) for each in FILL]
CASES += [("translate", each) for each in TRANSLATE]


def asked(name: str, words: str) -> tuple[Config, list[str]]:
    """The config and the files that words on the command line mean."""
    task = registry.task(name)
    split = words.split()
    first = next((at for at, word in enumerate(split) if word.startswith("--")), len(split))
    options = split[first:]
    preset = None
    if "--preset" in options:
        at = options.index("--preset")
        preset, options = options[at + 1], options[:at] + options[at + 2 :]
    return resolve(task.config, task.presets, preset=preset, options=options), split[:first]


def found(name: str, words: str) -> list[Finding]:
    config, paths = asked(name, words)
    return examine.whole(registry.task(name), config, paths, lambda load: [])


@pytest.mark.parametrize(("name", "planted"), CASES, ids=lambda case: case.name if isinstance(case, Planted) else case)
def test_a_planted_fault_is_found_in_its_row(
    name: str, planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(planted, tmp_path)
    monkeypatch.chdir(tmp_path)
    findings = [each for each in found(name, planted.words) if each.code == planted.code]
    assert findings, [each.code for each in found(name, planted.words)]
    lines = sorted(row for each in findings for row in each.rows if row.file == planted.file or not planted.file)
    assert lines[: len(planted.lines)] == [Location(planted.file, line) for line in planted.lines]
    if planted.lines and planted.code != "wrong-encoding":
        assert len(lines) == len(planted.lines)
    for each in findings:
        assert each.message.endswith((".", "?"))
        assert each.remedy or each.severity != "error" or each.code in ("too-short", "unreadable")


def characters(name: str, words: str) -> str:
    """A file's text: no byte order mark, and one newline where a line ends."""
    text = Path(name).read_bytes().decode("latin-1" if "latin-1" in words else "utf-8")
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n") if "\n" in text else text.replace("\r", "\n")


@pytest.mark.parametrize("planted", LANGUAGE, ids=lambda planted: planted.name)
def test_errors_are_what_training_refuses(planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(planted, tmp_path)
    monkeypatch.chdir(tmp_path)
    config, paths = asked("language", planted.words)
    if CODES[planted.code][0] == "error":
        with pytest.raises(DataError, match=r".{20}"):
            language.encode(config, language.read(config, paths))
    else:
        encoded = language.encode(config, language.read(config, paths))
        train, held_out = map(encoded.vocabulary.decode, (encoded.train, encoded.held_out))
        whole = "".join(characters(name, planted.words) for name in paths).replace(UNKNOWN, SHOWN_UNKNOWN)
        if " --test " in planted.words:
            assert whole.startswith(train + held_out)
        elif planted.words.endswith(".txt"):  # a file is held out
            assert train == whole
            assert len(encoded.held_out) == len(characters(planted.words.rpartition(" ")[2], planted.words))
        else:
            assert train + held_out == whole
        assert errors(found("language", planted.words)) == []


def test_every_code_of_a_text_is_planted_somewhere() -> None:
    planted = {each.code for each in LANGUAGE + CLASSIFY}
    needs = {"no-file", "empty-file", "wrong-encoding", "mixed-encoding", "binary", "misread-encoding", "empty-row"}
    needs |= {"not-finite", "long-row", "duplicate", "duplicate-across", "single-class", "unseen-label", "too-short"}
    assert needs <= planted <= set(CODES)


def test_good_data_have_neither_errors_nor_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_bytes(text(prose(400)))
    (tmp_path / "a.csv").write_bytes(csv(PAIRS))
    (tmp_path / "v.csv").write_bytes(csv(rows(460)[60:]))
    for name, words in (("language", f"a.txt {SMALL}"), ("classify", "a.csv --valid v.csv --units char")):
        assert {each.severity for each in found(name, words)} == {"info"}, found(name, words)


def test_a_line_is_told_by_the_file_it_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_bytes(text(GOOD[:70]))
    (tmp_path / "b.txt").write_bytes(text([*GOOD[70:], GOOD[10], GOOD[80]]))
    (finding,) = [
        each for each in found("language", f"a.txt b.txt {SMALL} --valid 0.05") if each.code == "duplicate-across"
    ]
    assert finding.rows == (Location("b.txt", 51), Location("b.txt", 52))
    assert "the first is line 11 of a.txt" in finding.message
