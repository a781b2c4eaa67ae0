#!/bin/sh
# Watch a real model write, from a clean clone: sh examples/generate.sh ["a prompt"] [options; --help lists them]
set -eu
here=$PWD
cd "$(dirname "$0")/.."
. .cmake/prerequisites.sh
weft_prerequisites
weft_build generate
root=$PWD
cd "$here"
exec "$root/build/generate/examples/generate" "$@"
