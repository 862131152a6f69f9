"""The tokens of BLEU and the deciding metric follow from the training targets, and a model file keeps both."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from sacrebleu.metrics.bleu import BLEU

from anaphora import bundle
from anaphora.errors import UsageError
from anaphora.runs.report import Report
from anaphora.tasks.translate.data import from_memory
from anaphora.tasks.translate.deciding import Deciding, deciding
from anaphora.tasks.translate.predict import Translator
from anaphora.tasks.translate.score import copied, judge
from anaphora.tasks.translate.training import TRAINING
from translated import config

CHINESE = ["我们今天去公园散步。", "他喜欢喝茶,也喜欢喝咖啡。", "猫在桌子上睡觉。", "明天下雨吗?"]
JAPANESE = ["私たちは今日公園を散歩します。", "彼はお茶が好きです。", "猫が机の上で寝ている。", "明日は雨ですか。"]
THAI = ["เราไปเดินเล่นในสวนสาธารณะ", "เขาชอบดื่มชาและกาแฟ", "แมวนอนบนโต๊ะ", "พรุ่งนี้ฝนตกไหม"]
KOREAN = ["우리는 오늘 공원에 갑니다.", "그는 차를 아주 좋아합니다.", "고양이가 상 위에서 잔다."]
ENGLISH = ["We walk in the park today.", "He likes tea, and coffee too.", "The cat sleeps on a table.", "Will it rain?"]


@pytest.mark.parametrize(
    ("targets", "tokenize"),
    [
        (CHINESE, "zh"),
        (JAPANESE, "char"),
        (THAI, "char"),
        (["ພວກເຮົາໄປສວນ", "ລາວມັກກິນຊາຫຼາຍ"], "char"),
        (["យើងទៅដើរលេង", "គាត់ចូលចិត្តតែ"], "char"),
        (["ကျွန်တော်တို့သွားတယ်", "သူလက်ဖက်ရည်ကြိုက်တယ်"], "char"),
        (KOREAN, "13a"),
        (ENGLISH, "13a"),
        ([f"{one} {other}" for one, other in zip(ENGLISH, CHINESE, strict=True)], "zh"),
        ([f"{one} {one} 茶" for one in ENGLISH], "13a"),
        ([f"{one}これは" for one in CHINESE], "char"),
        (["".join(CHINESE) + "の"], "zh"),
        (["1994-03-03", "12:30", ""], "13a"),
        ([], "13a"),
    ],
)
def test_scripts_without_blanks_are_counted_in_characters(targets: list[str], tokenize: str) -> None:
    assert deciding(targets).tokenize == tokenize


@pytest.mark.parametrize(
    ("targets", "metric", "share"),
    [
        (ENGLISH, "bleu", 0),
        (CHINESE, "bleu", 0),
        (THAI, "bleu", 0),
        (["1994-03-03", "1894-05-03", "12 March 1994"], "exact", 2 / 3),  # five tokens of 13a, but one word
        (["colour", "flavour", "", "in honour of whom"], "exact", 2 / 3),
        (["a dog", "two dogs", "a child laughs", "nobody laughs at all here"], "chrf", 3 / 4),
        (["a dog", "no", "nobody laughs at all here", "They all laughed at once."], "bleu", 0),
        (["猫", "犬小屋", "茶"], "chrf", 1),  # no blanks: whether a target is one word is not known
    ],
)
def test_targets_without_four_tokens_are_not_judged_by_bleu(targets: list[str], metric: str, share: float) -> None:
    found = deciding(targets)
    assert (found.metric, found.short) == (metric, pytest.approx(share))
    assert found.reason().startswith({"bleu": "", "chrf": "chrF", "exact": "The share"}[metric])
    assert f"{share:.0%} of the training" in found.reason() or metric == "bleu"


def test_a_named_tokenizer_is_obeyed_or_refused() -> None:
    """With `none`, a Chinese sentence is one token, so that BLEU has no 4-grams; ja-mecab is not installed here."""
    assert deciding(CHINESE, "char") == Deciding("char")
    assert deciding(CHINESE, "none") == Deciding("none", "chrf", 1.0)
    with pytest.raises(UsageError, match=r"--bleu-tokenize ja-mecab needs packages .* 'sacrebleu\[ja\]'"):
        deciding(JAPANESE, "ja-mecab")


@pytest.mark.parametrize(("references", "tokenize"), [(CHINESE, "zh"), (JAPANESE, "char"), (THAI, "char")])
def test_bleu_and_its_signature_are_those_of_sacrebleu(references: list[str], tokenize: str) -> None:
    """Outputs that share characters with their references, but no sentence: 13a sees nothing in common but the ends."""
    outputs = [f"{text[:4]}{text[6:]}" for text in references]
    pairs = from_memory(config(), (outputs * 5, references * 5)).train
    rows = np.arange(len(pairs))
    metric = BLEU(tokenize=tokenize)
    right = metric.corpus_score(list(pairs.sources), [list(pairs.targets)]).score
    by = deciding(pairs.targets)
    score = judge(list(pairs.sources), pairs, rows, False, by=by)
    assert score.bleu == copied(pairs, rows, False, by).bleu == pytest.approx(right, abs=1e-9)
    assert score.bleu_signature == str(metric.get_signature())
    assert f"tok:{tokenize}|" in score.bleu_signature
    assert score.bleu > judge(list(pairs.sources), pairs, rows, False).bleu + 20


def test_dates_are_judged_by_the_exact_share(report: Report, dates: Translator) -> None:
    """In the report, its page, the card, `eval` and JSON."""
    assert report.score is not None
    assert [result.name for result in report.results] == ["exact", "BLEU", "chrF", "nats"]
    assert report.results[0].value == report.score.exact
    assert dates.card["deciding"] == report.score.deciding == "exact"
    reason = "The share of exact outputs judges this model, not BLEU: 100% of the training targets are one word"
    assert report.notes[0].startswith(reason)
    assert report.score.lines()[1].startswith("  exact ")
    assert sum(line.strip().startswith(reason) for line in report.score.lines()) == 1
    again = dates.evaluate((["3 Mar 1994"], ["1994-03-03"]))
    assert json.loads(json.dumps(again.as_json()))["deciding"] == "exact"
    assert "exact" in report.headline[1]
    assert not any(reason in line for line in report.headline)


def test_eval_may_use_another_tokenizer(dates: Translator) -> None:
    pairs = ["3 Mar 1994", "7 Apr 2004"], ["1994-03-03", "2004-04-08"]
    outputs = dates.translate(pairs[0])
    for name in ("13a", "char", "none", None):
        found = dates.evaluate(pairs, bleu_tokenize=name)
        right = BLEU(tokenize=name or "13a").corpus_score(outputs, [pairs[1]]).score
        assert found.bleu == pytest.approx(right, abs=1e-9)
        assert found.deciding == "exact"
    with pytest.raises(UsageError, match=r"13a, intl, .* or ko-mecab for bleu_tokenize, got ''"):
        dates.evaluate(pairs, bleu_tokenize="")


def test_the_file_keeps_the_tokenizer_and_an_old_file_has_13a(dates: Translator, tmp_path: Path) -> None:
    pairs = ["3 Mar 1994", "7 Apr 2004"], ["1994-03-03", "2004-04-08"]
    settings = config("--batch-steps", "50")
    training = TRAINING(settings, from_memory(settings, (ENGLISH * 20, CHINESE * 20)))
    stored, _ = training.reader(None)
    chosen = {name: stored[name] for name in Deciding().settings()}
    assert chosen == {"bleu_tokenize": "zh", "deciding": "bleu", "short_targets": 0.0}
    units = {name: value for name, value in dates.runtime.config["units"].items() if name not in chosen}
    for which, tokenize in ((chosen, "zh"), ({}, "13a")):
        named = tmp_path / f"{tokenize}.anaphora"
        bundle.write(named, dates.runtime.tensors, {**dates.runtime.config, "units": {**units, **which}})
        found = Translator.open(named).evaluate(pairs)
        assert f"tok:{tokenize}|" in found.bleu_signature
        assert (found.deciding, found.reason) == ("bleu", "")
