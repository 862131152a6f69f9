"""Labelled data in layouts of their own: series of archives, lines with labels; and layouts that are refused.

The ending of a file decides, and for text files the content.
"""

from __future__ import annotations

import itertools
import os
import re

from anaphora.data.files import arff, ts_files, ucr_files
from anaphora.data.files.labelled_lines import read_labelled_lines
from anaphora.data.files.recorded import RecordedTable
from anaphora.data.files.sources import ending
from anaphora.data.files.text import read_text
from anaphora.errors import DataError

_LIBSVM = re.compile(r"[-+]?\d+(\.\d+)?(,[-+]?\d+)*( +\d+:[-+.\deE]+)+ *(#.*)?")
_SEEN = 50  # lines
_TEXTS = ("", ".txt", ".svm", ".libsvm", ".ft", ".train", ".test", ".valid")
ENDINGS = (ts_files.ENDING, arff.ENDING)


def read_labelled(
    path: str | os.PathLike[str], encoding: str, header: bool = True, layout: str = ""
) -> RecordedTable | None:
    """Return the table of a file in one of these layouts, `layout` being that of a model's training data; None for a
    file in another layout.

    Raises DataError for a malformed file, and for a layout that is refused, with the command that converts it.
    """
    extension, name = ending(path), f"'{os.fspath(path)}'"
    if extension == ts_files.ENDING:
        return ts_files.read_ts(read_text(path, encoding), name, encoding)
    if extension == arff.ENDING:
        return arff.read_arff(read_text(path, encoding), name, encoding)
    if not os.path.isfile(path) or (extension not in _TEXTS and extension not in ucr_files.ENDINGS):
        return None
    if not os.path.getsize(path):
        return None
    text = read_text(path, encoding)
    lines = text.split("\n")
    first = list(itertools.islice((line.strip() for line in lines if line.strip()), _SEEN))
    may_be_table = extension == ".tsv" and not header
    if not may_be_table and extension in ucr_files.ENDINGS and ucr_files.are_ucr(lines):
        return ucr_files.read_ucr(text, name, encoding)
    if extension not in _TEXTS:
        return None
    if first and all(map(_LIBSVM.fullmatch, first)):
        raise DataError(
            f"{name} is in libsvm format, numbered features without an order of steps. If they are the steps of series,"
            f' convert it: python -c "from sklearn.datasets import *; import numpy as np; X, y ='
            f" load_svmlight_file({os.fspath(path)!r}); np.savetxt('series.tsv', np.c_[y, X.toarray()],"
            " delimiter='\\t')\""
        )
    return read_labelled_lines(text, name, encoding, layout)
