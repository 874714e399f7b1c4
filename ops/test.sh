#!/usr/bin/env bash
# Runs the tests of every project under tests/ and of the native libraries, after a build, in random order: ACTORTRAIN_TEST_SEED=N repeats one. Quiet, save
# for the seed and what failed; the last line says "N passed, N failed".
#   ops/test.sh              all but those of the category Cluster
#   ops/test.sh --fast       without the chaos tests and those of the category Slow, too
#   ops/test.sh --cluster    those of the category Cluster, which end, suspend and cut off processes that may lead, and take minutes
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

export ACTORTRAIN_TEST_SEED=${ACTORTRAIN_TEST_SEED:-$RANDOM}
echo "order of tests: ACTORTRAIN_TEST_SEED=$ACTORTRAIN_TEST_SEED"
logs=artifacts/test
passed=0 failed=0 skipped=0
mkdir -p "$logs"

# NAME COMMAND...: runs the command with its output in a log and adds up the tests that the log's summary counts. A command that fails without
# having counted a failure (it crashed) counts as one.
run() {
    local name=$1 log=$logs/$1.log status=0 bad=0
    shift
    # Whoever starts this in the background of a script has it ignore Control-C, and with it the programs that are tested.
    env --default-signal=INT,QUIT "$@" >"$log" 2>&1 || status=$?
    while read -r line; do
        if [[ $line =~ ^(Passed|Failed|Skipped)!\ +-\ Failed:\ +([0-9]+),\ Passed:\ +([0-9]+),\ Skipped:\ +([0-9]+) ]]; then
            bad=${BASH_REMATCH[2]} passed=$((passed + BASH_REMATCH[3])) skipped=$((skipped + BASH_REMATCH[4]))
        elif [[ $line =~ ^[0-9]+%\ tests\ passed,\ ([0-9]+)\ tests?\ failed\ out\ of\ ([0-9]+) ]]; then
            bad=${BASH_REMATCH[1]} passed=$((passed + BASH_REMATCH[2] - BASH_REMATCH[1]))
        fi
    done <"$log"
    if [[ $status -ne 0 ]]; then
        [[ $bad -gt 0 ]] || bad=1
        tail -n 200 "$log"
        echo "--- $name failed; the whole is in $log"
    fi
    failed=$((failed + bad))
}

for project in tests/*/*.csproj; do
    name=$(basename "$(dirname "$project")")
    only='Category!=Cluster'
    if [[ ${1:-} == --cluster ]]; then
        [[ $name == endtoend ]] || continue
        only='Category=Cluster'
    elif [[ ${1:-} == --fast ]]; then
        [[ $name != chaos ]] || continue
        only+='&Category!=Slow'
    fi
    run "$name" dotnet test "$project" --configuration Release --no-build --nologo --verbosity minimal --filter "$only"
done
for tests in artifacts/build/*/CTestTestfile.cmake; do
    [[ ${1:-} != --cluster ]] || break
    build=$(dirname "$tests")
    [[ ! -f $tests ]] || run "native-$(basename "$build")" ctest --test-dir "$build" --output-on-failure
done

[[ $skipped -eq 0 ]] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
