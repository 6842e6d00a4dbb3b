// Which gradient kernel serves which network, and how the points are shared out: by network and number of points alone,
// because that decides the bits.
#include <algorithm>

#include "dispatch.hpp"
#include "generic_launchers.hpp"
#include "landscape/math/gradient.hpp"
#include "landscape/model/choices.hpp"
#include "landscape/model/environment.hpp"

namespace landscape::cuda {
namespace {

constexpr Choices<GradientFamily, 3> kFamilies{
    {{GradientFamily::narrow, "narrow"}, {GradientFamily::block, "block"}, {GradientFamily::lanes, "lanes"}}};
constexpr std::int64_t kMostRows = 256;  // blocks: about two for every multiprocessor of an H100
constexpr std::int64_t kMostLanes = 8192;
constexpr std::int64_t kMostWorkDoubles = std::int64_t{1} << 26;  // 512 MiB
constexpr int kMostTilePoints = 32;
constexpr int kDeviceMemoryPoints =
    2;  // P of networks whose arrays do not fit in shared memory: small enough for the L2 cache

GradientFamily choose(const Evaluation& what) {
  if (const char* wish = environment(kGradientVariable); wish != nullptr) {
    const GradientFamily family = parse_choice(kFamilies, wish, kGradientVariable);
    if (!has_gradient_kernel(family, what)) {
      throw UsageError(std::string(kGradientVariable) + " '" + wish +
                       "' has no kernel for this network: choose another or unset it.");
    }
    return family;
  }
  for (const auto& [family, name] : kFamilies) {
    if (has_gradient_kernel(family, what)) return family;
  }
  throw Error("No gradient kernel is written for networks of this kind.");
}

/// Without default, so that a new kind is decided here.
bool is_written_for(GradientFamily family, const Evaluation& what) {
  switch (what.kind) {
    case NetworkKind::linear:
      return family == GradientFamily::lanes;
    case NetworkKind::mlp:  // folded, whole blocks are those of an fcnet
      return family == GradientFamily::lanes || !what.shape.half;
    case NetworkKind::fcnet:
    case NetworkKind::resnet:
      return true;
  }
  return false;
}

void plan_blocks(const Evaluation& what, std::int64_t n_points, GradientPlan& plan) {
  const math::DynamicShape& s = what.shape;
  plan.tile = {s.w, s.nb, s.d, s.d + (what.loss == LossKind::galerkin ? 2 : 1), kMostTilePoints};
  const auto bytes = [&] { return static_cast<std::size_t>(plan.tile.size()) * sizeof(double); };
  while (plan.tile.n_points > 1 && bytes() > kPortableSharedBytes) plan.tile.n_points /= 2;
  const bool in_shared = bytes() <= kPortableSharedBytes;
  if (!in_shared) plan.tile.n_points = kDeviceMemoryPoints;
  const std::int64_t n = plan_chunks(n_points).n;
  const std::int64_t per_block = std::max<std::int64_t>((n + kMostRows - 1) / kMostRows, plan.tile.n_points);
  plan.points_per_block =
      static_cast<int>((per_block + plan.tile.n_points - 1) / plan.tile.n_points * plan.tile.n_points);
  plan.n_rows = (n + plan.points_per_block - 1) / plan.points_per_block;
  plan.shared_bytes = in_shared ? bytes() : 0;
  plan.work_size = in_shared ? 0 : plan.n_rows * plan.tile.size();
}

}  // namespace

std::string to_string(GradientFamily family) { return choice_name(kFamilies, family); }

bool has_gradient_kernel(GradientFamily family, const Evaluation& what) {
  const math::DynamicShape& s = what.shape;
  if (!is_written_for(family, what)) return false;
  switch (family) {
    case GradientFamily::narrow:  // compiled in gradient.cu
      return what.is_linear && what.activation == Activation::swish && s.d == 1 && s.nb == 1 && s.w >= 2 && s.w <= 4;
    case GradientFamily::block:
      return s.nb >= 1;
    case GradientFamily::lanes:
      return true;
  }
  return false;
}

std::int64_t lane_work(const Evaluation& what) {
  return 2 * what.shape.d + (what.loss == LossKind::galerkin
                                 ? math::gradient_work<LossKind::galerkin, double>(what.shape)
                                 : math::gradient_work<LossKind::ritz, double>(what.shape));
}

GradientPlan plan_gradient(const Evaluation& what, std::int64_t n_points) {
  GradientPlan plan{};
  plan.row_size = math::FoldedLayout<math::DynamicShape>{what.shape}.size() + 1;
  plan.family = choose(what);
  switch (plan.family) {
    case GradientFamily::narrow:
      plan.n_rows = std::min((n_points + 31) / 32, kMostRows);
      break;
    case GradientFamily::block:
      plan_blocks(what, n_points, plan);
      break;
    case GradientFamily::lanes: {
      const std::int64_t per_lane = plan.row_size + lane_work(what);
      const std::int64_t most = std::clamp<std::int64_t>(kMostWorkDoubles / per_lane, 32, kMostLanes);
      plan.n_rows = std::min((n_points + 31) / 32 * 32, most / 32 * 32);
      plan.work_size = plan.n_rows * lane_work(what);
      break;
    }
  }
  return plan;
}

}  // namespace landscape::cuda
