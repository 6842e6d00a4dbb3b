// Speed of what happens once all losses are there: numbers of every profile, then the intervals by resampling. Profiles
// are made up, 21 steps each; directions per second of the wall and processor-seconds of all threads, the best of three
// runs. Usage: bench_reduction [directions 300000] [threads ...]      (default: 1 and all)
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <vector>

#include "landscape/random/philox.hpp"
#include "landscape/roughness/comparison.hpp"
#include "landscape/roughness/convergence.hpp"
#include "landscape/roughness/mean_interval.hpp"
#include "landscape/roughness/pieces.hpp"
#include "landscape/roughness/topology.hpp"

namespace {

using namespace landscape;

constexpr std::size_t kSteps = 21;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

double processor_time() {
  timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

std::vector<double> steps() {
  std::vector<double> s;
  for (std::size_t j = 0; j < kSteps; ++j) s.push_back(-1.0 + 0.1 * static_cast<double>(j));
  return s;
}

/// (M, kSteps): valleys with a slope and a ripple.
std::vector<double> made_up_profiles(std::size_t n, std::uint64_t seed) {
  std::vector<double> losses;
  losses.reserve(n * kSteps);
  const std::vector<double> s = steps();
  for (std::size_t k = 0; k < n; ++k) {
    const auto slope = philox_normal_pair(seed, k, 0), ripple = philox_normal_pair(seed, k, 1);
    for (const double x : s)
      losses.push_back(x * x + 0.4 * slope.first * x * x * x + 0.2 * slope.second * x +
                       0.1 * ripple.first * std::cos(7.0 * x + ripple.second));
  }
  return losses;
}

struct Diagnosed {
  std::vector<ProfileDiagnostics> profiles;
  std::vector<Topology> topologies;
  std::vector<double> total_variation;
};

Diagnosed diagnose(const std::vector<double>& losses, int threads) {
  const std::vector<double> s = steps();
  const std::size_t n = losses.size() / kSteps;
  Diagnosed all{std::vector<ProfileDiagnostics>(n), std::vector<Topology>(n), std::vector<double>(n)};
  in_pieces(static_cast<std::int64_t>(n), 512, threads, [&](std::int64_t first, std::int64_t last) {
    for (auto k = static_cast<std::size_t>(first); k < static_cast<std::size_t>(last); ++k) {
      const auto row = std::span(losses).subspan(k * kSteps, kSteps);
      all.profiles[k] = diagnose_profile(row, s);
      all.topologies[k] = profile_topology(row, all.profiles[k], {});
      all.total_variation[k] = all.profiles[k].total_variation;
    }
  });
  return all;
}

double measure(const char* what, std::size_t n, const std::function<void()>& work) {
  double wall = 1e30, processor = 1e30;
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double start = now(), before = processor_time();
    work();
    wall = std::min(wall, now() - start);
    processor = std::min(processor, processor_time() - before);
  }
  fmt::print("  {:<44}{:>9.3f} s{:>9.3f} s{:>14.4g}\n", what, wall, processor, static_cast<double>(n) / wall);
  return wall;
}

void measure_all(std::size_t n, int threads) {
  const std::vector<double> losses_a = made_up_profiles(n, 1), losses_b = made_up_profiles(n, 2);
  const BootstrapOptions options{1, 2000, 0.95, IntervalMethod::automatic, threads};
  fmt::print("{} directions x {} steps, 2000 resamples, {} thread{}\n", n, kSteps, threads, threads == 1 ? "" : "s");
  fmt::print("  {:<44}{:>11}{:>11}{:>14}\n", "", "wall", "processor", "directions/s");
  Diagnosed a, b;
  double wall = 0.0;
  wall += 2.0 * measure("T, shape and basins of one loss", n, [&] { a = diagnose(losses_a, threads); });
  b = diagnose(losses_b, threads);
  wall += 2.0 *
          measure("RI of the first M and of all, of one loss", n, [&] { index_curve(a.total_variation, {}, options); });
  wall += 2.0 * measure("mean curvature of one loss", n, [&] { mean_curvature(a.profiles, options); });
  wall += 2.0 * measure("persistence and SMAD of one loss", n,
                        [&] { summarise_topology(a.profiles, a.topologies, 2.0, options); });
  wall += measure("comparison of RI", n, [&] {
    compare_indices({"A", a.total_variation, {}}, {"B", b.total_variation, {}}, options);
  });
  wall += measure("comparison of persistence", n,
                  [&] { compare_persistence(a.profiles, a.topologies, b.profiles, b.topologies, options); });
  fmt::print("  {:<44}{:>9.3f} s{:>25.4g}\n\n", "two losses, all of it", wall, static_cast<double>(n) / wall);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t n = argc > 1 ? static_cast<std::size_t>(std::atoll(argv[1])) : 300'000;
  if (n < 2) {
    fmt::print(stderr, "bench_reduction [directions >= 2] [threads ...]\n");
    return 2;
  }
  std::vector<int> teams;
  for (int i = 2; i < argc; ++i) teams.push_back(std::max(1, std::atoi(argv[i])));
  if (teams.empty()) {
    teams.push_back(1);
    if (omp_get_max_threads() > 1) teams.push_back(omp_get_max_threads());
  }
  for (const int threads : teams) measure_all(n, threads);
  return 0;
}
