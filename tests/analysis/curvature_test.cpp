// The mean curvature of profiles along directions that are normal in all parameters is the trace of the Hessian: how
// often its 95 % interval holds the trace, over 200 sets of directions.
#include <gtest/gtest.h>

#include <iostream>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/hessian/whole_hessian.hpp"
#include "landscape/roughness/mean_interval.hpp"
#include "landscape/train/training.hpp"

namespace landscape {
namespace {

constexpr int kRepetitions = 200;
constexpr std::int64_t kDirections = 400;

struct Case {
  NetworkSpec spec{NetworkKind::resnet, Activation::swish, 1, 3, 1};
  Problem problem{"sine"};
  std::unique_ptr<LossBackend> backend =
      make_cpu_backend(spec, problem, make_points({QuadratureKind::gauss, 16}, 1, 1, 0), 1);
  std::vector<double> theta;

  explicit Case(LossKind loss) {
    TrainingSpec training;
    training.quadrature = {QuadratureKind::gauss, 16};
    training.epochs = 2000;
    training.lbfgs_iterations = 200;
    theta = train(spec, problem, loss, training, *backend).theta;
  }
  double trace(LossKind loss) const {
    const std::vector<double> hessian = whole_hessian(*backend, loss, theta);
    double sum = 0.0;
    for (std::size_t i = 0; i < theta.size(); ++i) sum += hessian[i * theta.size() + i];
    return sum;
  }
};

TEST(MeanCurvature, HasTheTraceOfTheHessianInsideIts95PercentIntervalAsOftenAsItSays) {
  const std::vector<double> steps{-1e-3, 0.0, 1e-3};
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    const Case at(loss);
    const double trace = at.trace(loss);
    int n_inside = 0;
    double sum = 0.0;
    for (int seed = 1; seed <= kRepetitions; ++seed) {
      const auto number = static_cast<std::uint64_t>(seed);
      const LineSet lines(DirectionSet(at.spec, at.theta, number, DirectionNorm::none, BiasMode::gaussian));
      std::vector<double> losses(kDirections * steps.size());
      at.backend->evaluate({loss, &lines, steps, 0, static_cast<std::int64_t>(losses.size())}, losses);
      const MeanEstimate mean = mean_curvature(diagnose_profiles(losses, steps), {number, 1000});
      ASSERT_TRUE(mean.interval);
      EXPECT_EQ(mean.n, kDirections);
      sum += *mean.mean;
      if (mean.interval->lower <= trace && trace <= mean.interval->upper) ++n_inside;
    }
    const double share = static_cast<double>(n_inside) / kRepetitions;
    std::cout << to_string(loss) << ": trace " << trace << ", mean of the mean curvatures " << sum / kRepetitions
              << ", inside the 95 % interval in " << 100.0 * share << " % of " << kRepetitions << " repetitions\n";
    EXPECT_GE(share, 0.93);
    EXPECT_LE(share, 0.97);
    EXPECT_NEAR(sum / kRepetitions / trace, 1.0, 0.02);
  }
}

}  // namespace
}  // namespace landscape
