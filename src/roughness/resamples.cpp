// A few resamples at a time go through the values together, so that columns are filled once for all of them.
#include "resamples.hpp"

#include <algorithm>

#include "landscape/random/philox.hpp"
#include "landscape/roughness/pieces.hpp"
#include "resampling.hpp"

namespace landscape::detail {
namespace {

constexpr std::size_t kTogether = 16;      // resamples
constexpr double kWorthThreads = 1 << 20;  // draws; below, a team of threads costs more than it brings

// One chunk of columns, zero beyond the last value.
class Chunks {
 public:
  explicit Chunks(const Columns& columns) : columns_(columns), numbers_(columns.n_columns * kChunk) {}
  std::size_t size() const { return (columns_.n_values + kChunk - 1) / kChunk; }
  const double* fill(std::size_t chunk) {
    const std::size_t first = chunk * kChunk, count = std::min(kChunk, columns_.n_values - first);
    if (count < kChunk) std::ranges::fill(numbers_, 0.0);
    columns_.fill(first, count, numbers_.data());
    return numbers_.data();
  }

 private:
  const Columns& columns_;
  std::vector<double> numbers_;
};

// How often each of n values is drawn, (n rounded up to chunks).
std::vector<double> drawn_times(std::size_t n, std::size_t padded, std::uint64_t seed, std::uint64_t stream) {
  std::vector<std::uint32_t> positions(n);
  draw_positions(seed, stream, positions);
  std::vector<double> times(padded, 0.0);
  for (const std::uint32_t position : positions) times[position] += 1.0;
  return times;
}

// Resamples [first, last) of few values.
void sum_drawn(const Columns& columns, const Resampling& how, std::size_t first, std::size_t last,
               ResampledSums& sums) {
  Chunks chunks(columns);
  std::vector<std::vector<double>> times;
  for (std::size_t b = first; b < last; ++b)
    times.push_back(drawn_times(columns.n_values, chunks.size() * kChunk, how.seed, how.stream(b)));
  for (std::size_t c = 0; c < chunks.size(); ++c) {
    const double* numbers = chunks.fill(c);
    for (std::size_t b = first; b < last; ++b)
      add_weighted(times[b - first].data() + c * kChunk, numbers, columns.n_columns, sums.row(b, 0).data() + 1);
  }
  for (std::size_t b = first; b < last; ++b) sums.row(b, 0)[0] = static_cast<double>(columns.n_values);
}

// Resamples [first, last) of many values, of the first counts[i] of them each.
void sum_weighted(const Columns& columns, const Resampling& how, std::span<const std::size_t> counts, std::size_t first,
                  std::size_t last, ResampledSums& sums) {
  Chunks chunks(columns);
  std::vector<double> running((last - first) * (columns.n_columns + 1), 0.0);
  std::vector<double> before;
  alignas(64) double weights[kChunk];
  std::size_t next = 0;  // of counts
  for (std::size_t c = 0; next < counts.size(); ++c) {
    const double* numbers = chunks.fill(c);
    const std::size_t begin = c * kChunk;
    const std::size_t after =
        static_cast<std::size_t>(std::upper_bound(counts.begin(), counts.end(), begin + kChunk) - counts.begin());
    for (std::size_t b = first; b < last; ++b) {
      const std::uint64_t stream = subsequence(RandomUse::bootstrap, how.stream(b));
      const double n_drawn = draw_weights(how.seed, stream, c, weights);
      double* const total = running.data() + (b - first) * (columns.n_columns + 1);
      if (next < after) before.assign(total, total + columns.n_columns + 1);
      total[0] += n_drawn;
      add_weighted(weights, numbers, columns.n_columns, total + 1);
      // From the last count that ends here to the first: what lies beyond weighs nothing.
      for (std::size_t i = after; i-- > next;) {
        std::fill(weights + (counts[i] - begin), weights + kChunk, 0.0);
        const std::span<double> row = sums.row(b, i);
        std::ranges::copy(before, row.begin());
        for (const double weight : weights) row[0] += weight;
        add_weighted(weights, numbers, columns.n_columns, row.data() + 1);
      }
    }
    next = after;
  }
}

}  // namespace

ResampledSums resampled_sums(const Columns& columns, const Resampling& how, std::span<const std::size_t> counts) {
  const std::size_t all[] = {columns.n_values};
  if (counts.empty()) counts = all;
  const auto n_resamples = static_cast<std::size_t>(how.resamples);
  ResampledSums sums(n_resamples, counts.size(), columns.n_columns);
  const bool many = columns.n_values >= static_cast<std::size_t>(kManyValues);
  const double n_draws = static_cast<double>(n_resamples) * static_cast<double>(columns.n_values);
  const int threads = n_draws < kWorthThreads ? 1 : how.threads;
  in_pieces(how.resamples, kTogether, threads, [&](std::int64_t first, std::int64_t last) {
    const auto from = static_cast<std::size_t>(first), to = static_cast<std::size_t>(last);
    many ? sum_weighted(columns, how, counts, from, to, sums) : sum_drawn(columns, how, from, to, sums);
  });
  return sums;
}

std::vector<double> plain_sums(const Columns& columns) {
  Chunks chunks(columns);
  const std::vector<double> once(kChunk, 1.0);
  std::vector<double> sums(columns.n_columns + 1, 0.0);
  sums[0] = static_cast<double>(columns.n_values);
  for (std::size_t c = 0; c < chunks.size(); ++c)
    add_weighted(once.data(), chunks.fill(c), columns.n_columns, sums.data() + 1);
  return sums;
}

}  // namespace landscape::detail
