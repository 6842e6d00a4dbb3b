// Benchmark of the CUDA backend. Without arguments: the card's own rates, then the four cases of the design, both
// losses, against the floor those rates set. --dispatch: every kernel family at every width, the measurement that the
// dispatcher's table is to be made from.
//
//   bench_cuda                 rates, cases A to D
//   bench_cuda --case B        one case
//   bench_cuda --case C 5      one case with 5 directions instead of 100, for a profiler
//   bench_cuda --dispatch      families by width, d = 1, 3, 10
//   bench_cuda --dispatch 64   the same from width 64 on, of one block
//   bench_cuda --gradient      one training step by network
#include <cuda_runtime.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <vector>

#include "cost_model.hpp"
#include "dispatch.hpp"
#include "landscape/backend/cuda_backend.hpp"
#include "landscape/math/normal.hpp"
#include "landscape/model/error.hpp"
#include "peaks.hpp"

namespace {

using namespace landscape;

constexpr int kNoGpu = 77;  // what test drivers read as "skipped"

struct Case {
  std::string_view name;
  int d, w, nb;
  int directions, steps;
  std::int64_t n_points;  // 401: Simpson on 200 intervals; else Monte-Carlo
  bool one_dimensional;
};
constexpr Case kCases[] = {
    {"A", 1, 4, 1, 100, 21, 401, true},
    {"B", 10, 32, 1, 100, 21, 10000, false},
    {"C", 10, 50, 1, 100, 201, 100000, false},
    {"D", 20, 256, 1, 100, 21, 10000, false},
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Seconds of the best of several runs; at least two runs, at most about `most_seconds`.
template <class F>
double best_seconds(const F& run, double most_seconds = 3.0) {
  run();
  double best = 1e30;
  const double begin = now();
  for (int i = 0; i < 50 && (i < 2 || now() - begin < most_seconds); ++i) {
    const double start = now();
    run();
    best = std::min(best, now() - start);
  }
  return best;
}

PointSet points_of(const Case& c) {
  if (c.one_dimensional) return make_points({QuadratureKind::simpson, (c.n_points - 1) / 2}, 1, 1, 0);
  return make_points({QuadratureKind::monte_carlo, c.n_points}, c.d, 1, 0);
}

std::vector<double> some_parameters(const NetworkSpec& spec) {
  std::vector<double> theta(ParameterLayout(spec).size());
  // A fixed pattern of the size of trained weights: speed does not depend on the numbers as long as they stay finite.
  const double scale = 1.0 / std::sqrt(std::max(1.0, static_cast<double>(spec.width)));
  for (std::size_t i = 0; i < theta.size(); ++i) theta[i] = scale * std::sin(1.0 + 0.7 * static_cast<double>(i));
  return theta;
}

struct Timing {
  double seconds;
  bool finite;
};
Timing time_case(const Case& c, LossKind loss, const char* family, double most_seconds = 3.0) {
  const NetworkSpec spec{NetworkKind::resnet, Activation::swish, c.d, c.w, c.nb};
  const auto theta = some_parameters(spec);
  const auto backend = make_cuda_backend(spec, Problem{"sine"}, points_of(c), 0);
  const LineSet directions(DirectionSet(spec, theta, 1, DirectionNorm::filter, BiasMode::zero));
  std::vector<double> steps(static_cast<std::size_t>(c.steps));
  for (int j = 0; j < c.steps; ++j) steps[static_cast<std::size_t>(j)] = -1.0 + 2.0 * j / std::max(1, c.steps - 1);
  std::vector<double> losses(static_cast<std::size_t>(c.directions) * steps.size());
  if (family != nullptr) setenv("LANDSCAPE_CUDA_KERNEL", family, 1);
  const double seconds = best_seconds(
      [&] {
        backend->evaluate({loss, &directions, steps, 0, static_cast<std::int64_t>(losses.size())}, losses);
      },
      most_seconds);
  if (family != nullptr) unsetenv("LANDSCAPE_CUDA_KERNEL");
  return {seconds, std::all_of(losses.begin(), losses.end(), [](double f) { return std::isfinite(f); })};
}

cuda::Peaks print_peaks() {
  const cuda::Peaks peaks = cuda::measure_peaks();
  fmt::print(
      "rates measured in this run: FMA {:.1f} TFLOP/s; matrix instruction m8n8k4 {:.1f}, m16n8k4 {:.1f}, m16n8k8 "
      "{:.1f}, m16n8k16 {:.1f} TFLOP/s;\nswish with two derivatives {:.1f} G/s; copy {:.2f} TB/s. Of matrix products "
      "and "
      "as long a time of FMAs, {:.0f} % of the shorter\ntime is added to the longer where they take turns, {:.0f} % in "
      "loops of their own.\n\n",
      peaks.fma * 1e-12, peaks.mma_m8n8k4 * 1e-12, peaks.mma_m16n8k4 * 1e-12, peaks.mma_m16n8k8 * 1e-12,
      peaks.mma_m16n8k16 * 1e-12, peaks.exp * 1e-9, peaks.bandwidth * 1e-12, 100.0 * peaks.shared_pipe,
      100.0 * peaks.shared_pipe_apart);
  return peaks;
}

void print_cases(std::string_view wanted, int directions) {
  const cuda::Peaks peaks = print_peaks();
  fmt::print("{:<5} {:<9} {:<8} {:>12} {:>12} {:>7} {:>10} {:>12}\n", "case", "loss", "kernel", "time ms", "floor ms",
             "ratio", "TFLOP/s", "G evals/s");
  for (Case c : kCases) {
    if (!wanted.empty() && wanted != c.name) continue;
    if (directions > 0) c.directions = directions;
    for (const LossKind loss : {LossKind::galerkin, LossKind::ritz}) {
      const NetworkSpec spec{NetworkKind::resnet, Activation::swish, c.d, c.w, c.nb};
      const Timing timing = time_case(c, loss, nullptr);
      const double evaluations = static_cast<double>(c.directions) * c.steps * static_cast<double>(c.n_points);
      const bench::Cost cost = bench::cost_per_evaluation(loss, c.d, c.w, c.nb);
      // Below width 8 the products are too small for the matrix instruction to pay.
      const double floor = bench::floor_seconds(cost, evaluations, peaks.fma, peaks.mma, c.w > 8);
      fmt::print("{:<5} {:<9} {:<8} {:>12.4f} {:>12.4f} {:>7.2f} {:>10.2f} {:>12.3f}{}\n", c.name, to_string(loss),
                 cuda::to_string(cuda::choose_family({spec.kind, spec.shape(), spec.activation, loss})),
                 1e3 * timing.seconds, 1e3 * floor, timing.seconds / floor,
                 evaluations * cost.flops() / timing.seconds * 1e-12, evaluations / timing.seconds * 1e-9,
                 timing.finite ? "" : "  NOT FINITE");
      std::fflush(stdout);
    }
  }
}

void print_dispatch(int from_width) {
  print_peaks();
  fmt::print(
      "best family by network; times in ms for 20 directions x 11 steps x 4096 points (* the dispatcher's choice)\n");
  fmt::print("{:>3} {:>5} {:>3} {:<9}", "d", "w", "nb", "loss");
  for (const char* name : {"narrow", "tile", "wide", "deep", "gemm", "generic"}) fmt::print(" {:>11}", name);
  fmt::print("  choice/best\n");
  for (const int d : {1, 3, 10}) {
    for (const int nb : {1, 2}) {
      if (from_width > 0 && nb > 1) continue;
      for (const int w : {2, 4, 6, 8, 12, 16, 20, 24, 32, 40, 48, 50, 56, 64, 80, 96, 128, 192, 256}) {
        for (const LossKind loss : {LossKind::galerkin, LossKind::ritz}) {
          if (w < from_width) continue;
          const Case c{"", d, w, nb, 20, 11, 4096, false};
          const cuda::Evaluation what{NetworkKind::resnet, {d, w, nb, true}, Activation::swish, loss};
          const cuda::KernelFamily chosen = cuda::choose_family(what);
          double best = 1e30, of_chosen = 0.0;
          std::string row;
          for (const auto family : {cuda::KernelFamily::narrow, cuda::KernelFamily::tile, cuda::KernelFamily::wide,
                                    cuda::KernelFamily::deep, cuda::KernelFamily::gemm, cuda::KernelFamily::generic}) {
            // The generic kernel is hopeless for wide networks; its time is not worth the wait.
            if (!cuda::is_applicable(family, what) || (family == cuda::KernelFamily::generic && w > 24)) {
              row += fmt::format(" {:>11}", "-");
              continue;
            }
            const double seconds = time_case(c, loss, cuda::to_string(family).c_str(), 0.1).seconds;
            best = std::min(best, seconds);
            if (family == chosen) of_chosen = seconds;
            row += fmt::format(" {:>10.3f}{}", 1e3 * seconds, family == chosen ? '*' : ' ');
          }
          fmt::print("{:>3} {:>5} {:>3} {:<9}{}  {:.2f}\n", d, w, nb, to_string(loss), row, of_chosen / best);
          std::fflush(stdout);
        }
      }
    }
  }
}

void print_gradients() {
  fmt::print("{:>3} {:>5} {:>3} {:>8} {:<9} {:>12}\n", "d", "w", "nb", "points", "loss", "step ms");
  for (const Case& c : {Case{"", 1, 4, 1, 1, 1, 201, true}, Case{"", 1, 4, 1, 1, 1, 3201, true},
                        Case{"", 3, 8, 1, 1, 1, 1000, false}, Case{"", 10, 20, 3, 1, 1, 100000, false},
                        Case{"", 10, 64, 1, 1, 1, 10000, false}, Case{"", 10, 256, 1, 1, 1, 10000, false}}) {
    const NetworkSpec spec{NetworkKind::resnet, Activation::swish, c.d, c.w, c.nb};
    const auto theta = some_parameters(spec);
    std::vector<double> gradient(theta.size());
    const auto backend = make_cuda_backend(spec, Problem{"sine"}, points_of(c), 0);
    for (const LossKind loss : {LossKind::galerkin, LossKind::ritz}) {
      const double seconds = best_seconds([&] { backend->loss_and_gradient(loss, theta, gradient); });
      fmt::print("{:>3} {:>5} {:>3} {:>8} {:<9} {:>12.4f}\n", c.d, c.w, c.nb, c.n_points, to_string(loss),
                 1e3 * seconds);
      std::fflush(stdout);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const DeviceStatus status = cuda_status();
    if (status.n_devices == 0) {
      fmt::print("bench_cuda: no GPU: {}\n", status.reason);
      return kNoGpu;
    }
    const std::string_view first = argc > 1 ? argv[1] : "";
    if (first == "--dispatch") {
      print_dispatch(argc > 2 ? std::atoi(argv[2]) : 0);
    } else if (first == "--gradient") {
      print_gradients();
    } else if (first.empty() || (first == "--case" && (argc == 3 || argc == 4))) {
      print_cases(argc > 2 ? argv[2] : "", argc > 3 ? std::atoi(argv[3]) : 0);
    } else {
      fmt::print(stderr, "usage: bench_cuda [--case A|B|C|D [DIRECTIONS] | --dispatch [FROM_WIDTH] | --gradient]\n");
      return 2;
    }
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_cuda: {}\n", error.what());
    return 1;
  }
}
