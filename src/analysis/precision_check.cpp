// What the rounding of single precision does to T. Where neighbouring losses differ by delta, noise of standard
// deviation sigma on each makes |delta + tau z| of |delta|, tau = sqrt(2) sigma, z standard normal, on average
//
//   E |delta + tau z| = tau sqrt(2/pi) exp(-delta^2 / (2 tau^2)) + |delta| erf(|delta| / (sqrt(2) tau)),
//
// which adds up over the steps. Between a minimum's flanks, where delta is far above tau, nothing is added; on a fine
// grid much is, long before sigma itself is 1 % of max f - min f.
#include "landscape/analysis/precision_check.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

#include "landscape/parallel/collective.hpp"
#include "landscape/profile/work_partition.hpp"

namespace landscape {
namespace {

constexpr std::size_t kMostChecked = 9;

double standard_deviation(std::span<const double> values) {
  double mean = 0.0, squares = 0.0;
  for (const double x : values) mean += x / static_cast<double>(values.size());
  for (const double x : values) squares += (x - mean) * (x - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

}  // namespace

std::vector<double> checked_steps(std::span<const double> steps) {
  const std::size_t n = std::min(kMostChecked, steps.size());
  std::vector<double> chosen;
  for (std::size_t i = 0; i < n; ++i) chosen.push_back(steps[i * (steps.size() - 1) / std::max<std::size_t>(1, n - 1)]);
  return chosen;
}

std::vector<double> single_precision_noise(const Communicator& comm, const Setup& setup, LossKind loss,
                                           const LineSet& lines, std::span<const double> all_steps) {
  const std::vector<double> steps = checked_steps(all_steps);
  const auto n_checked = static_cast<std::int64_t>(steps.size());
  const WorkRange share = WorkPartition(setup.config.n_directions, comm.size()).of(comm.rank());
  const std::int64_t n_mine = share.end - share.begin;
  const std::string mine = collectively(comm, [&] {
    std::vector<double> single(static_cast<std::size_t>(n_mine * n_checked)), full(single.size()), sigma;
    const LineTask task{loss, &lines, steps, share.begin * n_checked, n_mine * n_checked};
    if (n_mine > 0) {
      const auto evaluate = [&](Precision precision, std::vector<double>& losses) {
        make_cpu_backend(setup.config.network, setup.config.problem, setup.points, setup.threads, precision)
            ->evaluate(task, losses);
      };
      evaluate(Precision::single_precision, single);
      evaluate(Precision::double_precision, full);
    }
    for (std::size_t at = 0; at < single.size(); ++at) single[at] -= full[at];
    for (std::size_t at = 0; at < single.size(); at += steps.size())
      sigma.push_back(standard_deviation(std::span(single).subspan(at, steps.size())));
    std::string bytes(sigma.size() * sizeof(double), '\0');
    if (!sigma.empty()) std::memcpy(bytes.data(), sigma.data(), bytes.size());
    return bytes;
  });
  std::vector<double> all;
  for (const std::string& bytes : comm.gather(mine)) {
    const std::size_t before = all.size();
    all.resize(before + bytes.size() / sizeof(double));
    if (!bytes.empty()) std::memcpy(all.data() + before, bytes.data(), bytes.size());
  }
  return all;
}

double noise_share_of_variation(std::span<const double> losses, double sigma) {
  const double tau = std::numbers::sqrt2 * sigma;
  double variation = 0.0, added = 0.0;
  for (std::size_t j = 1; j < losses.size(); ++j) {
    const double delta = std::fabs(losses[j] - losses[j - 1]);
    variation += delta;
    if (!(tau > 0.0)) continue;
    const double x = delta / (std::numbers::sqrt2 * tau);
    added += tau * std::numbers::sqrt2 * std::numbers::inv_sqrtpi * std::exp(-x * x) - delta * std::erfc(x);
  }
  return added / variation;
}

}  // namespace landscape
