-- Modulefile for Lmod: copy it to MODULEFILES/landscape_mpi/0.1.0.lua and set the two lines below.
local prefix = "/PATH/TO/PREFIX" -- of cmake --install
local needs = {} -- modules the program was built with, for example {"foss/2023a", "HDF5/1.14.0-gompi-2023a"}

help([[
landscape_mpi --help shows the options, landscape-plot FILE draws a result.
Job scripts: sbatch $LANDSCAPE_JOBS/single-node.sbatch [options]
]])
whatis("Name: landscape_mpi")
whatis("Version: 0.1.0")
whatis("Description: Roughness of the loss landscapes of neural PDE solvers")

for _, name in ipairs(needs) do
  depends_on(name)
end
prepend_path("PATH", pathJoin(prefix, "bin"))
prepend_path("PYTHONPATH", pathJoin(prefix, "share/landscape_mpi/tools")) -- import landscape
setenv("LANDSCAPE_JOBS", pathJoin(prefix, "share/landscape_mpi/jobs"))
