// Spectra whose numbers are known by hand.
#include "landscape/hessian/curvature.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace landscape {
namespace {

TEST(Curvature, CountsWhatCouldBeNoticedOfGivenEigenvalues) {
  // 1e-8 of 50 is 5e-7: -1e-7 and 2e-7 are none.
  const Curvature found = curvature_of(std::vector<double>{-4.0, -1e-6, -1e-7, 0.0, 2e-7, 1e-6, 3.0, 50.0});
  EXPECT_EQ(found.smallest, -4.0);
  EXPECT_EQ(found.largest, 50.0);
  EXPECT_EQ(found.negative_share, 2.0 / 8.0);
  EXPECT_DOUBLE_EQ(found.condition, 5e7);
}

TEST(Curvature, HasNoConditionWhereNothingRises) {
  const Curvature found = curvature_of(std::vector<double>{-2.0, -1.0});
  EXPECT_EQ(found.negative_share, 1.0);
  EXPECT_TRUE(std::isnan(found.condition));
  EXPECT_TRUE(std::isnan(curvature_of({}).negative_share));
}

TEST(Curvature, OfTheLinearModelIsTheClosedForm) {
  const auto backend = make_cpu_backend({NetworkKind::linear, Activation::swish, 1, 0, 0}, Problem("cubic"),
                                        make_points({QuadratureKind::gauss, 16}, 1, 1, 0), 1);
  // Galerkin: ((8, 4), (4, 8)).
  const Curvature found = curvature_at(*backend, LossKind::galerkin, std::vector<double>{0.3, -0.2}, 1);
  EXPECT_NEAR(found.smallest, 4.0, 1e-12);
  EXPECT_NEAR(found.largest, 12.0, 1e-12);
  EXPECT_EQ(found.negative_share, 0.0);
  EXPECT_NEAR(found.condition, 3.0, 1e-12);
}

}  // namespace
}  // namespace landscape
