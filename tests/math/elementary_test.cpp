// The project's own elementary functions and activations against long double and dual numbers.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "landscape/math/activation.hpp"
#include "landscape/math/dual.hpp"
#include "landscape/math/elementary.hpp"
#include "landscape/random/philox.hpp"

namespace {

using landscape::Activation;
namespace math = landscape::math;
constexpr double kUlp = std::numeric_limits<double>::epsilon();

/// n pseudo-random numbers in (low, high).
template <class F>
void for_samples(int n, double low, double high, F&& f) {
  for (int i = 0; i < n; ++i) {
    const double u = landscape::philox_uniform_pair(7, 1, static_cast<std::uint64_t>(i))[0];
    f(low + (high - low) * u);
  }
}

void expect_within(double got, long double want, double tolerance, double at) {
  EXPECT_TRUE(std::abs(static_cast<long double>(got) - want) <= tolerance)
      << "at " << at << ": " << got << " not " << want;
}

TEST(Elementary, ExpIsWithinTwoUlp) {
  for_samples(200000, -700.0, 700.0, [](double x) {
    const long double want = std::exp(static_cast<long double>(x));
    expect_within(math::exp(x), want, static_cast<double>(2 * kUlp * want), x);
  });
  EXPECT_EQ(math::exp(0.0), 1.0);
  EXPECT_TRUE(std::isnan(math::exp(std::nan(""))));
}

TEST(Elementary, LogIsWithinTwoUlp) {
  for_samples(200000, 0.0, 1.0, [](double u) {
    for (const double x : {u, u * 1e-12, 1.0 - u * 1e-6, 1.0 + 3.0 * u}) {
      const long double want = std::log(static_cast<long double>(x));
      expect_within(math::log(x), want, static_cast<double>(2 * kUlp * std::abs(want)), x);
    }
  });
  EXPECT_EQ(math::log(1.0), 0.0);
}

TEST(Elementary, Log1pUnitIsWithinTwoUlp) {
  for_samples(100000, 0.0, 1.0, [](double x) {
    const long double want = std::log1p(static_cast<long double>(x));
    expect_within(math::log1p_unit(x), want, static_cast<double>(2 * kUlp * want), x);
  });
}

TEST(Elementary, SineAndCosineAreWithinTwoUlpOfOne) {
  for (const double range : {1.0, 100.0, 1e6}) {
    for_samples(100000, -range, range, [](double x) {
      double s, c;
      math::sincos(x, s, c);
      expect_within(s, std::sin(static_cast<long double>(x)), 2 * kUlp, x);
      expect_within(c, std::cos(static_cast<long double>(x)), 2 * kUlp, x);
    });
  }
}

TEST(Elementary, SineOfPiTimesIsExactAtHalves) {
  double s, c;
  for (int k = -8; k <= 8; ++k) {
    math::sincospi(0.5 * k, s, c);
    const double sines[] = {0.0, 1.0, 0.0, -1.0};
    EXPECT_EQ(std::abs(s), std::abs(sines[(k + 8) % 4]));
    EXPECT_EQ(std::abs(c), 1.0 - std::abs(s));
  }
  for_samples(100000, -2.0, 2.0, [](double x) {
    double sine, cosine;
    math::sincospi(x, sine, cosine);
    const long double pi = 3.14159265358979323846264338327950288L;
    expect_within(sine, std::sin(pi * x), 2 * kUlp, x);
    expect_within(cosine, std::cos(pi * x), 2 * kUlp, x);
  });
}

template <Activation kActivation>
void check_activation(long double (*value)(long double)) {
  for_samples(20000, -30.0, 30.0, [&](double z) {
    const auto jet = math::activate<kActivation>(z);
    expect_within(jet.f, value(z), 4 * kUlp * std::max(1.0, std::abs(z)), z);
    const auto dual = math::activate<kActivation>(math::Dual(z, 1.0));
    expect_within(dual.f.slope, jet.f1, 8 * kUlp * std::max(1.0, std::abs(z)), z);
    expect_within(dual.f1.slope, jet.f2, 8 * kUlp * std::max(1.0, std::abs(z)), z);
    expect_within(dual.f2.slope, jet.f3, 8 * kUlp * std::max(1.0, std::abs(z)), z);
  });
}

TEST(Activation, DerivativesAreThoseOfTheValue) {
  check_activation<Activation::swish>([](long double z) { return z / (1.0L + std::exp(-z)); });
  check_activation<Activation::tanh>([](long double z) { return std::tanh(z); });
  check_activation<Activation::sin>([](long double z) { return std::sin(z); });
  check_activation<Activation::softplus>(
      [](long double z) { return std::max(z, 0.0L) + std::log1p(std::exp(-std::abs(z))); });
}

TEST(Activation, LargeArgumentsStayFinite) {
  for (const double z : {-1e4, -800.0, 800.0, 1e4}) {
    EXPECT_NEAR(math::activate<Activation::swish>(z).f, std::max(z, 0.0), 1e-9);
    EXPECT_NEAR(math::activate<Activation::softplus>(z).f, std::max(z, 0.0), 1e-9);
    EXPECT_NEAR(math::activate<Activation::tanh>(z).f, z > 0 ? 1.0 : -1.0, 1e-15);
    EXPECT_NEAR(math::activate<Activation::swish>(z).f1, z > 0 ? 1.0 : 0.0, 1e-9);
  }
}

template <Activation kActivation>
void expect_nan_stays() {
  EXPECT_TRUE(std::isnan(math::activate<kActivation>(std::nan("")).f));
}

TEST(Activation, NanStaysNan) {
  expect_nan_stays<Activation::swish>();
  expect_nan_stays<Activation::tanh>();
  expect_nan_stays<Activation::sin>();
  expect_nan_stays<Activation::softplus>();
}

TEST(Philox, NormalNumbersHaveTheMomentsOfANormalDistribution) {
  const int n = 400000;
  double sum = 0, square = 0, cube = 0, fourth = 0;
  for (int i = 0; i < n / 2; ++i) {
    const auto pair = landscape::philox_normal_pair(3, 5, static_cast<std::uint64_t>(i));
    for (const double z : {pair.first, pair.second}) {
      sum += z;
      square += z * z;
      cube += z * z * z;
      fourth += z * z * z * z;
    }
  }
  // Five standard errors of each moment.
  EXPECT_NEAR(sum / n, 0.0, 5 / std::sqrt(n));
  EXPECT_NEAR(square / n, 1.0, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(cube / n, 0.0, 5 * std::sqrt(15.0 / n));
  EXPECT_NEAR(fourth / n, 3.0, 5 * std::sqrt(96.0 / n));
}

TEST(Philox, StreamsAreFunctionsOfSeedSubsequenceAndBlock) {
  EXPECT_EQ(landscape::philox_words(1, 2, 3), landscape::philox_words(1, 2, 3));
  EXPECT_NE(landscape::philox_words(1, 2, 3), landscape::philox_words(1, 2, 4));
  EXPECT_NE(landscape::philox_words(1, 2, 3), landscape::philox_words(1, 3, 3));
  EXPECT_NE(landscape::philox_words(1, 2, 3), landscape::philox_words(1ULL << 32, 2, 3));
  // Known answer of Philox4x32-10 for counter 0 and key 0 (Random123's test vectors).
  const std::array<std::uint32_t, 4> zero{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  EXPECT_EQ(landscape::philox_words(0, 0, 0), zero);
}

}  // namespace
