# The sources of this room, by compiler. tests/cuda compiles the same list with the C++ compiler against its stand-in for CUDA.
set(LANDSCAPE_CUDA_HOST_SOURCES check.cpp cuda_backend.cpp cuda_status.cpp dispatch.cpp gemm_path.cpp gradient_plan.cpp loss_pipeline.cpp)
set(LANDSCAPE_CUDA_KERNEL_SOURCES deep_galerkin.cu deep_ritz.cu directions.cu fold.cu gemm_passes.cu generic.cu gradient.cu gradient_block.cu narrow_other.cu
  narrow_swish.cu reduce.cu tile_galerkin.cu tile_pack.cu tile_ritz.cu wide_galerkin.cu wide_ritz.cu)
