#!/bin/sh
# Prove it right, from a clean clone: sh tests/run.sh [options of ctest, such as -L golden or -R sample]
set -eu
cd "$(dirname "$0")/.."
. .cmake/prerequisites.sh
weft_prerequisites
weft_build test
exec ctest --preset test "$@"
