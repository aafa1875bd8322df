#!/bin/sh
# Installs the Debian packages that are missing, after listing them.
# LAQ_NO_INSTALL=1: never installs. LAQ_THIRD_PARTY: they are unpacked (third_party.sh). Torch_DIR or
# CMAKE_PREFIX_PATH set: LibTorch is the user's own.
# usage: dependencies.sh PACKAGE …
set -eu

if [ -n "${LAQ_THIRD_PARTY:-}" ]; then exit 0; fi  # unpacked by make third-party
if ! command -v dpkg-query >/dev/null 2>&1; then
  echo "deps: not a Debian system; these Debian packages name what is needed: $*"
  exit 0
fi

missing=
for package in "$@"; do
  if [ "$package" = libtorch-dev ] && [ -n "${Torch_DIR:-}${CMAKE_PREFIX_PATH:-}" ]; then continue; fi
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  if [ "$state" != installed ]; then missing="$missing $package"; fi
done
if [ -z "$missing" ]; then exit 0; fi

command="apt-get install -y --no-install-recommends$missing"
echo "deps: missing packages:$missing"
if [ "${LAQ_NO_INSTALL:-}" = 1 ]; then
  echo "deps: LAQ_NO_INSTALL=1 forbids installing them; as root, run: $command" >&2
  exit 1
fi
if [ "$(id -u)" = 0 ]; then
  as_root="env DEBIAN_FRONTEND=noninteractive"
elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
  as_root="sudo env DEBIAN_FRONTEND=noninteractive"
else
  echo "deps: not root, and sudo cannot be used; as root, run: $command" >&2
  exit 1
fi
# Old package lists name files that the mirrors no longer have; a failure here is told by the install itself.
$as_root apt-get update -q || true
if ! $as_root $command; then
  echo "deps: installing failed; as root, run: $command" >&2
  exit 1
fi
