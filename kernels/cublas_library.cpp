// cuBLAS is opened by name at run time (dlopen), because only wide networks need its hundreds of megabytes.
#include "cublas_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "landscape/model/error.hpp"

#define LANDSCAPE_TEXT_OF(x) #x
#define LANDSCAPE_TEXT(x) LANDSCAPE_TEXT_OF(x)

namespace landscape::cuda {
namespace {

constexpr const char* kName = "libcublas.so." LANDSCAPE_TEXT(CUBLAS_VER_MAJOR);

/// By its version's name wherever the loader looks, where the build found it, and where toolkits lie.
std::vector<std::string> candidates() {
  std::vector<std::string> found{kName, LANDSCAPE_CUBLAS_FILE};
  if (const char* home = std::getenv("CUDA_HOME"); home != nullptr && *home != '\0')
    found.push_back(fmt::format("{}/lib64/{}", home, kName));
  found.push_back(fmt::format("/usr/local/cuda/lib64/{}", kName));
  return found;
}

void* open_library() {
  std::string reason;
  for (const std::string& name : candidates()) {
    if (void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL); library != nullptr) return library;
    const char* error = dlerror();
    if (reason.empty() && error != nullptr) reason = error;
  }
  throw Error(
      fmt::format("cuBLAS could not be opened: {}; add the folder of {} to LD_LIBRARY_PATH, set CUDA_HOME to the CUDA "
                  "toolkit, or use --device cpu.",
                  reason, kName));
}

template <class Function>
Function find(void* library, const char* name) {
  void* symbol = dlsym(library, name);
  if (symbol == nullptr)
    throw Error(fmt::format("{} has no function {}: install the cuBLAS of one CUDA version.", kName, name));
  return reinterpret_cast<Function>(symbol);
}

CublasLibrary load() {
  void* library = open_library();
  // cublas_v2.h renames the functions it declares; the library knows them by the new names.
  return {find<decltype(&cublasCreate)>(library, LANDSCAPE_TEXT(cublasCreate)),
          find<decltype(&cublasDestroy)>(library, LANDSCAPE_TEXT(cublasDestroy)),
          find<decltype(&cublasSetStream)>(library, LANDSCAPE_TEXT(cublasSetStream)),
          find<decltype(&cublasDgemmStridedBatched)>(library, LANDSCAPE_TEXT(cublasDgemmStridedBatched)),
          find<decltype(&cublasGetStatusString)>(library, LANDSCAPE_TEXT(cublasGetStatusString))};
}

}  // namespace

const CublasLibrary& cublas_library() {
  static const CublasLibrary library = load();
  return library;
}

}  // namespace landscape::cuda
