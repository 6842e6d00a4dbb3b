# Helpers that declare rooms and tests in one line each, so that every target gets the same flags.

# Bits must not depend on the compiler's freedom to fuse a*b+c: contraction is off and every fma is written out.
add_library(landscape_flags INTERFACE)
target_include_directories(landscape_flags INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_compile_options(landscape_flags INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off>)
if(LANDSCAPE_SANITIZE)
  target_compile_options(landscape_flags INTERFACE
    $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=${LANDSCAPE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all>)
  target_link_options(landscape_flags INTERFACE -fsanitize=${LANDSCAPE_SANITIZE})
endif()

add_library(landscape_warnings INTERFACE)
target_compile_options(landscape_warnings INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wno-psabi
    # GCC's flow analysis loses its way in sanitized code and warns of standard containers.
    $<$<BOOL:${LANDSCAPE_SANITIZE}>:-Wno-maybe-uninitialized>
    $<$<BOOL:${LANDSCAPE_WERROR}>:-Werror>>)

# landscape_add_room(<room> SOURCES a.cpp ... DEPENDS targets ...) -> static library landscape_<room>
function(landscape_add_room room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPENDS")
  add_library(landscape_${room} STATIC ${arg_SOURCES})
  target_link_libraries(landscape_${room} PUBLIC landscape_flags ${arg_DEPENDS} PRIVATE landscape_warnings)
endfunction()

# landscape_add_test(<name> SOURCES a.cpp ... DEPENDS targets ... [LABELS ...] [TIMEOUT seconds]) -> one executable, one ctest
# entry per test case. ASLR-dependent output and the working directory play no part.
function(landscape_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "TIMEOUT" "SOURCES;DEPENDS;LABELS")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(LANDSCAPE_SANITIZE)
    math(EXPR arg_TIMEOUT "4 * ${arg_TIMEOUT}")
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE landscape_flags landscape_warnings ${arg_DEPENDS} GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE LANDSCAPE_REFERENCE_DIR="${LANDSCAPE_REFERENCE_DIR}")
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}")
endfunction()
