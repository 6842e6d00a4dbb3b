# landscape_add_mpi_test(<name> SOURCES a.cpp ... DEPENDS targets ... [RANKS 1 2 3 4] [TIMEOUT seconds]): one executable, one ctest entry
# per number of ranks.
function(landscape_add_mpi_run test_name ranks)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "TIMEOUT" "COMMAND")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_test(NAME ${test_name}
    COMMAND ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} ${MPIEXEC_PREFLAGS} ${arg_COMMAND} ${MPIEXEC_POSTFLAGS})
  set_tests_properties(${test_name} PROPERTIES ENVIRONMENT "${LANDSCAPE_MPI_TEST_ENVIRONMENT}" TIMEOUT ${arg_TIMEOUT}
    PROCESSORS ${ranks} LABELS mpi)
endfunction()

function(landscape_add_mpi_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPENDS;RANKS")
  if(NOT arg_RANKS)
    set(arg_RANKS 1 2 3 4)
  endif()
  add_executable(${name} ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tests/parallel/mpi_main.cpp)
  target_link_libraries(${name} PRIVATE landscape_flags landscape_warnings landscape_parallel ${arg_DEPENDS} GTest::gtest)
  target_compile_definitions(${name} PRIVATE LANDSCAPE_REFERENCE_DIR="${LANDSCAPE_REFERENCE_DIR}")
  foreach(ranks ${arg_RANKS})
    landscape_add_mpi_run(${name}.np${ranks} ${ranks} COMMAND $<TARGET_FILE:${name}> TIMEOUT ${arg_TIMEOUT})
  endforeach()
endfunction()
