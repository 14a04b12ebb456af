#!/bin/sh
# Asks the specification's own parser about the AsyncAPI document: `make check-asyncapi`. Needs npm and a registry.
#
# The parser is kept under .local/ and no lock file is written. The suite's own checks need neither.
set -eu

parser=@asyncapi/parser@3.6.6
place=.local/asyncapi

command -v npm >/dev/null 2>&1 || {
    printf 'check-asyncapi: npm is needed for the parser, and is not on the PATH\n' >&2
    exit 1
}
mkdir -p "$place"
npm install --prefix "$place" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts --silent "$parser"
exec node tests/contracts/check_asyncapi.mjs "$place" tests/contracts/asyncapi/tremplin.json
