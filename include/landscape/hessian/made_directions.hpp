// Directions that are made at a minimizer from its gradient, its Hessian or the loss around it (direction_kind.hpp),
// all but the random ones.
//
// The worst direction is found by the conditional gradient method (Frank and Wolfe 1956) for L(theta* + e d) over the
// ball B of random directions, e the farther end of the profile: with v the point of B that lies farthest along the
// gradient, d <- d + gamma (v - d) for a gamma = 1, 1/2, 1/4, ... along which the loss rises. It begins at the
// drawn directions that rise highest there: no drawn one among the first kAscentDraws rises higher than what is found,
// which may still be a local maximum.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/hessian/symmetric_eigen.hpp"
#include "landscape/profile/direction_kind.hpp"

namespace landscape {

/// Most parameters of a network whose Hessian is taken apart for top and bulk: 2000 rows are 32 MB, LAPACK's work n^3.
inline constexpr std::size_t kLargestSpan = 2000;
inline constexpr std::int64_t kAscentDraws = 100;

/// What directions are made from.
struct DirectionSource {
  LossBackend& backend;  // with products with the Hessian, on the profiles' points
  LossKind loss = LossKind::ritz;
  DirectionSet drawn;                     // around the minimizer: the random directions
  double end = 1.0;                       // of worst: step of the profile's farther end
  double adam_epsilon = 0.0;              // of adam
  std::span<const double> other = {};     // (n), of towards
  std::function<void()> between = [] {};  // called between products and gradients; may throw
};

class MadeDirections {
 public:
  explicit MadeDirections(DirectionSource source);

  /// (M, n); M is 1 of single ones. Not finite where gradient or Hessian is not. Throws Error for random ones and
  /// without `other`.
  std::vector<double> rows(const DirectionKind& kind, std::int64_t n_directions);

 private:
  std::span<const double> theta() const { return source_.drawn.theta(); }
  /// Of unit vectors, ascending eigenvalues.
  const Eigensystem& eigensystem();
  std::vector<double> gradient();
  void project(const DirectionKind& kind, std::span<double> v);
  void give_length(std::span<double> v) const;
  std::vector<double> worst();
  double ascend(std::vector<double>& d);

  DirectionSource source_;
  std::optional<Eigensystem> eigensystem_;
};

}  // namespace landscape
