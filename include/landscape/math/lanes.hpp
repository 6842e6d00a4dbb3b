// N doubles that travel together through one SIMD register (host only, GCC and Clang vector extensions). Every
// operation is the IEEE operation on each lane, so a lane's bits do not depend on N or on the instruction set.
#pragma once

#include <cstdint>

#include "landscape/math/config.hpp"
#include "landscape/math/scalar.hpp"
#if defined(__FMA__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

LANDSCAPE_MATH_BEGIN

/// The compiler's vector types; spelled out because GCC drops attributes that depend on a template parameter.
template <int N>
struct VectorTypes;
template <>
struct VectorTypes<4> {
  typedef double Vector __attribute__((vector_size(32), may_alias));
  typedef std::uint64_t Bits __attribute__((vector_size(32)));
};
template <>
struct VectorTypes<8> {
  typedef double Vector __attribute__((vector_size(64), may_alias));
  typedef std::uint64_t Bits __attribute__((vector_size(64)));
};

template <int N>
struct Lanes {
  static constexpr int kCount = N;
  using Scalar = double;
  using Vector = typename VectorTypes<N>::Vector;
  using Bits = typename VectorTypes<N>::Bits;
  Vector v;

  Lanes() = default;
  LANDSCAPE_INLINE Lanes(Vector x) : v(x) {}             // NOLINT: a vector is its lanes
  LANDSCAPE_INLINE Lanes(double x) : v(Vector{} + x) {}  // NOLINT: broadcast is what mixed formulas mean
  /// Loads N doubles from an address aligned to N * 8 bytes.
  LANDSCAPE_INLINE static Lanes load(const double* p) { return *reinterpret_cast<const Vector*>(p); }
  LANDSCAPE_INLINE void store(double* p) const { *reinterpret_cast<Vector*>(p) = v; }

  LANDSCAPE_INLINE friend Lanes operator+(Lanes a, Lanes b) { return a.v + b.v; }
  LANDSCAPE_INLINE friend Lanes operator-(Lanes a, Lanes b) { return a.v - b.v; }
  LANDSCAPE_INLINE friend Lanes operator*(Lanes a, Lanes b) { return a.v * b.v; }
  LANDSCAPE_INLINE friend Lanes operator/(Lanes a, Lanes b) { return a.v / b.v; }
  LANDSCAPE_INLINE friend Lanes operator-(Lanes a) { return -a.v; }
};

/// fma lane by lane. Where the processor has none, each lane is a call of the C library, and the loop is better out of
/// line.
template <int N>
#if defined(__FP_FAST_FMA)
LANDSCAPE_INLINE
#else
__attribute__((noinline))
#endif
    Lanes<N>
    fma_each(const Lanes<N>& a, const Lanes<N>& b, const Lanes<N>& c) {
  Lanes<N> r;
  for (int i = 0; i < N; ++i) r.v[i] = __builtin_fma(a.v[i], b.v[i], c.v[i]);
  return r;
}

template <int N>
LANDSCAPE_INLINE Lanes<N> fma(Lanes<N> a, Lanes<N> b, Lanes<N> c) {
#if defined(__AVX512F__)
  if constexpr (N == 8) return Lanes<N>(_mm512_fmadd_pd(a.v, b.v, c.v));
#endif
#if defined(__FMA__)
  if constexpr (N == 4) return Lanes<N>(_mm256_fmadd_pd(a.v, b.v, c.v));
#endif
  return fma_each(a, b, c);
}
template <int N>
LANDSCAPE_INLINE Lanes<N> fma(double a, Lanes<N> b, Lanes<N> c) {
  return fma(Lanes<N>(a), b, c);
}
template <int N>
LANDSCAPE_INLINE Lanes<N> fma(Lanes<N> a, Lanes<N> b, double c) {
  return fma(a, b, Lanes<N>(c));
}
template <int N>
LANDSCAPE_INLINE Lanes<N> fma(Lanes<N> a, double b, double c) {
  return fma(a, Lanes<N>(b), Lanes<N>(c));
}
template <int N>
LANDSCAPE_INLINE Lanes<N> fma(Lanes<N> a, double b, Lanes<N> c) {
  return fma(a, Lanes<N>(b), c);
}
template <int N>
LANDSCAPE_INLINE Lanes<N> fma(double a, Lanes<N> b, double c) {
  return fma(Lanes<N>(a), b, Lanes<N>(c));
}

template <int N>
LANDSCAPE_INLINE typename Lanes<N>::Bits to_bits(Lanes<N> x) {
  return reinterpret_cast<typename Lanes<N>::Bits>(x.v);
}
template <int N>
LANDSCAPE_INLINE Lanes<N> lanes_from_bits(typename Lanes<N>::Bits bits) {
  return Lanes<N>(reinterpret_cast<typename Lanes<N>::Vector>(bits));
}
template <int N>
LANDSCAPE_INLINE Lanes<N> scale_by_exponent(Lanes<N> p, Lanes<N> t) {
  return lanes_from_bits<N>(to_bits(p) + (to_bits(t) << 52));
}
template <int kBit, int N>
LANDSCAPE_INLINE Lanes<N> pick_by_bit(Lanes<N> t, Lanes<N> a, Lanes<N> b) {
  return Lanes<N>(((to_bits(t) >> kBit) & 1U) != 0 ? a.v : b.v);
}
template <int kBit, int N>
LANDSCAPE_INLINE Lanes<N> negate_by_bit(Lanes<N> t, Lanes<N> v) {
  return lanes_from_bits<N>(to_bits(v) ^ (((to_bits(t) >> kBit) & 1U) << 63));
}
template <int N>
LANDSCAPE_INLINE Lanes<N> abs(Lanes<N> x) {
  return lanes_from_bits<N>(to_bits(x) & 0x7fffffffffffffffULL);
}
template <int N>
LANDSCAPE_INLINE Lanes<N> square_root(Lanes<N> x) {
  for (int i = 0; i < N; ++i) x.v[i] = __builtin_sqrt(x.v[i]);
  return x;
}
template <int N>
LANDSCAPE_INLINE Lanes<N> copy_sign(Lanes<N> magnitude, Lanes<N> sign) {
  return lanes_from_bits<N>((to_bits(magnitude) & 0x7fffffffffffffffULL) | (to_bits(sign) & 0x8000000000000000ULL));
}
template <int N>
LANDSCAPE_INLINE Lanes<N> clamp(Lanes<N> x, double low, double high) {
  const Lanes<N> lo(low), hi(high);
  const Lanes<N> y(x.v < lo.v ? lo.v : x.v);
  return Lanes<N>(y.v > hi.v ? hi.v : y.v);
}
template <int N>
LANDSCAPE_INLINE Lanes<N> pick_if_negative(Lanes<N> x, Lanes<N> a, Lanes<N> b) {
  return Lanes<N>(x.v < Lanes<N>(0.0).v ? a.v : b.v);
}

LANDSCAPE_MATH_END
