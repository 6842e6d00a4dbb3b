// Batches are as large as free memory allows and are halved where an allocation fails all the same; each draws its
// directions, folds its networks, sums its losses and copies them back.
#include "loss_pipeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "generic_launchers.hpp"
#include "landscape/math/gradient.hpp"
#include "narrow_launchers.hpp"

namespace landscape::cuda {
namespace {

// A batch takes at most a quarter of the memory that is free when it is first made (several ranks may share a card) and
// 2 GiB, beyond which larger batches gain nothing.
constexpr std::size_t kMostBatchBytes = std::size_t{2} << 30;
constexpr int kFreeShare = 4;
constexpr int kRowFan = 64;  // rows of a gradient added by one thread

std::int64_t even(std::int64_t n) { return (n + 1) / 2 * 2; }
std::int64_t round_to(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }
/// So many directions are held for a batch of consecutive items: those of its lines, or all, where several starts share
/// them.
std::int64_t directions_for(const LineTask& task, std::int64_t batch) {
  if (task.lines->n_starts() > 1) return task.lines->n_directions();
  return std::min(batch, batch / static_cast<std::int64_t>(task.steps.size()) + 2);
}
std::size_t count_of(std::int64_t n) { return static_cast<std::size_t>(n); }

}  // namespace

LossPipeline::LossPipeline(const DeviceInfo& device, const NetworkSpec& spec, const Problem& problem)
    : spec_(spec), problem_(problem), device_(device), layout_(spec), embedding_(spec), gemm_(stream_.get()) {}

void LossPipeline::set_points(const PointSet& points) {
  if (points.dimension != spec_.dimension || points.size() == 0) {
    throw Error(fmt::format("{} points of dimension {} given for a problem of dimension {}.", points.size(),
                            points.dimension, spec_.dimension));
  }
  host_points_ = points;
  points_ = {};  // an error below must not leave a view of points that are gone
  for (auto& of_loss : prepared_) {
    for (PreparedPoints& prepared : of_loss) prepared.view = {};
  }
}

void LossPipeline::use_points(LossKind loss, Quantity quantity) {
  if (host_points_.size() == 0) throw Error("The CUDA backend has no points.");
  PreparedPoints& to = prepared_[static_cast<std::size_t>(loss)][static_cast<std::size_t>(quantity)];
  if (to.view.n == 0) prepare(loss, quantity, to);
  points_ = to.view;
}

// On the host, as no kernel knows an equation.
void LossPipeline::prepare(LossKind loss, Quantity quantity, PreparedPoints& to) {
  const int d = spec_.dimension;
  // Throws here, not in a thread.
  const auto n_points = static_cast<std::int64_t>(QuantityTerms(problem_, loss, quantity, host_points_).size());
  const ChunkPlan plan = plan_chunks(n_points);
  const std::int64_t n = plan.n;
  const int x_rows = round_up(d, 4), slope_rows = round_up(d, 8);
  const bool has_cubic = !problem_->is_linear;
  std::vector<double> data(count_of(n * (x_rows + slope_rows + 5)), 0.0);
  const Rows<double> x{data.data(), n}, slope{x.row(x_rows), n}, rest{slope.row(slope_rows), n};
#pragma omp parallel
  {
    QuantityTerms all_terms(problem_, loss, quantity, host_points_);
#pragma omp for schedule(static)
    for (std::int64_t q = 0; q < n; ++q) {
      const std::size_t from = count_of(std::min(q, n_points - 1));
      const double* at = all_terms.point(from);
      const TermsEvaluator& terms = all_terms.at(from);
      for (int j = 0; j < d; ++j) {
        x(j, q) = at[j];
        slope(j, q) = terms.slope[static_cast<std::size_t>(j)];
      }
      rest(0, q) = terms.top;
      rest(1, q) = terms.value;
      rest(2, q) = terms.source;
      rest(3, q) = q < n_points ? all_terms.weight(from) : 0.0;
      rest(4, q) = terms.cubic;
    }
  }
  double* on_device = to.data.reserve(data.size(), "points");
  upload(on_device, data.data(), data.size(), stream_.get(), "copy of points to the GPU");
  stream_.synchronize("copy of points to the GPU");
  const auto twin = [&](const double* p) { return on_device + (p - data.data()); };
  to.view = {d,
             n,
             {twin(x.data), n},
             {twin(slope.data), n},
             twin(rest.row(0)),
             twin(rest.row(1)),
             twin(rest.row(2)),
             twin(rest.row(3)),
             has_cubic ? twin(rest.row(4)) : nullptr,
             plan.chunk,
             plan.n_chunks};
}

// ---- directions ---------------------------------------------------------------------------------------------------

void LossPipeline::upload_segments(const DirectionSet& directions) {
  const std::pair key{directions.norm(), directions.bias()};
  if (segments_of_ == key) return;
  std::vector<Segment> segments;
  const auto weight_scaling = [&] {
    switch (directions.norm()) {
      case DirectionNorm::filter:
      case DirectionNorm::layer:
        return Scaling::to_reference;
      case DirectionNorm::dfilter:
      case DirectionNorm::dlayer:
        return Scaling::to_unit;
      case DirectionNorm::weight:
        return Scaling::times_reference;
      case DirectionNorm::none:
        break;
    }
    return Scaling::none;
  }();
  const auto bias_scaling = [&] {
    switch (directions.bias()) {
      case BiasMode::zero:
        return Scaling::zero;
      case BiasMode::copy:
        return Scaling::copy_reference;
      case BiasMode::gaussian:
        return Scaling::none;
      case BiasMode::random:
        break;
    }
    return Scaling::to_reference;
  }();
  const bool whole_tensors = directions.norm() == DirectionNorm::layer || directions.norm() == DirectionNorm::dlayer;
  for (const TensorInfo& tensor : layout_.tensors()) {
    const auto offset = static_cast<std::int64_t>(tensor.offset);
    const auto size = static_cast<std::int64_t>(tensor.size());
    if (tensor.is_bias) {
      segments.push_back({offset, size, bias_scaling});
    } else if (whole_tensors) {
      segments.push_back({offset, size, weight_scaling});
    } else {
      for (int row = 0; row < tensor.rows; ++row)
        segments.push_back({offset + row * tensor.columns, tensor.columns, weight_scaling});
    }
  }
  segments_of_.reset();
  n_segments_ = static_cast<int>(segments.size());
  upload(segments_.reserve(segments.size(), "direction segments"), segments.data(), segments.size(), stream_.get(),
         "copy of direction segments to the GPU");
  stream_.synchronize("copy of direction segments to the GPU");  // the vector ends here
  segments_of_ = key;
}

void LossPipeline::prepare_directions(const DirectionSet& directions, std::int64_t first, std::int64_t count) {
  const auto n = static_cast<std::int64_t>(layout_.size());
  if (directions.is_given()) {
    const auto rows = directions.given_rows();
    const auto available = static_cast<std::int64_t>(rows.size()) / n;
    if (first < 0 || first + count > available) {
      throw Error(
          fmt::format("Direction {} is beyond the {} given.", first < 0 ? first : first + count - 1, available));
    }
    upload(directions_.data(), rows.data() + first * n, count_of(count * n), stream_.get(),
           "copy of directions to the GPU");
    return;
  }
  upload_segments(directions);
  draw_directions(directions.seed(), first, count, theta_.data(), n, segments_.data(), n_segments_, directions_.data(),
                  stream_.get());
}

void LossPipeline::copy_directions(const DirectionSet& directions, std::int64_t first, std::int64_t count,
                                   std::span<double> out) {
  const std::size_t n = layout_.size();
  if (out.size() != count_of(count) * n) throw Error("The room for directions does not fit their number.");
  upload(theta_.reserve(n, "parameters"), directions.theta().data(), n, stream_.get(), "copy of parameters to the GPU");
  directions_.reserve(out.size(), "directions");
  prepare_directions(directions, first, count);
  download(out.data(), directions_.data(), out.size(), stream_.get(), "copy of directions from the GPU");
  stream_.synchronize("drawing directions");
}

// ---- losses -------------------------------------------------------------------------------------------------------

std::int64_t LossPipeline::Sizes::per_network() const { return n_evaluated + stride + packed + n_chunks + 1; }

const std::int32_t* LossPipeline::places() {
  const auto places = embedding_.places();
  if (places.empty() || places_.capacity() >= places.size()) return places_.data();
  upload(places_.reserve(places.size(), "places of parameters"), places.data(), places.size(), stream_.get(),
         "copy of places to the GPU");
  return places_.data();
}

LossPipeline::Sizes LossPipeline::sizes_of(LossKind loss) const {
  Sizes sizes{};
  sizes.what = {spec_.kind, spec_.shape(), spec_.activation, loss, problem_->is_linear};
  sizes.family = choose_family(sizes.what);
  sizes.group = sizes.family == KernelFamily::gemm ? plan_gemm(sizes.what, points_.n).networks : 1;
  sizes.stride = even(math::FoldedLayout<math::DynamicShape>{sizes.what.shape}.buffer_size());
  if (sizes.family == KernelFamily::tile || sizes.family == KernelFamily::wide || sizes.family == KernelFamily::deep) {
    sizes.tiles = tile_layout(sizes.family, sizes.what);
    sizes.packed = sizes.tiles.size();
  }
  sizes.n_parameters = static_cast<std::int64_t>(layout_.size());
  sizes.n_evaluated = static_cast<std::int64_t>(embedding_.size());
  sizes.n_chunks = points_.n_chunks;
  return sizes;
}

void LossPipeline::reserve_buffers(const Sizes& sizes, std::int64_t batch, std::int64_t n_directions,
                                   std::size_t budget) {
  directions_.reserve(count_of(n_directions * sizes.n_parameters), "directions");
  moved_.reserve(count_of(batch * sizes.n_evaluated), "networks");
  folded_.reserve(count_of(batch * sizes.stride), "folded networks");
  packed_.reserve(count_of(batch * sizes.packed), "packed networks");
  partial_.reserve(count_of(batch * sizes.n_chunks), "partial losses");
  if (sizes.family == KernelFamily::generic) {
    const std::int64_t per_block = generic_work(sizes.what);
    const auto fits = static_cast<std::int64_t>(budget / sizeof(double)) / per_block;
    const std::int64_t useful =
        std::min<std::int64_t>(batch * sizes.n_chunks, std::int64_t{16} * device_.multiprocessors);
    work_.reserve(count_of(std::clamp<std::int64_t>(fits, 1, useful) * per_block), "work areas");
  }
}

std::int64_t LossPipeline::reserve_batch(const Sizes& sizes, const LineTask& task) {
  std::int64_t batch = round_to(task.count, sizes.group);
  if (batch_limit_ > 0) batch = std::min(batch, round_to(batch_limit_, sizes.group));
  // Block numbers must stay below 2^31.
  batch = std::min(
      batch, std::max<std::int64_t>((std::int64_t{1} << 31) / (sizes.n_chunks + 1) / sizes.group, 1) * sizes.group);
  const auto bytes = [&](std::int64_t networks) {
    return sizeof(double) *
           count_of(networks * sizes.per_network() + directions_for(task, networks) * sizes.n_parameters);
  };
  // Asking what is free costs more than a small task, so it is asked only when the memory held so far may not do.
  constexpr std::size_t kUnasked = std::size_t{16} << 20;
  std::size_t budget = std::max(kUnasked, batch_bytes_);
  if (bytes(batch) > budget) {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    batch_bytes_ = std::max(batch_bytes_, std::min(free / kFreeShare, kMostBatchBytes));
    budget = std::max(kUnasked, batch_bytes_);
    while (batch > sizes.group && bytes(batch) > budget) batch = round_to((batch + 1) / 2, sizes.group);
  }
  for (;;) {
    try {
      reserve_buffers(sizes, batch, directions_for(task, batch), budget);
      return batch;
    } catch (const OutOfDeviceMemory&) {
      if (batch <= sizes.group) throw;
      for (DeviceBuffer<double>* buffer : {&directions_, &moved_, &folded_, &packed_, &partial_, &work_})
        buffer->release();
      batch_bytes_ = 0;
      batch = round_to((batch + 1) / 2, sizes.group);
    }
  }
}

void LossPipeline::batch_losses(const Sizes& sizes, const FoldedBatch& networks, double* losses) {
  // With a single chunk its partial sum is the loss.
  double* partial = sizes.n_chunks == 1 ? losses : partial_.data();
  const cudaStream_t stream = stream_.get();
  const bool is_galerkin = sizes.what.loss == LossKind::galerkin;
  const TileBatch tiles{sizes.tiles, packed_.data(), networks.count};
  if (sizes.packed > 0) pack_tiles(sizes.tiles, networks, packed_.data(), stream);
  switch (sizes.family) {
    case KernelFamily::narrow:
      narrow_losses(sizes.what, networks, points_, partial, stream);
      break;
    case KernelFamily::tile:
      (is_galerkin ? tile_galerkin_losses : tile_ritz_losses)(tiles, points_, partial, stream);
      break;
    case KernelFamily::wide: {
      const WidePlan plan = plan_wide_tile(sizes.tiles, device_.shared_bytes_per_block);
      (is_galerkin ? wide_galerkin_losses : wide_ritz_losses)(sizes.what.activation, tiles, points_, plan, partial,
                                                              stream);
      break;
    }
    case KernelFamily::deep: {
      const DeepTilePlan plan = plan_deep_tile(sizes.tiles, device_.shared_bytes_per_block);
      (is_galerkin ? deep_galerkin_losses : deep_ritz_losses)(sizes.what.activation, tiles, points_, plan, partial,
                                                              stream);
      break;
    }
    case KernelFamily::gemm:
      gemm_.losses(sizes.what, networks, points_, partial);
      break;
    case KernelFamily::generic:
      generic_losses(sizes.what, networks, points_, work_.data(),
                     static_cast<std::int64_t>(work_.capacity()) / generic_work(sizes.what), partial, stream);
      break;
  }
  if (sizes.n_chunks > 1) add_chunks(partial, networks.count, static_cast<int>(sizes.n_chunks), losses, stream);
}

void LossPipeline::evaluate(const LineTask& task, std::span<double> losses) {
  require_fitting(task, layout_.size(), losses);
  if (task.count == 0) return;
  const auto n_steps = static_cast<std::int64_t>(task.steps.size());
  const LineSet& lines = *task.lines;
  const LossKind loss = kernel_loss(task.quantity, task.loss);
  use_points(loss, task.quantity);
  const Sizes sizes = sizes_of(loss);
  const std::int64_t batch = reserve_batch(sizes, task);
  // What directions are scaled by, then the starts, where they are others.
  const auto reference = lines.directions().theta(), from = lines.starts();
  const std::size_t n_before = from.data() == reference.data() ? 0 : reference.size();
  double* starts = theta_.reserve(n_before + from.size(), "parameters") + n_before;
  if (n_before > 0) upload(theta_.data(), reference.data(), n_before, stream_.get(), "copy of parameters to the GPU");
  upload(starts, from.data(), from.size(), stream_.get(), "copy of parameters to the GPU");
  upload(steps_.reserve(task.steps.size(), "steps"), task.steps.data(), task.steps.size(), stream_.get(),
         "copy of steps to the GPU");
  double* device_losses = losses_.reserve(losses.size(), "losses");
  const bool is_shared = lines.n_starts() > 1;  // directions, by several starts: then all of them are there at once
  if (is_shared) prepare_directions(lines.directions(), 0, lines.n_directions());
  for (std::int64_t begin = task.first; begin < task.first + task.count;) {
    const std::int64_t count = std::min(batch, task.first + task.count - begin);
    const std::int64_t first_line = begin / n_steps, n_lines = (begin + count - 1) / n_steps - first_line + 1;
    if (!is_shared) prepare_directions(lines.directions(), first_line, n_lines);
    fold_networks({sizes.what.shape, sizes.n_parameters, places(), starts, directions_.data(),
                   is_shared ? 0 : first_line, lines.n_directions(), steps_.data(), n_steps, begin, count,
                   round_to(count, sizes.group), moved_.data(), folded_.data(), sizes.stride},
                  stream_.get());
    batch_losses(sizes, {folded_.data(), sizes.stride, count}, device_losses + (begin - task.first));
    begin += count;
  }
  double* result = result_.reserve(losses.size(), "losses");
  download(result, device_losses, losses.size(), stream_.get(), "copy of losses from the GPU");
  stream_.synchronize("evaluating losses");
  std::copy_n(result, losses.size(), losses.begin());
  if (!is_error_of_solution(task.quantity)) return;
  for (double& value : losses) value = std::sqrt(value);
}

// ---- gradient -----------------------------------------------------------------------------------------------------

double LossPipeline::loss_and_gradient(LossKind loss, std::span<const double> theta, std::span<double> gradient) {
  if (theta.size() != layout_.size() || gradient.size() != layout_.size())
    throw Error("Parameters and gradient do not fit the network.");
  use_points(loss);
  const Evaluation what{spec_.kind, spec_.shape(), spec_.activation, loss, problem_->is_linear};
  const std::int64_t stride = even(math::FoldedLayout<math::DynamicShape>{what.shape}.buffer_size());
  const GradientPlan plan = plan_gradient(what, points_.n);
  const std::vector<double> evaluated = embedding_.spread_copy(theta);
  upload(theta_.reserve(evaluated.size(), "parameters"), evaluated.data(), evaluated.size(), stream_.get(),
         "copy of parameters to the GPU");
  double* folded = folded_.reserve(count_of(stride), "folded network");
  double* work = work_.reserve(count_of(plan.work_size), "work areas");
  // Rows and the levels of their sum lie behind each other.
  const std::int64_t n_sums = (plan.n_rows + kRowFan - 1) / kRowFan;
  double* rows = rows_.reserve(count_of((plan.n_rows + 2 * n_sums) * plan.row_size), "gradient rows");
  fold_networks({what.shape, static_cast<std::int64_t>(evaluated.size()), nullptr, theta_.data(), nullptr, 0, 1,
                 nullptr, 1, 0, 1, 1, nullptr, folded, stride},
                stream_.get());
  gradient_rows(what, {folded, stride, 1}, points_, plan, work, rows, stream_.get());
  double* from = rows;
  double* to = rows + plan.n_rows * plan.row_size;
  for (std::int64_t n = plan.n_rows; n > 1;) {
    add_rows(from, n, plan.row_size, kRowFan, to, stream_.get());
    n = (n + kRowFan - 1) / kRowFan;
    from = to;
    to += n * plan.row_size;
  }
  double* result = result_.reserve(count_of(plan.row_size), "gradient");
  download(result, from, count_of(plan.row_size), stream_.get(), "copy of the gradient from the GPU");
  stream_.synchronize("evaluating the gradient");
  std::vector<double> row(evaluated.size());
  math::unfold_gradient(what.shape, evaluated.data(), result, row.data());
  embedding_.gather(std::span<double>(row));
  std::copy_n(row.begin(), gradient.size(), gradient.begin());
  return result[plan.row_size - 1];
}

}  // namespace landscape::cuda
