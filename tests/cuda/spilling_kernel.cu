// A kernel that cannot keep its values in the registers it is given, 64 doubles in 32 registers:
// tests/cuda compiles it to see that the build would say so.
__global__ void __launch_bounds__(1024, 2) spilling_kernel(double* x) {
  double v[64];
#pragma unroll
  for (int i = 0; i < 64; ++i) v[i] = x[i * 1024 + threadIdx.x];
  __syncthreads();
#pragma unroll
  for (int i = 0; i < 64; ++i) x[i * 1024 + threadIdx.x] = v[i] * v[63 - i] + v[(7 * i) % 64];
}
