// CPU kernels compiled for any processor: fma through the C library where the hardware lacks it.
#define LANDSCAPE_MATH_ABI portable
#define LANDSCAPE_CPU_LANES 4
#define LANDSCAPE_CPU_ROWS 2
#define LANDSCAPE_CPU_COLUMNS 6
#include "cpu_kernels.ipp"

const landscape::cpu::Kernels* landscape::cpu::portable_kernels() {
  static const Kernels kernels{"portable",     loss_work,    loss,     fold_size,     fold,
                               jets_work,      jets,         unfold,   gradient_work, gradient_size,
                               gradient,       product_work, product,  rows_work,     rows,
                               curvature_work, curvature,    add_gram, single_work,   single_loss};
  return &kernels;
}
