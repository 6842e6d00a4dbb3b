// Products with the Hessian against second differences of the long-double reference, and against themselves on other
// numbers of threads and instruction sets.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/model/error.hpp"
#include "landscape/random/philox.hpp"
#include "reference.hpp"

namespace landscape {
namespace {

/// Multiples of 2^-bits, so that theta + h u is exact in double.
std::vector<double> short_numbers(std::size_t n, double scale, int bits, std::uint64_t stream) {
  std::vector<double> v(n);
  for (std::size_t i = 0; i < n; ++i)
    v[i] = std::ldexp(std::round(std::ldexp(scale * philox_normal_pair(17, stream, i).first, bits)), -bits);
  return v;
}

std::vector<NetworkSpec> specs() {
  return {{NetworkKind::linear, Activation::swish, 2, 0, 0},
          {NetworkKind::resnet, Activation::swish, 1, 4, 1},
          {NetworkKind::resnet, Activation::tanh, 3, 3, 2},
          {NetworkKind::fcnet, Activation::sin, 2, 4, 2},
          {NetworkKind::resnet, Activation::softplus, 2, 5, 1},
          {NetworkKind::mlp, Activation::tanh, 2, 0, 0, {5, 3}},
          {NetworkKind::mlp, Activation::swish, 1, 0, 0, {4, 6, 3}},
          {NetworkKind::mlp, Activation::softplus, 3, 0, 0, {7}}};
}

class Reference {
 public:
  Reference(const NetworkSpec& spec, std::string problem, LossKind loss, const PointSet& points)
      : spec_(spec), problem_(std::move(problem)), loss_(to_string(loss)), points_(points) {}

  /// u' H v by central differences of the loss, extrapolated four times (Richardson).
  long double second_difference(const std::vector<double>& theta, const std::vector<double>& u,
                                const std::vector<double>& v) const {
    std::array<long double, 5> table;
    for (std::size_t level = 0; level < table.size(); ++level) {
      const double h = std::ldexp(1.0, -5 - static_cast<int>(level));
      const auto at = [&](double su, double sv) {
        std::vector<double> moved(theta);
        for (std::size_t i = 0; i < moved.size(); ++i) moved[i] += h * (su * u[i] + sv * v[i]);
        return reference::loss({to_string(spec_.kind), to_string(spec_.activation), spec_.dimension, spec_.width,
                                spec_.blocks, moved, spec_.layers},
                               problem_, loss_, points_.points, points_.weights);
      };
      table[level] = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4.0L * h * h);
    }
    long double factor = 4.0L;
    for (std::size_t n = table.size() - 1; n > 0; --n, factor *= 4.0L) {
      for (std::size_t i = 0; i < n; ++i) table[i] = table[i + 1] + (table[i + 1] - table[i]) / (factor - 1.0L);
    }
    return table[0];
  }

 private:
  NetworkSpec spec_;
  std::string problem_, loss_;
  PointSet points_;
};

PointSet few_points(int dimension) { return make_points({QuadratureKind::monte_carlo, 37}, dimension, 5, 0); }

TEST(HessianProducts, MatchSecondDifferencesOfTheReference) {
  for (const NetworkSpec& spec : specs()) {
    for (const std::string problem : {"sine", "reaction", "helmholtz, wavenumber=10", "convection"}) {
      const PointSet points = few_points(spec.dimension);
      const auto backend = make_cpu_backend(spec, problem_of_full_name(problem), points, 2);
      const std::size_t n = ParameterLayout(spec).size();
      const auto theta = short_numbers(n, 0.5, 12, 1), u = short_numbers(n, 0.25, 6, 2),
                 v = short_numbers(n, 0.25, 6, 3);
      for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
        if (!has_loss(problem_of_full_name(problem), loss)) continue;
        std::vector<double> product(n);
        backend->hessian_products(loss, theta, v, product);
        long double got = 0.0L, size = 0.0L;
        for (std::size_t i = 0; i < n; ++i) {
          got += static_cast<long double>(u[i]) * product[i];
          size += std::abs(static_cast<long double>(u[i]) * product[i]);
        }
        const long double want = Reference(spec, problem, loss, points).second_difference(theta, u, v);
        EXPECT_TRUE(std::abs(got - want) <= 1e-10L * size)
            << spec.describe() << ", " << problem << ", " << to_string(loss) << ": " << got << " not " << want;
      }
    }
  }
}

TEST(HessianProducts, HaveTheSameBitsAloneTogetherAndOnAnyThreadsAndInstructionSets) {
  const char* before = std::getenv("LANDSCAPE_CPU_ISA");
  const std::string kept = before == nullptr ? "" : before;
  const NetworkSpec spec{NetworkKind::resnet, Activation::tanh, 3, 5, 2};
  const PointSet points = make_points({QuadratureKind::monte_carlo, 700}, 3, 5, 0);
  const std::size_t n = ParameterLayout(spec).size(), k = 5;
  const auto theta = short_numbers(n, 0.5, 20, 1), vectors = short_numbers(k * n, 1.0, 20, 2);
  for (const LossKind loss : {LossKind::ritz, LossKind::galerkin}) {
    std::vector<double> want(k * n), got(k * n);
    make_cpu_backend(spec, {}, points, 1)->hessian_products(loss, theta, vectors, want);
    for (const char* isa : {"portable", "avx2", "avx512"}) {
      setenv("LANDSCAPE_CPU_ISA", isa, 1);
      for (const int threads : {1, 3}) {
        const auto backend = make_cpu_backend(spec, {}, points, threads);
        backend->hessian_products(loss, theta, vectors, got);
        EXPECT_EQ(got, want) << isa << ", " << threads << " threads";
        for (std::size_t i = 0; i < k; ++i) {
          backend->hessian_products(loss, theta, std::span(vectors).subspan(i * n, n),
                                    std::span(got).subspan(i * n, n));
        }
        EXPECT_EQ(got, want) << isa << ", one by one";
      }
    }
  }
  kept.empty() ? unsetenv("LANDSCAPE_CPU_ISA") : setenv("LANDSCAPE_CPU_ISA", kept.c_str(), 1);
}

TEST(HessianProducts, VectorsThatDoNotFitAreRefused) {
  const NetworkSpec spec{NetworkKind::resnet, Activation::tanh, 1, 4, 1};
  const std::size_t n = ParameterLayout(spec).size();
  const auto backend = make_cpu_backend(spec, {}, few_points(1), 1);
  std::vector<double> theta(n, 0.1), vector(n - 1), product(n - 1);
  EXPECT_THROW(backend->hessian_products(LossKind::ritz, theta, vector, product), Error);
}

}  // namespace
}  // namespace landscape
