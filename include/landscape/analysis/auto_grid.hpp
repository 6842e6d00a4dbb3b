// --grid auto: the half-width at which the index depends least on the half-width.
//
// Near a minimum every profile is a parabola, and RI falls with the half-width l; far from it the walls of the
// landscape are all that a profile shows. Every direction's profile is therefore evaluated on the even grids of m
// intervals on [-l, l] for l = 2^-7 ... 2, which share half of their steps, and RI(l) is compared with its neighbours:
//
//   sensitivity(l) = max |log(RI(l') / RI(l))| over l' = l / 2, 2 l and all losses.
//
// l is stable where RI(l) and RI(l') lie in each other's interval, for both l' and all losses. Of the l from 2^-6 to 1
// the stable one with the least sensitivity is taken, else the one with the least: then the report says so.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "landscape/analysis/sweep.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/io/results.hpp"
#include "landscape/job/rows.hpp"

namespace landscape {

/// K half-widths, ascending, with m = 100 intervals each: their distinct steps, and which of them each has.
const std::vector<double>& auto_radii();
const SweepGrid& auto_grid_steps();

struct GridChoice {
  struct OfLoss {
    LossKind loss = LossKind::ritz;
    std::vector<SweepEntry> entries;  // (K)
  };
  std::vector<OfLoss> losses;
  std::vector<double> sensitivity;  // (K); undefined at both ends, and where an index is
  std::vector<bool> stable;         // (K)
  std::size_t chosen = 0;           // of the K
  bool judged = false;              // else no index is defined at three half-widths in a row: l = 1 is taken

  double radius() const { return auto_radii()[chosen]; }
  bool is_stable() const { return stable[chosen]; }
};

/// Of what the losses' indices are; entries (K) each, with their intervals.
GridChoice choose_grid(std::vector<GridChoice::OfLoss> losses);
/// Of the rows of a job with --grid auto.
GridChoice choose_grid(const Rows& rows, const RunConfig& config);

/// `config` with the grid that was chosen.
RunConfig with_chosen_grid(const RunConfig& config, const GridChoice& choice);

/// "roughness/grid"; without a choice, undefined.
ResultGroup grid_results(const RunConfig& config, const GridChoice* choice);
/// Two or three sentences.
std::string grid_text(const GridChoice& choice, double confidence);

}  // namespace landscape
