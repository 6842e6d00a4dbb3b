// Gradients that several parts add up.
#include "landscape/backend/shared_gradient.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "cases.hpp"

namespace landscape::test {
namespace {

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint64_t>(a[i]) != std::bit_cast<std::uint64_t>(b[i])) return false;
  }
  return true;
}

TEST(SharedGradient, PartsAddUpToTheWholeBitForBit) {
  for (const NetworkSpec& spec : {NetworkSpec{NetworkKind::resnet, Activation::swish, 2, 6, 1},
                                  NetworkSpec{NetworkKind::fcnet, Activation::tanh, 3, 5, 2}}) {
    for (const Problem& problem : {Problem{"sine"}, Problem{"sine", parse_boundary("penalty:20")}}) {
      const PointSet points = loss_points(problem, parse_quadrature("monte-carlo:300"), spec.dimension, 3, 1);
      const std::vector<double> theta = random_vector(ParameterLayout(spec).size(), 0.5, 7);
      for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
        std::vector<double> whole(theta.size());
        const double value = make_cpu_backend(spec, problem, points, 2)->loss_and_gradient(loss, theta, whole);
        for (const int n_parts : {1, 2, 3, 7, 50}) {
          std::vector<double> sum, gradient(theta.size());
          std::unique_ptr<SharedGradient> shared;
          std::int64_t end = 0;
          for (int part = 0; part < n_parts; ++part) {
            // Other points before: what a part has prepared of them is of no use.
            shared = make_cpu_shared_gradient(spec, problem, odd_points(spec.dimension, problem), 1, part, n_parts);
            shared->pieces(loss);
            shared->set_points(points);
            const SharedGradient::Pieces pieces = shared->pieces(loss);
            EXPECT_EQ(pieces.own.begin, end);
            end = pieces.own.end;
            shared->compute_own(loss, theta);
            sum.resize(pieces.size);
            shared->add_own(loss, sum);
          }
          EXPECT_EQ(shared->finish(loss, theta, sum, gradient), value);
          EXPECT_TRUE(same_bits(gradient, whole)) << spec.describe() << " " << n_parts;
        }
      }
    }
  }
}

}  // namespace
}  // namespace landscape::test
