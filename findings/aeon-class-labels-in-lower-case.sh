#!/usr/bin/env bash
# aeon's reader of .ts files writes class labels in lower case, so two classes that differ in case become one.
#
# Packages: aeon 1.6.0 with numpy 2.3.5. Python 3.11.
# Valid input: a .ts file with the classes A and a, both named in its @classLabel line; and the same series as ARFF and
# as the tab-separated file of the UCR archive. The three formats do not fold case.
# Expectation: two classes, A and a, from all three files.
# Behaviour: load_from_ts_file returns the label a for every series, without an error or a warning.
# load_from_arff_file and load_from_tsv_file of the same package return A and a.
# Remedy: rename the classes in the file, or read the labels from the file with a program of one's own.
set -euo pipefail
source "$(dirname "$0")/steps"

install aeon==1.6.0 numpy==2.3.5

program <<'END'
import pathlib
import warnings

warnings.simplefilter("ignore")

from aeon.datasets import load_from_arff_file, load_from_ts_file, load_from_tsv_file

ts = """@problemName letters
@timestamps false
@missing false
@univariate true
@equalLength true
@seriesLength 3
@classLabel true A a
@data
0.1,0.2,0.3:A
0.4,0.5,0.6:a
"""
arff = """@relation letters
@attribute t1 numeric
@attribute t2 numeric
@attribute t3 numeric
@attribute target {A,a}
@data
0.1,0.2,0.3,A
0.4,0.5,0.6,a
"""
tsv = "A\t0.1\t0.2\t0.3\na\t0.4\t0.5\t0.6\n"

readers = {"ts": load_from_ts_file, "arff": load_from_arff_file, "tsv": load_from_tsv_file}
for (ending, read), text in zip(readers.items(), (ts, arff, tsv), strict=True):
    file = pathlib.Path(f"letters.{ending}")
    file.write_text(text, encoding="utf-8")
    series, labels = read(str(file))[:2]
    print(f"{ending}:".ljust(5), series.shape, [str(label) for label in labels])
END

expect <<'END'
ts:   (2, 1, 3) ['a', 'a']
arff: (2, 1, 3) ['A', 'a']
tsv:  (2, 1, 3) ['A', 'a']
END
