// From a task to losses on one device: directions drawn, networks folded, losses summed, batch by batch. What crosses
// the bus is theta*, steps, points, losses, and directions only where they are given rather than drawn.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "devices.hpp"
#include "dispatch.hpp"
#include "gemm_path.hpp"
#include "landscape/backend/loss_backend.hpp"
#include "launchers.hpp"
#include "memory.hpp"

namespace landscape::cuda {

class LossPipeline {
 public:
  /// The current device must be `device`'s.
  LossPipeline(const DeviceInfo& device, const NetworkSpec& spec, const Problem& problem);

  void set_points(const PointSet& points);
  /// Of any quantity but the gradient's norm.
  void evaluate(const LineTask& task, std::span<double> losses);
  double loss_and_gradient(LossKind loss, std::span<const double> theta, std::span<double> gradient);
  /// Draws or uploads directions first ... first + count - 1 and copies them back (count, n): for tests and checks.
  void copy_directions(const DirectionSet& directions, std::int64_t first, std::int64_t count, std::span<double> out);

  /// Networks per batch at most, whatever memory is free; 0: no limit. For tests: results must not depend on it.
  void limit_batch(std::int64_t networks) { batch_limit_ = networks; }

 private:
  /// Everything that follows from network, loss and points.
  struct Sizes {
    Evaluation what;
    KernelFamily family;
    TileLayout tiles;                                  // tile and deep
    std::int64_t group;                                // networks come in multiples of this
    std::int64_t stride;                               // of folded networks
    std::int64_t packed;                               // doubles per network, 0 without tiles
    std::int64_t per_network() const;                  // doubles
    std::int64_t n_parameters, n_evaluated, n_chunks;  // parameters as trained, and as evaluated
  };
  /// The points with the coefficients of one loss or quantity, made when that is first asked for.
  struct PreparedPoints {
    PointView view{};  // n = 0: not made yet
    DeviceBuffer<double> data;
  };
  Sizes sizes_of(LossKind loss) const;
  /// Largest batch (a multiple of `group`) for which memory could be had.
  std::int64_t reserve_batch(const Sizes& sizes, const LineTask& task);
  void reserve_buffers(const Sizes& sizes, std::int64_t batch, std::int64_t n_directions, std::size_t budget);
  void prepare_directions(const DirectionSet& directions, std::int64_t first, std::int64_t count);
  void batch_losses(const Sizes& sizes, const FoldedBatch& networks, double* losses);
  void use_points(LossKind loss, Quantity quantity = Quantity::loss);
  void prepare(LossKind loss, Quantity quantity, PreparedPoints& to);
  const std::int32_t* places();  // on the device; null where theta is evaluated as it is
  void upload_segments(const DirectionSet& directions);

  NetworkSpec spec_;
  Problem problem_;
  DeviceInfo device_;
  ParameterLayout layout_;
  ParameterEmbedding embedding_;
  Stream stream_;
  GemmPath gemm_;
  PointSet host_points_;
  std::array<std::array<PreparedPoints, kQuantities>, 2> prepared_;  // by LossKind and Quantity
  PointView points_{};                                               // of the quantity at work
  DeviceBuffer<double> theta_, steps_, directions_, moved_, folded_, packed_, partial_, losses_, work_, rows_;
  DeviceBuffer<std::int32_t> places_;  // of embedding_, once uploaded
  DeviceBuffer<Segment> segments_;
  int n_segments_ = 0;
  std::optional<std::pair<DirectionNorm, BiasMode>> segments_of_;
  PinnedBuffer<double> result_;
  std::int64_t batch_limit_ = 0;
  std::size_t batch_bytes_ = 0;  // what a batch may take, once asked
};

}  // namespace landscape::cuda
