#!/usr/bin/env bash
# conllu cuts a MISC value at its second "=", and pyconll changes the order of MISC.
#
# Packages: conllu 6.0.0; pyconll 3.3.1. Python 3.11.
# Valid input: a sentence of one word in CoNLL-U. Its MISC field holds three pairs; the value of the first is an
# address with "=" in its query. CoNLL-U leaves the content of MISC to the treebank; pairs are divided by "|".
# Expectation: a sentence that is read and written again, unchanged, has the same MISC field.
# Behaviour: conllu drops the value from the second "=" of the pair on, without an error or a warning, in the parsed
# sentence and in the written one. pyconll keeps the value, but writes the pairs sorted by their names.
# Remedy: cut a line into its ten fields and copy the tenth.
set -euo pipefail
source "$(dirname "$0")/steps"

install conllu==6.0.0 pyconll==3.3.1

program <<'END'
import conllu
import pyconll

misc = "Source=https://example.org/text?page=12&line=3|Gloss=river|SpaceAfter=No"
word = "\t".join(["1", "flumen", "flumen", "NOUN", "_", "_", "0", "root", "_", misc])
text = f"# sent_id = 1\n# text = flumen\n{word}\n\n"

parsed = conllu.parse(text)[0]
written = {"conllu": parsed.serialize(), "pyconll": pyconll.load_from_string(text).conll()}

print("the file:        ", misc)
print("conllu reads:    ", parsed[0]["misc"]["Source"])
for name, again in written.items():
    print(f"{name} writes:".ljust(17), again.splitlines()[2].split("\t")[9])
END

expect <<'END'
the file:         Source=https://example.org/text?page=12&line=3|Gloss=river|SpaceAfter=No
conllu reads:     https://example.org/text?page
conllu writes:    Source=https://example.org/text?page|Gloss=river|SpaceAfter=No
pyconll writes:   Gloss=river|Source=https://example.org/text?page=12&line=3|SpaceAfter=No
END
