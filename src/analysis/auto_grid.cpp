// Every half-width's index from the rows of all, then the least sensitive one.
#include "landscape/analysis/auto_grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "landscape/analysis/profiles.hpp"
#include "landscape/config/text.hpp"
#include "landscape/io/result_table.hpp"
#include "landscape/model/numbers.hpp"

namespace landscape {
namespace {

constexpr int kIntervals = 100;
constexpr std::size_t kFirstChoice = 1, kLastChoice = 7;  // 2^-6 and 1: both neighbours are there, and l stays local

// |log| of the ratio of two indices; of two that are zero at rounding level, 0.
double change(const SweepEntry& from, const SweepEntry& to) {
  if (from.is_zero() && to.is_zero()) return 0.0;
  if (!from.index.index || !to.index.index) return kUndefined;
  return std::abs(std::log(*to.index.index / *from.index.index));
}

double change_of_loss(const GridChoice::OfLoss& loss, std::size_t k) {
  const double down = change(loss.entries[k], loss.entries[k - 1]), up = change(loss.entries[k], loss.entries[k + 1]);
  return std::isfinite(down) && std::isfinite(up) ? std::max(down, up) : kUndefined;
}

}  // namespace

const std::vector<double>& auto_radii() {
  static const std::vector<double> radii = [] {
    std::vector<double> all;
    for (int k = -7; k <= 1; ++k) all.push_back(std::ldexp(1.0, k));
    return all;
  }();
  return radii;
}

const SweepGrid& auto_grid_steps() {
  static const SweepGrid grid = sweep_grid(auto_radii(), {kIntervals});
  return grid;
}

GridChoice choose_grid(std::vector<GridChoice::OfLoss> losses) {
  const std::size_t n = auto_radii().size();
  GridChoice choice;
  choice.losses = std::move(losses);
  choice.sensitivity.assign(n, kUndefined);
  choice.stable.assign(n, false);
  choice.chosen = kLastChoice;
  for (std::size_t k = 1; k + 1 < n; ++k) {
    double most = 0.0;
    bool stable = true;
    for (const GridChoice::OfLoss& loss : choice.losses) {
      const double of_loss = change_of_loss(loss, k);
      most = std::isfinite(of_loss) ? std::max(most, of_loss) : kUndefined;
      if (!std::isfinite(most)) break;
      stable = stable && agree(loss.entries[k], loss.entries[k - 1]) && agree(loss.entries[k], loss.entries[k + 1]);
    }
    choice.sensitivity[k] = most;
    choice.stable[k] = std::isfinite(most) && stable;
  }
  // From 1 downward: of equal ones, as of a quadratic loss, the largest.
  for (std::size_t k = kLastChoice; k >= kFirstChoice; --k) {
    if (!std::isfinite(choice.sensitivity[k])) continue;
    const std::size_t best = choice.chosen;
    const bool is_better =
        !choice.judged || choice.stable[k] > choice.stable[best] ||
        (choice.stable[k] == choice.stable[best] && choice.sensitivity[k] < choice.sensitivity[best]);
    if (is_better) choice.chosen = k;
    choice.judged = true;
  }
  return choice;
}

GridChoice choose_grid(const Rows& rows, const RunConfig& config) {
  std::vector<GridChoice::OfLoss> losses;
  for (const LossKind loss : profile_losses(rows))
    losses.push_back({loss, sweep_entries(rows, config, loss, auto_grid_steps(), "--grid auto").entries});
  return choose_grid(std::move(losses));
}

RunConfig with_chosen_grid(const RunConfig& config, const GridChoice& choice) {
  RunConfig chosen = config;
  chosen.grid_auto = false;
  chosen.grid = ProfileGrid{-choice.radius(), choice.radius(), kIntervals + 1, GridRule::even};
  return chosen;
}

ResultGroup grid_results(const RunConfig& config, const GridChoice* choice) {
  const auto n = static_cast<std::int64_t>(auto_radii().size());
  ResultTable<GridChoice> table("the half-width l that --grid auto took, of those whose profiles the rows hold");
  table.add("chosen", "step", "the half-width taken", &GridChoice::radius);
  table.add("is_stable", "1", "1 where RI at l, l / 2 and 2 l lie in each other's interval, of all losses",
            [](const GridChoice& c) { return std::int64_t{c.is_stable()}; });
  table.add("is_judged", "1", "0 where no index was defined at three half-widths in a row",
            [](const GridChoice& c) { return std::int64_t{c.judged}; });
  table.add("radius", "step", "half-widths", "(K)", {n}, [](const GridChoice&) { return auto_radii(); });
  table.add("sensitivity", "1", "largest |log(RI(l') / RI(l))| over l' = l / 2, 2 l and all losses", "(K)", {n},
            &GridChoice::sensitivity);
  table.add("stable", "1", "is_stable of every half-width", "(K)", {n},
            [](const GridChoice& c) { return std::vector<std::int64_t>(c.stable.begin(), c.stable.end()); });
  for (std::size_t i = 0; i < config.losses.size(); ++i) {
    const std::string name = to_string(config.losses[i]);
    const auto entries = [i](auto get) {
      return [i, get](const GridChoice& c) {
        std::vector<double> values;
        for (const SweepEntry& entry : c.losses[i].entries) {
          const std::vector<double> numbers = get(entry);
          values.insert(values.end(), numbers.begin(), numbers.end());
        }
        return values;
      };
    };
    table.add("index_" + name, "1", "RI on each grid", "(K)", {n},
              entries([](const SweepEntry& entry) { return std::vector<double>{stored(entry.index.index)}; }));
    table.add("interval_" + name, "1", "lower and upper bound of RI on each grid", "(K, 2)", {n, 2},
              entries([](const SweepEntry& entry) { return stored(entry.interval); }));
  }
  return table.group("roughness/grid", choice);
}

std::string grid_text(const GridChoice& choice, double confidence) {
  if (!choice.judged) {
    return wrapped("--grid auto: the index is defined at too few half-widths to compare them; [-1, 1] was taken.",
                   kTextWidth);
  }
  std::string changes;
  for (const GridChoice::OfLoss& loss : choice.losses)
    changes += fmt::format("{}{:.3g} ({})", changes.empty() ? "" : " and ",
                           std::exp(change_of_loss(loss, choice.chosen)), title(loss.loss));
  std::string text = fmt::format(
      "--grid auto took [{0:g}, {1:g}]: of the half-widths 1/64 to 1 RI depends least on that one; halving or doubling "
      "it changes RI by a factor of {2} at most.",
      -choice.radius(), choice.radius(), changes);
  text += choice.is_stable()
              ? fmt::format(" That is within the {:g} % intervals: the index is stable there.", 100.0 * confidence)
              : fmt::format(
                    " That is more than the {:g} % intervals allow for: the index is a number of its radius, "
                    "to be given with it.",
                    100.0 * confidence);
  return wrapped(text, kTextWidth);
}

}  // namespace landscape
