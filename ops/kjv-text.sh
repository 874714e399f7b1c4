#!/usr/bin/env bash
# Prints the King James Bible from Debian's bible-kjv-text (out of copyright): one verse in a line without its number, a blank line between chapters.
set -euo pipefail
bible -f 'gen1:1-rev22:21' | awk '
    { chapter = $1; sub(/:.*/, "", chapter); sub(/^[^ ]+ /, "") }
    NR > 1 && chapter != last { print "" }
    { print; last = chapter }'
