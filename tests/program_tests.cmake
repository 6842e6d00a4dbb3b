# What all tests that start ranks or whole runs of the program share.

# For Open MPI: root may start ranks (containers), there may be more ranks than cores, waiting ranks do not spin, hwloc
# keeps quiet where there is no /sys, PMIx keeps to its store without shared memory, beside which mpirun ends also where a
# rank is killed while it starts. Through the environment, so that other MPI libraries meet no flags they do not know.
set(LANDSCAPE_MPI_TEST_ENVIRONMENT
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
  OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_hwloc_base_binding_policy=none
  OMPI_MCA_btl_vader_single_copy_mechanism=none PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
  HWLOC_HIDE_ERRORS=2 PMIX_MCA_gds=hash)
# mpirun insists on ssh, which ranks of one machine do not need, unless told that there is none.
find_program(LANDSCAPE_SSH NAMES ssh rsh)
mark_as_advanced(LANDSCAPE_SSH)
if(NOT LANDSCAPE_SSH)
  list(APPEND LANDSCAPE_MPI_TEST_ENVIRONMENT OMPI_MCA_plm_rsh_agent=)
endif()

# The interpreter with numpy, h5py and matplotlib: LANDSCAPE_PYTHON, that on PATH, Debian's.
if(NOT LANDSCAPE_PYTHON)
  foreach(candidate $ENV{LANDSCAPE_PYTHON} python3 /usr/bin/python3)
    execute_process(COMMAND ${candidate} -c "import numpy, h5py, matplotlib" RESULT_VARIABLE result
                    OUTPUT_QUIET ERROR_QUIET)
    if(result STREQUAL "0")
      set(LANDSCAPE_PYTHON ${candidate} CACHE STRING "Python with numpy, h5py and matplotlib" FORCE)
      break()
    endif()
  endforeach()
endif()

# landscape_add_program_test(<name> <script> LABEL <label> TIMEOUT <seconds> [CONFIGURATIONS <configuration>]): a Python
# script of whole runs; skipped visibly where no interpreter has the modules.
function(landscape_add_program_test name script)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "LABEL;TIMEOUT" "CONFIGURATIONS")
  if(arg_CONFIGURATIONS)
    list(PREPEND arg_CONFIGURATIONS CONFIGURATIONS)
  endif()
  if(LANDSCAPE_PYTHON)
    add_test(NAME ${name} ${arg_CONFIGURATIONS} COMMAND ${LANDSCAPE_PYTHON} -B ${script} -v)
  else()
    add_test(NAME ${name} ${arg_CONFIGURATIONS}
      COMMAND ${CMAKE_COMMAND} -E echo "SKIPPED: no python3 with numpy, h5py and matplotlib")
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT}
    SKIP_REGULAR_EXPRESSION "SKIPPED: no python3;OK .skipped="
    ENVIRONMENT "LANDSCAPE_PROGRAM=$<TARGET_FILE:landscape_mpi>;LANDSCAPE_SOURCE_DIR=${PROJECT_SOURCE_DIR};LANDSCAPE_REFERENCE_DIR=${LANDSCAPE_REFERENCE_DIR};${LANDSCAPE_MPI_TEST_ENVIRONMENT}")
endfunction()
