#!/bin/sh
# Builds the image of each named service without a Docker engine and proves that it runs.
#   deploy/image/build.sh SERVICE=labelling   one service (make image SERVICE=labelling)
#   deploy/image/build.sh                     all four
# The base image is made on the spot from Debian packages (debootstrap), because no image registry is assumed;
# the Debian mirror is the one this machine already uses. Nothing is left behind.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
services="labelling enrolment followup indicators"
case ${1:-} in
  SERVICE=?*) services=${1#SERVICE=} ;;
esac

die() {
  echo "image: $1" >&2
  exit 2
}

[ "$(id -u)" = 0 ] || die "debootstrap and chroot isolation need root"
for tool in debootstrap buildah python3; do
  command -v "$tool" >/dev/null || die "$tool is missing; on Debian: apt-get update && apt-get install debootstrap buildah"
done

place=$(mktemp -d "${TMPDIR:-/tmp}/tremplin-image.XXXXXX")
python=localhost/tremplin-python
export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
export BUILDAH="buildah --root $place/store --runroot $place/run"

forget() {
  $BUILDAH rm --all >/dev/null 2>&1 || true
  rm -rf "$place"
}
trap forget EXIT
trap 'exit 130' INT TERM

mirror() {
  suite=$1
  # shellcheck disable=SC2016 - apt expands it, not the shell
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $suite" 'Component: main' |
    sort -u | head -n 1
}

# Stands in for the default base image; the Dockerfile takes it through its own argument.
base() {
  # shellcheck disable=SC1091 - a file of every Debian
  suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
  uri=$(mirror "$suite")
  [ -n "$uri" ] || die "no package list for Debian $suite; run apt-get update"
  echo "image: base system, Debian $suite"
  debootstrap --variant=minbase --include=python3,python3-venv,python3-pip,python-is-python3,ca-certificates \
    "$suite" "$place/base" "$uri" >"$place/debootstrap.log" 2>&1 || {
    tail -n 20 "$place/debootstrap.log" >&2
    die "debootstrap failed"
  }
  # Debian refuses pip outside a virtual environment; the official Python image has no such mark.
  rm -f "$place"/base/usr/lib/python3*/EXTERNALLY-MANAGED
  container=$($BUILDAH from scratch)
  $BUILDAH add --quiet "$container" "$place/base" / >/dev/null
  $BUILDAH commit --quiet --rm "$container" "$python" >/dev/null
  rm -rf "$place/base"
}

build() {
  service=$1
  echo "image: tremplin-$service, build"
  # The machine's certificates let pip through a company proxy; they do not enter the image.
  $BUILDAH bud --quiet --pull-never --format docker --volume /etc/ssl/certs:/etc/ssl/certs:ro \
    --build-arg "SERVICE=$service" --build-arg "PYTHON_IMAGE=$python" \
    --file "$root/deploy/Dockerfile" --tag "tremplin-$service" "$root" >"$place/build.log" 2>&1 || {
    tail -n 40 "$place/build.log" >&2
    die "the build of tremplin-$service failed"
  }
}

base
for service in $services; do
  build "$service"
  python3 "$root/deploy/image/smoke.py" "$service" "localhost/tremplin-$service"
  $BUILDAH rmi "localhost/tremplin-$service" >/dev/null
done
echo "image: built and run: $services"
