#!/bin/sh
# Builds .venv from a lock file: `sh requirements/install.sh local` to run the stack, `dev` to work on it.
#
# .venv/installed, written last, says which lock the environment holds. Without it nothing in .venv is trusted:
# an interrupted installation is done again from nothing. `dev` contains `local`, so `local` never undoes it.
set -eu

wanted=$1
venv=.venv
python=$venv/bin/python
stamp=$venv/installed
oldest=3.11
supported='import sys; sys.exit(sys.version_info < (3, 11))'
origin='import sys; print(sys.base_prefix, sys.version)'

refuse() {
    printf 'tremplin: %s\n' "$1" >&2
    exit 1
}

say() {
    printf 'tremplin: %s\n' "$1" >&2
}

# Debian ships `venv` without `ensurepip` until python3-venv is installed: both are tried.
complete() {
    "$1" -c 'import ensurepip, venv' >/dev/null 2>&1
}

choose_interpreter() {
    if [ -n "${PYTHON:-}" ]; then
        "$PYTHON" -c '' >/dev/null 2>&1 || refuse "PYTHON=$PYTHON cannot be run: name a Python $oldest or newer."
        "$PYTHON" -c "$supported" || refuse "PYTHON=$PYTHON is $("$PYTHON" -V 2>&1): Python $oldest or newer is needed."
        complete "$PYTHON" || refuse "PYTHON=$PYTHON lacks its venv module: install it (on Debian, python3-venv)."
        interpreter=$PYTHON
        return
    fi
    lacking=
    for interpreter in python3.11 python3.12 python3.13 python3.14 python3; do
        "$interpreter" -c "$supported" >/dev/null 2>&1 || continue
        complete "$interpreter" && return
        lacking=$interpreter
    done
    [ -z "$lacking" ] || refuse "$lacking lacks its venv module: install it (on Debian, python3-venv)."
    refuse "Python $oldest or newer is needed and none is on the PATH: install one, or name it with PYTHON=/its/path."
}

# A home folder that cannot be written to (a service account, a container) must not stop the installation.
choose_caches() {
    cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}
    if ! mkdir -p "$cache" 2>/dev/null || ! [ -w "$cache" ]; then
        export UV_CACHE_DIR="${UV_CACHE_DIR:-.local/cache/uv}" PIP_CACHE_DIR="${PIP_CACHE_DIR:-.local/cache/pip}"
    fi
    # Behind a company's certificate authority only the system's store knows it; pip reads it unasked.
    export UV_SYSTEM_CERTS=1
}

checksum() {
    cat "requirements/installer.lock" "requirements/$1.lock" | cksum
}

# Only an explicit PYTHON= may replace an environment that works.
same_interpreter() {
    [ -z "${PYTHON:-}" ] || [ "$("$python" -c "$origin")" = "$("$interpreter" -c "$origin")" ]
}

create() {
    [ ! -d "$venv" ] || say "$venv is unfinished, broken or of another Python: making it again."
    rm -rf "$venv"
    "$interpreter" -m venv "$venv" || refuse "$interpreter could not make $venv (see above)."
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/installer.lock ||
        refuse "pip could not install uv (see above): check the network or the proxy, then run the same command again."
}

# Says whether .venv already is what was asked for; sets `held` and, since `dev` contains `local`, perhaps `wanted`.
current() {
    held=
    if [ -f "$stamp" ] && "$python" -c "$supported" >/dev/null 2>&1 && same_interpreter; then
        held=$(cat "$stamp")
    fi
    case $held in dev*) wanted=dev ;; esac
    [ "$held" = "$wanted $(checksum "$wanted")" ]
}

[ -z "${PYTHON:-}" ] || choose_interpreter
current && exit 0

# Two commands started at once on a fresh clone must not remove each other's work.
mkdir -p .local
exec 9>.local/installing
if command -v flock >/dev/null 2>&1; then flock 9; fi
current && exit 0

choose_caches
if [ -n "$held" ] && "$python" -m uv --version >/dev/null 2>&1; then
    rm -f "$stamp"
else
    choose_interpreter
    create
fi
say "installing the locked packages into $venv, once per lock."
"$python" -m uv pip sync --quiet --python "$python" --compile-bytecode --require-hashes "requirements/$wanted.lock" ||
    refuse "uv could not install the locked packages (see above): check the network or the proxy, then run it again."
printf '%s\n' "$wanted $(checksum "$wanted")" >"$stamp"
