// What every interval by resampling needs of a resample: how many values it has and the sums of some columns of numbers
// about them - powers and products. From these each statistic and its standard error follow in closed form. A resample
// is one pass over the values in order, and a function of its number: threads share the resamples.
//
// Fewer than kManyValues values are drawn with replacement, n of n (resampled_position()). More get independent weights
// (resampled_weight()), the bootstrap with Poisson frequencies (Hanley & MacGibbon, Comput. Methods Programs Biomed. 83
// (2006) 57), whose number of values varies by sqrt(n): a difference of order 1/n in every statistic, which is made of
// means. The first m of n weighted values are themselves resampled: one pass serves all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "landscape/roughness/resampled.hpp"
#include "weighing.hpp"

namespace landscape::detail {

/// Numbers about n values: fill(first, count, columns) writes number k of value first + i to columns[k * kChunk + i].
struct Columns {
  std::size_t n_values = 0;
  std::size_t n_columns = 0;
  std::function<void(std::size_t first, std::size_t count, double* columns)> fill;
};

/// Of one resample, or of the values themselves.
struct Sums {
  double n = 0.0;                 // values, each as often as it was taken
  std::span<const double> total;  // (n_columns)
  double mean(std::size_t k) const { return total[k] / n; }
};

/// Of all resamples, each of the first counts[i] values.
class ResampledSums {
 public:
  ResampledSums(std::size_t n_resamples, std::size_t n_counts, std::size_t n_columns)
      : n_counts_(n_counts), stride_(n_columns + 1), numbers_(n_resamples * n_counts * stride_) {}
  Sums at(std::size_t resample, std::size_t i = 0) const {
    const auto row = std::span(numbers_).subspan((resample * n_counts_ + i) * stride_, stride_);
    return {row[0], row.subspan(1)};
  }
  std::span<double> row(std::size_t resample, std::size_t i) {
    return std::span(numbers_).subspan((resample * n_counts_ + i) * stride_, stride_);
  }

 private:
  std::size_t n_counts_, stride_;
  std::vector<double> numbers_;  // (resamples, counts, 1 + columns)
};

/// Which resamples. Number b has the stream first_stream + step b: samples that are resampled apart take turns.
struct Resampling {
  std::uint64_t seed = 1;
  std::int64_t resamples = 0;
  int threads = 1;
  std::uint64_t first_stream = 0, step = 1;
  std::uint64_t stream(std::size_t resample) const { return first_stream + step * resample; }
};

/// counts: ascending, at least kManyValues each but for a single one of all values; empty: all values.
ResampledSums resampled_sums(const Columns& columns, const Resampling& how, std::span<const std::size_t> counts = {});

/// Of every value once, (1 + n_columns): their number, then the sums.
std::vector<double> plain_sums(const Columns& columns);

}  // namespace landscape::detail
