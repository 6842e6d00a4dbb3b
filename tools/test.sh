#!/usr/bin/env bash
# Builds and runs the tests; ends with ctest's summary and its exit code.
#   tools/test.sh                      everything, release build
#   tools/test.sh -R Roughness         any options of ctest
#   tools/test.sh --preset debug       another preset of CMakePresets.json (release debug cuda asan ubsan)
#   tools/test.sh --all                release, then the tests labelled unit or mpi under both sanitizers
# With CI=true in the environment a compiler warning is an error.
set -uo pipefail
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname "${BASH_SOURCE[0]}")/setup.sh"

presets=() arguments=() options=(-DBUILD_TESTING=ON)
while (($#)); do
  case $1 in
    --preset) presets+=("${2:?--preset needs a name}"); shift ;;
    --preset=*) presets+=("${1#*=}") ;;
    --all) presets=(release asan ubsan) ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit ;;
    *) arguments+=("$1") ;;
  esac
  shift
done
case ${CI:-} in '' | 0 | false) ;; *) options+=(-DLANDSCAPE_WERROR=ON) ;; esac

landscape_setup test || exit 1
cd "$LANDSCAPE_ROOT" || exit 1
for preset in "${presets[@]:-release}"; do
  landscape_build "$preset" "${options[@]}" || exit 1
  ctest --preset "$preset" "${arguments[@]}" || exit
done
