// The symmetric studentised bootstrap of one statistic (Hall 1988), shared by the comparison of indices and the
// interval of a mean: |t*| = |statistic* - statistic| / se* over the resamples, with the floors of resampling.hpp under
// both errors.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "resampling.hpp"

namespace landscape::detail {

/// One statistic over all resamples: its deviations from the sample's value and their standard errors.
class SymmetricTest {
 public:
  explicit SymmetricTest(double own_error) : own_error_(own_error) {}

  void add(double deviation, double error) {
    deviations_.push_back(deviation);
    errors_.push_back(error);
  }

  /// After the last add(): |t*|.
  void studentise() {
    std::vector<double> sorted = deviations_;
    std::sort(sorted.begin(), sorted.end());
    const double spread = spread_of_sorted(sorted);
    own_error_ = with_floor(own_error_, std::isfinite(spread) ? spread : 0.0);
    for (std::size_t b = 0; b < deviations_.size(); ++b) {
      const double size = std::fabs(deviations_[b]);
      studentised_.push_back(size > 0.0 ? size / with_floor(errors_[b], own_error_) : 0.0);
    }
    std::sort(studentised_.begin(), studentised_.end());
  }

  /// Half the width of the interval: a deviation beyond it is one with p_value() <= 1 - confidence.
  double reach(double confidence) const {
    const auto n = static_cast<double>(studentised_.size());
    const double beyond = std::floor((1.0 - confidence) * (n + 1.0) + 1e-9) - 1.0;  // |t*| that may reach further
    return studentised_[static_cast<std::size_t>(n - 1.0 - std::max(0.0, beyond))] * own_error_;
  }

  double p_value(double deviation) const {
    const double t = std::fabs(deviation) / own_error_;
    const auto reached = studentised_.end() - std::lower_bound(studentised_.begin(), studentised_.end(), t);
    return (1.0 + static_cast<double>(reached)) / (1.0 + static_cast<double>(studentised_.size()));
  }

 private:
  double own_error_;
  std::vector<double> deviations_, errors_, studentised_;
};

}  // namespace landscape::detail
