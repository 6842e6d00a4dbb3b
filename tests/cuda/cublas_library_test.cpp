// Where the program looks for cuBLAS, and what it says where there is none.
#include "cublas_library.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "landscape/model/error.hpp"

namespace landscape::test {
namespace {

std::string refusal() {
  try {
    (void)cuda::cublas_library();
  } catch (const Error& error) {
    return error.what();
  }
  return "it was found";
}

TEST(CublasLibrary, IsFoundInTheToolkitAndElseSaysWhatHelps) {
  for (const char* home : {"", "/nowhere"}) {
    setenv("CUDA_HOME", home, 1);
    const std::string said = refusal();
    for (const char* part : {"libcublas.so.999", "LD_LIBRARY_PATH", "CUDA_HOME", "--device cpu"})
      EXPECT_NE(said.find(part), std::string::npos) << said;
  }
  setenv("CUDA_HOME", LANDSCAPE_TOOLKIT, 1);
  EXPECT_STREQ(cuda::cublas_library().status_string(CUBLAS_STATUS_SUCCESS), "pretended");
  unsetenv("CUDA_HOME");
}

}  // namespace
}  // namespace landscape::test
