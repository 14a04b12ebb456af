#!/bin/sh
# Ends with 1, and the start with it, when ENVIRONMENT=production still has a secret that the repository shows.
# Only names are printed: a value that merely contains the mark may be half a real secret.
set -eu

[ "${ENVIRONMENT:-}" = production ] || exit 0

known=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*development-only.*/\1/p' | sort)
[ -z "$known" ] && exit 0

echo "ENVIRONMENT=production refuses the development values of:" >&2
echo "$known" >&2
exit 1
