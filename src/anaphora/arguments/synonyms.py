"""Words that users of other programs type, and our words for them: for the hint after an unknown name.

anaphora predict m.anaphora      There is no command 'predict'. Did you mean 'run'?
anaphora train ner a.conll       There is no task 'ner'. Did you mean 'tag'?
train language a.txt --lr 1      There is no option '--lr'. Did you mean --learning-rate?
train("language", text, lr=1)    There is no field 'lr'. Did you mean 'learning_rate'?
"""

from __future__ import annotations

from collections.abc import Collection

COMMANDS = {
    "run": "predict generate infer inference apply sample decode label classify tag translate fill test-on transcribe",
    "eval": "test evaluate score validate evaluation perplexity",
    "train": "fit learn pretrain finetune fine-tune training",
    "tune": "search sweep hyperopt optimize optimise grid-search",
    "lr-find": "lr find-lr lrfind lr-finder range-test",
    "resume": "continue restart proceed",
    "runs": "list ls history log logs experiments compare show",
    "config": "configure options params parameters settings",
    "check": "lint validate-data inspect-data analyze analyse",
    "verify": "info describe inspect summary checksum",
    "init": "new create setup start",
    "doctor": "diagnose env environment selftest version",
    "demo": "example examples tutorial quickstart",
}
"""Our command → words for it."""

TASKS = {
    "language": "lm language-model language-modeling language-modelling text text-generation generate char-rnn gpt",
    "classify": "classification classifier sentiment text-classification series time-series timeseries regression",
    "tag": "ner pos tagger tagging sequence-labeling sequence-labelling token-classification chunking",
    "fill": "cloze mlm mask fill-mask masked infill gap gaps",
    "translate": "translation seq2seq mt nmt translator seq-to-seq summarize transliterate",
}
"""Our task → words for it."""

OPTIONS = {
    "--learning-rate": "--lr --max-lr --peak-lr --learningrate --alpha --eta --step-size",
    "--epochs": "--epoch --num-epochs --n-epochs --nepochs --max-epochs --num-train-epochs -e",
    "--max-steps": "--steps --iterations --iters --max-iters --num-steps --num-iterations --max-iter --n-iter",
    "--minutes": "--time-limit --max-minutes --timeout --max-time --duration",
    "--batch": "--batch-size --bs --train-batch-size --minibatch --batchsize -b",
    "--bptt": "--seq-len --seq-length --sequence-length --block-size --context --window --seqlen --num-unroll",
    "--max-length": "--length --max-len --max-seq-length --seq-len --seq-length --sequence-length --maxlen",
    "--length": "--max-length --max-len --max-tokens --max-new-tokens --num-tokens --n-tokens --num-samples -n",
    "--hidden": "--hidden-size --hidden-dim --hidden-units --num-units --rnn-size --nhid --n-hid --dim --size --width",
    "--layers": "--num-layers --n-layers --nlayers --depth --number-of-layers",
    "--embedding": "--emb-size --embed-dim --embedding-dim --embedding-size --emsize --emb-dim --embed-size",
    "--cell": "--model --rnn --rnn-type --cell-type --model-type --arch --architecture",
    "--units": "--level --tokenizer --tokenize --granularity --token-level --tokens",
    "--vocabulary": "--vocab --vocab-size --max-vocab --vocabulary-size --num-words",
    "--lower": "--lowercase --do-lower-case --uncased",
    "--bidirectional": "--bi --birnn --bilstm --both",
    "--tied": "--tie --tie-weights --weight-tying",
    "--valid": "--val --validation --dev --valid-file --val-file --test-size --val-split --validation-split --holdout",
    "--weight-decay": "--wd --l2 --decay",
    "--clip": "--grad-clip --gradient-clip --max-grad-norm --clip-norm --clip-grad",
    "--accumulate": "--grad-accum --gradient-accumulation --gradient-accumulation-steps --accumulation",
    "--patience": "--early-stopping --early-stop --early-stopping-patience",
    "--average": "--ema --swa --averaging",
    "--device": "--gpu --cuda --cpu --gpus --use-gpu --use-cuda --accelerator -d",
    "--precision": "--fp16 --bf16 --amp --mixed-precision --half",
    "--evaluations": "--eval-every --eval-steps --eval-interval --val-check-interval --validate-every",
    "--checkpoint-minutes": "--save-every --save-steps --save-interval --checkpoint-every",
    "--output": "--out --output-file --save --save-to --save-path --model-file --write -O",
    "--run-dir": "--output-dir --out-dir --outdir --save-dir --log-dir --logdir --checkpoint-dir --workdir",
    "--config": "--config-file --cfg --conf --yaml --toml --settings -c",
    "--force": "--overwrite --yes --clobber -f -y",
    "--trials": "--n-trials --num-trials --max-trials",
    "--jobs": "--workers --num-workers --n-jobs --processes -j",
    "--json": "--as-json --format-json --output-format",
    "--text": "--text-column --text-col --input-column",
    "--label": "--label-column --label-col --labels --target --target-column --class-column",
    "--source": "--src --source-column --source-lang --src-lang",
    "--target": "--tgt --trg --target-column --target-lang --tgt-lang",
    "--scheme": "--tagging-scheme --tag-scheme",
    "--class-weights": "--class-weight --weights --balanced",
    "--prompt": "--start --seed-text --prime --prefix --input --starting-text --primetext -p",
    "--temperature": "--temp -t",
    "--top-k": "--topk -k",
    "--top-p": "--topp --nucleus",
    "--seed": "--random-seed --random-state --rng -s",
    "--beam": "--beam-size --beam-width --num-beams --beams",
    "--n-best": "--nbest --num-return-sequences",
    "--length-penalty": "--lenpen --alpha",
    "--no-repeat-ngram": "--no-repeat-ngram-size",
    "--mask-token": "--mask --gap --blank",
    "--html": "--page --report",
    "--svg": "--plot --picture",
    "--plot": "--svg --picture --figure",
    "--help": "--usage -? -H --man",
    "--version": "-v -V --ver",
}
"""Our option → words for it; of several options that a command has, the first one is meant."""


READERS = ("run", "eval")
"""The commands that only read: they take no options of training."""

ELSEWHERE = {
    "Standard output has the results: write `> FILE` after the command":
        "-o --output --out --output-file --save --save-to --write -O",
    "Name files after the model; a text comes through a pipe: echo TEXT | anaphora run MODEL":
        "--input --file --files --data --input-file --in -i -f",
    "The model reads columns as in training":
        "--text --label --source --target --columns --id --time --wide --header --no-header --format --token --tag"
        " --tokens --tags --text-column --label-column --units --lower --max-length",
    "This command computes on the processor; OMP_NUM_THREADS sets its threads":
        "--device --gpu --cuda --cpu --batch --batch-size --jobs --threads --precision --workers",
    "--json shows probabilities, and --top K several answers":
        "--probabilities --proba --probs --probability --confidence --scores --score --logits",
}  # fmt: skip
"""What a command that only reads has in place of an option → words for such options."""


def elsewhere(command: str, word: str) -> str:
    """Return what a command that only reads has in place of an option; empty if nothing is known.

    >>> elsewhere("run", "--cuda"), elsewhere("train", "--cuda")
    ('This command computes on the processor; OMP_NUM_THREADS sets its threads', '')
    """
    plain = word.replace("_", "-") if word.startswith("--") else word
    return next((said for said, words in ELSEWHERE.items() if command in READERS and plain in words.split()), "")


def name_meant(word: str, known: Collection[str]) -> str | None:
    """Return our command or task, of those that are known, for a word of another program.

    >>> name_meant("predict", COMMANDS), name_meant("NER", TASKS), name_meant("run", COMMANDS)
    ('run', 'tag', None)
    """
    plain = word.casefold().replace("_", "-")
    table = {**COMMANDS, **TASKS}
    return next((ours for ours, words in table.items() if ours in known and plain in words.split()), None)


def option_meant(word: str, known: Collection[str]) -> str | None:
    """Return our option, of those that a command knows, for an option of another program.

    >>> option_meant("--lr", ["--seed", "--learning-rate"]), option_meant("--max_tokens", ["--length"])
    ('--learning-rate', '--length')
    """
    plain = word.replace("_", "-") if word.startswith("--") else word
    return next((ours for ours, words in OPTIONS.items() if ours in known and plain in words.split()), None)


def argument_meant(word: str, known: Collection[str]) -> str | None:
    """Return our name of a field or an argument, of those that are known, for a name of another program.

    >>> argument_meant("lr", ["seed", "learning_rate"]), argument_meant("hidden", ["hidden"])
    ('learning_rate', None)
    """
    options = {f"--{name.replace('_', '-')}": name for name in known}
    found = option_meant(f"--{word}", options)
    return options[found] if found else None
