// The cuBLAS functions this room uses, from a library opened on first use.
#pragma once

#include <cublas_v2.h>

namespace landscape::cuda {

struct CublasLibrary {
  decltype(&cublasCreate) create;
  decltype(&cublasDestroy) destroy;
  decltype(&cublasSetStream) set_stream;
  decltype(&cublasDgemmStridedBatched) gemm;
  decltype(&cublasGetStatusString) status_string;
};

/// Opens the library once. Throws Error where it cannot be found.
const CublasLibrary& cublas_library();

}  // namespace landscape::cuda
