// cuBLAS is opened by name at run time (dlopen), because only wide networks need its hundreds of megabytes.
#include "cublas_library.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <string>

#include "landscape/model/error.hpp"

#define LANDSCAPE_TEXT_OF(x) #x
#define LANDSCAPE_TEXT(x) LANDSCAPE_TEXT_OF(x)

namespace landscape::cuda {
namespace {

// By its version's name wherever the loader looks, else where the build found it.
constexpr const char* kName = "libcublas.so." LANDSCAPE_TEXT(CUBLAS_VER_MAJOR);

void* open_library() {
  std::string reason;
  for (const char* name : {kName, LANDSCAPE_CUBLAS_FILE}) {
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL); library != nullptr) return library;
    const char* error = dlerror();
    if (reason.empty() && error != nullptr) reason = error;
  }
  throw Error(
      fmt::format("cuBLAS could not be opened: {}. Add its folder to LD_LIBRARY_PATH or use --device cpu.", reason));
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
