// Every collective is the non-blocking one and a patient wait, so that ranks that wait leave their core to others.
#include "landscape/parallel/communicator.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <numeric>

#include "landscape/model/error.hpp"
#include "landscape/parallel/failure.hpp"
#include "native_communicator.hpp"

namespace landscape {
namespace {

constexpr std::size_t kLargestMessage = std::size_t{1} << 30;  // MPI counts are int

MPI_Op to_mpi(Reduction reduction) {
  switch (reduction) {
    case Reduction::sum:
      return MPI_SUM;
    case Reduction::min:
      return MPI_MIN;
    case Reduction::max:
      return MPI_MAX;
  }
  throw Error("Unknown reduction.");
}

double combine(double a, double b, Reduction reduction) {
  if (reduction == Reduction::sum) return a + b;
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) ? a : b;
  return reduction == Reduction::min ? std::min(a, b) : std::max(a, b);
}

}  // namespace

NativeCommunicator::~NativeCommunicator() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  // Freeing is collective: a rank that unwinds alone leaves it to MPI_Abort.
  if (finalized != 0 || (std::uncaught_exceptions() > 0 && !unwinding_together())) return;
  if (node != MPI_COMM_NULL) MPI_Comm_free(&node);
  if (comm != MPI_COMM_NULL) MPI_Comm_free(&comm);
}

Communicator Communicator::world() {
  int initialized = 0;
  MPI_Initialized(&initialized);
  if (initialized == 0) throw MpiError("A communicator was asked for before MPI was initialised.");
  auto impl = std::make_shared<NativeCommunicator>();
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &impl->comm), "MPI_Comm_dup");
  check_mpi(MPI_Comm_set_errhandler(impl->comm, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_rank(impl->comm, &impl->rank), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(impl->comm, &impl->size), "MPI_Comm_size");
  check_mpi(MPI_Comm_split_type(impl->comm, MPI_COMM_TYPE_SHARED, impl->rank, MPI_INFO_NULL, &impl->node),
            "MPI_Comm_split_type");
  check_mpi(MPI_Comm_set_errhandler(impl->node, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  check_mpi(MPI_Comm_rank(impl->node, &impl->node_rank), "MPI_Comm_rank");
  check_mpi(MPI_Comm_size(impl->node, &impl->node_size), "MPI_Comm_size");
  std::array<char, MPI_MAX_PROCESSOR_NAME> name{};
  int length = 0;
  check_mpi(MPI_Get_processor_name(name.data(), &length), "MPI_Get_processor_name");
  impl->host.assign(name.data(), static_cast<std::size_t>(length));
  return Communicator(std::move(impl));
}

int Communicator::rank() const { return impl_->rank; }
int Communicator::size() const { return impl_->size; }
const std::string& Communicator::host() const { return impl_->host; }
int Communicator::node_rank() const { return impl_->node_rank; }
int Communicator::node_size() const { return impl_->node_size; }

void Communicator::barrier() const {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibarrier(impl_->comm, &request), "MPI_Ibarrier");
  wait_patiently(request, "MPI_Ibarrier");
}

void Communicator::broadcast_bytes(void* data, std::size_t n_bytes, int root) const {
  auto* bytes = static_cast<std::byte*>(data);
  while (n_bytes > 0) {
    const std::size_t part = std::min(n_bytes, kLargestMessage);
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibcast(bytes, static_cast<int>(part), MPI_BYTE, root, impl_->comm, &request), "MPI_Ibcast");
    wait_patiently(request, "MPI_Ibcast");
    bytes += part;
    n_bytes -= part;
  }
}

void Communicator::broadcast(std::string& text, int root) const {
  std::uint64_t count = text.size();
  broadcast_bytes(&count, sizeof count, root);
  text.resize(count);
  broadcast_bytes(text.data(), text.size(), root);
}

std::int64_t Communicator::all_reduce(std::int64_t value, Reduction reduction) const {
  std::int64_t result = 0;
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Iallreduce(&value, &result, 1, MPI_INT64_T, to_mpi(reduction), impl_->comm, &request),
            "MPI_Iallreduce");
  wait_patiently(request, "MPI_Iallreduce");
  return result;
}

double Communicator::all_reduce(double value, Reduction reduction) const {
  const std::vector<double> values = all_gather(value);
  return std::accumulate(values.begin() + 1, values.end(), values.front(),
                         [&](double a, double b) { return combine(a, b, reduction); });
}

void Communicator::all_gather_bytes(const void* mine, std::size_t n_bytes, void* all) const {
  const int count = static_cast<int>(n_bytes);
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Iallgather(mine, count, MPI_BYTE, all, count, MPI_BYTE, impl_->comm, &request), "MPI_Iallgather");
  wait_patiently(request, "MPI_Iallgather");
}

std::vector<std::string> Communicator::gather(const std::string& text, int root) const {
  const std::vector<std::int64_t> sizes = all_gather(static_cast<std::int64_t>(text.size()));
  std::vector<int> counts(sizes.size()), offsets(sizes.size());
  std::int64_t total = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    // Every rank sees the same sizes, so every rank throws.
    if (total + sizes[i] > static_cast<std::int64_t>(kLargestMessage))
      throw MpiError("Texts to be gathered exceed 1 GiB.");
    counts[i] = static_cast<int>(sizes[i]);
    offsets[i] = static_cast<int>(total);
    total += sizes[i];
  }
  std::string all(rank() == root ? static_cast<std::size_t>(total) : 0, '\0');
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Igatherv(text.data(), static_cast<int>(text.size()), MPI_BYTE, all.data(), counts.data(),
                         offsets.data(), MPI_BYTE, root, impl_->comm, &request),
            "MPI_Igatherv");
  wait_patiently(request, "MPI_Igatherv");
  std::vector<std::string> texts;
  if (rank() != root) return texts;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    texts.push_back(all.substr(static_cast<std::size_t>(offsets[i]), static_cast<std::size_t>(counts[i])));
  }
  return texts;
}

}  // namespace landscape
