// What every header of this room starts from: the host/device markers and the ABI tag.
//
// The same template compiled for two instruction sets must not share a symbol name, or the linker would keep either one.
// Translation units built with extra -m flags define LANDSCAPE_MATH_ABI; everything in landscape::math is then named by it.
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

#if defined(__CUDACC__)
#define LANDSCAPE_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define LANDSCAPE_UNROLL _Pragma("GCC unroll 64")
#else
#define LANDSCAPE_UNROLL
#endif

#ifndef LANDSCAPE_MATH_ABI
#define LANDSCAPE_MATH_ABI portable
#endif

#define LANDSCAPE_MATH_BEGIN    \
  namespace landscape::math {   \
  inline namespace LANDSCAPE_MATH_ABI {
#define LANDSCAPE_MATH_END \
  }                        \
  }
