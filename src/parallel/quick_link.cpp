// Non-blocking calls and an eager wait, whose yields leave the core to whoever else wants it.
#include "landscape/parallel/quick_link.hpp"

#include <algorithm>
#include <cstddef>

#include "native_communicator.hpp"

namespace landscape {
namespace {

constexpr int kTag = 4;
constexpr std::size_t kLongest = std::size_t{1} << 27;  // MPI counts are int

template <class Part>
void in_parts(std::size_t size, const Part& part) {
  for (std::size_t first = 0; first < size; first += kLongest)
    part(first, static_cast<int>(std::min(kLongest, size - first)));
}

}  // namespace

void QuickLink::broadcast(std::span<double> values) const {
  in_parts(values.size(), [&](std::size_t first, int count) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Ibcast(values.data() + first, count, MPI_DOUBLE, 0, native(comm_), &request), "MPI_Ibcast");
    wait_eagerly(request, "MPI_Ibcast");
  });
}

void QuickLink::send(std::span<const double> values, int to) const {
  in_parts(values.size(), [&](std::size_t first, int count) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Isend(values.data() + first, count, MPI_DOUBLE, to, kTag, native(comm_), &request), "MPI_Isend");
    wait_eagerly(request, "MPI_Isend");
  });
}

void QuickLink::receive(std::span<double> values, int from) const {
  in_parts(values.size(), [&](std::size_t first, int count) {
    MPI_Request request = MPI_REQUEST_NULL;
    check_mpi(MPI_Irecv(values.data() + first, count, MPI_DOUBLE, from, kTag, native(comm_), &request), "MPI_Irecv");
    wait_eagerly(request, "MPI_Irecv");
  });
}

}  // namespace landscape
