// What the card at hand reaches in double precision, measured, not looked up: the floor that benchmarks are held
// against.
#pragma once

namespace landscape::cuda {

struct Peaks {
  double fma;                                                 // flop/s of dependent-free fused multiply-adds
  double mma;                                                 // flop/s of the fastest form of the matrix instruction
  double mma_m8n8k4, mma_m16n8k4, mma_m16n8k8, mma_m16n8k16;  // by form; 0 where the card has none
  // Of products and multiply-adds taking turns, and in loops of their own: 1 where their times add, 0 where one hides.
  double shared_pipe, shared_pipe_apart;
  double exp;        // swish with two derivatives per second, as the kernels evaluate it
  double bandwidth;  // bytes/s, one read and one write stream of device memory
};
/// Takes about a second on the current device.
Peaks measure_peaks();

}  // namespace landscape::cuda
