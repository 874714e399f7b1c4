#!/usr/bin/env bash
# Makes this machine ready: checks the tools, installs missing Debian packages, builds the native libraries into artifacts/native. Run it again at will:
# what is there is left alone.
#   ops/setup.sh [PACKAGE...]    further packages to install (make test and make bench name theirs)
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

libraries=(kernels:models/native tokenizer:data/native)
packages=(libsentencepiece-dev bible-kjv bible-kjv-text libfontconfig1 fonts-dejavu-core "$@")

refuse() {
    echo "setup: $*" >&2
    exit 2
}

check_tools() {
    for tool in g++ cmake make; do
        command -v "$tool" >/dev/null || refuse "$tool is missing; install it with: apt-get install g++ cmake make"
    done
    { command -v dotnet >/dev/null && dotnet --list-sdks | grep '^10\.' >/dev/null; } ||
        refuse "the .NET 10 SDK is missing; install it from https://dotnet.microsoft.com/download/dotnet/10.0"
}

install_packages() {
    local missing=() package
    for package in "${packages[@]}"; do
        [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    [[ $EUID -eq 0 ]] || refuse "these Debian packages are missing; run: sudo apt-get install --no-install-recommends ${missing[*]}"

    echo "setup: installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    local log=artifacts/setup.log install=(apt-get install --yes --no-install-recommends "${missing[@]}")
    mkdir -p artifacts
    "${install[@]}" >"$log" 2>&1 || { apt-get update >"$log" 2>&1 && "${install[@]}" >>"$log" 2>&1; } ||
        { tail -n 20 "$log" >&2; refuse "apt-get failed; the whole of what it said is in $log"; }
}

# A library is built again when a source of it or this script has changed.
build_library() {
    local name=$1 source=$2 build=artifacts/build/$1 library=artifacts/native/libactortrain_$1.so stamp key
    [[ -f $source/CMakeLists.txt ]] || refuse "$source/CMakeLists.txt is missing; the checkout is not whole"
    stamp=$build/built-from
    key=$({ find "$source" -type f -print0 | sort -z | xargs -0 sha256sum; sha256sum ops/setup.sh; } | sha256sum)
    [[ ! -f $library || ! -f $stamp || $(<"$stamp") != "$key" ]] || return 0

    echo "setup: building $library"
    mkdir -p "$build"
    local log=$build/build.log
    { cmake -S "$source" -B "$build" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_LIBRARY_OUTPUT_DIRECTORY="$PWD/artifacts/native" -DACTORTRAIN_NATIVE_OUTPUT="$PWD/artifacts/native" &&
        cmake --build "$build" --parallel "$(nproc)"; } >"$log" 2>&1 ||
        { tail -n 40 "$log" >&2; refuse "building $source failed; the whole log is in $log"; }
    [[ -f $library ]] || refuse "building $source did not make $library; the log is in $log"
    echo "$key" >"$stamp"
}

check_tools
install_packages
for library in "${libraries[@]}"; do
    build_library "${library%%:*}" "${library#*:}"
done
