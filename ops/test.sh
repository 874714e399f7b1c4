#!/usr/bin/env bash
# Runs the tests of every project under tests/ and of the native libraries, after a build. Quiet, save for what failed; the last line says
# "N passed, N failed".
#   ops/test.sh [--fast]    without the chaos tests and those of the category Slow
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

fast=${1:-}
logs=artifacts/test
passed=0 failed=0 skipped=0
mkdir -p "$logs"

count() { # of PATTERN in LOG, whose first group is a number: the sum over all lines
    sed -nE "s/.*$1.*/\1/p" "$2" | awk '{ sum += $1 } END { print sum + 0 }'
}

run() { # NAME COMMAND...: its output goes to a log and is shown when it fails without having counted a failure, or with failures
    local name=$1 log=$logs/$1.log before=$failed
    shift
    "$@" >"$log" 2>&1
    local status=$?
    passed=$((passed + $(count 'Passed: +([0-9]+)' "$log") + $(count 'tests passed, [0-9]+ tests failed out of ([0-9]+)' "$log")))
    failed=$((failed + $(count 'Failed: +([0-9]+)' "$log")))
    local native_failures
    native_failures=$(count 'tests passed, ([0-9]+) tests failed' "$log")
    passed=$((passed - native_failures)) failed=$((failed + native_failures))
    skipped=$((skipped + $(count 'Skipped: +([0-9]+)' "$log")))
    [[ $status -eq 0 ]] || {
        [[ $failed -gt $before ]] || failed=$((failed + 1)) # it broke before it could count
        echo "--- $name failed; $log has the whole of this"
        tail -n 200 "$log"
    }
}

for project in tests/*/*.csproj; do
    name=$(basename "$(dirname "$project")")
    filter=()
    if [[ $fast == --fast ]]; then
        [[ $name != chaos ]] || continue
        filter=(--filter 'Category!=Slow')
    fi
    run "$name" dotnet test "$project" --configuration Release --no-build --nologo --verbosity quiet "${filter[@]}"
done
for build in artifacts/build/*/CTestTestfile.cmake; do
    [[ -f $build ]] || continue
    folder=$(dirname "$build")
    ctest --test-dir "$folder" --show-only | grep '^Total Tests: 0' >/dev/null || run "native-$(basename "$folder")" ctest --test-dir "$folder" --output-on-failure
done

[[ $skipped -eq 0 ]] || echo "$skipped skipped"
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
