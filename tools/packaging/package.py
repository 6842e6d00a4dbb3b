"""Spack recipe of landscape_mpi for Spack 1.0 and later: see README.md beside it."""

from spack_repo.builtin.build_systems.cmake import CMakePackage
from spack_repo.builtin.build_systems.cuda import CudaPackage

from spack.package import *


class LandscapeMpi(CMakePackage, CudaPackage):
    """How rough are the loss landscapes of neural PDE solvers, along many random directions."""

    # A placeholder: where you have put the archive that README.md makes.
    url = "file:///PATH/TO/landscape_mpi-0.1.0.tar.gz"

    license("MIT")

    version("0.1.0")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("mpi")
    depends_on("hdf5+mpi")
    depends_on("boost@1.74:+program_options")
    depends_on("fmt")
    depends_on("nlohmann-json")
    depends_on("random123")
    depends_on("liblbfgs")
    depends_on("lapack")
    depends_on("cuda@12:", when="+cuda")
    # of landscape-plot and landscape-export
    depends_on("py-numpy", type="run")
    depends_on("py-h5py", type="run")
    depends_on("py-matplotlib", type="run")

    conflicts("%gcc@:10", msg="landscape_mpi is C++20: take GCC 11 or newer")

    def cmake_args(self):
        arguments = [self.define("BUILD_TESTING", False), self.define_from_variant("LANDSCAPE_CUDA", "cuda")]
        if self.spec.satisfies("+cuda") and not self.spec.satisfies("cuda_arch=none"):
            arguments.append(self.define("CMAKE_CUDA_ARCHITECTURES", self.spec.variants["cuda_arch"].value))
        return arguments

    def setup_run_environment(self, env):
        env.set("LANDSCAPE_JOBS", self.prefix.share.landscape_mpi.jobs)

    def test_preset(self):
        """the installed program finds its presets"""
        program = which(self.prefix.bin.landscape_mpi)
        assert "Problem" in program("--preset=published-1d", "--dry-run", output=str.split)
