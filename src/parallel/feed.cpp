// Plain sends; an empty message is the last.
#include "landscape/parallel/feed.hpp"

#include "native_communicator.hpp"

namespace landscape {
namespace {

constexpr int kTag = 3;

}  // namespace

struct Feed::Posted {
  std::vector<double> message;
  std::vector<MPI_Request> requests;  // by rank, but for rank 0's own
};

Feed::Feed(const Communicator& comm) : comm_(comm) {}

Feed::~Feed() = default;

void Feed::post(std::vector<double> message) {
  Posted& posted = posted_.emplace_back();
  posted.message = std::move(message);
  for (int rank = 1; rank < comm_.size(); ++rank) {
    check_mpi(MPI_Isend(posted.message.data(), static_cast<int>(posted.message.size()), MPI_DOUBLE, rank, kTag,
                        native(comm_), &posted.requests.emplace_back(MPI_REQUEST_NULL)),
              "MPI_Isend");
  }
  move_on();
}

void Feed::move_on() {
  posted_.remove_if([](Posted& posted) {
    int done = 1;
    if (!posted.requests.empty())
      check_mpi(
          MPI_Testall(static_cast<int>(posted.requests.size()), posted.requests.data(), &done, MPI_STATUSES_IGNORE),
          "MPI_Testall");
    return done != 0;
  });
}

void Feed::close() {
  if (is_closed_) return;
  is_closed_ = true;
  post({});
  for (Posted& posted : posted_) {
    for (MPI_Request& request : posted.requests) {
      if (request != MPI_REQUEST_NULL) wait_patiently(request, "MPI_Isend");
    }
  }
  posted_.clear();
}

std::optional<std::vector<double>> Feed::take() {
  int waits = 0, count = 0;
  MPI_Status status;
  check_mpi(MPI_Iprobe(0, kTag, native(comm_), &waits, &status), "MPI_Iprobe");
  if (waits == 0) return std::nullopt;
  check_mpi(MPI_Get_count(&status, MPI_DOUBLE, &count), "MPI_Get_count");
  std::vector<double> message(static_cast<std::size_t>(count));
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Irecv(message.data(), count, MPI_DOUBLE, 0, kTag, native(comm_), &request), "MPI_Irecv");
  wait_patiently(request, "MPI_Irecv");
  if (count > 0) return message;
  is_closed_ = true;
  return std::nullopt;
}

}  // namespace landscape
