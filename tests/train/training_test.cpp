// Training: published settings reach the published accuracy, bits do not depend on threads or interruptions, failures
// speak.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <numeric>

#include "landscape/backend/solution_measure.hpp"
#include "landscape/train/training.hpp"

namespace landscape {
namespace {

const NetworkSpec kResnet{NetworkKind::resnet, Activation::swish, 1, 4, 1};

Minimizer run(const NetworkSpec& spec, Problem problem, LossKind loss, const TrainingSpec& training, int threads = 1,
              const TrainingObserver& observer = {}, const std::optional<TrainingState>& resume = std::nullopt) {
  const PointSet points = loss_points(problem, training.quadrature, spec.dimension, 1, 0);
  const auto backend = make_cpu_backend(spec, problem, points, threads);
  return train(spec, problem, loss, training, *backend, observer, resume);
}

double error_of(const Minimizer& m) {
  return measure_solution(m.spec, Problem{m.problem}, m.loss, m.theta).relative_l2.value;
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

TEST(Training, PublishedSettingsReachThePublishedAccuracy) {
  TrainingSpec training;
  training.epochs = 10000;
  const Minimizer galerkin = run(kResnet, Problem{"sine"}, LossKind::galerkin, training);
  EXPECT_TRUE(error_of(galerkin) <= 1e-3) << error_of(galerkin);
  const Minimizer ritz = run(kResnet, Problem{"sine"}, LossKind::ritz, training);
  EXPECT_TRUE(error_of(ritz) <= 2e-2) << error_of(ritz);
  EXPECT_GT(galerkin.training_loss, 0.0);
  EXPECT_NEAR(ritz.training_loss, -2.4674011, 1e-3);
  EXPECT_EQ(ritz.history.epoch.back(), 10000);
  EXPECT_EQ(ritz.history.loss.size(), 100u);
}

TEST(Training, PublishedRandomPointsTrainToo) {
  TrainingSpec training;
  training.epochs = 5000;
  training.quadrature = parse_quadrature("monte-carlo:1000");
  training.points = TrainingPoints::redrawn;
  training.decay_every = 2500;
  const Minimizer galerkin = run(kResnet, Problem{"sine"}, LossKind::galerkin, training, 2);
  EXPECT_TRUE(error_of(galerkin) <= 1e-2) << error_of(galerkin);
}

TEST(Training, LbfgsEndsNoHigherThanItStarted) {
  // Three points let the Ritz loss fall without end: there a smaller gradient is no sign of a lower loss.
  TrainingSpec training;
  training.epochs = 1000;
  training.quadrature = parse_quadrature("gauss:3");
  training.lbfgs_iterations = 0;
  const double before = run(kResnet, Problem{"sine"}, LossKind::ritz, training).training_loss;
  training.lbfgs_iterations = 100;
  EXPECT_LE(run(kResnet, Problem{"sine"}, LossKind::ritz, training).training_loss, before);
}

TEST(Training, LinearModelFindsItsExactMinimizer) {
  const NetworkSpec linear{NetworkKind::linear, Activation::swish, 1, 0, 0};
  TrainingSpec training;
  training.epochs = 0;
  training.lbfgs_iterations = 200;
  training.quadrature = parse_quadrature("gauss:16");
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    const Minimizer m = run(linear, Problem{"cubic"}, loss, training);
    EXPECT_NEAR(m.theta[0], -2.0, 1e-13) << to_string(loss);
    EXPECT_NEAR(m.theta[1], -1.0, 1e-13) << to_string(loss);
    EXPECT_FALSE(m.at_iteration_limit);
    EXPECT_LT(m.gradient_norm, 1e-12);
  }
}

TEST(Training, GaussNewtonReachesRoundingWhereOthersStop) {
  TrainingSpec training;
  training.epochs = 0;
  training.quadrature = parse_quadrature("simpson:400");
  training.chain = {Optimizer::gauss_newton};
  training.gauss_newton_iterations = 99;
  const Minimizer ritz = run(kResnet, Problem{"sine"}, LossKind::ritz, training);
  const SolutionMeasure found = measure_solution(kResnet, Problem{"sine"}, LossKind::ritz, ritz.theta);
  EXPECT_TRUE(found.loss.value - *exact_minimum(LossKind::ritz, Problem{"sine"}, 1) <= 1.8e-13) << found.loss.value;
  EXPECT_EQ(ritz.stopped_by, "gauss-newton");
  EXPECT_EQ(ritz.stop_reason, "rounding");
  const Minimizer galerkin = run(kResnet, Problem{"sine"}, LossKind::galerkin, training);
  EXPECT_TRUE(galerkin.training_loss <= 1e-14) << galerkin.training_loss;  // 48.7, of u = 0, in its last bit
  EXPECT_EQ(galerkin.stop_reason, "limit");
  EXPECT_TRUE(galerkin.at_iteration_limit);
}

TEST(Training, ChainsRunInTheirOrderWithTheSameBitsOnAnyThreads) {
  TrainingSpec training;
  training.epochs = 50;
  training.lbfgs_iterations = 10;
  training.gauss_newton_iterations = 5;
  training.history_every = 1;
  training.path_every = 25;
  for (const auto& chain : {std::vector{Optimizer::adam, Optimizer::gauss_newton, Optimizer::lbfgs},
                            std::vector{Optimizer::adam, Optimizer::lbfgs, Optimizer::gauss_newton}}) {
    training.chain = chain;
    const Minimizer m = run(kResnet, Problem{"sine"}, LossKind::galerkin, training);
    EXPECT_EQ(m.stopped_by, chain.back() == Optimizer::lbfgs ? "l-bfgs" : "gauss-newton");
    EXPECT_EQ(m.path.epoch, (std::vector<std::int64_t>{0, 25, 50, 65}));
    EXPECT_EQ(m.path.epoch.size(), static_cast<std::size_t>(training.path_length()));
    EXPECT_EQ(m.history.epoch.back(), 65);
    EXPECT_TRUE(std::ranges::is_sorted(m.history.epoch));
    EXPECT_TRUE(same_bits(m.theta, run(kResnet, Problem{"sine"}, LossKind::galerkin, training, 3).theta));
    // An observer sees every Gauss-Newton step and may stop at any.
    const auto stop = [](const TrainingProgress& p) { return p.phase != "gauss-newton" || p.epoch < 3; };
    EXPECT_THROW(run(kResnet, Problem{"sine"}, LossKind::galerkin, training, 1, stop), TrainingStopped);
  }
}

TEST(Training, NewtonShortensTheGradientThatGaussNewtonLeaves) {
  TrainingSpec training;
  training.epochs = 300;
  training.gauss_newton_iterations = 60;
  training.newton_iterations = 20;
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    int n_shorter = 0;  // of three: where the Hessian has negative eigenvalues it creeps
    for (training.seed = 1; training.seed <= 3; ++training.seed) {
      training.chain = {Optimizer::adam, Optimizer::gauss_newton};
      const Minimizer without = run(kResnet, Problem{"sine"}, loss, training);
      training.chain.push_back(Optimizer::newton);
      const Minimizer with = run(kResnet, Problem{"sine"}, loss, training);
      EXPECT_EQ(with.stopped_by, "newton");
      EXPECT_TRUE(with.training_loss <= without.training_loss + 1e-14);
      n_shorter += with.gradient_norm < 0.1 * without.gradient_norm ? 1 : 0;
      if (training.seed > 1) continue;
      EXPECT_TRUE(same_bits(with.theta, run(kResnet, Problem{"sine"}, loss, training, 3).theta));
    }
    EXPECT_GE(n_shorter, 2) << to_string(loss);
  }
  training.epochs = 0;
  training.chain = {Optimizer::newton};
  training.epochs = 0;
  const NetworkSpec wide{NetworkKind::resnet, Activation::swish, 3, 60, 1};
  EXPECT_THROW(run(wide, Problem{"sine"}, LossKind::galerkin, training), UsageError);
}

TEST(Training, OptimizersAreReadAsWritten) {
  const auto stages = parse_optimizers("adam:2000,gauss-newton");
  ASSERT_EQ(stages.size(), 2u);
  EXPECT_EQ(stages[0].n, 2000);
  EXPECT_EQ(stages[1].optimizer, Optimizer::gauss_newton);
  EXPECT_FALSE(stages[1].n);
  for (const char* wrong : {"", "sgd", "adam:", "adam:-1", "adam:1.5", "lbfgs:2x", "lbfgs,adam", "lbfgs,lbfgs", "adam,",
                            "gauss-newton:99999999999999999999"})
    EXPECT_THROW(parse_optimizers(wrong), UsageError) << wrong;
}

TEST(Training, CutOffByItsIterationLimitItSaysSo) {
  TrainingSpec training;
  training.epochs = 100;
  training.quadrature = parse_quadrature("gauss:16");
  training.lbfgs_iterations = 3;
  const Minimizer m = run(kResnet, Problem{"sine"}, LossKind::ritz, training);
  EXPECT_TRUE(m.at_iteration_limit);
  EXPECT_GT(m.gradient_norm, 1e-6);
  const auto backend = make_cpu_backend(kResnet, Problem{"sine"}, make_points(training.quadrature, 1, 1, 0), 1);
  std::vector<double> gradient(m.theta.size());
  backend->loss_and_gradient(LossKind::ritz, m.theta, gradient);
  double squares = 0.0;
  for (const double g : gradient) squares += g * g;
  EXPECT_DOUBLE_EQ(m.gradient_norm, std::sqrt(squares));
  training.lbfgs_iterations = 0;
  EXPECT_FALSE(run(kResnet, Problem{"sine"}, LossKind::ritz, training).at_iteration_limit);
}

TEST(Training, BitsDoNotDependOnThreads) {
  for (const std::int64_t batch : {0, 70}) {
    TrainingSpec training;
    training.epochs = 60;
    training.lbfgs_iterations = 20;
    training.batch = batch;
    const Minimizer one = run(kResnet, Problem{"sine"}, LossKind::galerkin, training, 1);
    for (const int threads : {2, 3, 5}) {
      const Minimizer many = run(kResnet, Problem{"sine"}, LossKind::galerkin, training, threads);
      EXPECT_TRUE(same_bits(one.theta, many.theta)) << threads;
      EXPECT_TRUE(same_bits(one.history.loss, many.history.loss)) << threads;
    }
  }
}

TEST(Training, ResumedEqualsUninterruptedBitForBit) {
  TrainingSpec training;
  training.epochs = 90;
  training.history_every = 20;
  training.decay_every = 30;
  training.lbfgs_iterations = 10;
  training.quadrature = parse_quadrature("monte-carlo:100");
  training.points = TrainingPoints::redrawn;
  training.batch = 30;
  const Minimizer whole = run(kResnet, Problem{"sine"}, LossKind::ritz, training);
  std::optional<TrainingState> saved;
  const auto stop_at_40 = [&](const TrainingProgress& p) {
    if (p.state != nullptr && p.epoch == 40) saved = *p.state;
    return p.epoch != 40;
  };
  EXPECT_THROW(run(kResnet, Problem{"sine"}, LossKind::ritz, training, 1, stop_at_40), TrainingStopped);
  ASSERT_TRUE(saved.has_value());
  const Minimizer resumed = run(kResnet, Problem{"sine"}, LossKind::ritz, training, 2, {}, saved);
  EXPECT_TRUE(same_bits(whole.theta, resumed.theta));
  EXPECT_TRUE(same_bits(whole.history.loss, resumed.history.loss));
  EXPECT_EQ(whole.history.epoch, resumed.history.epoch);
}

/// A backend that remembers the sizes of the point sets it was given.
class CountingBackend : public LossBackend {
 public:
  CountingBackend(const NetworkSpec& spec, const PointSet& points)
      : inner_(make_cpu_backend(spec, Problem{"sine"}, points, 1)) {}
  std::string describe() const override { return inner_->describe(); }
  void set_points(const PointSet& points) override {
    sizes.push_back(points.size());
    total_weight +=
        std::accumulate(points.weights.begin(), points.weights.end(), 0.0) * static_cast<double>(points.size());
    inner_->set_points(points);
  }
  void evaluate(const LineTask& task, std::span<double> losses) override { inner_->evaluate(task, losses); }
  double loss_and_gradient(LossKind loss, std::span<const double> theta, std::span<double> gradient) override {
    return inner_->loss_and_gradient(loss, theta, gradient);
  }
  std::vector<std::size_t> sizes;
  double total_weight = 0.0;

 private:
  std::unique_ptr<LossBackend> inner_;
};

/// Keeps the point sets it was given.
class RecordingBackend : public CountingBackend {
 public:
  using CountingBackend::CountingBackend;
  void set_points(const PointSet& points) override {
    sets.push_back(points);
    CountingBackend::set_points(points);
  }
  std::vector<PointSet> sets;
};

std::vector<PointSet> batches_of(const NetworkSpec& spec, const Problem& problem, const TrainingSpec& training) {
  RecordingBackend backend(spec, loss_points(problem, training.quadrature, spec.dimension, 1, 0));
  train(spec, problem, LossKind::ritz, training, backend);
  return {backend.sets.begin() + (training.points == TrainingPoints::fixed ? 1 : 0), backend.sets.end() - 1};
}

TEST(Training, EveryBatchHasItsShareOfTheBoundary) {
  const NetworkSpec square{NetworkKind::resnet, Activation::swish, 2, 3, 1};
  const Problem problem("sine", Boundary{10.0});
  TrainingSpec training;
  training.epochs = 50;
  training.quadrature = parse_quadrature("sobol:64");  // 16 points on each of four faces
  for (const TrainingPoints points : {TrainingPoints::fixed, TrainingPoints::redrawn}) {
    training.points = points;
    for (const auto& [batch, n_batches, share] : {std::array{10, 7, 10}, {64, 1, 64}, {1, 64, 1}}) {
      training.batch = batch;
      const auto sets = batches_of(square, problem, training);
      if (points == TrainingPoints::fixed && batch == 64) continue;  // set once, before the first epoch
      ASSERT_EQ(sets.size(), static_cast<std::size_t>(50 * n_batches));
      for (const PointSet& set : sets) {
        EXPECT_LE(set.n_inside(), static_cast<std::size_t>(batch));
        ASSERT_EQ(set.n_boundary, static_cast<std::size_t>(share));
        const auto edge = set.weights.begin() + static_cast<std::ptrdiff_t>(set.n_inside());
        EXPECT_NEAR(std::accumulate(set.weights.begin(), edge, 0.0), 1.0, 1e-12);
        EXPECT_NEAR(std::accumulate(edge, set.weights.end(), 0.0), 4.0, 1e-12);
      }
    }
  }
}

// Two ends and twenty batches: each has one end with the weight of both, and in the mean they weigh the same.
TEST(Training, BatchesMeetBothEndsEquallyOften) {
  const Problem problem("sine", Boundary{10.0});
  TrainingSpec training;
  training.epochs = 30;
  training.batch = 11;  // of 201 points: 19 batches
  double right = 0.0;
  const auto sets = batches_of(kResnet, problem, training);
  ASSERT_EQ(sets.size(), 30u * 19u);
  for (const PointSet& set : sets) {
    ASSERT_EQ(set.n_boundary, 1u);
    EXPECT_EQ(set.weights.back(), 2.0);
    right += set.points.back();
  }
  EXPECT_NEAR(right / static_cast<double>(sets.size()), 0.5, 0.03);
}

TEST(Training, WithAPenaltyApproachesTheRobinProblemsMinimum) {
  for (const double beta : {100.0, 1000.0}) {
    const Problem problem("sine", Boundary{beta});
    TrainingSpec training;
    training.lbfgs_iterations = 3000;
    const Minimizer ritz = run(kResnet, problem, LossKind::ritz, training);
    const double least = exact_minimum(LossKind::ritz, problem, 1).value();
    const SolutionMeasure measure = measure_solution(kResnet, problem, LossKind::ritz, ritz.theta);
    EXPECT_GE(measure.loss.value, least);
    EXPECT_LE(measure.loss.value, least + 1e-4);
    EXPECT_LT(measure.loss.value, problem->energy({}, 1)) << "lower than with u = 0 on the boundary";
    EXPECT_EQ(ritz.problem, full_name(problem));
    // u* + pi / (2 beta), and |u*| = 1 / sqrt 2
    EXPECT_NEAR(measure.relative_l2.value, math::kPi / (2.0 * beta) * std::sqrt(2.0), 0.05 * math::kPi / beta);
    const Minimizer galerkin = run(kResnet, problem, LossKind::galerkin, training);
    EXPECT_LE(measure_solution(kResnet, problem, LossKind::galerkin, galerkin.theta).relative_l2.value, 1e-4);
  }
}

TEST(Training, NoBatchIsMuchSmallerThanTheOthers) {
  TrainingSpec training;  // simpson:100: 201 points, one more than twenty batches of ten
  training.epochs = 1;
  training.batch = 10;
  const PointSet points = make_points(training.quadrature, 1, 1, 0);
  CountingBackend backend(kResnet, points);
  train(kResnet, Problem{"sine"}, LossKind::ritz, training, backend);
  ASSERT_EQ(backend.sizes.size(), 1 + 21 + 1u);  // all, the batches, and all again for the loss at the end
  for (std::size_t k = 1; k <= 21; ++k) {
    EXPECT_GE(backend.sizes[k], 9u);
    EXPECT_LE(backend.sizes[k], 10u);
  }
  EXPECT_NEAR(backend.total_weight, 3 * 201, 1e-9) << "every point counts once in an epoch";
}

TEST(Training, ItsLossIsThatOfAllItsPointsNotOfTheLastBatch) {
  for (const char* rule : {"simpson:100", "monte-carlo:100"}) {
    for (const TrainingPoints kind : {TrainingPoints::fixed, TrainingPoints::redrawn}) {
      if (rule[0] == 's' && kind == TrainingPoints::redrawn) continue;
      TrainingSpec training;
      training.epochs = 40;
      training.batch = 10;
      training.quadrature = parse_quadrature(rule);
      training.points = kind;
      const Minimizer m = run(kResnet, Problem{"sine"}, LossKind::ritz, training);
      const std::uint64_t stream = kind == TrainingPoints::redrawn ? 40 : 0;  // epoch k draws stream k + 1
      const PointSet points = make_points(training.quadrature, 1, training.seed, stream);
      std::vector<double> gradient(m.theta.size());
      EXPECT_EQ(
          m.training_loss,
          make_cpu_backend(kResnet, Problem{"sine"}, points, 1)->loss_and_gradient(LossKind::ritz, m.theta, gradient))
          << rule << " " << to_string(kind);
    }
  }
}

TEST(Training, ItsHistoryOfErrorsDoesNotDependOnItsQuadrature) {
  TrainingSpec training;
  training.epochs = 0;
  training.lbfgs_iterations = 1;
  training.history_every = 1;
  training.quadrature = parse_quadrature("gauss:2");
  const Minimizer m = run(kResnet, Problem{"sine"}, LossKind::ritz, training);
  EXPECT_EQ(m.history.error_quadrature, "gauss:32");
  ASSERT_EQ(m.history.relative_l2_error.size(), 1u);
  EXPECT_NEAR(m.history.relative_l2_error[0], error_of(m), 1e-9 * error_of(m));
}

TEST(Training, DivergenceStopsWithAReason) {
  TrainingSpec training;
  training.epochs = 1000;
  training.learning_rate = 1e200;
  try {
    run(kResnet, Problem{"sine"}, LossKind::galerkin, training);
    FAIL() << "a non-finite loss passed";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("--learning-rate"), std::string::npos) << error.what();
  }
}

TEST(Training, ImpossibleSettingsNameTheirOption) {
  const auto refused = [](auto change) {
    TrainingSpec training;
    change(training);
    EXPECT_THROW(training.validate(Domain::cube, 1), UsageError);
  };
  refused([](TrainingSpec& t) { t.epochs = -1; });
  refused([](TrainingSpec& t) { t.learning_rate = 0.0; });
  refused([](TrainingSpec& t) { t.learning_rate = std::nan(""); });
  refused([](TrainingSpec& t) { t.batch = -1; });
  refused([](TrainingSpec& t) { t.history_every = 0; });
  refused([](TrainingSpec& t) { t.points = TrainingPoints::redrawn; });
  EXPECT_THROW(TrainingSpec{}.validate(Domain::cube, 2), UsageError);
}

struct Moments {
  double mean = 0.0, square = 0.0, least = 0.0, most = 0.0;
};

Moments moments(const std::vector<double>& theta, const TensorInfo& tensor) {
  const auto begin = theta.begin() + static_cast<std::ptrdiff_t>(tensor.offset);
  const std::vector<double> x(begin, begin + static_cast<std::ptrdiff_t>(tensor.size()));
  const auto n = static_cast<double>(x.size());
  return {std::accumulate(x.begin(), x.end(), 0.0) / n, std::inner_product(x.begin(), x.end(), x.begin(), 0.0) / n,
          *std::min_element(x.begin(), x.end()), *std::max_element(x.begin(), x.end())};
}

TEST(InitialParameters, FollowTheWordsOfTheStudyAndOfPyTorch) {
  const NetworkSpec wide{NetworkKind::resnet, Activation::swish, 10, 100, 1};
  const ParameterLayout layout(wide);
  const TensorInfo &weight = layout.tensors()[2], &bias = layout.tensors()[3];  // of layer1, 100 x 100
  struct Want {
    double mean, square;
  };
  const std::map<std::string, Want> words{
      {"xavier", {0.0, 2.0 / 200}}, {"normal", {0.0, 1.0}}, {"uniform", {0.5, 1.0 / 3}}, {"pytorch", {0.0, 1.0 / 300}}};
  for (const auto& [word, want] : words) {
    const auto theta = initial_parameters(wide, parse_initialisation(word), 3);
    const Moments w = moments(theta, weight), b = moments(theta, bias);
    EXPECT_NEAR(w.square, want.square, 0.08 * want.square) << word;
    EXPECT_NEAR(w.mean, want.mean, 0.05 * std::sqrt(want.square)) << word;
    if (word == "pytorch") {
      EXPECT_NEAR(b.square, 1.0 / 300, 0.3 / 300);
      EXPECT_TRUE(w.least < -0.099 && w.least >= -0.1 && w.most > 0.099 && w.most <= 0.1);
    } else {
      EXPECT_EQ(b.square, 0.0) << word << " has zero biases";
    }
    if (word == "uniform") {
      EXPECT_TRUE(w.least >= 0.0 && w.least < 0.01 && w.most <= 1.0 && w.most > 0.99);
    }
  }
}

}  // namespace
}  // namespace landscape
