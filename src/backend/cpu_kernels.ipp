// Body of the CPU kernels, compiled once per instruction set: the including file defines LANDSCAPE_MATH_ABI,
// LANDSCAPE_CPU_LANES (doubles per register) and LANDSCAPE_CPU_ROWS x LANDSCAPE_CPU_COLUMNS, the register block of the
// matrix product.
#include <algorithm>
#include <type_traits>

#include "cpu_kernels.hpp"
#include "landscape/math/dual.hpp"
#include "landscape/math/float_lanes.hpp"  // before the templates that call its scalar fma
#include "landscape/math/gradient.hpp"
#include "landscape/math/lanes.hpp"
#include "landscape/math/network.hpp"

LANDSCAPE_MATH_BEGIN
// 24 accumulators on 32 registers (AVX-512), 12 on 16 (AVX2): one row of weights by one column of points each.
template <>
struct DenseBlocking<Lanes<LANDSCAPE_CPU_LANES>> {
  static constexpr int kRows = LANDSCAPE_CPU_ROWS;
  static constexpr int kColumns = LANDSCAPE_CPU_COLUMNS;
  static constexpr bool kOutline = true;
};
template <>
struct DenseBlocking<FloatLanes> {
  static constexpr int kRows = LANDSCAPE_CPU_ROWS;
  static constexpr int kColumns = LANDSCAPE_CPU_COLUMNS;
  static constexpr bool kOutline = true;
};
// Out of line: inlined into every activation and loss, duals take minutes to compile.
template <>
struct DenseBlocking<DualOf<Lanes<LANDSCAPE_CPU_LANES>>> {
  static constexpr int kRows = 1;
  static constexpr int kColumns = 4;
  static constexpr bool kOutline = true;
};
LANDSCAPE_MATH_END

namespace landscape::cpu {
namespace {

using math::DynamicShape;
using math::FoldedLayout;
using math::FoldedNetwork;
using L = math::Lanes<LANDSCAPE_CPU_LANES>;
constexpr int kLanes = LANDSCAPE_CPU_LANES;
constexpr int kRegistersPerBlock = kBlock / kLanes;
using math::FloatLanes;

DynamicShape shape_of(const Evaluation& e) {
  return {e.dimension, e.width, e.blocks, e.kind == NetworkKind::resnet, e.kind == NetworkKind::mlp, e.ends_half};
}

constexpr std::size_t round_up(std::size_t n) { return (n + 7) / 8 * 8; }

/// Pairwise tree over n values (a power of two).
template <class Real>
Real tree_sum(Real* v, int n) {
  for (int half = n / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) v[i] += v[i + half];
  }
  return v[0];
}

const L* lanes_at(const double* p) { return reinterpret_cast<const L*>(p); }
const FloatLanes* lanes_at(const float* p) { return reinterpret_cast<const FloatLanes*>(p); }

/// Points per sweep: enough channels to fill the register block, and no more than the first-level cache holds.
template <class V>
constexpr int tile_of(LossKind loss, int dimension) {
  // Single precision is not made for speed: one tile keeps the code small.
  return loss == LossKind::ritz || dimension <= 5 || sizeof(typename V::Scalar) == 4 ? 4 : 1;
}

/// The coefficients of a block's first register of points.
template <class V>
math::IntegrandTerms<V> terms_of(const PointBlocksOf<typename V::Scalar>& points, std::int64_t block) {
  const auto at = [block](const auto* p) { return lanes_at(p + block * kBlock); };
  return {at(points.top),     lanes_at(points.slope + block * points.dimension * kBlock),
          kBlock / V::kCount, at(points.value),
          at(points.source),  points.cubic == nullptr ? nullptr : at(points.cubic)};
}
/// V: the lanes that hold points, of double or of float.
template <class V, Activation kActivation, LossKind kLoss, int kTile, class Shape>
double sum_over_points(const Shape& s, const FoldedNetwork<typename V::Scalar>& net,
                       const PointBlocksOf<typename V::Scalar>& points, V* work) {
  constexpr int kRegisters = kBlock / V::kCount;
  const int d = s.dimension();
  V* x = work;
  V* out = x + d * kTile;
  V* scratch = out + (d + 2) * kTile;
  alignas(64) typename V::Scalar lane[kBlock] = {};
  for (std::int64_t block = 0; block < points.n_blocks; ++block) {
    const V* px = lanes_at(points.x + block * d * kBlock);
    const math::IntegrandTerms<V> terms = terms_of<V>(points, block);
    const V* pw = lanes_at(points.weight + block * kBlock);
    for (int first = 0; first < kRegisters; first += kTile) {
      for (int j = 0; j < d; ++j) {
        for (int p = 0; p < kTile; ++p) x[j * kTile + p] = px[j * kRegisters + first + p];
      }
      if constexpr (kLoss == LossKind::galerkin) {
        math::forward_jet<kActivation, true, kTile>(s, net, x, out, scratch);
      } else {
        math::adjoint_jet<kActivation, kTile>(s, net, x, out, scratch);
      }
      for (int p = 0; p < kTile; ++p) {
        const int at = first + p;
        const V value = math::loss_integrand<kLoss>(d, out + p, kTile, terms.at(at));
        V* sum = reinterpret_cast<V*>(lane) + at;
        *sum = fma(pw[at], value, *sum);
      }
    }
  }
  return static_cast<double>(tree_sum(lane, kBlock));
}

template <class V>
std::size_t loss_scratch(const DynamicShape& s, LossKind loss) {
  const int tile = tile_of<V>(loss, s.dimension());
  const int jet = loss == LossKind::galerkin
                      ? (tile == 4 ? math::forward_work<true, 4, V>(s) : math::forward_work<true, 1, V>(s))
                      : math::adjoint_work<4, V>(s);
  return static_cast<std::size_t>(jet + (2 * s.dimension() + 2) * tile) * V::kCount;
}

/// theta + step * direction in the precision of V, folded, summed over the points.
template <class V, Activation kActivation, LossKind kLoss>
double network_loss(const DynamicShape& s, const double* theta, const double* direction, double step,
                    const PointBlocksOf<typename V::Scalar>& points, typename V::Scalar* work) {
  using Real = typename V::Scalar;
  const auto n = static_cast<std::size_t>(math::parameter_count(s));
  const FoldedLayout<DynamicShape> layout{s};
  Real* moved = work;
  Real* buffer = moved + round_up(n);
  V* scratch = reinterpret_cast<V*>(buffer + round_up(static_cast<std::size_t>(layout.buffer_size())));
  if (direction != nullptr) {
    const Real by = static_cast<Real>(step);
    for (std::size_t i = 0; i < n; ++i) {
      moved[i] = math::fma(by, static_cast<Real>(direction[i]), static_cast<Real>(theta[i]));
    }
  } else {
    for (std::size_t i = 0; i < n; ++i) moved[i] = static_cast<Real>(theta[i]);
  }
  const FoldedNetwork<Real> net = math::fold(s, static_cast<const Real*>(moved), buffer);
  const auto sum = [&](const auto& shape) {
    if constexpr (kLoss == LossKind::galerkin && sizeof(Real) == sizeof(double)) {
      if (tile_of<V>(kLoss, s.dimension()) == 1) {
        return sum_over_points<V, kActivation, kLoss, 1>(shape, net, points, scratch);
      }
    }
    return sum_over_points<V, kActivation, kLoss, 4>(shape, net, points, scratch);
  };
  return s.ends_half() ? sum(s) : sum(math::WholeShape(s));
}

/// Calls f(activation, loss) with both as integral constants.
template <auto kValue>
struct Constant {
  static constexpr auto value = kValue;
};
template <class F>
auto dispatch_loss(const Evaluation& e, F&& f) {
  return math::with_activation(e.activation, [&](auto activation) {
    return e.loss == LossKind::ritz ? f(activation, Constant<LossKind::ritz>{})
                                    : f(activation, Constant<LossKind::galerkin>{});
  });
}

template <class V>
std::size_t work_of(const Evaluation& e) {
  const DynamicShape s = shape_of(e);
  return round_up(static_cast<std::size_t>(math::parameter_count(s))) +
         round_up(static_cast<std::size_t>(FoldedLayout<DynamicShape>{s}.buffer_size())) + loss_scratch<V>(s, e.loss);
}
std::size_t loss_work(const Evaluation& e) { return work_of<L>(e); }
std::size_t single_work(const Evaluation& e) { return work_of<FloatLanes>(e); }

double loss(const Evaluation& e, const double* theta, const double* direction, double step, const PointBlocks& points,
            double* work) {
  return dispatch_loss(e, [&](auto activation, auto kind) {
    return network_loss<L, decltype(activation)::value, decltype(kind)::value>(shape_of(e), theta, direction, step,
                                                                               points, work);
  });
}

double single_loss(const Evaluation& e, const double* theta, const double* direction, double step,
                   const SinglePointBlocks& points, float* work) {
  return dispatch_loss(e, [&](auto activation, auto kind) {
    return network_loss<FloatLanes, decltype(activation)::value, decltype(kind)::value>(shape_of(e), theta, direction,
                                                                                        step, points, work);
  });
}

// ---- gradient -----------------------------------------------------------------------------------------------------

constexpr int kGradientSets = kGradientLanes / kLanes;   // registers that make up the logical lanes
constexpr int kPointsPerLane = kBlock / kGradientLanes;  // of a block

/// How a gradient is made: kTile points of every logical lane in one sweep.
template <LossKind kLossKind, int kPoints, math::Derivatives kDerivativesCarried>
struct GradientPlan {
  static constexpr LossKind kLoss = kLossKind;
  static constexpr int kTile = kPoints;
  static constexpr math::Derivatives kDerivatives = kDerivativesCarried;
  template <class T>
  static int work(const DynamicShape& s) {  // x (d, kTile), then what loss_gradient takes
    return s.dimension() * kTile + math::gradient_work<kLoss, T, kTile, kDerivatives>(s);
  }
};

/// f(GradientPlan): deep Ritz by one derivative along the direction that the integrand wants, in any dimension; deep
/// Galerkin by all derivatives, of several points while their channels are few. Duals, dear to compile, have one plan.
template <LossKind kLoss, class T, class F>
auto with_gradient_plan(const DynamicShape& s, const F& f) {
  if constexpr (kLoss == LossKind::ritz) {
    return f(GradientPlan<kLoss, kPointsPerLane, math::Derivatives::along>{});
  } else if constexpr (std::is_same_v<T, L>) {
    if (s.dimension() <= math::kTiledDimensions) {
      return f(GradientPlan<kLoss, kPointsPerLane, math::Derivatives::all>{});
    }
    return f(GradientPlan<kLoss, 1, math::Derivatives::all>{});
  } else {
    return f(GradientPlan<kLoss, 1, math::Derivatives::all>{});
  }
}
template <class T>
int plan_work(const Evaluation& e) {
  const DynamicShape s = shape_of(e);
  const auto work = [&](auto plan) { return decltype(plan)::template work<T>(s); };
  return e.loss == LossKind::ritz ? with_gradient_plan<LossKind::ritz, T>(s, work)
                                  : with_gradient_plan<LossKind::galerkin, T>(s, work);
}

/// Adds the gradients of the points in blocks [first, first + count) to sums (kGradientSets, size), set by set, and
/// their losses to loss_sum (kGradientSets). T: the scalar of a point, lanes or duals of lanes. work: GradientPlan.
template <Activation kActivation, class Plan, class T, class W>
void sum_gradients(const DynamicShape& s, const FoldedNetwork<W>& net, const PointBlocks& points, std::int64_t first,
                   std::int64_t count, T* sums, T* loss_sum, T* work) {
  constexpr int kTile = Plan::kTile;
  const int d = s.dimension();
  const int size = FoldedLayout<DynamicShape>{s}.size();
  T* x = work;
  T* scratch = x + d * kTile;
  for (int i = 0; i < kGradientSets * size; ++i) sums[i] = T(0.0);
  for (int set = 0; set < kGradientSets; ++set) loss_sum[set] = T(0.0);
  for (std::int64_t block = first; block < first + count; ++block) {
    const L* px = lanes_at(points.x + block * d * kBlock);
    const L* weight = lanes_at(points.weight + block * kBlock);
    const math::IntegrandTerms<L> terms = terms_of<L>(points, block);
    for (int begin = 0; begin < kPointsPerLane; begin += kTile) {
      for (int set = 0; set < kGradientSets; ++set) {
        const int at = begin * kGradientSets + set;  // the tile's first register; the next ones follow a set's apart
        for (int j = 0; j < d; ++j) {
          for (int p = 0; p < kTile; ++p) x[j * kTile + p] = T(px[j * kRegistersPerBlock + at + p * kGradientSets]);
        }
        math::loss_gradient<kActivation, Plan::kLoss, kTile, Plan::kDerivatives>(
            s, net, x, terms.at(at), weight + at, kGradientSets, sums + set * size, loss_sum[set], scratch);
      }
    }
  }
}

/// The sum over the logical lanes: of(set) is the register of one set.
template <class Of>
double sum_of_sets(const Of& of) {
  alignas(64) double lane[kGradientLanes];
  for (int set = 0; set < kGradientSets; ++set) of(set).store(lane + set * kLanes);
  return tree_sum(lane, kGradientLanes);
}

template <Activation kActivation, class Plan>
double chunk_gradient(const DynamicShape& s, const FoldedNetwork<double>& net, const PointBlocks& points,
                      std::int64_t first, std::int64_t count, double* folded, double* work) {
  const int size = FoldedLayout<DynamicShape>{s}.size();
  L* sums = reinterpret_cast<L*>(work);
  L loss_sum[kGradientSets];
  sum_gradients<kActivation, Plan>(s, net, points, first, count, sums, loss_sum, sums + kGradientSets * size);
  for (int i = 0; i < size; ++i) folded[i] = sum_of_sets([&](int set) { return sums[set * size + i]; });
  return sum_of_sets([&](int set) { return loss_sum[set]; });
}

std::size_t fold_size(const Evaluation& e) {
  return static_cast<std::size_t>(FoldedLayout<DynamicShape>{shape_of(e)}.buffer_size());
}

void fold(const Evaluation& e, const double* theta, double* network) { math::fold(shape_of(e), theta, network); }

// One point per lane and sweep with the Laplacian, as for a loss in many dimensions: nothing trains or measures by it.
template <LossKind kLoss>
constexpr int kJetTile = kLoss == LossKind::galerkin ? 1 : 4;

template <LossKind kLoss>
int jet_channels(const DynamicShape& s) {
  return s.dimension() + (kLoss == LossKind::galerkin ? 2 : 1);
}

std::size_t jets_work(const Evaluation& e) {
  const DynamicShape s = shape_of(e);
  const int sweep = e.loss == LossKind::galerkin
                        ? math::forward_work<true, kJetTile<LossKind::galerkin>, L>(s) + 2 * s.dimension() + 2
                        : math::adjoint_work<kJetTile<LossKind::ritz>, L>(s) +
                              (2 * s.dimension() + 1) * kJetTile<LossKind::ritz>;
  return static_cast<std::size_t>(sweep) * kLanes;
}

template <Activation kActivation, LossKind kLoss>
void write_jets(const DynamicShape& s, const FoldedNetwork<double>& net, const double* points, std::int64_t count,
                double* jets, L* work) {
  constexpr int kTile = kJetTile<kLoss>;
  const int d = s.dimension(), channels = jet_channels<kLoss>(s);
  L* x = work;
  L* out = x + d * kTile;
  L* scratch = out + channels * kTile;
  for (std::int64_t block = 0; block < count; ++block) {
    const L* px = lanes_at(points + block * d * kBlock);
    L* to = reinterpret_cast<L*>(jets + block * channels * kBlock);
    for (int first = 0; first < kRegistersPerBlock; first += kTile) {
      for (int j = 0; j < d; ++j) {
        for (int p = 0; p < kTile; ++p) x[j * kTile + p] = px[j * kRegistersPerBlock + first + p];
      }
      if constexpr (kLoss == LossKind::galerkin) {
        math::forward_jet<kActivation, true, kTile>(s, net, x, out, scratch);
      } else {
        math::adjoint_jet<kActivation, kTile>(s, net, x, out, scratch);
      }
      for (int c = 0; c < channels; ++c) {
        for (int p = 0; p < kTile; ++p) to[c * kRegistersPerBlock + first + p] = out[c * kTile + p];
      }
    }
  }
}

void jets(const Evaluation& e, const double* network, const double* x, std::int64_t count, double* jets, double* work) {
  const DynamicShape s = shape_of(e);
  const int size = FoldedLayout<DynamicShape>{s}.size();
  const FoldedNetwork<double> net{network, network + size, network + 2 * size};
  dispatch_loss(e, [&](auto activation, auto kind) {
    write_jets<decltype(activation)::value, decltype(kind)::value>(s, net, x, count, jets,
                                                                   reinterpret_cast<L*>(work));
  });
}

void unfold(const Evaluation& e, const double* theta, const double* folded, double* gradient) {
  math::unfold_gradient(shape_of(e), theta, folded, gradient);
}

std::size_t gradient_size(const Evaluation& e) {
  return static_cast<std::size_t>(FoldedLayout<DynamicShape>{shape_of(e)}.size());
}

std::size_t gradient_work(const Evaluation& e) {
  return (kGradientSets * gradient_size(e) + static_cast<std::size_t>(plan_work<L>(e))) * kLanes;
}

double gradient(const Evaluation& e, const double* network, const PointBlocks& points, std::int64_t first,
                std::int64_t count, double* folded, double* work) {
  const DynamicShape s = shape_of(e);
  const int size = FoldedLayout<DynamicShape>{s}.size();
  const FoldedNetwork<double> net{network, network + size, network + 2 * size};
  return dispatch_loss(e, [&](auto activation, auto kind) {
    return with_gradient_plan<decltype(kind)::value, L>(s, [&](auto plan) {
      return chunk_gradient<decltype(activation)::value, decltype(plan)>(s, net, points, first, count, folded, work);
    });
  });
}

// ---- products of the Hessian with a vector: the gradient of theta + eps * direction -------------------------------

using Dual = math::Dual;
using DualLanes = math::DualOf<L>;

template <Activation kActivation, class Plan>
void chunk_product(const DynamicShape& s, const double* theta, const double* direction, const PointBlocks& points,
                   std::int64_t first, std::int64_t count, double* folded, double* work) {
  const int size = FoldedLayout<DynamicShape>{s}.size();
  const int n = math::parameter_count(s);
  DualLanes* sums = reinterpret_cast<DualLanes*>(work);
  DualLanes* scratch = sums + kGradientSets * size;
  Dual* moved = reinterpret_cast<Dual*>(scratch + Plan::template work<DualLanes>(s));
  for (int i = 0; i < n; ++i) moved[i] = Dual(theta[i], direction[i]);
  const FoldedNetwork<Dual> net = math::fold(s, static_cast<const Dual*>(moved), moved + n);
  DualLanes loss_sum[kGradientSets];
  sum_gradients<kActivation, Plan>(s, net, points, first, count, sums, loss_sum, scratch);
  for (int i = 0; i < size; ++i) {
    folded[i] = sum_of_sets([&](int set) { return sums[set * size + i].value; });
    folded[size + i] = sum_of_sets([&](int set) { return sums[set * size + i].slope; });
  }
}

std::size_t product_work(const Evaluation& e) {
  const DynamicShape s = shape_of(e);
  const FoldedLayout<DynamicShape> layout{s};
  return static_cast<std::size_t>(kGradientSets * layout.size() + plan_work<DualLanes>(e)) * 2 * kLanes +
         round_up(2 * static_cast<std::size_t>(math::parameter_count(s) + layout.buffer_size()));
}

void product(const Evaluation& e, const double* theta, const double* direction, const PointBlocks& points,
             std::int64_t first, std::int64_t count, double* folded, double* work) {
  dispatch_loss(e, [&](auto activation, auto kind) {
    with_gradient_plan<decltype(kind)::value, DualLanes>(shape_of(e), [&](auto plan) {
      chunk_product<decltype(activation)::value, decltype(plan)>(shape_of(e), theta, direction, points, first, count,
                                                                 folded, work);
    });
  });
}

// ---- rows of the Gauss-Newton model -------------------------------------------------------------------------------

template <Activation kActivation, LossKind kLoss>
void chunk_rows(const DynamicShape& s, const double* theta, const PointBlocks& points, std::int64_t first,
                std::int64_t count, double* rows, std::size_t ld, double* work) {
  const int d = s.dimension(), n = math::parameter_count(s);
  const int per_point = points.model_rows;
  L* x = reinterpret_cast<L*>(work);
  L* wide_theta = x + d;
  L* folded = wide_theta + n;
  L* row = folded + FoldedLayout<DynamicShape>{s}.size();
  L* scratch = row + n;
  const math::AdjointWork<kLoss, L> at(s, scratch);
  const FoldedNetwork<double> net =
      math::fold(s, theta, reinterpret_cast<double*>(scratch + math::gradient_work<kLoss, L>(s)));
  for (int i = 0; i < n; ++i) wide_theta[i] = L(theta[i]);
  for (std::int64_t block = first; block < first + count; ++block) {
    const L* px = lanes_at(points.x + block * d * kBlock);
    const math::IntegrandTerms<L> terms = terms_of<L>(points, block);
    for (int r = 0; r < kRegistersPerBlock; ++r) {
      const std::int64_t q = block * kBlock + r * kLanes;
      for (int j = 0; j < d; ++j) x[j] = px[j * kRegistersPerBlock + r];
      const L root = math::square_root(*lanes_at(points.weight + q));
      math::forward_and_keep<kActivation, math::Pass::whole>(s, net, x, at);
      for (int k = 0; k < per_point; ++k) {
        math::jacobian_row(s, net, x, terms.at(r), k, root, at, folded);
        math::unfold_gradient(s, wide_theta, folded, row);
        const std::int64_t place = q - first * kBlock;
        for (int lane = 0; lane < kLanes; ++lane) {
          double* to = rows + static_cast<std::size_t>((place + lane) * per_point + k) * ld;
          for (int i = 0; i < n; ++i) to[i] = row[i].v[lane];
        }
      }
    }
  }
}

std::size_t rows_work(const Evaluation& e) {
  const DynamicShape s = shape_of(e);
  const FoldedLayout<DynamicShape> layout{s};
  const int jets = std::max(math::gradient_work<LossKind::ritz, L>(s), math::gradient_work<LossKind::galerkin, L>(s));
  return static_cast<std::size_t>(e.dimension + 2 * math::parameter_count(s) + layout.size() + jets) * kLanes +
         round_up(static_cast<std::size_t>(layout.buffer_size()));
}

void rows(const Evaluation& e, const double* theta, const PointBlocks& points, std::int64_t first, std::int64_t count,
          double* rows, std::size_t ld, double* work) {
  dispatch_loss(e, [&](auto activation, auto kind) {
    constexpr Activation kActivation = decltype(activation)::value;
    constexpr LossKind kLoss = decltype(kind)::value;
    chunk_rows<kActivation, kLoss>(shape_of(e), theta, points, first, count, rows, ld, work);
  });
}

// ---- how the rows' values bend along a direction ------------------------------------------------------------------

constexpr double kCurvatureStep = 0.1;  // of central differences: rounding and the fourth derivative both stay small

template <Activation kActivation, LossKind kLoss>
void chunk_curvature(const DynamicShape& s, const double* theta, const double* direction, const PointBlocks& points,
                     std::int64_t first, std::int64_t count, double* folded, double* work) {
  constexpr bool kLaplacian = kLoss == LossKind::galerkin;
  const FoldedLayout<DynamicShape> layout{s};
  const int d = s.dimension(), n = math::parameter_count(s), size = layout.size();
  const int columns = d + (kLaplacian ? 2 : 1), per_point = points.model_rows;
  L* sums = reinterpret_cast<L*>(work);
  L* x = sums + kGradientSets * size;
  L* before = x + d;
  L* after = before + d + 2;
  L* row = after + d + 2;
  L* jet_scratch = row + d + 2;
  L* scratch = jet_scratch + math::forward_work<true, 1, L>(s);
  const math::AdjointWork<kLoss, L> at(s, scratch);
  double* moved = reinterpret_cast<double*>(scratch + math::gradient_work<kLoss, L>(s));
  double* buffer = moved + round_up(static_cast<std::size_t>(n));
  const std::size_t n_buffer = round_up(static_cast<std::size_t>(layout.buffer_size()));
  const auto folded_at = [&](double step, double* to) {
    for (int i = 0; i < n; ++i) moved[i] = math::fma(step, direction[i], theta[i]);
    return math::fold(s, static_cast<const double*>(moved), to);
  };
  const FoldedNetwork<double> here = folded_at(0.0, buffer);
  const FoldedNetwork<double> back = folded_at(-kCurvatureStep, buffer + n_buffer);
  const FoldedNetwork<double> ahead = folded_at(kCurvatureStep, buffer + 2 * n_buffer);
  for (int i = 0; i < kGradientSets * size; ++i) sums[i] = L(0.0);
  for (std::int64_t block = first; block < first + count; ++block) {
    const L* px = lanes_at(points.x + block * d * kBlock);
    const math::IntegrandTerms<L> terms = terms_of<L>(points, block);
    for (int r = 0; r < kRegistersPerBlock; ++r) {
      for (int j = 0; j < d; ++j) x[j] = px[j * kRegistersPerBlock + r];
      const L root = math::square_root(*lanes_at(points.weight + block * kBlock + r * kLanes));
      math::forward_and_keep<kActivation, math::Pass::whole>(s, here, x, at);
      math::forward_jet<kActivation, kLaplacian, 1>(s, back, x, before, jet_scratch);
      math::forward_jet<kActivation, kLaplacian, 1>(s, ahead, x, after, jet_scratch);
      for (int c = 0; c < columns; ++c) {
        after[c] = ((after[c] - at.out[c]) - (at.out[c] - before[c])) * L(1.0 / (kCurvatureStep * kCurvatureStep));
        at.out_bar[c] = L(0.0);
      }
      for (int k = 0; k < per_point; ++k) {
        math::gauss_newton_row<kLoss>(d, at.out, terms.at(r), k, root, row);
        L bent(0.0);
        for (int c = 0; c < columns; ++c) bent = fma(row[c], after[c], bent);
        for (int c = 0; c < columns; ++c) at.out_bar[c] = fma(bent, row[c], at.out_bar[c]);
      }
      math::add_adjoint(s, here, x, at, sums + r % kGradientSets * size);
    }
  }
  for (int i = 0; i < size; ++i) folded[i] = sum_of_sets([&](int set) { return sums[set * size + i]; });
}

std::size_t curvature_work(const Evaluation& e) {
  const DynamicShape s = shape_of(e);
  const FoldedLayout<DynamicShape> layout{s};
  const int jets = std::max(math::gradient_work<LossKind::ritz, L>(s), math::gradient_work<LossKind::galerkin, L>(s)) +
                   math::forward_work<true, 1, L>(s);
  return static_cast<std::size_t>(kGradientSets * layout.size() + 4 * e.dimension + 6 + jets) * kLanes +
         round_up(static_cast<std::size_t>(math::parameter_count(s))) +
         3 * round_up(static_cast<std::size_t>(layout.buffer_size()));
}

void curvature(const Evaluation& e, const double* theta, const double* direction, const PointBlocks& points,
               std::int64_t first, std::int64_t count, double* folded, double* work) {
  dispatch_loss(e, [&](auto activation, auto kind) {
    constexpr Activation kActivation = decltype(activation)::value;
    constexpr LossKind kLoss = decltype(kind)::value;
    chunk_curvature<kActivation, kLoss>(shape_of(e), theta, direction, points, first, count, folded, work);
  });
}

// ---- products of matrices -----------------------------------------------------------------------------------------

/// out[r][c] = sum_q a[q][r] x[q][c] for kRows x kWide registers; rows of a, x and out are lda, ldx and ldo apart.
template <int kRows, int kWide>
__attribute__((noinline)) void gram_tile(const double* __restrict a, int lda, int n_rows, const L* __restrict x,
                                         int ldx, L* __restrict out, int ldo) {
  L sum[kRows][kWide];
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kWide; ++c) sum[r][c] = L(0.0);
  }
  for (int q = 0; q < n_rows; ++q) {
    const double* aq = a + static_cast<std::ptrdiff_t>(q) * lda;
    const L* xq = x + static_cast<std::ptrdiff_t>(q) * ldx;
    LANDSCAPE_UNROLL
    for (int c = 0; c < kWide; ++c) {
      LANDSCAPE_UNROLL
      for (int r = 0; r < kRows; ++r) sum[r][c] = fma(L(aq[r]), xq[c], sum[r][c]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kWide; ++c) out[r * ldo + c] = sum[r][c];
  }
}

void add_gram(const double* a, std::int64_t n_rows, std::size_t ld, std::size_t i0, std::size_t j0, double sign,
              double* to, double* work) {
  constexpr int kRows = math::DenseBlocking<L>::kRows, kColumns = math::DenseBlocking<L>::kColumns;
  static_assert(kGramRows % kRows == 0 && kGramRows % kLanes == 0 && kGramColumns % kLanes == 0);
  const std::size_t n = std::min(kGramColumns, ld - j0);
  const int columns = static_cast<int>(n / kLanes), lead = static_cast<int>(ld), m = static_cast<int>(n_rows);
  for (std::size_t r = 0; r < kGramRows; r += kRows) {
    L* out = reinterpret_cast<L*>(work) + r * static_cast<std::size_t>(columns);
    const L* x = lanes_at(a + j0);
    for (int c = 0; c < columns;) {
      const auto tile = [&]<int kWide>(std::integral_constant<int, kWide>) {
        gram_tile<kRows, kWide>(a + i0 + r, lead, m, x + c, lead / kLanes, out + c, columns);
        c += kWide;
      };
      if (columns - c >= kColumns) {
        tile(std::integral_constant<int, kColumns>{});
      } else {
        tile(std::integral_constant<int, 1>{});
      }
    }
  }
  for (std::size_t r = 0; r < kGramRows; ++r) {
    double* row = to + (i0 + r) * ld + j0;
    const double* sum = work + r * n;
    for (std::size_t j = 0; j < n; ++j) row[j] += sign * sum[j];
  }
}

}  // namespace
}  // namespace landscape::cpu
