// Owning handles of device memory, pinned host memory, streams and events. Move-only; destructors log, everything else
// throws.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <string>
#include <utility>

#include "check.hpp"

namespace landscape::cuda {

/// n values of T on the device. Grows, never shrinks: `reserve` keeps the memory where it suffices, and loses the
/// content where not.
template <class T>
class DeviceBuffer {
 public:
  DeviceBuffer() = default;
  DeviceBuffer(DeviceBuffer&& other) noexcept { swap(other); }
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    swap(other);
    return *this;
  }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  ~DeviceBuffer() { release(); }

  /// Room for n values; `purpose` names them in the error message.
  T* reserve(std::size_t n, const char* purpose) {
    if (n <= capacity_) return data_;
    capacity_ = 0;
    if (data_ != nullptr) check(cudaFree(std::exchange(data_, nullptr)), "cudaFree");
    void* p = nullptr;
    check(cudaMalloc(&p, n * sizeof(T)), "cudaMalloc of " + std::to_string(n * sizeof(T)) + " bytes for " + purpose);
    data_ = static_cast<T*>(p);
    capacity_ = n;
    return data_;
  }
  void release() noexcept {
    if (data_ != nullptr) log_failure(cudaFree(data_), "cudaFree");
    data_ = nullptr;
    capacity_ = 0;
  }
  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t capacity() const { return capacity_; }

 private:
  void swap(DeviceBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(capacity_, other.capacity_);
  }
  T* data_ = nullptr;
  std::size_t capacity_ = 0;
};

/// Page-locked host memory, which copies to and from the device without a detour.
template <class T>
class PinnedBuffer {
 public:
  PinnedBuffer() = default;
  PinnedBuffer(const PinnedBuffer&) = delete;
  PinnedBuffer& operator=(const PinnedBuffer&) = delete;
  ~PinnedBuffer() {
    if (data_ != nullptr) log_failure(cudaFreeHost(data_), "cudaFreeHost");
  }
  T* reserve(std::size_t n, const char* purpose) {
    if (n <= capacity_) return data_;
    if (data_ != nullptr) check(cudaFreeHost(std::exchange(data_, nullptr)), "cudaFreeHost");
    capacity_ = 0;
    void* p = nullptr;
    check(cudaMallocHost(&p, n * sizeof(T)),
          "cudaMallocHost of " + std::to_string(n * sizeof(T)) + " bytes for " + purpose);
    data_ = static_cast<T*>(p);
    capacity_ = n;
    return data_;
  }
  T* data() { return data_; }

 private:
  T* data_ = nullptr;
  std::size_t capacity_ = 0;
};

class Stream {
 public:
  Stream() { check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate"); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { log_failure(cudaStreamDestroy(stream_), "cudaStreamDestroy"); }
  cudaStream_t get() const { return stream_; }
  void synchronize(const char* what) const { check(cudaStreamSynchronize(stream_), what); }

 private:
  cudaStream_t stream_ = nullptr;
};

class Event {
 public:
  Event() { check(cudaEventCreate(&event_), "cudaEventCreate"); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event() { log_failure(cudaEventDestroy(event_), "cudaEventDestroy"); }
  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "cudaEventRecord"); }
  /// Milliseconds from `start` to this one; waits for this one.
  double milliseconds_since(const Event& start) const {
    check(cudaEventSynchronize(event_), "cudaEventSynchronize");
    float ms = 0.0F;
    check(cudaEventElapsedTime(&ms, start.event_, event_), "cudaEventElapsedTime");
    return static_cast<double>(ms);
  }

 private:
  cudaEvent_t event_ = nullptr;
};

template <class T>
void upload(T* to, const T* from, std::size_t n, cudaStream_t stream, const char* what) {
  check(cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyHostToDevice, stream), what);
}
template <class T>
void download(T* to, const T* from, std::size_t n, cudaStream_t stream, const char* what) {
  check(cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyDeviceToHost, stream), what);
}

}  // namespace landscape::cuda
