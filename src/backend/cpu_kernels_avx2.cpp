// CPU kernels compiled for AVX2 with FMA.
#if defined(__AVX2__) && defined(__FMA__)
#define LANDSCAPE_MATH_ABI avx2
#define LANDSCAPE_CPU_LANES 4
#define LANDSCAPE_CPU_ROWS 2
#define LANDSCAPE_CPU_COLUMNS 6
#include "cpu_kernels.ipp"

const landscape::cpu::Kernels* landscape::cpu::avx2_kernels() {
  static const Kernels kernels{"AVX2", loss_work,      loss,          fold_size, fold,         jets_work,  jets,
                               unfold, gradient_work,  gradient_size, gradient,  product_work, product,    rows_work,
                               rows,   curvature_work, curvature,     add_gram,  single_work,  single_loss};
  return &kernels;
}
#else
#include "cpu_kernels.hpp"

const landscape::cpu::Kernels* landscape::cpu::avx2_kernels() { return nullptr; }
#endif
