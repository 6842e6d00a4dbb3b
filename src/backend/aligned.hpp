// Numbers where SIMD registers can load them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace landscape {

/// Numbers at 64-byte alignment, as the SIMD loads demand.
template <class Real>
class Aligned {
 public:
  Aligned() = default;
  explicit Aligned(std::size_t n)
      : size_(n), data_(new (std::align_val_t{64}) Real[std::max<std::size_t>(n, 64 / sizeof(Real))]) {}
  Aligned(Aligned&&) noexcept = default;
  Aligned& operator=(Aligned&&) noexcept = default;
  Real* data() { return data_.get(); }
  const Real* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Delete {
    void operator()(Real* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  std::size_t size_ = 0;
  std::unique_ptr<Real[], Delete> data_;
};
}  // namespace landscape
