# `cpack` in the build folder makes a .tar.gz, which runs from any folder of a machine that has the same libraries, and,
# where Debian's tools are, a .deb.
if(NOT LANDSCAPE_MPI)
  return() # there is no program
endif()

set(CPACK_PACKAGE_VENDOR "landscape_mpi developers")
set(CPACK_PACKAGE_CONTACT "landscape_mpi developers")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_PACKAGE_DESCRIPTION "Trains networks that solve a partial differential equation by the Deep Ritz and the Deep Galerkin
method, evaluates their losses along many random directions with MPI, threads and GPUs, and reduces the profiles to
roughness indices with intervals. With it come job scripts for Slurm, presets, and tools that draw and export its files.")
set(CPACK_PACKAGE_FILE_NAME ${PROJECT_NAME}-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR TGZ)

find_program(LANDSCAPE_SHLIBDEPS dpkg-shlibdeps)
find_program(LANDSCAPE_FILE file) # CPack asks it which files have dependencies
mark_as_advanced(LANDSCAPE_SHLIBDEPS LANDSCAPE_FILE)
if(LANDSCAPE_SHLIBDEPS AND LANDSCAPE_FILE)
  list(APPEND CPACK_GENERATOR DEB)
  set(CPACK_DEBIAN_PACKAGE_NAME landscape-mpi) # Debian's names have no underscore
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_SECTION science)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS openmpi-bin) # mpirun, which no library needs
  set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-h5py, python3-matplotlib, python3-numpy") # landscape-plot and -export
endif()

include(CPack)
