# What is found on the machine. Nothing is vendored and nothing is downloaded.
find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED COMPONENTS CXX)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)

find_path(RANDOM123_INCLUDE_DIR Random123/philox.h REQUIRED)
add_library(landscape_random123 INTERFACE)
target_include_directories(landscape_random123 SYSTEM INTERFACE ${RANDOM123_INCLUDE_DIR})

find_path(LBFGS_INCLUDE_DIR lbfgs.h REQUIRED)
find_library(LBFGS_LIBRARY lbfgs REQUIRED)
add_library(landscape_lbfgs INTERFACE)
target_include_directories(landscape_lbfgs SYSTEM INTERFACE ${LBFGS_INCLUDE_DIR})
target_link_libraries(landscape_lbfgs INTERFACE ${LBFGS_LIBRARY})

if(LANDSCAPE_MPI)
  set(MPI_CXX_SKIP_MPICXX ON)
  find_package(MPI REQUIRED COMPONENTS C CXX)
  set(HDF5_PREFER_PARALLEL ON)
  find_package(HDF5 REQUIRED COMPONENTS C)
  if(NOT HDF5_IS_PARALLEL)
    message(FATAL_ERROR "The HDF5 found (${HDF5_C_LIBRARIES}) was built without MPI: install libhdf5-openmpi-dev or load "
      "a parallel HDF5 module.")
  endif()
  add_library(landscape_hdf5 INTERFACE)
  target_include_directories(landscape_hdf5 SYSTEM INTERFACE ${HDF5_INCLUDE_DIRS})
  target_link_libraries(landscape_hdf5 INTERFACE ${HDF5_C_LIBRARIES} MPI::MPI_C)
endif()

if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  include(GoogleTest)
  set(LANDSCAPE_REFERENCE_DIR "${PROJECT_SOURCE_DIR}/../shared/reference" CACHE PATH
      "Published minimizers and profiles; tests that need them skip where the folder is absent")
endif()
