#!/usr/bin/env bash
# Fetches the OpenBLAS that Debian gives PyTorch by default into artifacts/bench. Installing it would make it this system's BLAS.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
[[ ! -e artifacts/bench/openblas-pthread && ! -e /usr/lib/x86_64-linux-gnu/openblas-pthread ]] || exit 0
echo "bench: fetching libopenblas0-pthread"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get -o APT::Sandbox::User=root download libopenblas0-pthread >/dev/null && dpkg -x libopenblas0-pthread_*.deb .)
mkdir -p artifacts/bench
cp -r "$work/usr/lib/x86_64-linux-gnu/openblas-pthread" artifacts/bench/
