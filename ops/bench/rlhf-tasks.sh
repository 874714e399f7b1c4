#!/usr/bin/env bash
# What post-training makes of the tasks of docs/tasks.md, as tables in Markdown.
#   ops/bench/rlhf-tasks.sh [TASK...]     reverse, sort, add, brackets, preferences; without names, all
# Each task: a base model and a model that has seen demonstrations (the recipes of docs/tasks.md), then reinforcement learning with each of
# SEEDS. Runs are kept in artifacts/rlhf-tasks/runs: called again, it does what is missing. Scores depend neither on the machine's speed nor on
# its load. ACTORTRAIN is the program.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
program=${ACTORTRAIN:-./actortrain}
folder=artifacts/rlhf-tasks runs=artifacts/rlhf-tasks/runs
seeds=${SEEDS:-1 2 3}
mkdir -p "$runs"

actortrain() { "$program" "$@" </dev/null >>"$folder/$task.log" 2>&1 || { echo "actortrain $* failed; see $folder/$task.log" >&2; exit 1; }; }

# ---- Runs ------------------------------------------------------------------------------------------------------------------------------------

prepare() { # NAME KIND INPUT OPTIONS...
    [[ -d $folder/$1 ]] || actortrain prepare --kind "$2" --input "$folder/$task/$3" --output "$folder/$1" "${@:4}"
}

train() { # COMMAND NAME DATA SETTINGS...
    local given=() setting
    for setting in run.name="$2" run.output="$runs" data.path="$folder/$3" training.precision=float32 training.threads=1 training.steps=100 "${@:4}"; do
        given+=(--set "$setting")
    done
    [[ -e $runs/$2/done ]] || { actortrain "$1" "${given[@]}"; touch "$runs/$2/done"; }
}

# The task, its base model, and the model that has seen demonstrations.
demonstrate() { # STEPS
    prepare "$task-text" text prompts.jsonl --text-field prompt --tokenizer bytes --template chatml
    train pretrain "$task-base" "$task-text" model.family=llama model.layers=2 model.width=64 model.heads=4 model.context=64 training.steps=50 \
        training.learning_rate=3e-3
    prepare "$task-chats" chat chats.jsonl --tokenizer-from "$runs/$task-base"
    train sft "$task-sft" "$task-chats" base.model="$runs/$task-base" training.steps="$1" training.batch=64 training.learning_rate=2e-3
    prepare "$task-prompts" prompts prompts.jsonl --tokenizer-from "$runs/$task-base" --held-out 0.1
}

# A policy: 16 prompts a step, 8 answers to each. Its loss is near 0 whatever happens, so no rule for spikes watches it.
reinforce() { # NAME MODEL SETTINGS...
    train rlhf "$1" "$task-prompts" base.model="$runs/$2" training.batch=16 training.micro_batch=2 training.learning_rate=3e-4 rollouts.samples=8 \
        rollouts.max_tokens=20 spikes.rules=none "${@:3}"
}

# ---- Scores ----------------------------------------------------------------------------------------------------------------------------------

reward() { /usr/bin/python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["reward"])' "$folder/$task/task.json"; }

# The scores of greedy and of sampled answers to the prompts that no run was trained on; mean.
answers() { # NAME
    local line
    line=$("$program" eval "$runs/$1")
    [[ $line =~ reward\ (-?[0-9.]+)\ greedy,\ (-?[0-9.]+)\ sampled ]] || { echo "eval of $1 said: $line" >&2; exit 1; }
    echo "${BASH_REMATCH[1]} ${BASH_REMATCH[2]}"
}

# The same of a model that was not reinforced: of a run of one step whose update is too small to change a weight.
answers_of() { # MODEL
    reinforce "$1-unchanged" "$1" scoring.function="$(reward)" training.steps=1 training.learning_rate=1e-20
    answers "$1-unchanged"
}

accuracy() { # NAME
    local line
    line=$("$program" eval "$runs/$1")
    [[ $line =~ accuracy\ ([0-9.]+) ]] || { echo "eval of $1 said: $line" >&2; exit 1; }
    echo "${BASH_REMATCH[1]}"
}

column() { /usr/bin/python3 -c 'import sys; print(", ".join(line.split()[int(sys.argv[1])] for line in sys.argv[2:]))' "$@"; } # INDEX LINES...

# ---- Tasks -----------------------------------------------------------------------------------------------------------------------------------

variant() { # LABEL KEY SETTINGS...
    local seed scores=()
    for seed in $seeds; do
        reinforce "$task-$2-$seed" "$task-sft" scoring.function="$(reward)" training.seed="$seed" "${@:3}"
        scores+=("$(answers "$task-$2-$seed")")
    done
    echo "| $1 | $(column 0 "${scores[@]}") | $(column 1 "${scores[@]}") |"
}

rewarded() { # SFT-STEPS MISTAKES SETTINGS...
    [[ -d $folder/$task ]] || actortrain task "$task" --output "$folder/$task" --mistakes "$2"
    demonstrate "$1"
    local before
    before=$(answers_of "$task-sft")
    printf '\n%s: `%s`\n\n| | greedy | sampled |\n| --- | --- | --- |\n| after demonstrations | %s | %s |\n' "$task" "$(reward)" ${before}
    variant "on-policy" on-policy "${@:3}"
    variant "lag 2, \`token_truncate\`" lag "${@:3}" rollouts.lag=2 policy.age_correction=token_truncate
}

preferences() {
    [[ -d $folder/$task ]] || actortrain task "$task" --output "$folder/$task" --count 4000
    demonstrate 500
    prepare "$task-pairs" pairs pairs.jsonl --tokenizer-from "$runs/$task-base" --held-out 0.1
    prepare "$task-rankings" rankings rankings.jsonl --tokenizer-from "$runs/$task-base" --held-out 0.1
    printf '\npreferences: `%s`, %s\n' "$(reward)" "$(/usr/bin/python3 -c '
import json, sys
task = json.load(open(sys.argv[1]))
observed = [(kind, task[kind]["bayes_accuracy"]["observed"]) for kind in ("pairs", "rankings")]
print(", ".join(f"Bayes accuracy of {kind} {share:.3f}" for kind, share in observed))' "$folder/$task/task.json")"
    local seed loss accuracies=() before
    for seed in $seeds; do
        train reward "judge-$seed" "$task-rankings" base.model="$runs/$task-sft" training.seed="$seed" training.batch=32 training.steps=250 \
            training.learning_rate=1e-3
        accuracies+=("$(accuracy "judge-$seed")")
    done
    printf '\nreward models from rankings, accuracy on others: %s\n' "$(column 0 "${accuracies[@]}")"

    before=$(answers_of "$task-sft")
    printf '\n| | accuracy on other pairs | true score, greedy | sampled |\n| --- | --- | --- | --- |\n| after demonstrations | | %s | %s |\n' ${before}
    for loss in dpo ipo kto simpo orpo; do
        local scores=()
        accuracies=()
        for seed in $seeds; do
            train prefer "$loss-$seed" "$task-pairs" base.model="$runs/$task-sft" training.seed="$seed" training.batch=32 training.steps=120 \
                training.learning_rate=3e-4 preference.loss="$loss"
            accuracies+=("$(accuracy "$loss-$seed")")
            scores+=("$(answers_of "$loss-$seed")")
        done
        echo "| \`$loss\` | $(column 0 "${accuracies[@]}") | $(column 0 "${scores[@]}") | $(column 1 "${scores[@]}") |"
    done

    # The parts of the true score are recorded beside the reward model's, with no weight. The coefficient of the loss only has the reference
    # computed, so that the KL divergence is known without a penalty too.
    local estimator coefficient name
    printf '\n| | KL coefficient | step | score of the reward model | true score | KL | entropy |\n| --- | --- | --- | --- | --- | --- | --- |\n'
    for estimator in gae grpo; do
        for coefficient in 0 0.1; do
            for seed in $seeds; do
                name=$estimator-$coefficient-$seed
                reinforce "$name" "$task-sft" scoring.model="$runs/judge-1" scoring.function="$(reward | sed -E 's/[0-9.]+\*/0*/g')" training.seed="$seed" \
                    training.steps=150 training.learning_rate=1e-3 advantages.estimator="$estimator" advantages.kl_coefficient="$coefficient" \
                    policy.kl_coefficient=1e-9
            done
            curve "$estimator" "$coefficient"
        done
    done
}

# Means over ten steps and over seeds: of the first, of those with the best true score, and of the last.
curve() { # ESTIMATOR COEFFICIENT
    /usr/bin/python3 - "$(reward)" "$1" "$2" $(for seed in $seeds; do echo "$runs/$1-$2-$seed/metrics.jsonl"; done) <<'PYTHON'
import json, re, sys
weights = [float((sign + number).replace(" ", "")) for sign, number in re.findall(r"([+-]?\s*)([\d.]+)\*", sys.argv[1])]
estimator, coefficient, files = sys.argv[2], sys.argv[3], sys.argv[4:]
rows = [[json.loads(line)["rollouts"] for line in open(file) if '"rollouts":{' in line] for file in files]
def figures(end):
    steps = [row for run in rows for row in run[end - 10:end]]
    of = lambda value: sum(map(value, steps)) / len(steps)
    return (of(lambda row: row["parts"][-1]), of(lambda row: sum(w * part for w, part in zip(weights, row["parts"]))),
            of(lambda row: row.get("divergence") or 0), of(lambda row: row["entropy"]))
length = min(map(len, rows))
best = max(range(10, length + 1, 10), key=lambda end: figures(end)[1])
for end in sorted({10, best, length // 10 * 10}):
    scores = " | ".join(f"{value:.2f}" for value in figures(end))
    print(f"| {'PPO' if estimator == 'gae' else 'GRPO'} | {coefficient} | {end - 9}–{end} | {scores} |")
PYTHON
}

for task in ${*:-reverse sort add brackets preferences}; do
    case $task in
    reverse) rewarded 1000 0.4 ;;
    sort) rewarded 300 0 ;;
    add) rewarded 700 0.4 ;;
    # Divided by the deviation of its group, as GRPO does, the cost of tokens counts as much as the answer where all answers are wrong alike.
    brackets) rewarded 300 0 advantages.estimator=dr_grpo
              variant "on-policy, \`grpo\`" grpo ;;
    preferences) preferences ;;
    *) echo "rlhf-tasks: there is no task $task; choose from reverse, sort, add, brackets, preferences" >&2; exit 2 ;;
    esac
done
