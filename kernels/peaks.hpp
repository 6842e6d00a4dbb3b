// What the card at hand reaches in double precision, measured, not looked up: the floor that benchmarks are held
// against.
#pragma once

namespace landscape::cuda {

struct Peaks {
  double fma;        // flop/s of dependent-free fused multiply-adds
  double mma;        // flop/s of mma.m8n8k4
  double exp;        // swish with two derivatives per second, as the kernels evaluate it
  double bandwidth;  // bytes/s, one read and one write stream of device memory
};
/// Takes about a second on the current device.
Peaks measure_peaks();

}  // namespace landscape::cuda
