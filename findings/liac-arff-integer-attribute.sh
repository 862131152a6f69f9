#!/usr/bin/env bash
# liac-arff cuts the fraction of every number in an attribute of type integer.
#
# Packages: liac-arff 2.5.0; scipy 1.17.1 with numpy 2.4.6 for comparison. Python 3.11.
# Valid input: an ARFF file whose attribute has the type integer and whose numbers have fractions. Weka's description of
# ARFF has one type of number, numeric, and says that the words real and integer are read as numeric.
# Expectation: the numbers are read as they are written, as Weka and SciPy do, or the file is refused.
# Behaviour: liac-arff passes each value through float and int, so 0.9 becomes 0 and -1.5 becomes -1. There is no error
# and no warning, and a file that is read and written again has lost its fractions.
# Remedy: replace integer by numeric in the header before the file is read.
set -euo pipefail
source "$(dirname "$0")/steps"

install liac-arff==2.5.0 scipy==1.17.1 numpy==2.4.6

program <<'END'
import io

import arff
from scipy.io import arff as scipy_arff

header = "@relation engine\n@attribute load integer\n@attribute state {good,worn}\n@data\n"
text = header + "0.9,good\n-1.5,worn\n2.5e1,good\n7.999,worn\n"

read = arff.loads(text)
records, _ = scipy_arff.loadarff(io.StringIO(text))
written = arff.dumps(read).split("@DATA\n")[1].split("\n%")[0]

print("the file:         ", [line.partition(",")[0] for line in text.splitlines()[4:]])
print("scipy reads:      ", records["load"].tolist())
print("liac-arff reads:  ", [row[0] for row in read["data"]])
print("liac-arff writes: ", [line.partition(",")[0] for line in written.splitlines() if line])
END

expect <<'END'
the file:          ['0.9', '-1.5', '2.5e1', '7.999']
scipy reads:       [0.9, -1.5, 25.0, 7.999]
liac-arff reads:   [0, -1, 25, 7]
liac-arff writes:  ['0', '-1', '25', '7']
END
