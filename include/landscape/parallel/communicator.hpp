// A group of MPI ranks that wait for one another without burning a core: every collective is the non-blocking one
// followed by MPI_Test and naps that grow with the time already waited, because rank 0 may train for minutes while the
// others have nothing to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace landscape {

struct NativeCommunicator;  // MPI's

enum class Reduction { sum, min, max };

/// A handle that is cheap to copy; the MPI communicator behind it is a duplicate of its own and goes with the last
/// copy. Every member except the plain queries is collective: all ranks call it in the same order. MPI failures throw
/// MpiError.
class Communicator {
 public:
  /// All ranks of the job; collective. An MpiSession must exist.
  static Communicator world();

  int rank() const;
  int size() const;
  bool is_root() const { return rank() == 0; }
  const std::string& host() const;  // of this rank
  int node_rank() const;            // among the ranks that share this node's memory
  int node_size() const;

  void barrier() const;

  void broadcast(std::string& text, int root = 0) const;
  /// The vector is resized on the other ranks.
  template <class T>
  void broadcast(std::vector<T>& values, int root = 0) const;
  template <class T>
  void broadcast(T& value, int root = 0) const;

  /// The result on every rank. Doubles are added in rank order, so all ranks get the same bits; NaN wins over min and
  /// max.
  std::int64_t all_reduce(std::int64_t value, Reduction reduction) const;
  double all_reduce(double value, Reduction reduction) const;

  /// (size), by rank, on every rank.
  template <class T>
  std::vector<T> all_gather(const T& value) const;
  /// By rank on `root`, empty elsewhere.
  std::vector<std::string> gather(const std::string& text, int root = 0) const;

  const NativeCommunicator& native() const { return *impl_; }

 private:
  explicit Communicator(std::shared_ptr<const NativeCommunicator> impl) : impl_(std::move(impl)) {}
  void broadcast_bytes(void* data, std::size_t n_bytes, int root) const;
  void all_gather_bytes(const void* mine, std::size_t n_bytes, void* all) const;

  std::shared_ptr<const NativeCommunicator> impl_;
};

template <class T>
void Communicator::broadcast(std::vector<T>& values, int root) const {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_same_v<T, bool>);
  std::uint64_t count = values.size();
  broadcast_bytes(&count, sizeof count, root);
  values.resize(count);
  broadcast_bytes(values.data(), values.size() * sizeof(T), root);
}

template <class T>
void Communicator::broadcast(T& value, int root) const {
  static_assert(std::is_trivially_copyable_v<T>);
  broadcast_bytes(&value, sizeof value, root);
}

template <class T>
std::vector<T> Communicator::all_gather(const T& value) const {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_same_v<T, bool>);
  std::vector<T> values(static_cast<std::size_t>(size()));
  all_gather_bytes(&value, sizeof value, values.data());
  return values;
}

}  // namespace landscape
