// The CPU backend: networks are spread over threads, each network's points run through SIMD lanes (cpu_kernels.hpp).
#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <vector>

#include "aligned.hpp"
#include "cpu_kernels.hpp"
#include "cpu_quadratic_model.hpp"
#include "landscape/backend/loss_backend.hpp"
#include "landscape/backend/shared_gradient.hpp"
#include "landscape/equation/equation.hpp"
#include "landscape/math/dual.hpp"
#include "landscape/model/error.hpp"
#include "landscape/model/vectors.hpp"

namespace landscape {
namespace {

using AlignedBuffer = Aligned<double>;

/// The starts of lines, as they are evaluated.
class EvaluatedStarts {
 public:
  EvaluatedStarts(const LineSet& lines, const ParameterEmbedding& embedding) : lines_(lines), size_(embedding.size()) {
    if (embedding.is_identity()) return;
    const std::size_t n = lines.parameter_count();
    for (std::int64_t k = 0; k < lines.n_starts(); ++k) {
      const auto row = embedding.spread_copy(lines.starts().subspan(static_cast<std::size_t>(k) * n, n));
      spread_.insert(spread_.end(), row.begin(), row.end());
    }
  }
  /// Of line k.
  const double* of(std::int64_t k) const {
    if (spread_.empty()) return lines_.start(k).data();
    return spread_.data() + static_cast<std::size_t>(k / lines_.n_directions()) * size_;
  }

 private:
  const LineSet& lines_;
  std::size_t size_;
  std::vector<double> spread_;
};

class CpuBackend final : public LossBackend, public SharedGradient {
 public:
  /// Of a part of several, gradients alone are meant to be asked for.
  CpuBackend(const NetworkSpec& spec, const Problem& problem, const PointSet& points, int n_threads,
             Precision precision, int part = 0, int n_parts = 1)
      : spec_(spec),
        problem_(problem),
        n_threads_(std::max(1, n_threads)),
        precision_(precision),
        part_(part),
        n_parts_(n_parts),
        kernels_(cpu::choose_kernels()),
        n_parameters_(ParameterLayout(spec).size()),
        embedding_(spec),
        thread_work_(static_cast<std::size_t>(n_threads_)),
        single_work_(static_cast<std::size_t>(n_threads_)) {
    spec.validate();
    CpuBackend::set_points(points);
  }

  std::string describe() const override {
    return fmt::format("cpu, {} thread{}, {}{}", n_threads_, n_threads_ == 1 ? "" : "s", kernels_.name,
                       precision_ == Precision::single_precision ? ", single precision" : "");
  }

  void set_points(const PointSet& points) override;
  void evaluate(const LineTask& task, std::span<double> losses) override;
  double loss_and_gradient(LossKind loss, std::span<const double> theta, std::span<double> gradient) override;
  Pieces pieces(LossKind loss) override;
  void compute_own(LossKind loss, std::span<const double> theta) override;
  void add_own(LossKind loss, std::span<double> sum) override;
  double finish(LossKind loss, std::span<const double> theta, std::span<const double> sum,
                std::span<double> gradient) override;
  void hessian_products(LossKind loss, std::span<const double> theta, std::span<const double> vectors,
                        std::span<double> products) override;
  std::unique_ptr<QuadraticModel> gauss_newton_model(LossKind loss, std::span<const double> theta,
                                                     StepSpace space) override;
  std::unique_ptr<QuadraticModel> newton_model(LossKind loss, std::span<const double> theta) override;
  void gauss_newton_matrix(LossKind loss, std::span<const double> theta, std::size_t first,
                           std::span<double> rows) override;
  void path_curvature(LossKind loss, std::span<const double> theta, std::span<const double> direction,
                      std::span<double> curvature) override;

 private:
  /// The points as the kernels of one loss or quantity want them, made when that is first asked for.
  struct PreparedPoints {
    bool is_ready = false;
    AlignedBuffer data;
    cpu::PointBlocks blocks{};
    Aligned<float> single_data;  // the same, where evaluate() is in single precision
    cpu::SinglePointBlocks single_blocks{};
  };
  const PreparedPoints& prepared(LossKind loss, Quantity quantity = Quantity::loss);
  /// The points' blocks in pieces, of which every sum over them is made: they depend on the points alone, at least 64
  /// and at most about 64 of them, so that threads do not change a bit.
  struct Chunks {
    std::int64_t n = 0, n_blocks = 0, per_chunk = 0;
    std::int64_t first(std::int64_t chunk) const { return chunk * per_chunk; }
    std::int64_t count(std::int64_t chunk) const { return std::min(per_chunk, n_blocks - first(chunk)); }
    /// The blocks of a range of them.
    WorkRange blocks(WorkRange chunks) const { return {first(chunks.begin), std::min(n_blocks, first(chunks.end))}; }
  };
  template <class Use>
  auto with_gauss_newton_rows(LossKind loss, std::span<const double> theta, const Use& use);
  /// This part's chunks into slots_ (own, size), each a folded gradient and a number behind it, which write(first
  /// block, number of blocks, slot, work area) fills.
  template <class Write>
  void compute_chunks(const Pieces& pieces, const cpu::PointBlocks& points, std::size_t n_work, double cost_per_entry,
                      const Write& write);
  class SerialGradient;
  void unfold_product(const std::vector<double>& theta, const std::vector<double>& direction, const double* folded,
                      std::size_t size, std::span<double> product) const;
  static Chunks chunks_of(std::int64_t n_blocks) {
    const std::int64_t per_chunk = std::max<std::int64_t>(2, (n_blocks + 63) / 64);
    return {(n_blocks + per_chunk - 1) / per_chunk, n_blocks, per_chunk};
  }
  WorkRange own_chunks(std::int64_t n_blocks) const { return WorkPartition(chunks_of(n_blocks).n, n_parts_).of(part_); }
  cpu::Evaluation evaluation(LossKind loss) const { return cpu::evaluation_of(spec_, loss); }
  /// Derivatives in the jet of a gradient (math/gradient.hpp).
  double carried_derivatives(LossKind loss) const { return loss == LossKind::ritz ? 1.0 : spec_.dimension; }
  /// Threads for a parallel region of `cost` operations in `n_parts` parts. A region that lasts less than about half a
  /// millisecond loses more by waiting for a thread that is not running, on a busy machine milliseconds, than it gains.
  int worthwhile_threads(double cost, std::int64_t n_parts) const {
    constexpr double kCostPerThread = 4e6;
    const double wish =
        std::min<double>({1.0 + cost / kCostPerThread, static_cast<double>(n_parts), static_cast<double>(n_threads_)});
    return std::max(1, static_cast<int>(wish));
  }
  template <class Real>
  static Real* work_in(std::vector<Aligned<Real>>& buffers, std::size_t n) {
    Aligned<Real>& buffer = buffers[static_cast<std::size_t>(omp_get_thread_num())];
    if (buffer.size() < n) buffer = Aligned<Real>(n);
    return buffer.data();
  }
  double* work(std::size_t n) { return work_in(thread_work_, n); }

  NetworkSpec spec_;
  Problem problem_;
  int n_threads_;
  Precision precision_;
  int part_, n_parts_;
  const cpu::Kernels& kernels_;
  std::size_t n_parameters_;
  ParameterEmbedding embedding_;
  PointSet points_;
  std::array<std::array<PreparedPoints, kQuantities>, 2> prepared_;  // by LossKind and Quantity
  std::vector<AlignedBuffer> thread_work_;
  std::vector<Aligned<float>> single_work_;
  std::vector<double> slots_;  // of the pieces that were computed last
};

void CpuBackend::set_points(const PointSet& points) {
  if (points.dimension != spec_.dimension || points.size() == 0) {
    throw Error(fmt::format("{} points of dimension {} given for a problem of dimension {}.", points.size(),
                            points.dimension, spec_.dimension));
  }
  points_ = points;
  for (auto& of_loss : prepared_) {
    for (PreparedPoints& prepared : of_loss) prepared.is_ready = false;
  }
}

const CpuBackend::PreparedPoints& CpuBackend::prepared(LossKind loss, Quantity quantity) {
  PreparedPoints& to = prepared_[static_cast<std::size_t>(loss)][static_cast<std::size_t>(quantity)];
  if (to.is_ready) return to;
  const std::size_t n_terms = QuantityTerms(problem_, loss, quantity, points_).size();  // throws here, not in a thread
  constexpr auto kBlock = static_cast<std::size_t>(cpu::kBlock);
  const auto d = static_cast<std::size_t>(spec_.dimension);
  const std::size_t n_blocks = (n_terms + kBlock - 1) / kBlock;
  const std::size_t n = n_blocks * kBlock;
  const std::size_t needed = n * (2 * d + 5);
  if (to.data.size() != needed) to.data = AlignedBuffer(needed);
  double* x = to.data.data();
  double* slope = x + n * d;
  double* top = slope + n * d;
  double* value = top + n;
  double* source = value + n;
  double* weight = source + n;
  double* cubic = weight + n;
  const WorkRange own =
      chunks_of(static_cast<std::int64_t>(n_blocks)).blocks(own_chunks(static_cast<std::int64_t>(n_blocks)));
  const int threads = worthwhile_threads(static_cast<double>(n * d) * 100.0, own.size());
#pragma omp parallel num_threads(threads)
  {
    QuantityTerms all_terms(problem_, loss, quantity, points_);
#pragma omp for schedule(static)
    for (std::int64_t block = own.begin; block < own.end; ++block) {
      for (std::size_t lane = 0; lane < kBlock; ++lane) {
        const std::size_t at = static_cast<std::size_t>(block) * kBlock + lane;
        const std::size_t q = std::min(at, n_terms - 1);
        const double* xq = all_terms.point(q);
        const TermsEvaluator& terms = all_terms.at(q);
        top[at] = terms.top;
        value[at] = terms.value;
        source[at] = terms.source;
        cubic[at] = terms.cubic;
        weight[at] = at < n_terms ? all_terms.weight(q) : 0.0;
        for (std::size_t j = 0; j < d; ++j) {
          const std::size_t to_j = (static_cast<std::size_t>(block) * d + j) * kBlock + lane;
          x[to_j] = xq[j];
          slope[to_j] = terms.slope[j];
        }
      }
    }
  }
  const bool has_cubic = !problem_->is_linear;
  to.blocks = {spec_.dimension,
               static_cast<std::int64_t>(n_blocks),
               x,
               top,
               slope,
               value,
               source,
               weight,
               has_cubic ? cubic : nullptr,
               gauss_newton_rows(problem_, loss, spec_.dimension)};
  to.is_ready = true;
  if (precision_ != Precision::single_precision) return to;
  if (to.single_data.size() != needed) to.single_data = Aligned<float>(needed);
  for (std::size_t i = 0; i < needed; ++i) to.single_data.data()[i] = static_cast<float>(to.data.data()[i]);
  const auto twin = [&](const double* p) { return to.single_data.data() + (p - to.data.data()); };
  to.single_blocks = {spec_.dimension,     to.blocks.n_blocks, twin(x),
                      twin(top),           twin(slope),        twin(value),
                      twin(source),        twin(weight),       has_cubic ? twin(cubic) : nullptr,
                      to.blocks.model_rows};
  return to;
}

/// A thread's gradients at one network after another, with the bits of loss_and_gradient().
class CpuBackend::SerialGradient {
 public:
  SerialGradient(const CpuBackend& backend, const cpu::Evaluation& e, const cpu::PointBlocks& points)
      : backend_(backend),
        e_(e),
        points_(points),
        chunks_(chunks_of(points.n_blocks)),
        theta_(backend.embedding_.size()),
        row_(theta_.size()),
        network_(backend.kernels_.fold_size(e)),
        sum_(backend.kernels_.gradient_size(e) + 1),
        part_(sum_.size()) {}

  /// |grad L| at start + step * direction, both as they are evaluated.
  double norm(const double* start, const double* direction, double step, double* scratch) {
    for (std::size_t i = 0; i < theta_.size(); ++i) theta_[i] = math::fma(step, direction[i], start[i]);
    backend_.kernels_.fold(e_, theta_.data(), network_.data());
    for (std::int64_t chunk = 0; chunk < chunks_.n; ++chunk) {
      std::vector<double>& to = chunk == 0 ? sum_ : part_;
      backend_.kernels_.gradient(e_, network_.data(), points_, chunks_.first(chunk), chunks_.count(chunk), to.data(),
                                 scratch);
      for (std::size_t i = 0; chunk > 0 && i + 1 < sum_.size(); ++i) sum_[i] += part_[i];
    }
    backend_.kernels_.unfold(e_, theta_.data(), sum_.data(), row_.data());
    backend_.embedding_.gather(std::span<double>(row_));
    return norm_of(std::span(row_).first(backend_.n_parameters_));
  }

 private:
  const CpuBackend& backend_;
  const cpu::Evaluation& e_;
  const cpu::PointBlocks& points_;
  Chunks chunks_;
  std::vector<double> theta_, row_, network_, sum_, part_;
};

void CpuBackend::evaluate(const LineTask& task, std::span<double> losses) {
  // Checked here because an exception must not leave a parallel region.
  require_fitting(task, n_parameters_, losses);
  const auto n_steps = static_cast<std::int64_t>(task.steps.size());
  const LossKind loss = kernel_loss(task.quantity, task.loss);
  const bool is_error = is_error_of_solution(task.quantity), is_gradient = task.quantity == Quantity::gradient_norm;
  const cpu::Evaluation e = evaluation(loss);
  const PreparedPoints& points = prepared(loss, is_error ? task.quantity : Quantity::loss);
  const bool single = precision_ == Precision::single_precision && task.quantity == Quantity::loss;
  const std::size_t n_work = single        ? kernels_.single_work(e)
                             : is_gradient ? kernels_.gradient_work(e)
                                           : kernels_.loss_work(e);
  // Directions are made in batches that stay small beside the points; a batch's networks are handed to threads one by
  // one.
  const std::size_t n = embedding_.size();
  const std::int64_t batch = std::clamp<std::int64_t>((std::int64_t{1} << 21) / static_cast<std::int64_t>(n), 1, 4096);
  const EvaluatedStarts starts(*task.lines, embedding_);
  std::vector<double> directions;
  const std::int64_t end = task.first + task.count;
  for (std::int64_t begin = task.first; begin < end;) {
    const std::int64_t first_direction = begin / n_steps;
    const std::int64_t stop = std::min(end, (first_direction + batch) * n_steps);
    const std::int64_t n_directions = (stop - 1) / n_steps - first_direction + 1;
    directions.resize(static_cast<std::size_t>(n_directions) * n);
    const auto direction = [&](std::int64_t k) {
      return std::span<double>(directions).subspan(static_cast<std::size_t>(k - first_direction) * n, n);
    };
    const int threads = static_cast<int>(std::min<std::int64_t>(n_threads_, stop - begin));
#pragma omp parallel num_threads(threads)
    {
      double* scratch = single ? nullptr : work(n_work);
      float* single_scratch = single ? work_in(single_work_, n_work) : nullptr;
      std::optional<SerialGradient> gradient;
      if (is_gradient) gradient.emplace(*this, e, points.blocks);
#pragma omp for schedule(static)
      for (std::int64_t k = first_direction; k < first_direction + n_directions; ++k) {
        task.lines->direction(k, direction(k).first(n_parameters_));
        embedding_.spread(direction(k));
      }
#pragma omp for schedule(dynamic, 8)
      for (std::int64_t item = begin; item < stop; ++item) {
        const double* start = starts.of(item / n_steps);
        const double* d = direction(item / n_steps).data();
        const double step = task.steps[static_cast<std::size_t>(item % n_steps)];
        double& value = losses[static_cast<std::size_t>(item - task.first)];
        if (is_gradient) {
          value = gradient->norm(start, d, step, scratch);
        } else {
          value = single ? kernels_.single_loss(e, start, d, step, points.single_blocks, single_scratch)
                         : kernels_.loss(e, start, d, step, points.blocks, scratch);
          if (is_error) value = std::sqrt(value);
        }
      }
    }
    begin = stop;
  }
}

CpuBackend::Pieces CpuBackend::pieces(LossKind loss) {
  const std::int64_t n_blocks = prepared(loss).blocks.n_blocks;
  return {chunks_of(n_blocks).n, kernels_.gradient_size(evaluation(loss)) + 1, own_chunks(n_blocks)};
}

void CpuBackend::compute_own(LossKind loss, std::span<const double> theta) {
  if (theta.size() != n_parameters_) throw Error("Parameters do not fit the network.");
  const Pieces all = pieces(loss);
  const cpu::Evaluation e = evaluation(loss);
  const std::vector<double> evaluated = embedding_.spread_copy(theta);
  const cpu::PointBlocks& points = prepared(loss).blocks;
  std::vector<double> network(kernels_.fold_size(e));
  kernels_.fold(e, evaluated.data(), network.data());
  compute_chunks(all, points, kernels_.gradient_work(e), (carried_derivatives(loss) + 2) * 6,
                 [&](std::int64_t first, std::int64_t count, double* slot, double* scratch) {
                   slot[all.size - 1] = kernels_.gradient(e, network.data(), points, first, count, slot, scratch);
                 });
}

void CpuBackend::add_own(LossKind loss, std::span<double> sum) {
  const Pieces all = pieces(loss);
  for (std::int64_t chunk = all.own.begin; chunk < all.own.end; ++chunk) {
    const double* from = slots_.data() + static_cast<std::size_t>(chunk - all.own.begin) * all.size;
    if (chunk == 0) {
      std::copy_n(from, all.size, sum.begin());
    } else {
      for (std::size_t i = 0; i < all.size; ++i) sum[i] += from[i];
    }
  }
}

double CpuBackend::finish(LossKind loss, std::span<const double> theta, std::span<const double> sum,
                          std::span<double> gradient) {
  const cpu::Evaluation e = evaluation(loss);
  const std::vector<double> evaluated = embedding_.spread_copy(theta);
  std::vector<double> row(embedding_.size());
  kernels_.unfold(e, evaluated.data(), sum.data(), row.data());
  embedding_.gather(std::span<double>(row));
  std::copy_n(row.begin(), gradient.size(), gradient.begin());
  return sum[kernels_.gradient_size(e)];
}

double CpuBackend::loss_and_gradient(LossKind loss, std::span<const double> theta, std::span<double> gradient) {
  if (theta.size() != n_parameters_ || gradient.size() != n_parameters_)
    throw Error("Parameters and gradient do not fit the network.");
  compute_own(loss, theta);
  std::vector<double> sum(pieces(loss).size);
  add_own(loss, sum);
  return finish(loss, theta, sum, gradient);
}

template <class Write>
void CpuBackend::compute_chunks(const Pieces& pieces, const cpu::PointBlocks& points, std::size_t n_work,
                                double cost_per_entry, const Write& write) {
  const Chunks chunks = chunks_of(points.n_blocks);
  slots_.resize(static_cast<std::size_t>(pieces.own.size()) * pieces.size);
  const double cost = static_cast<double>(chunks.blocks(pieces.own).size() * cpu::kBlock) * cost_per_entry *
                      static_cast<double>(pieces.size);
#pragma omp parallel num_threads(worthwhile_threads(cost, pieces.own.size()))
  {
    double* scratch = work(n_work);
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t chunk = pieces.own.begin; chunk < pieces.own.end; ++chunk) {
      double* slot = slots_.data() + static_cast<std::size_t>(chunk - pieces.own.begin) * pieces.size;
      write(chunks.first(chunk), chunks.count(chunk), slot, scratch);
    }
  }
}

void CpuBackend::path_curvature(LossKind loss, std::span<const double> theta, std::span<const double> direction,
                                std::span<double> curvature) {
  if (theta.size() != n_parameters_ || direction.size() != n_parameters_ || curvature.size() != n_parameters_)
    throw Error("Parameters, direction and curvature do not fit the network.");
  const cpu::Evaluation e = evaluation(loss);
  const std::vector<double> evaluated = embedding_.spread_copy(theta), along = embedding_.spread_copy(direction);
  const cpu::PointBlocks& points = prepared(loss).blocks;
  const Pieces all = pieces(loss);
  compute_chunks(all, points, kernels_.curvature_work(e), static_cast<double>((spec_.dimension + 2) * 10),
                 [&](std::int64_t first, std::int64_t count, double* slot, double* scratch) {
                   slot[all.size - 1] = 0.0;
                   kernels_.curvature(e, evaluated.data(), along.data(), points, first, count, slot, scratch);
                 });
  std::vector<double> sum(all.size);
  add_own(loss, sum);
  finish(loss, theta, sum, curvature);
}

void CpuBackend::hessian_products(LossKind loss, std::span<const double> theta, std::span<const double> vectors,
                                  std::span<double> products) {
  if (theta.size() != n_parameters_ || vectors.size() % n_parameters_ != 0 || vectors.size() != products.size())
    throw Error("Parameters, vectors and their products with the Hessian do not fit the network.");
  const cpu::Evaluation e = evaluation(loss);
  const std::vector<double> evaluated = embedding_.spread_copy(theta);
  const cpu::PointBlocks& points = prepared(loss).blocks;
  const Chunks chunks = chunks_of(points.n_blocks);
  const std::size_t size = kernels_.gradient_size(e), n_work = kernels_.product_work(e);
  const auto n_vectors = static_cast<std::int64_t>(vectors.size() / n_parameters_);
  // So many at once that the sums of all chunks stay below 64 MiB.
  const auto batch = std::clamp<std::int64_t>((std::int64_t{1} << 22) / (chunks.n * static_cast<std::int64_t>(size)), 1,
                                              std::max<std::int64_t>(1, n_vectors));
  const auto part = [n = n_parameters_](auto all, std::int64_t k) {
    return all.subspan(static_cast<std::size_t>(k) * n, n);
  };
  std::vector<double> partial(static_cast<std::size_t>(batch * chunks.n) * 2 * size);
  for (std::int64_t begin = 0; begin < n_vectors; begin += batch) {
    const std::int64_t n = std::min(batch, n_vectors - begin);
    std::vector<std::vector<double>> directions;
    for (std::int64_t k = 0; k < n; ++k) directions.push_back(embedding_.spread_copy(part(vectors, begin + k)));
    const double cost = static_cast<double>(n) * static_cast<double>(points.n_blocks) * cpu::kBlock *
                        (carried_derivatives(loss) + 2) * 18 * static_cast<double>(size);
    const int threads = worthwhile_threads(cost, n * chunks.n);
#pragma omp parallel num_threads(threads)
    {
      double* scratch = work(n_work);
#pragma omp for schedule(dynamic, 1)
      for (std::int64_t task = 0; task < n * chunks.n; ++task) {
        const std::int64_t chunk = task % chunks.n;
        kernels_.product(e, evaluated.data(), directions[static_cast<std::size_t>(task / chunks.n)].data(), points,
                         chunks.first(chunk), chunks.count(chunk),
                         partial.data() + static_cast<std::size_t>(task) * 2 * size, scratch);
      }
    }
    for (std::int64_t k = 0; k < n; ++k) {
      double* sum = partial.data() + static_cast<std::size_t>(k * chunks.n) * 2 * size;
      for (std::size_t i = 2 * size; i < static_cast<std::size_t>(chunks.n) * 2 * size; ++i)
        sum[i % (2 * size)] += sum[i];
      unfold_product(evaluated, directions[static_cast<std::size_t>(k)], sum, size, part(products, begin + k));
    }
  }
}

/// use(rows of the Gauss-Newton model at theta): they can be written as long as it lasts.
template <class Use>
auto CpuBackend::with_gauss_newton_rows(LossKind loss, std::span<const double> theta, const Use& use) {
  if (theta.size() != n_parameters_) throw Error("Parameters do not fit the network.");
  const cpu::Evaluation e = evaluation(loss);
  const std::vector<double> evaluated = embedding_.spread_copy(theta);
  const cpu::PointBlocks& points = prepared(loss).blocks;
  const std::int64_t per_point = points.model_rows;
  const std::int64_t n_rows = per_point * static_cast<std::int64_t>(points_.size());
  const std::size_t n_work = kernels_.rows_work(e);
  const auto write = [&](std::int64_t first, std::int64_t count, double* rows, std::size_t ld) {
    const std::int64_t block_rows = cpu::kBlock * per_point;
    const double cost = static_cast<double>(count * block_rows) * static_cast<double>((spec_.dimension + 2) * 6) *
                        static_cast<double>(evaluated.size());
#pragma omp parallel num_threads(worthwhile_threads(cost, count))
    {
      double* scratch = work(n_work);
#pragma omp for schedule(dynamic, 1)
      for (std::int64_t block = 0; block < count; ++block) {
        double* to = rows + static_cast<std::size_t>(block * block_rows) * ld;
        kernels_.rows(e, evaluated.data(), points, first + block, 1, to, ld, scratch);
        if (embedding_.is_identity()) continue;
        for (std::int64_t r = 0; r < block_rows; ++r) {
          const std::span row(to + static_cast<std::size_t>(r) * ld, evaluated.size());
          embedding_.gather(row);
          std::ranges::fill(row.subspan(n_parameters_), 0.0);
        }
      }
    }
  };
  return use(cpu::RowSource{n_parameters_, evaluated.size(), n_rows, points.n_blocks, cpu::kBlock * per_point, write});
}

std::unique_ptr<QuadraticModel> CpuBackend::gauss_newton_model(LossKind loss, std::span<const double> theta,
                                                               StepSpace space) {
  return with_gauss_newton_rows(loss, theta, [&](const cpu::RowSource& rows) {
    if (space == StepSpace::automatic) space = step_space(theta.size(), static_cast<std::size_t>(rows.n_rows));
    return cpu::make_gauss_newton_model(kernels_, rows, space, n_threads_);
  });
}

std::unique_ptr<QuadraticModel> CpuBackend::newton_model(LossKind loss, std::span<const double> theta) {
  require_newton_unknowns(theta.size());
  const std::size_t n = theta.size();
  std::vector<double> units(n * n), hessian(n * n);
  for (std::size_t k = 0; k < n; ++k) units[k * n + k] = 1.0;
  hessian_products(loss, theta, units, hessian);
  // Rounding alone tells a product's entry from its mirror image.
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j)
      hessian[i * n + j] = hessian[j * n + i] = 0.5 * (hessian[i * n + j] + hessian[j * n + i]);
  }
  return cpu::make_quadratic_model(kernels_, hessian, n, n_threads_);
}

void CpuBackend::gauss_newton_matrix(LossKind loss, std::span<const double> theta, std::size_t first,
                                     std::span<double> rows) {
  if (rows.size() % n_parameters_ != 0 || first + rows.size() / n_parameters_ > n_parameters_)
    throw Error("Rows of a Gauss-Newton matrix do not fit the network.");
  with_gauss_newton_rows(loss, theta, [&](const cpu::RowSource& source) {
    cpu::write_gauss_newton_matrix(kernels_, source, first, rows, n_threads_);
  });
}

// From the folded gradient (size) and, behind it, its derivative along the direction to that of theta's gradient.
void CpuBackend::unfold_product(const std::vector<double>& theta, const std::vector<double>& direction,
                                const double* folded, std::size_t size, std::span<double> product) const {
  std::vector<math::Dual> moved, sums, row(theta.size());
  for (std::size_t i = 0; i < theta.size(); ++i) moved.emplace_back(theta[i], direction[i]);
  for (std::size_t i = 0; i < size; ++i) sums.emplace_back(folded[i], folded[size + i]);
  math::unfold_gradient(spec_.shape(), moved.data(), sums.data(), row.data());
  embedding_.gather(std::span<math::Dual>(row));
  for (std::size_t i = 0; i < product.size(); ++i) product[i] = row[i].slope;
}

}  // namespace

std::unique_ptr<LossBackend> make_cpu_backend(const NetworkSpec& spec, const Problem& problem, const PointSet& points,
                                              int n_threads, Precision precision) {
  return std::make_unique<CpuBackend>(spec, problem, points, n_threads, precision);
}

std::unique_ptr<SharedGradient> make_cpu_shared_gradient(const NetworkSpec& spec, const Problem& problem,
                                                         const PointSet& points, int n_threads, int part, int n_parts) {
  return std::make_unique<CpuBackend>(spec, problem, points, n_threads, Precision::double_precision, part, n_parts);
}

}  // namespace landscape
