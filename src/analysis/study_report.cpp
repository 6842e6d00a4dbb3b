// The names of its quantities.
#include "landscape/analysis/study_report.hpp"

#include <array>

namespace landscape {
namespace {

using Q = StudyQuantity;

constexpr std::array<StudyColumn, kStudyQuantities> kColumns{{
    {"loss", "1", "loss with a quadrature that is as good as exact"},
    {"loss_error", "1", "its uncertainty"},
    {"training_loss", "1", "loss with the training's points"},
    {"lowest_training_loss", "1", "lowest loss that the training recorded"},
    {"relative_l2_error", "1", "|u - u*|_L2 / |u*|_L2"},
    {"relative_h1_error", "1", "|grad(u - u*)|_L2 / |grad u*|_L2"},
    {"gradient_norm", "1", "length of the loss's gradient"},
    {"index", "1", "RI, undefined without two usable directions"},
    {"index_lower", "1", "lower bound of RI"},
    {"index_upper", "1", "upper bound of RI"},
    {"mean", "1 / step", "mean T"},
    {"used", "1", "usable directions"},
    {"resolution", "1", "the RI that rounded losses alone can make"},
    {"persistence_mean", "1", "mean over the profiles of sum (saddle - minimum) / (max f - min f)"},
    {"persistence_resolution", "1", "the mean persistence that rounded losses alone can make"},
    {"smad_normalised", "1",
     "SMAD: mean saddle - minimum of a profile's basins over max f - min f, of profiles with any"},
    {"below_minimum", "1", "1 where a loss is below the least over all functions: its quadrature is no bound"},
    {"largest_eigenvalue", "1", "of the loss's Hessian, where asked for"},
    {"smallest_eigenvalue", "1", "of the loss's Hessian, where asked for"},
    {"negative_share", "1", "of all eigenvalues, those below -1e-8 of the largest |lambda|, up to 500 parameters"},
    {"condition", "1", "largest eigenvalue over the least above 1e-8 of the largest |lambda|, up to 500 parameters"},
    {"barrier", "1",
     "loss barrier on the straight path to the minimizer of train-seed + 2^32, hidden units matched, over |L(0) - "
     "L(u*)|, "
     "where asked for; 0 where rounding alone can make it"},
    {"diverged", "1", "1 where the training's loss became infinite or not a number"},
}};
static_assert(static_cast<std::size_t>(Q::diverged) + 1 == kStudyQuantities);

}  // namespace

std::span<const StudyColumn> study_columns() { return kColumns; }

}  // namespace landscape
