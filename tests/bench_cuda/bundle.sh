#!/usr/bin/env bash
# Collects what run_on_gpu.sh needs into one folder that runs wherever it is put: a GPU machine with a driver and glibc,
# but without MPI, HDF5 and compilers. With the programs come Open MPI, its plugins and every shared library except
# those of glibc; the CUDA runtime is linked in, and cuBLAS has to be there.
#
#   bundle.sh [BUILD_DIR [OUT]]
#
# BUILD_DIR (default build/release of this tree) holds landscape_mpi, cuda_device_test and bench_cuda. OUT (default
# landscape-gpu.tar.xz) is a folder that must not exist yet or, by its name, an archive: *.tar.gz, *.tar.xz. Then there:
#
#   tar -xf landscape-gpu.tar.xz; landscape-gpu/run_on_gpu.sh
#   landscape-gpu/run mpirun -np 2 landscape_mpi --device=cuda
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
tree=$(cd "$here/../.." && pwd -P)
build=${1:-$tree/build/release}
out=${2:-landscape-gpu.tar.xz}

stop() {
  echo "bundle.sh: $1" >&2
  exit "${2:-1}"
}

programs=("$build/landscape_mpi" "$build/tests/cuda/cuda_device_test" "$build/tests/bench_cuda/bench_cuda")
for needed in "${programs[@]}"; do
  [[ -f $needed && -x $needed ]] || stop "$needed is missing: build it with -DLANDSCAPE_CUDA=ON first." 2
done
for needed in ompi_info mpirun orted ldd strip; do
  command -v "$needed" >/dev/null || stop "$needed is missing: install Open MPI 4 and binutils." 2
done
[[ ! -e $out ]] || stop "$out exists: remove it or name another folder or archive." 2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name=$(basename "$out")
name=${name%.tar.*}
bundle=$work/$name
mkdir -p "$bundle"/{app,bin,lib,plugins,pmix/lib/pmix,pmix/share,share,launch}

# ompi_path NAME: where this machine's Open MPI keeps something
ompi_path() { ompi_info --parsable --path "$1" | sed -n "s/^path:$1://p" | head -n 1; }

# One machine needs no network fabric, and their libraries are large and look for hardware.
fabrics='libuc[mpst]\.|libfabric\.|libibverbs\.|libpsm|liboshmem\.'
for plugin in "$(ompi_path pkglibdir)"/mca_*.so; do
  needs=$(ldd "$plugin")
  # libpmix is what the plugin for PMIx is about; it names no fabric.
  [[ $needs =~ $fabrics ]] || cp "$plugin" "$bundle/plugins/"
done
cp -r "$(ompi_path pkgdatadir)" "$bundle/share/openmpi"
cp -L "$(command -v mpirun)" "$bundle/bin/mpirun"
cp -L "$(command -v orted)" "$bundle/bin/orted"
cp "${programs[@]}" "$bundle/app/"

libpmix=$(ldd "$bundle"/plugins/mca_pmix_ext*.so 2>/dev/null | awk '/libpmix/ { print $3; exit }')
if [[ -n $libpmix ]]; then
  libpmix=$(dirname "$(readlink -f "$libpmix")")
  [[ ! -d $libpmix/pmix ]] || cp "$libpmix"/pmix/*.so "$bundle/pmix/lib/pmix/"
  [[ ! -d $libpmix/../share/pmix ]] || cp -r "$libpmix/../share/pmix" "$bundle/pmix/share/"
fi

# glibc belongs to the machine, as its loader does.
glibc='^(ld-linux.*|lib(c|m|dl|pthread|rt|resolv|util|anl|nsl|mvec|thread_db|nss_.*))\.so\.[0-9]+$'
find "$bundle" -type f \( -perm -u+x -o -name '*.so' \) -print0 | xargs -0 ldd >"$work/ldd" 2>/dev/null || true
! grep -q 'not found' "$work/ldd" || stop "ldd does not find $(awk '/not found/ { print $1; exit }' "$work/ldd")."
awk '$2 == "=>" { print $1, $3 }' "$work/ldd" | sort -u | while read -r library path; do
  [[ $library =~ $glibc ]] || cp -L "$path" "$bundle/lib/$library"
done
find "$bundle" -type f \( -perm -u+x -o -name '*.so*' \) -exec strip -s {} +

cp "$here/run_on_gpu.sh" "$here/bench_torch.py" "$tree/tests/app/test_gpu.py" "$tree/tests/app/system.py" "$bundle/"
# Published profiles, which some tests compare with; without them they are counted as not run.
reference=${LANDSCAPE_REFERENCE_DIR:-$tree/../shared/reference}
[[ ! -f $reference/profiles.json ]] || install -D -m 644 "$reference/profiles.json" "$bundle/reference/profiles.json"
git -C "$tree" describe --always --dirty >"$bundle/revision" 2>/dev/null || echo unknown >"$bundle/revision"

cat >"$bundle/run" <<'RUN'
#!/usr/bin/env bash
# Runs a command with the libraries, the Open MPI and the programs of this folder:  run mpirun -np 2 landscape_mpi ...
[[ $# -gt 0 ]] || { echo "usage: run COMMAND [ARGUMENT]..." >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
export PATH=$here/bin:$here/app:${PATH:-/usr/bin:/bin}
export LD_LIBRARY_PATH=$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
# Open MPI and PMIx look for their plugins and texts where they were installed, unless told otherwise.
export OPAL_PREFIX=$here OPAL_BINDIR=$here/bin OPAL_LIBDIR=$here/lib OPAL_PKGLIBDIR=$here/plugins
export OPAL_DATADIR=$here/share OPAL_PKGDATADIR=$here/share/openmpi OPAL_SYSCONFDIR=$here/share/openmpi
export PMIX_INSTALL_PREFIX=$here/pmix
export PMIX_PKGLIBDIR=$here/pmix/lib/pmix PMIX_PKGDATADIR=$here/pmix/share/pmix
# The machine's own plugins of hwloc may be those of another version.
export HWLOC_PLUGINS_PATH=$here/plugins/none
# A container's root may start ranks, more than there are slots; waiting ranks do not spin; one machine needs no ssh.
# Without the shared-memory store of PMIx mpirun ends also where a rank is killed while it starts.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_hwloc_base_binding_policy=none HWLOC_HIDE_ERRORS=2 PMIX_MCA_gds=hash
export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_plm=isolated OMPI_MCA_btl=self,vader OMPI_MCA_pml=ob1
exec "$@"
RUN
# For scripts that must not see the libraries: they may have an HDF5 of their own.
for program in mpirun landscape_mpi; do
  cat >"$bundle/launch/$program" <<LAUNCH
#!/usr/bin/env bash
exec "\$(dirname "\${BASH_SOURCE[0]}")/../run" $program "\$@"
LAUNCH
done
chmod +x "$bundle/run" "$bundle"/launch/*

newest=$(find "$bundle" -type f \( -perm -u+x -o -name '*.so*' \) -exec grep -aoh 'GLIBC_2\.[0-9]*' {} + |
  sort -uV | tail -n 1)
case $out in
  *.tar.gz | *.tar.xz)
    tar -C "$work" -caf "$out" "$name"
    size=$(stat -c %s "$out")
    ((size < 40 << 20)) || stop "$out has $((size >> 20)) MiB, 40 are allowed: name it *.tar.xz, which packs tighter."
    ;;
  *)
    mkdir -p "$(dirname "$out")"
    cp -r "$bundle" "$out"
    ;;
esac
echo "$out: $(du -sh "$out" | cut -f1), needs glibc ${newest#GLIBC_} or later"
