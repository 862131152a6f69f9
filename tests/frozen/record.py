"""The frozen record: what every command, file and kernel of anaphora gave when it was recorded.

It is the judge of a rebuilding: modules move, classes get other names, tasks are rewritten on shared machinery, and
all that a user sees, every file and every bit of every number stays. A test (`test_frozen.py`) makes the record anew
and compares. Only public doors are used; `doors.py` names them all, so a name that moves is followed there.

    python tests/frozen/record.py --check               what differs from the record; exit code 1 if something does
    python tests/frozen/record.py                       record anew, and say what changed
    python tests/frozen/record.py --only trainings old  some subjects; they are: said names trainings commands python
                                                        old layers runtime

`expected/any` holds texts that are the same on every machine: help, usage, configs, suggestions, findings, names, exit
codes. The other folders of `expected` hold numbers, one folder per instruction set, version of torch, and arithmetic of
the libraries (`store.py`). Where a machine has no folder, only the texts are compared, and the test says so; recording
adds a folder of its own to those that are there. `old/` holds models and stopped runs of an earlier version (`old.py`).

Another tree is judged by its own Python, `/its/.venv/bin/python tests/frozen/record.py --check`, or by this one with
`PYTHONPATH=/its/src`. `--all-lines` shows differences whole. A step that is meant to change what is said: check that
nothing differs before it, change, record anew, and read the difference of `expected/` line by line.

What is taken out of the record: times, speeds, dates, versions, folders (`normal.py`). Arrays are recorded by digests
(`digest.py`). All data are made up by `data.py`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from frozen import store

SHOWN = 12  # lines of a file's difference


def main() -> int:
    """Record, compare, and unless asked only to check, keep what was recorded."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="only say what differs")
    parser.add_argument("--only", nargs="+", choices=store.SUBJECTS, default=list(store.SUBJECTS), metavar="SUBJECT")
    parser.add_argument("--all-lines", action="store_true", help="show differences whole")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="frozen-record-") as place:
        made = Path(place)
        keys = store.make(made, asked.only)
        print(f"recorded for {', '.join(keys)}")
        changed = compare(made, keys, whole=set(asked.only) == set(store.SUBJECTS), all_lines=asked.all_lines)
        if not asked.check:
            keep(made, changed)
    return int(bool(changed) and asked.check)


def compare(made: Path, keys: list[str], *, whole: bool, all_lines: bool) -> list[str]:
    """Print how each file differs from the record; return the names of those that do."""
    names = store.files(made)
    if whole:  # a file that is recorded and was not made
        folders = [store.ANY, *keys]
        names = sorted({*names, *(name for name in store.files(store.EXPECTED) if name.split("/")[0] in folders)})
    changed = [name for name in names if store.difference(store.EXPECTED, made, name)]
    for name in changed:
        state = "" if (store.EXPECTED / name).exists() else " (new)"
        lines = store.difference(store.EXPECTED, made, name)
        added, gone = (sum(line[0] == sign and line[:3] != sign * 3 for line in lines) for sign in "+-")
        print(f"{name}{state}: {gone} lines gone, {added} new")
        if not state:
            print("\n".join(f"    {line}" for line in (lines if all_lines else lines[2 : 2 + SHOWN])))
    print(f"{len(changed)} of {len(names)} files differ")
    return changed


def keep(made: Path, changed: list[str]) -> None:
    """Let the record be what was made."""
    for name in changed:
        target = store.EXPECTED / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (made / name).exists():
            shutil.copyfile(made / name, target)
        else:
            target.unlink()


if __name__ == "__main__":
    sys.exit(main())
