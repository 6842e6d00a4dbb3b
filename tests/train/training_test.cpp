// Training: published settings reach the published accuracy, bits do not depend on threads or interruptions, failures
// speak.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "landscape/train/training.hpp"

namespace landscape {
namespace {

const NetworkSpec kResnet{NetworkKind::resnet, Activation::swish, 1, 4, 1};

Minimizer run(const NetworkSpec& spec, Problem problem, LossKind loss, const TrainingSpec& training, int threads = 1,
              const TrainingObserver& observer = {}, const std::optional<TrainingState>& resume = std::nullopt) {
  const PointSet points = make_points(training.quadrature, spec.dimension, 1, 0);
  const auto backend = make_cpu_backend(spec, problem, points, threads);
  return train(spec, problem, loss, training, *backend, points, observer, resume);
}

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

TEST(Training, PublishedSettingsReachThePublishedAccuracy) {
  TrainingSpec training;
  training.epochs = 10000;
  const Minimizer galerkin = run(kResnet, Problem::sine, LossKind::galerkin, training);
  EXPECT_TRUE(galerkin.relative_l2_error <= 1e-3) << galerkin.relative_l2_error;
  const Minimizer ritz = run(kResnet, Problem::sine, LossKind::ritz, training);
  EXPECT_TRUE(ritz.relative_l2_error <= 2e-2) << ritz.relative_l2_error;
  EXPECT_GT(galerkin.final_loss, 0.0);
  EXPECT_NEAR(ritz.final_loss, -2.4674011, 1e-3);
  EXPECT_EQ(ritz.history.epoch.back(), 10000);
  EXPECT_EQ(ritz.history.loss.size(), 100u);
}

TEST(Training, PublishedRandomPointsTrainToo) {
  TrainingSpec training;
  training.epochs = 5000;
  training.quadrature = parse_quadrature("monte-carlo:1000");
  training.points = TrainingPoints::redrawn;
  training.decay_every = 2500;
  const Minimizer galerkin = run(kResnet, Problem::sine, LossKind::galerkin, training, 2);
  EXPECT_TRUE(galerkin.relative_l2_error <= 1e-2) << galerkin.relative_l2_error;
}

TEST(Training, LinearModelFindsItsExactMinimizer) {
  const NetworkSpec linear{NetworkKind::linear, Activation::swish, 1, 0, 0};
  TrainingSpec training;
  training.epochs = 0;
  training.lbfgs_iterations = 200;
  training.quadrature = parse_quadrature("gauss:16");
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    const Minimizer m = run(linear, Problem::cubic, loss, training);
    EXPECT_NEAR(m.theta[0], -2.0, 1e-13) << to_string(loss);
    EXPECT_NEAR(m.theta[1], -1.0, 1e-13) << to_string(loss);
    EXPECT_FALSE(m.at_iteration_limit);
    EXPECT_LT(m.gradient_norm, 1e-12);
  }
}

TEST(Training, CutOffByItsIterationLimitItSaysSo) {
  TrainingSpec training;
  training.epochs = 100;
  training.quadrature = parse_quadrature("gauss:16");
  training.lbfgs_iterations = 3;
  const Minimizer m = run(kResnet, Problem::sine, LossKind::ritz, training);
  EXPECT_TRUE(m.at_iteration_limit);
  EXPECT_GT(m.gradient_norm, 1e-6);
  const auto backend = make_cpu_backend(kResnet, Problem::sine, make_points(training.quadrature, 1, 1, 0), 1);
  std::vector<double> gradient(m.theta.size());
  backend->loss_and_gradient(LossKind::ritz, m.theta, gradient);
  double squares = 0.0;
  for (const double g : gradient) squares += g * g;
  EXPECT_DOUBLE_EQ(m.gradient_norm, std::sqrt(squares));
  training.lbfgs_iterations = 0;
  EXPECT_FALSE(run(kResnet, Problem::sine, LossKind::ritz, training).at_iteration_limit);
}

TEST(Training, BitsDoNotDependOnThreads) {
  for (const std::int64_t batch : {0, 70}) {
    TrainingSpec training;
    training.epochs = 60;
    training.lbfgs_iterations = 20;
    training.batch = batch;
    const Minimizer one = run(kResnet, Problem::sine, LossKind::galerkin, training, 1);
    for (const int threads : {2, 3, 5}) {
      const Minimizer many = run(kResnet, Problem::sine, LossKind::galerkin, training, threads);
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
  const Minimizer whole = run(kResnet, Problem::sine, LossKind::ritz, training);
  std::optional<TrainingState> saved;
  const auto stop_at_40 = [&](const TrainingProgress& p) {
    if (p.state != nullptr && p.epoch == 40) saved = *p.state;
    return p.epoch != 40;
  };
  EXPECT_THROW(run(kResnet, Problem::sine, LossKind::ritz, training, 1, stop_at_40), TrainingStopped);
  ASSERT_TRUE(saved.has_value());
  const Minimizer resumed = run(kResnet, Problem::sine, LossKind::ritz, training, 2, {}, saved);
  EXPECT_TRUE(same_bits(whole.theta, resumed.theta));
  EXPECT_TRUE(same_bits(whole.history.loss, resumed.history.loss));
  EXPECT_EQ(whole.history.epoch, resumed.history.epoch);
}

TEST(Training, DivergenceStopsWithAReason) {
  TrainingSpec training;
  training.epochs = 1000;
  training.learning_rate = 1e200;
  try {
    run(kResnet, Problem::sine, LossKind::galerkin, training);
    FAIL() << "a non-finite loss passed";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("--learning-rate"), std::string::npos) << error.what();
  }
}

TEST(Training, ImpossibleSettingsNameTheirOption) {
  const auto refused = [](auto change) {
    TrainingSpec training;
    change(training);
    EXPECT_THROW(training.validate(1), UsageError);
  };
  refused([](TrainingSpec& t) { t.epochs = -1; });
  refused([](TrainingSpec& t) { t.learning_rate = 0.0; });
  refused([](TrainingSpec& t) { t.learning_rate = std::nan(""); });
  refused([](TrainingSpec& t) { t.batch = -1; });
  refused([](TrainingSpec& t) { t.history_every = 0; });
  refused([](TrainingSpec& t) { t.points = TrainingPoints::redrawn; });
  EXPECT_THROW(TrainingSpec{}.validate(2), UsageError);
}

TEST(InitialParameters, HaveTheVarianceOfTheirKind) {
  const NetworkSpec wide{NetworkKind::resnet, Activation::swish, 10, 100, 1};
  const ParameterLayout layout(wide);
  for (const Initialisation init : {Initialisation::xavier, Initialisation::normal, Initialisation::uniform}) {
    const auto theta = initial_parameters(wide, init, 3);
    const TensorInfo& t = layout.tensors()[2];  // layer1.weight, 100 x 100
    double square = 0.0;
    for (std::size_t i = t.offset; i < t.offset + t.size(); ++i) square += theta[i] * theta[i];
    const double want = init == Initialisation::xavier ? 2.0 / 200 : init == Initialisation::normal ? 1.0 : 1.0 / 300;
    EXPECT_NEAR(square / static_cast<double>(t.size()), want, 0.08 * want) << to_string(init);
    const double bias = theta[layout.tensors()[3].offset];
    EXPECT_EQ(bias == 0.0, init == Initialisation::xavier);
  }
}

}  // namespace
}  // namespace landscape
