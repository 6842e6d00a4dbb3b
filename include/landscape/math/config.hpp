// What every header of this room starts from: the host/device markers and the ABI tag.
//
// The same template compiled for two instruction sets must not share a symbol name, or the linker would keep either
// one. Translation units built with extra -m flags define LANDSCAPE_MATH_ABI; everything in landscape::math is then
// named by it.
#pragma once

#if defined(__CUDACC__)
#define LANDSCAPE_HD __host__ __device__
#define LANDSCAPE_INLINE __host__ __device__ __forceinline__
#elif defined(__GNUC__)
#define LANDSCAPE_HD
#define LANDSCAPE_INLINE inline __attribute__((always_inline))
#else
#define LANDSCAPE_HD
#define LANDSCAPE_INLINE inline
#endif

// LANDSCAPE_OUTLINE: what does not depend on the activation and is large: inlined on the GPU, on the host compiled once
// for all that call it.
#if defined(__GNUC__) && !defined(__CUDACC__)
#define LANDSCAPE_OUTLINE __attribute__((noinline))
#else
#define LANDSCAPE_OUTLINE LANDSCAPE_INLINE
#endif

// LANDSCAPE_UNROLL: loops whose count is a template argument. LANDSCAPE_UNROLL_SHAPE: loops over the network's sizes,
// constant for a StaticShape only; nvcc leaves the others rolled, while GCC would unroll them all and compile for
// minutes.
#define LANDSCAPE_UNROLL_SHAPE
#if defined(__CUDACC__)
#undef LANDSCAPE_UNROLL_SHAPE
#define LANDSCAPE_UNROLL_SHAPE _Pragma("unroll")
#define LANDSCAPE_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define LANDSCAPE_UNROLL _Pragma("GCC unroll 64")
#else
#define LANDSCAPE_UNROLL
#endif

#ifndef LANDSCAPE_MATH_ABI
#define LANDSCAPE_MATH_ABI portable
#endif

#define LANDSCAPE_MATH_BEGIN  \
  namespace landscape::math { \
  inline namespace LANDSCAPE_MATH_ABI {
#define LANDSCAPE_MATH_END \
  }                        \
  }
