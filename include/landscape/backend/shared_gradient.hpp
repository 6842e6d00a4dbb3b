// A loss and its gradient whose points several ranks share: a sum over pieces of the points, of which each rank has
// some neighbours. Added up one after another, from the first rank to the last, they are
// LossBackend::loss_and_gradient(), bit for bit.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/profile/work_partition.hpp"

namespace landscape {

/// One rank's part. Not thread-safe.
class SharedGradient {
 public:
  virtual ~SharedGradient() = default;

  /// Replaces the quadrature points, those of all parts.
  virtual void set_points(const PointSet& points) = 0;

  struct Pieces {
    std::int64_t n = 0;    // of the whole sum, at most about 64
    std::size_t size = 0;  // of the sum
    WorkRange own{};
  };
  virtual Pieces pieces(LossKind loss) = 0;
  /// Computes the own pieces, and keeps them.
  virtual void compute_own(LossKind loss, std::span<const double> theta) = 0;
  /// Adds them to sum (size), that of all pieces before; the first part begins it.
  virtual void add_own(LossKind loss, std::span<double> sum) = 0;
  /// The loss, and its gradient (n), of the whole sum.
  virtual double finish(LossKind loss, std::span<const double> theta, std::span<const double> sum,
                        std::span<double> gradient) = 0;
};

/// On the CPU, by n_threads threads: the part of `part` of n_parts.
std::unique_ptr<SharedGradient> make_cpu_shared_gradient(const NetworkSpec& spec, const Problem& problem,
                                                         const PointSet& points, int n_threads, int part, int n_parts);

}  // namespace landscape
