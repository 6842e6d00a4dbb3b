// Fields of result groups that several of them have: an index with its directions, a comparison of two.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "landscape/io/result_table.hpp"
#include "landscape/roughness/bootstrap.hpp"
#include "landscape/roughness/comparison.hpp"
#include "landscape/roughness/index.hpp"

namespace landscape {

inline constexpr std::size_t kWordCapacity = 32, kSentenceCapacity = 1024;

inline std::string method_name(const std::optional<IndexInterval>& interval, IntervalMethod IndexInterval::*side) {
  return interval ? to_string((*interval).*side) : "none";
}

/// Of a source with an `index`, its `interval` and its `resolution`.
template <class Source>
void add_index(ResultTable<Source>& table) {
  using R = Source;
  table.add("index", "1", "roughness index RI = std(T; ddof = 1) / mean(T) over the usable directions",
            [](const R& r) { return r.index.index; });
  table.add("interval", "1", "lower and upper bound of RI", &R::interval);
  table.add("confidence", "1", "confidence of the interval",
            [](const R& r) { return r.interval ? std::optional(r.interval->confidence) : std::nullopt; });
  table.add_text("lower_method", kWordCapacity, "how the lower bound was found, or none",
                 [](const R& r) { return method_name(r.interval, &IndexInterval::lower_method); });
  table.add_text("upper_method", kWordCapacity, "how the upper bound was found, or none",
                 [](const R& r) { return method_name(r.interval, &IndexInterval::upper_method); });
  table.add("standard_error", "1", "jackknife error of RI", [](const R& r) { return r.index.jackknife_error; });
  table.add("resolution", "1", "the RI that rounded losses alone can make", &R::resolution);
  table.add("mean", "1 / step", "mean T", [](const R& r) { return r.index.mean; });
  table.add("std", "1 / step", "standard deviation of T, ddof = 1",
            [](const R& r) { return r.index.standard_deviation; });
}

/// Of a source with an `index`.
template <class Source>
void add_directions(ResultTable<Source>& table) {
  using R = Source;
  table.add("directions", "1", "number of directions M", [](const R& r) { return r.index.n_directions; });
  table.add("used", "1", "usable directions", [](const R& r) { return r.index.n_used; });
  table.add("excluded_flat", "1", "directions left out: max f = min f", [](const R& r) { return r.index.n_flat; });
  table.add("excluded_unresolved", "1", "directions left out: at rounding level",
            [](const R& r) { return r.index.n_unresolved; });
  table.add("excluded_nonfinite", "1", "directions left out: a loss is not finite",
            [](const R& r) { return r.index.n_non_finite; });
  table.add("excluded_incomplete", "1", "directions left out: not complete, or damaged",
            [](const R& r) { return r.index.n_incomplete; });
}

/// Of a source of which comparison_of gives the Comparison of Ritz and Galerkin.
template <class Source, class Get>
void add_comparison(ResultTable<Source>& table, Get comparison_of, std::uint64_t bootstrap_seed) {
  using C = Comparison;
  const auto of = [comparison_of](auto get) {
    return [=](const Source& source) { return std::invoke(get, comparison_of(source)); };
  };
  table.add_text("verdict", kWordCapacity,
                 "not distinguishable, ritz rougher, galerkin rougher, both zero, not comparable or within rounding",
                 of([](const C& c) {
                   constexpr const char* kVerdicts[] = {"not distinguishable", "ritz rougher",   "galerkin rougher",
                                                        "both zero",           "not comparable", "within rounding"};
                   return std::string(kVerdicts[static_cast<int>(c.verdict)]);
                 }));
  table.add_text("sentence", kSentenceCapacity, "the verdict and what it rests on",
                 of([](const C& c) { return describe(c); }));
  table.add("directions", "1", "number of directions M", of(&C::n_directions));
  table.add("used", "1", "directions usable for both losses", of(&C::n_used));
  table.add("index_ritz", "1", "RI of Deep Ritz over these", of(&C::index_first));
  table.add("index_galerkin", "1", "RI of Deep Galerkin over these", of(&C::index_second));
  table.add("difference", "1", "index_ritz - index_galerkin", of(&C::difference));
  table.add("difference_interval", "1", "lower and upper bound of difference", of(&C::difference_interval));
  table.add("ratio", "1", "index_ritz / index_galerkin", of(&C::ratio));
  table.add("ratio_interval", "1", "lower and upper bound of ratio", of(&C::ratio_interval));
  table.add("p_value", "1", "of equal indices, two-sided", of(&C::p_value));
  table.add_text("decided_by", kWordCapacity,
                 "the interval that verdict and p_value rest on: ratio, difference or none", of(&C::decided_by));
  table.add("confidence", "1", "confidence of the intervals", of(&C::confidence));
  table.add("bootstrap_resamples", "1", "resamples of the intervals", of(&C::resamples));
  table.add("bootstrap_seed", "1", "seed of the resampling", [=](const Source&) { return bootstrap_seed; });
}

}  // namespace landscape
