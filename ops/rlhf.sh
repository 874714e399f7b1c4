#!/usr/bin/env bash
# From nothing to a policy trained for a reward model: pretraining, fine-tuning, a reward model from rankings, reinforcement learning.
# Run again, it goes on where it was.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=artifacts/rlhf

prepare() { # NAME KIND INPUT OPTIONS...
    [[ -d $folder/$1 ]] || ./actortrain prepare --kind "$2" --input "$folder/task/$3" --output "$folder/$1" "${@:4}"
}

train() { # COMMAND NAME DATA SETTINGS...
    local settings=(--set run.name="rlhf-$2" --set data.path="$folder/$3" --set training.precision=float32)
    for setting in "${@:4}"; do settings+=(--set "$setting"); done
    ./actortrain "$1" "${settings[@]}"
}

[[ -d $folder/task ]] || ./actortrain task preferences --output "$folder/task"
prepare text text prompts.jsonl --text-field prompt --tokenizer bytes --template chatml
train pretrain base text model.family=llama model.layers=2 model.width=64 model.heads=4 model.context=64 \
    training.steps=50 training.batch=32 training.learning_rate=3e-3

prepare chats chat chats.jsonl --tokenizer-from rlhf-base
train sft sft chats base.model=rlhf-base training.steps=300 training.batch=64 training.learning_rate=2e-3

prepare rankings rankings rankings.jsonl --tokenizer-from rlhf-base
train reward judge rankings base.model=rlhf-sft training.steps=120 training.batch=32 training.learning_rate=1e-3

# The parts of the true score are recorded beside the reward model's, with no weight.
prepare prompts prompts prompts.jsonl --tokenizer-from rlhf-base
train rlhf policy prompts base.model=rlhf-sft scoring.model=rlhf-judge \
    'scoring.function=0*similarity + 0*share("aeiou") - 0*characters' \
    training.steps=60 training.batch=16 training.learning_rate=1e-3 training.micro_batch=2 \
    rollouts.samples=8 rollouts.max_tokens=20 advantages.kl_coefficient=0.05

./actortrain plot rlhf-policy
for prompt in wolf harbour candle; do
    echo "vary $prompt:"
    echo "  before: $(./actortrain generate rlhf-sft --chat "vary $prompt:" --greedy)"
    echo "  after:  $(./actortrain generate rlhf-policy --chat "vary $prompt:" --greedy)"
done
