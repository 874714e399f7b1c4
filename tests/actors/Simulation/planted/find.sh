#!/usr/bin/env bash
# Plants one known fault after another into a copy of the sources and has the simulation look for it: prints the seed at which each is
# found. A patch that begins with "caught by: FILTER" is for the tests of that filter, one of which must fail. Exit code 1 where a fault
# is not found, or where that seed, or those tests, fail without it too.
#   tests/actors/Simulation/planted/find.sh [N]    schedules to look in, from seed 0
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../../../.."
export DOTNET_CLI_UI_LANGUAGE=en DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
count=${1:-10000}
planted=$PWD/tests/actors/Simulation/planted

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
# No repository around the copy is to have a say in what a patch applies to.
export GIT_CEILING_DIRECTORIES=$copy
cp -a Directory.* BannedSymbols.txt ActorTrain.sln models data persistence actors "$copy"
mkdir -p "$copy/ops" "$copy/artifacts" "$copy/tests"
cp -a ops/build ops/chaos "$copy/ops"
cp -a artifacts/native "$copy/artifacts"
cp -a tests/*.cs tests/actors tests/databases tests/replicas tests/order "$copy/tests"
for settings in .editorconfig global.json nuget.config NuGet.config; do
    [[ ! -f $settings ]] || cp -a "$settings" "$copy"
done
cd "$copy"

build() {
    dotnet msbuild tests/actors/ActorTrain.Actors.Tests.csproj -restore -property:Configuration=Release -verbosity:quiet -nologo
}

# Some test fails with the fault, and none without it.
caught_by_tests() {
    if dotnet test "$output/$program" --nologo --filter "$filter" >"$log"; then
        echo "no test of $filter fails"
        return 1
    fi
    grep -m 1 -oE '^  Failed [^ ]+' "$log" || { cat "$log"; return 1; }
    dotnet test "sound/$program" --nologo --filter "$filter" >sound.log || { cat sound.log; return 1; }
}

program=ActorTrain.Actors.Tests.dll
output=artifacts/bin/ActorTrain.Actors.Tests/release
build
cp -a "$output" sound
missed=0
for patch in "$planted"/*.patch; do
    name=$(basename "$patch" .patch)
    git apply "$patch"
    build
    echo "--- $name"
    log=$name.log
    filter=$(sed -n '1s/^caught by: //p' "$patch")
    if [[ -n $filter ]]; then
        caught_by_tests || missed=$((missed + 1))
        git apply --reverse "$patch"
        continue
    fi
    seed=
    if dotnet exec "$output/$program" find "$count" 0 | tee "$log"; then
        seed=$(sed -nE 's/^found at seed ([0-9]+):.*/\1/p' "$log")
    fi
    if [[ -n $seed ]]; then
        if ! dotnet exec "sound/$program" simulate 1 "$seed" >sound.log; then
            echo "seed $seed fails without the fault, too:"
            cat sound.log
            missed=$((missed + 1))
        fi
    else
        missed=$((missed + 1))
    fi
    git apply --reverse "$patch"
done
[[ $missed -eq 0 ]] || { echo "$missed planted faults were not found"; exit 1; }
