// An order is its kind, a loss and a length, and then what it is about: points, or parameters.
#include "landscape/job/training_crew.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

#include "landscape/backend/shared_gradient.hpp"
#include "landscape/job/device.hpp"

namespace landscape {
namespace {

// Of a step on one core, in products of a point, a parameter and a derivative: some 0.1 ms, several exchanges' time.
constexpr double kLeastWork = 2e5;

enum class Order : int { end, points, gradient };
using Header = std::array<double, 3>;

/// One rank's part in every gradient.
class Part {
 public:
  Part(const Communicator& comm, const QuickLink& link, const Setup& setup)
      : comm_(comm),
        link_(link),
        gradient_(make_cpu_shared_gradient(setup.config.network, setup.config.problem, setup.points, setup.threads,
                                           comm.rank(), comm.size())) {}

  void set_points(PointSet& points) {
    std::array<double, 3> sizes{static_cast<double>(points.dimension), static_cast<double>(points.weights.size()),
                                static_cast<double>(points.n_boundary)};
    link_.broadcast(sizes);
    points.dimension = static_cast<int>(sizes[0]);
    points.weights.resize(static_cast<std::size_t>(sizes[1]));
    points.points.resize(points.weights.size() * static_cast<std::size_t>(points.dimension));
    points.n_boundary = static_cast<std::size_t>(sizes[2]);
    link_.broadcast(points.points);
    link_.broadcast(points.weights);
    gradient_->set_points(points);
  }

  /// The sum goes from rank to rank, each of which adds its pieces, and back to rank 0.
  void add_up(LossKind loss, std::span<double> theta) {
    link_.broadcast(theta);
    const SharedGradient::Pieces pieces = gradient_->pieces(loss);
    if (pieces.own.empty()) return;
    gradient_->compute_own(loss, theta);
    sum_.resize(pieces.size);
    if (!comm_.is_root()) link_.receive(sum_, comm_.rank() - 1);
    gradient_->add_own(loss, sum_);
    const int last = static_cast<int>(std::min<std::int64_t>(comm_.size(), pieces.n)) - 1;
    if (last == 0) return;
    link_.send(sum_, comm_.rank() < last ? comm_.rank() + 1 : 0);
    if (comm_.is_root()) link_.receive(sum_, last);
  }

  double finish(LossKind loss, std::span<const double> theta, std::span<double> gradient) {
    return gradient_->finish(loss, theta, sum_, gradient);
  }

 private:
  const Communicator& comm_;
  const QuickLink& link_;
  std::unique_ptr<SharedGradient> gradient_;
  std::vector<double> sum_;
};

}  // namespace

/// Rank 0's backend.
class TrainingCrew::Backend final : public LossBackend {
 public:
  Backend(TrainingCrew& crew, std::unique_ptr<LossBackend> alone)
      : crew_(crew),
        alone_(std::move(alone)),
        part_(crew.comm_, crew.link_, crew.setup_),
        points_(crew.setup_.points),
        theta_(ParameterLayout(crew.setup_.config.network).size()),
        way_(crew.setup_.config.train_ranks == TrainRanks::all ? Way::together : Way::undecided) {}

  std::string describe() const override { return alone_->describe(); }
  void set_points(const PointSet& points) override {
    points_ = points;
    alone_has_them_ = crew_has_them_ = false;
  }

  double loss_and_gradient(LossKind loss, std::span<const double> theta, std::span<double> gradient) override {
    if (way_ != Way::undecided) return compute(way_ == Way::together, loss, theta, gradient);
    const bool together = n_timed_ / kInARow % 2 == 1;
    const Stopwatch clock;
    const double value = compute(together, loss, theta, gradient);
    double& best = together ? best_together_ : best_alone_;
    best = std::min(best, clock.seconds());
    if (++n_timed_ == kTimed) decide();
    return value;
  }

  // What one backend computes as a whole.
  void evaluate(const LineTask& task, std::span<double> losses) override { whole().evaluate(task, losses); }
  void hessian_products(LossKind loss, std::span<const double> theta, std::span<const double> vectors,
                        std::span<double> products) override {
    whole().hessian_products(loss, theta, vectors, products);
  }
  std::unique_ptr<QuadraticModel> gauss_newton_model(LossKind loss, std::span<const double> theta,
                                                     StepSpace space) override {
    return whole().gauss_newton_model(loss, theta, space);
  }
  std::unique_ptr<QuadraticModel> newton_model(LossKind loss, std::span<const double> theta) override {
    return whole().newton_model(loss, theta);
  }
  void gauss_newton_matrix(LossKind loss, std::span<const double> theta, std::size_t first,
                           std::span<double> rows) override {
    whole().gauss_newton_matrix(loss, theta, first, rows);
  }
  void path_curvature(LossKind loss, std::span<const double> theta, std::span<const double> direction,
                      std::span<double> curvature) override {
    whole().path_curvature(loss, theta, direction, curvature);
  }

 private:
  enum class Way { undecided, alone, together };
  static constexpr int kInARow = 4, kTimed = 6 * kInARow;  // steps timed

  LossBackend& whole() {
    if (!alone_has_them_) alone_->set_points(points_);
    alone_has_them_ = true;
    return *alone_;
  }

  void order(Order kind, LossKind loss) {
    Header header{static_cast<double>(kind), static_cast<double>(loss), static_cast<double>(theta_.size())};
    crew_.link_.broadcast(header);
  }

  double compute(bool together, LossKind loss, std::span<const double> theta, std::span<double> gradient) {
    if (!together || theta.size() != theta_.size()) return whole().loss_and_gradient(loss, theta, gradient);
    if (!crew_has_them_) {
      order(Order::points, loss);
      part_.set_points(points_);
      crew_has_them_ = true;
    }
    order(Order::gradient, loss);
    std::ranges::copy(theta, theta_.begin());
    part_.add_up(loss, theta_);
    return part_.finish(loss, theta, gradient);
  }

  void decide() {
    way_ = best_together_ < best_alone_ ? Way::together : Way::alone;
    const int n = crew_.comm_.size();
    const double ratio = best_alone_ / best_together_;
    crew_.finding_ =
        way_ == Way::together
            ? fmt::format("each step on {} ranks, {:.1f} times as fast as on the first alone", n, ratio)
            : fmt::format("each step on the first rank alone, {:.1f} times as fast as on {} ranks", 1.0 / ratio, n);
  }

  TrainingCrew& crew_;
  std::unique_ptr<LossBackend> alone_;
  Part part_;
  PointSet points_;
  std::vector<double> theta_;
  Way way_;
  bool alone_has_them_ = false, crew_has_them_ = false;
  int n_timed_ = 0;
  double best_alone_ = std::numeric_limits<double>::infinity(), best_together_ = best_alone_;
};

TrainingCrew::TrainingCrew(const Communicator& comm, const Setup& setup, const OutputClaim& claim, bool others_are_busy)
    : comm_(comm), setup_(setup), link_(comm) {
  const RunConfig& config = setup.config;
  if (comm.size() == 1 || others_are_busy || claim.goes_on() || !config.trains_any()) return;
  if (config.train_ranks == TrainRanks::root) return;
  const bool has_galerkin = std::ranges::count(config.losses, LossKind::galerkin) > 0;
  const double derivatives = has_galerkin ? config.network.dimension : 1;
  is_wanted_ = setup.training_device == to_string(DeviceChoice::cpu) &&
               (config.train_ranks == TrainRanks::all || derivatives * work_of_step(config) >= kLeastWork);
}

std::unique_ptr<LossBackend> TrainingCrew::share(std::unique_ptr<LossBackend> alone) {
  finding_.clear();
  if (!is_wanted_) return alone;
  return std::make_unique<Backend>(*this, std::move(alone));
}

void TrainingCrew::serve() {
  if (!is_wanted_ || comm_.is_root()) return;
  Part part(comm_, link_, setup_);
  PointSet points = setup_.points;
  std::vector<double> theta;
  while (true) {
    Header header{};
    link_.broadcast(header);
    switch (static_cast<Order>(static_cast<int>(header[0]))) {
      case Order::end:
        return;
      case Order::points:
        part.set_points(points);
        break;
      case Order::gradient:
        theta.resize(static_cast<std::size_t>(header[2]));
        part.add_up(static_cast<LossKind>(static_cast<int>(header[1])), theta);
        break;
    }
  }
}

void TrainingCrew::close() {
  if (!is_wanted_ || is_closed_) return;
  is_closed_ = true;
  Header header{static_cast<double>(Order::end), 0.0, 0.0};
  link_.broadcast(header);
}

}  // namespace landscape
