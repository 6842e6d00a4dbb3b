#!/usr/bin/env bash
# Sees to it that this machine can build, run and test landscape_mpi.
#   tools/setup.sh        installs what is missing (Debian or Ubuntu, as root or with sudo) or names it
#   tools/setup.sh run    minds only what building and running need
#   . tools/setup.sh      defines the functions below for run.sh and test.sh
# Every need is looked for where compilers and CMake look: the compiler's own search path, CMAKE_PREFIX_PATH, *_ROOT and
# EBROOT* as cluster modules set them, the prefixes of PATH. Nothing is asked of the network while nothing is missing.

LANDSCAPE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
LANDSCAPE_LOGS=$LANDSCAPE_ROOT/build/log

# name | needed to: run or test; or only a wish, tests are skipped without it | probe | Debian packages | what to load on a cluster
landscape_needs() {
  cat <<'NEEDS'
C++20 compiler|run|compiler|build-essential|GCC 11 or newer
CMake 3.25|run|cmake_version|cmake|CMake
make or Ninja|run|any_command ninja make|ninja-build|Ninja
MPI|run|command mpicxx mpirun|libopenmpi-dev openmpi-bin|OpenMPI
parallel HDF5|run|parallel_hdf5|libhdf5-openmpi-dev|HDF5 built with MPI
Boost|run|library boost/program_options.hpp boost_program_options|libboost-dev libboost-program-options-dev|Boost
fmt|run|library fmt/format.h fmt|libfmt-dev|fmt
nlohmann_json|run|header nlohmann/json.hpp|nlohmann-json3-dev|nlohmann_json
Random123|run|header Random123/philox.h|librandom123-dev|Random123 (headers only)
libLBFGS|run|library lbfgs.h lbfgs|liblbfgs-dev|libLBFGS
LAPACK|run|any_library lapack openblas|liblapack-dev|OpenBLAS or LAPACK
GoogleTest|test|library gtest/gtest.h gtest|libgtest-dev|GoogleTest
h5dump|test|command h5dump|hdf5-tools|HDF5 built with MPI
valgrind|wish|command valgrind|valgrind|Valgrind
Python modules|test|python|python3-numpy python3-scipy python3-h5py python3-matplotlib|SciPy bundle, h5py, matplotlib
NEEDS
}

# ---- where to look
landscape_search_paths() {
  local variable value directory compiler
  read -ra compiler <<<"${CXX:-c++}" # may come with a launcher before it and flags behind it
  LANDSCAPE_INCLUDES=(/usr/local/include /usr/include)
  LANDSCAPE_LIBRARIES=(/usr/local/lib /usr/lib /usr/lib64 /usr/lib/*-linux-gnu)
  if command -v "${compiler[0]}" >/dev/null; then # CPATH and LIBRARY_PATH come in by these two
    while IFS= read -r directory; do LANDSCAPE_INCLUDES+=("$directory"); done < <(
      LC_ALL=C "${compiler[@]}" -E -x c++ -v /dev/null 2>&1 >/dev/null | sed -n 's/^ \(\/[^ ]*\)$/\1/p')
    IFS=: read -ra value < <(LC_ALL=C "${compiler[@]}" -print-search-dirs | sed -n 's/^libraries: =//p')
    LANDSCAPE_LIBRARIES+=("${value[@]}")
  fi
  while IFS= read -r variable; do
    IFS=: read -ra value <<<"${!variable}"
    for directory in "${value[@]}"; do
      [[ $variable == PATH ]] && directory=${directory%/*}
      [[ -d $directory/include ]] && LANDSCAPE_INCLUDES+=("$directory/include")
      [[ -d $directory ]] && LANDSCAPE_LIBRARIES+=("$directory" "$directory/lib" "$directory/lib64")
    done
  done < <(compgen -e | grep -E '^(PATH|LD_LIBRARY_PATH|CMAKE_PREFIX_PATH|EBROOT.*|.*_(ROOT|HOME|DIR|BASE|PREFIX))$')
}

landscape_header() {
  local directory
  for directory in "${LANDSCAPE_INCLUDES[@]}"; do [[ -e $directory/$1 ]] && return; done
  return 1
}

landscape_library() {
  local directory
  landscape_header "$1" || return
  for directory in "${LANDSCAPE_LIBRARIES[@]}"; do
    compgen -G "$directory/lib$2*.so" >/dev/null || compgen -G "$directory/lib$2*.a" >/dev/null && return
  done
  return 1
}

landscape_any_library() {
  local directory name
  for name; do
    for directory in "${LANDSCAPE_LIBRARIES[@]}"; do
      compgen -G "$directory/lib$name*.so" >/dev/null || compgen -G "$directory/lib$name*.a" >/dev/null && return
    done
  done
  return 1
}

landscape_compiler() {
  local compiler
  read -ra compiler <<<"${CXX:-c++}"
  landscape_command "${compiler[0]}"
}

landscape_command() {
  local name
  for name; do command -v "$name" >/dev/null || return; done
}

landscape_any_command() {
  local name
  for name; do command -v "$name" >/dev/null && return; done
  return 1
}

landscape_cmake_version() {
  landscape_command cmake || return
  [[ $(cmake --version 2>/dev/null) =~ version\ ([0-9]+)\.([0-9]+) ]] || return
  ((BASH_REMATCH[1] > 3 || (BASH_REMATCH[1] == 3 && BASH_REMATCH[2] >= 25)))
}

landscape_parallel_hdf5() {
  landscape_command h5pcc && return
  local directory
  for directory in "${LANDSCAPE_INCLUDES[@]}"; do
    grep -qs 'define H5_HAVE_PARALLEL 1' "$directory"/H5pubconf*.h "$directory"/hdf5/openmpi/H5pubconf*.h && return
  done
  return 1
}

# Debian's modules belong to /usr/bin/python3; another python3 may stand before it on PATH. Sets LANDSCAPE_PYTHON.
landscape_python() {
  local candidate
  for candidate in ${LANDSCAPE_PYTHON:+"$LANDSCAPE_PYTHON"} python3 /usr/bin/python3; do
    if "$candidate" -c 'import sys, importlib.util as u
sys.exit(not all(map(u.find_spec, ("numpy", "scipy", "h5py", "matplotlib"))))' 2>/dev/null; then
      export LANDSCAPE_PYTHON=$candidate
      return
    fi
  done
  return 1
}

# Lines of landscape_needs that are not met, for "run", for "test" (which includes run), or "all".
landscape_missing() {
  local name purpose probe packages module words
  landscape_search_paths
  while IFS='|' read -r name purpose probe packages module; do
    [[ $1 == all || $purpose == run || $purpose == "$1" ]] || continue
    read -ra words <<<"$probe"
    "landscape_${words[0]}" "${words[@]:1}" || echo "$name|$packages|$module"
  done < <(landscape_needs)
}

# ---- installing
landscape_as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# apt-get, waiting while another process holds its locks
landscape_apt() {
  local try log=$LANDSCAPE_LOGS/setup.log
  for try in 1 2 3 4 5 6; do
    landscape_as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
      "$@" >"$log.part" 2>&1 </dev/null && { cat "$log.part" >>"$log"; return; }
    cat "$log.part" >>"$log"
    grep -q 'Could not get lock' "$log.part" || return 1
    ((try < 6)) && sleep 10
  done
  return 1
}

landscape_can_install() {
  landscape_command apt-get || return
  ((EUID == 0)) && return
  landscape_command sudo && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }
}

landscape_name_missing() { # lines of landscape_missing
  local name packages module all=()
  echo "landscape_mpi: this is missing:"
  while IFS='|' read -r name packages module; do
    printf '  %-44s Debian: %-42s module: %s\n' "$name" "$packages" "$module"
    read -ra packages <<<"$packages"
    all+=("${packages[@]}")
  done <<<"$1"
  echo "On Debian or Ubuntu, as root: apt-get install ${all[*]}"
  echo "On a cluster: load the modules (\`module avail\` lists them), then call this again."
}

# landscape_setup run|test: returns 0 when all that is needed is there
landscape_setup() {
  local missing packages
  missing=$(landscape_missing "$1")
  if [[ -n $missing ]] && landscape_can_install; then
    # One call for everything: what the tests need comes along, so that they install nothing later.
    read -ra packages <<<"pkg-config $(landscape_missing all | cut -d'|' -f2 | tr '\n' ' ')"
    mkdir -p "$LANDSCAPE_LOGS" && : >"$LANDSCAPE_LOGS/setup.log"
    echo "landscape_mpi: installing ${packages[*]} (some minutes; log: build/log/setup.log)" >&2
    landscape_apt install --no-install-recommends "${packages[@]}" || {
      # a fresh machine has no package lists, an old one has stale ones
      landscape_apt update
      landscape_apt install --no-install-recommends "${packages[@]}"
    } || {
      tail -n 15 "$LANDSCAPE_LOGS/setup.log" >&2
      echo "landscape_mpi: apt-get failed; all it said is in $LANDSCAPE_LOGS/setup.log" >&2
    }
    rm -f "$LANDSCAPE_LOGS/setup.log.part"
    hash -r
    missing=$(landscape_missing "$1")
  fi
  [[ -z $missing ]] && return
  landscape_name_missing "$missing" >&2
  return 1
}

# ---- building
# The newest step in a log of Ninja ("40 of 196") or make ("20 %"), nothing before the first thing is compiled.
landscape_step() {
  tail -n 50 "$1" | sed -nE 's|^\[ *([0-9]+)/([0-9]+)\] Building.*|\1 of \2|p; s|^\[ *([0-9]+)%\] Building.*|\1 %|p' |
    tail -n 1
}

# landscape_progress PRESET LOG: until it is killed, what is built: a line now and then, on a terminal one line that is
# written over
landscape_progress() {
  local step old='' next=$((SECONDS + ${LANDSCAPE_PROGRESS_SECONDS:-30}))
  while kill -0 "$$" 2>/dev/null; do
    step=$(landscape_step "$2")
    if [[ -n $step && -z $LANDSCAPE_BUILD_SAID ]]; then
      echo "landscape_mpi: building $1 (log: build/log/$1.log)" >&2
      LANDSCAPE_BUILD_SAID=yes
    elif [[ -n $step && $step != "$old" && -t 2 ]]; then
      printf '\r\033[Klandscape_mpi: %s, built %s' "$1" "$step" >&2
      old=$step
    elif [[ -n $step && $step != "$old" ]] && ((SECONDS >= next)); then
      echo "landscape_mpi: $1, built $step" >&2
      old=$step next=$((SECONDS + ${LANDSCAPE_PROGRESS_SECONDS:-30}))
    fi
    sleep 1 >/dev/null 2>&1
  done
}

# landscape_make PRESET LOG [options]: cmake --build, which stays in the foreground for Ctrl-C, with its progress
landscape_make() {
  local preset=$1 log=$2 watcher code
  shift 2
  landscape_progress "$preset" "$log" &
  watcher=$!
  cmake --build --preset "$preset" -j "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" "$@" >>"$log" 2>&1
  code=$?
  kill "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
  [[ -t 2 ]] && printf '\r\033[K' >&2
  return "$code"
}

# landscape_build PRESET [--target T] [-DOPTION=VALUE ...]: says that it builds where there is something to build; a
# failure shows its errors and names the log
landscape_build() {
  local preset=$1 target=() options=() folder=$LANDSCAPE_ROOT/build/$1 log=$LANDSCAPE_LOGS/$1.log errors fresh=
  shift
  [[ ${1:-} == --target ]] && { target=(--target "$2"); shift 2; }
  options=("$@")
  mkdir -p "$LANDSCAPE_LOGS"
  landscape_search_paths
  landscape_python # the tests take LANDSCAPE_PYTHON from the environment
  landscape_library gtest/gtest.h gtest || options+=(-DBUILD_TESTING=OFF)
  # Start anew where the last configuration failed (its cache remembers what was missing then) or where the tree was
  # copied or moved (its cache names the old place).
  if [[ ! -f $folder/build.ninja && ! -f $folder/Makefile ]] ||
    ! grep -qsxF "CMAKE_HOME_DIRECTORY:INTERNAL=$LANDSCAPE_ROOT" "$folder/CMakeCache.txt"; then
    landscape_command ninja && export CMAKE_GENERATOR=${CMAKE_GENERATOR:-Ninja}
    fresh=yes
  fi
  : >"$log"
  LANDSCAPE_BUILD_SAID=
  if [[ -n $fresh ]]; then
    options+=(--fresh)
    echo "landscape_mpi: building $preset for the first time, some minutes on two cores (log: build/log/$preset.log)" >&2
    LANDSCAPE_BUILD_SAID=yes
  fi
  if ((${#options[@]})); then
    (cd "$LANDSCAPE_ROOT" && cmake --preset "$preset" "${options[@]}") >>"$log" 2>&1 || {
      grep -A8 'CMake Error' "$log" >&2 || tail -n 20 "$log" >&2
      echo "landscape_mpi: configuring failed; all it said is in $log" >&2
      return 1
    }
  fi
  (cd "$LANDSCAPE_ROOT" && landscape_make "$preset" "$log" "${target[@]}") || {
    errors=$(grep -E -A5 'error:|CMake Error|undefined reference|^FAILED' "$log" | head -n 40)
    printf '%s\n' "${errors:-$(tail -n 20 "$log")}" >&2
    echo "landscape_mpi: the build failed; all it said is in $log" >&2
    return 1
  }
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  case ${1:-test} in
    run | test) landscape_setup "${1:-test}" && echo "landscape_mpi: nothing is missing." ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
fi
