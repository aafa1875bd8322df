#!/bin/sh
# Unpacks the Debian packages that are missing here below a folder, without root.
# usage: third_party.sh PREFIX DEBS PACKAGE …
# DEBS: a folder of *.deb files, filled first when it has none (apt-get download, as any user); with
# a filled one no network is needed. LAQ_ALL=1: not only what is missing here, but everything that
# another machine may lack beside a C++ compiler.
set -eu

prefix=$1 debs=$2
shift 2
mkdir -p "$prefix" "$debs"
prefix=$(cd "$prefix" && pwd) debs=$(cd "$debs" && pwd)

if ! ls "$debs"/*.deb >/dev/null 2>&1; then
  status=/var/lib/dpkg/status
  if [ "${LAQ_ALL:-}" = 1 ]; then  # as on a machine that has only a compiler
    status=$debs/status
    base=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks \
             --no-replaces --no-enhances g++ make perl-base | grep '^[a-z0-9]' | sort -u)
    dpkg-query -s $base 2>/dev/null >"$status" || true
  fi
  names=$(apt-get install -s --no-install-recommends -o Dir::State::status="$status" "$@" |
            awk '$1 == "Inst" { print $2 }')
  rm -f "$debs/status"
  mkdir -p "$debs/partial"
  if [ -n "$names" ]; then (cd "$debs/partial" && apt-get download $names && mv ./*.deb ..); fi
fi
for deb in "$debs"/*.deb; do
  [ -e "$deb" ] || continue
  echo "unpack $(basename "$deb")"
  dpkg-deb -x "$deb" "$prefix"
done

triple=$(uname -m)-linux-gnu
libraries=$prefix/usr/lib/$triple
# What installing would have linked: BLAS and LAPACK are OpenBLAS's.
for name in blas lapack; do
  [ -e "$libraries/openblas-openmp/lib$name.so.3" ] || continue
  ln -sf "openblas-openmp/lib$name.so.3" "$libraries/lib$name.so.3"
  ln -sf "lib$name.so.3" "$libraries/lib$name.so"
  ln -sf "$name-netlib.pc" "$libraries/pkgconfig/$name.pc"
done
ln -sf cblas-netlib.h "$prefix/usr/include/$triple/cblas.h"
[ -e "$prefix/usr/bin/gnuplot-nox" ] && ln -sf gnuplot-nox "$prefix/usr/bin/gnuplot"
[ -d "$libraries/openblas-openmp" ] && ln -sf openblas-openmp/libopenblas.so.0 "$libraries/libopenblas.so.0"
# A library that this machine has itself, perhaps of another version, was not unpacked; its development link asks for it.
find "$libraries" -maxdepth 1 -xtype l -name 'lib*.so' | while read -r link; do
  for own in "/usr/lib/$triple/$(basename "$(readlink "$link")")" "/usr/lib/$triple/$(basename "$link")".*; do
    if [ -e "$own" ]; then ln -sf "$own" "$link"; break; fi
  done
done
# The packages' own build descriptions name places below /usr; those that were unpacked are elsewhere now.
find "$prefix/usr" -name '*.cmake' -o -name '*.pc' -o -name 'h5*cc' | while read -r file; do
  sed -i -E "s#(^|[^A-Za-z0-9_.}/-]|-[IL])/usr(/(lib|include|share|bin)|\$)#\1$prefix/usr\2#g" "$file"
done

cat >"$prefix/env.sh" <<END
# Read by the shell before make build: . $prefix/env.sh
export LAQ_THIRD_PARTY='$prefix'
export PATH='$prefix/usr/bin:'"\$PATH"
export CMAKE_PREFIX_PATH='$prefix/usr'
export PKG_CONFIG_PATH='$libraries/pkgconfig:$prefix/usr/share/pkgconfig'
export CPLUS_INCLUDE_PATH='$prefix/usr/include:$prefix/usr/include/$triple'
export C_INCLUDE_PATH="\$CPLUS_INCLUDE_PATH"
export LIBRARY_PATH='$libraries:$prefix/lib/$triple'
export LD_LIBRARY_PATH='$libraries:$prefix/lib/$triple:$libraries/hdf5/serial:$prefix/usr/lib'
END
echo "unpacked below $prefix; now: . $prefix/env.sh && make build"
