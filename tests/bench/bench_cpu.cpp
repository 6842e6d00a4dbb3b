// Speed of the CPU backend against the floor of the hardware: network evaluations (one network at one point) per
// second, and the share of the fused-multiply-add peak measured in the same run on the same threads, both per
// processor-second. Cost of an evaluation in fp64 lane-slots (an FMA, ADD or MUL each) for a residual network of width
// w with nb blocks, H = 2 nb - 1 layers after folding:
//   Galerkin          H (d+2) w^2 + d w + w (34+d) + H w (38+2d) + (nb-1)(d+2) w + 2d + 8
//   Ritz, d >= 2      2 H w^2 + d w + 31 w + 34 H w + w (1+d)                      (adjoint)
//   Ritz, d = 1       H (d+1) w^2 + d w + w (31+d) + H w (34+d) + 2d + 8           (forward)
// Then training: points of a loss's gradient per processor-second, on one thread, also as steps per second at the
// training's usual number of points.
// Usage: bench_cpu [threads ...]      (default: 1 and all; 0: training alone)
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "landscape/backend/loss_backend.hpp"

namespace {

using landscape::LossKind;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Processor time of all threads so far: unlike the clock on the wall it does not count a busy neighbour's share.
double processor_time() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

/// Lane-slots per processor-second that `threads` threads reach together with twelve independent chains of
/// register-only FMAs.
#if defined(__x86_64__)
#define FMA(reg, i) "vfmadd231pd %%" reg "14,%%" reg "15,%%" reg #i "\n\t"
#define FMA_CHAINS(reg)                                                                                             \
  asm volatile(FMA(reg, 0) FMA(reg, 1) FMA(reg, 2) FMA(reg, 3) FMA(reg, 4) FMA(reg, 5) FMA(reg, 6) FMA(reg, 7) FMA( \
                   reg, 8) FMA(reg, 9) FMA(reg, 10) FMA(reg, 11)::                                                  \
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11")
__attribute__((target("avx512f"))) void chains_512(long n) {
  asm volatile("vpxorq %%zmm14,%%zmm14,%%zmm14\n\tvpxorq %%zmm15,%%zmm15,%%zmm15" ::: "xmm14", "xmm15");
  for (long i = 0; i < n; ++i) FMA_CHAINS("zmm");
}
__attribute__((target("avx2,fma"))) void chains_256(long n) {
  asm volatile("vpxor %%ymm14,%%ymm14,%%ymm14\n\tvpxor %%ymm15,%%ymm15,%%ymm15" ::: "xmm14", "xmm15");
  for (long i = 0; i < n; ++i) FMA_CHAINS("ymm");
}
double peak_slots(int threads, bool wide) {
  const long n = 2'000'000;
  double best = 1e30;
  for (int repeat = 0; repeat < 7; ++repeat) {
    const double start = processor_time();
#pragma omp parallel num_threads(threads)
    {
      if (wide) {
        chains_512(n);
      } else {
        chains_256(n);
      }
    }
    best = std::min(best, processor_time() - start);
  }
  return 12.0 * (wide ? 8 : 4) * static_cast<double>(n) * threads / best;  // best: all threads' time
}
#else
double peak_slots(int, bool) { return 0.0; }
#endif

double slots(LossKind loss, double d, double w, double nb) {
  const double h = 2 * nb - 1;
  if (loss == LossKind::galerkin) {
    return h * (d + 2) * w * w + d * w + w * (34 + d) + h * w * (38 + 2 * d) + (nb - 1) * (d + 2) * w + 2 * d + 8;
  }
  if (d == 1) return h * (d + 1) * w * w + d * w + w * (31 + d) + h * w * (34 + d) + 2 * d + 8;
  return 2 * h * w * w + d * w + 31 * w + 34 * h * w + w * (1 + d);
}

struct Case {
  const char* name;
  landscape::NetworkSpec spec;
  std::int64_t n_directions, n_steps;
  const char* quadrature;
};

landscape::NetworkSpec resnet(int d, int w, int nb) {
  return {landscape::NetworkKind::resnet, landscape::Activation::swish, d, w, nb};
}

void bench_training() {
  using namespace landscape;
  struct Training {
    const char* name;
    NetworkSpec spec;
    const char* quadrature;
  };
  const Training cases[] = {{"1-D, width 4", resnet(1, 4, 1), "simpson:200"},
                            {"2-D, width 8", resnet(2, 8, 1), "sobol:1000"},
                            {"3-D, width 8", resnet(3, 8, 1), "sobol:1000"},
                            {"5-D, width 16", resnet(5, 16, 1), "sobol:1000"},
                            {"10-D, width 20, 3 blocks", resnet(10, 20, 3), "sobol:1000"},
                            {"10-D, width 32", resnet(10, 32, 1), "sobol:1000"}};
  fmt::print("training, 1 thread\n{:<26} {:<9} {:>8} {:>14} {:>11}\n", "case", "loss", "points", "M points/s",
             "steps/s");
  for (const Training& c : cases) {
    const PointSet points = make_points(parse_quadrature(c.quadrature), c.spec.dimension, 1, 0);
    const auto backend = make_cpu_backend(c.spec, Problem{"sine"}, points, 1);
    std::vector<double> theta(ParameterLayout(c.spec).size()), gradient(theta.size());
    for (std::size_t i = 0; i < theta.size(); ++i) theta[i] = 0.3 * std::sin(static_cast<double>(i));
    for (const LossKind loss : {LossKind::galerkin, LossKind::ritz}) {
      double best = 1e30, spent = 0.0;
      for (int repeat = 0; repeat < 5 || (spent < 0.5 && repeat < 100000); ++repeat) {
        const double start = processor_time();
        backend->loss_and_gradient(loss, theta, gradient);
        const double took = processor_time() - start;
        spent += took;
        best = std::min(best, took);
      }
      fmt::print("{:<26} {:<9} {:>8} {:>14.3f} {:>11.0f}\n", c.name, to_string(loss), points.size(),
                 static_cast<double>(points.size()) / best / 1e6, 1.0 / best);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace landscape;
  std::vector<int> thread_counts;
  for (int i = 1; i < argc; ++i) {
    if (const int n = std::atoi(argv[i]); n > 0) thread_counts.push_back(n);
  }
  if (argc == 1) thread_counts = {1, omp_get_num_procs()};
  // A and B are the cases of the targets (B with fewer directions: the rate is what counts).
  const Case cases[] = {
      {"A: 1-D, width 4", resnet(1, 4, 1), 100, 21, "simpson:200"},
      {"1-D, width 4, 2 blocks", resnet(1, 4, 2), 100, 21, "simpson:200"},
      {"1-D, fcnet 16, tanh", {NetworkKind::fcnet, Activation::tanh, 1, 16, 1}, 100, 21, "simpson:200"},
      {"1-D, mlp 16,16, tanh", {NetworkKind::mlp, Activation::tanh, 1, 0, 0, {16, 16}}, 100, 21, "simpson:200"},
      {"3-D, width 8", resnet(3, 8, 1), 20, 5, "sobol:2048"},
      {"10-D, width 20, 3 blocks", resnet(10, 20, 3), 4, 5, "sobol:2048"},
      {"B: 10-D, width 32", resnet(10, 32, 1), 4, 5, "sobol:10000"},
      {"10-D, width 64", resnet(10, 64, 1), 2, 5, "sobol:4000"},
      {"10-D, width 128", resnet(10, 128, 1), 1, 5, "sobol:2000"}};
  for (const int threads : thread_counts) {
    bool first = true;
    double peak = 0.0;
    for (const Case& c : cases) {
      for (const LossKind loss : {LossKind::galerkin, LossKind::ritz}) {
        const NetworkSpec& spec = c.spec;
        const PointSet points = make_points(parse_quadrature(c.quadrature), spec.dimension, 1, 0);
        const auto backend = make_cpu_backend(spec, Problem{"sine"}, points, threads);
        if (first) {
          const std::string name = backend->describe();
          peak = peak_slots(threads, name.find("AVX-512") != std::string::npos);
          fmt::print("{}; FMA peak measured now: {:.1f} G slots per processor-second\n", name, peak / 1e9);
          fmt::print("{:<26} {:<9} {:>11} {:>14} {:>8}\n", "case", "loss", "slots/eval", "M eval/s", "of peak");
          first = false;
        }
        const std::vector<double> theta(ParameterLayout(spec).size(), 0.1);
        const LineSet directions(DirectionSet(spec, theta, 1, DirectionNorm::none, BiasMode::random));
        std::vector<double> steps;
        for (std::int64_t j = 0; j < c.n_steps; ++j) steps.push_back(0.01 * static_cast<double>(j - c.n_steps / 2));
        std::vector<double> losses(static_cast<std::size_t>(c.n_directions * c.n_steps));
        const LineTask task{loss, &directions, steps, 0, c.n_directions * c.n_steps};
        double best = 1e30, best_processor = 1e30;
        const double begin = now();
        for (int repeat = 0; repeat < 5 || (now() - begin < 0.3 && repeat < 200); ++repeat) {
          const double start = now(), start_processor = processor_time();
          backend->evaluate(task, losses);
          best = std::min(best, now() - start);
          best_processor = std::min(best_processor, processor_time() - start_processor);
        }
        const double evaluations = static_cast<double>(losses.size()) * static_cast<double>(points.size());
        const double cost = slots(loss, spec.dimension, spec.shape().w, spec.shape().nb);
        fmt::print("{:<26} {:<9} {:>11.0f} {:>14.2f} {:>6.0f} %\n", c.name, to_string(loss), cost,
                   evaluations / best / 1e6, peak > 0.0 ? 100.0 * evaluations * cost / best_processor / peak : 0.0);
      }
    }
    fmt::print("\n");
  }
  bench_training();
}
