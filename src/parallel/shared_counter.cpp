// A rank asks with kDraw and is answered a number or kNone, after which it asks no more; kClose wants no answer.
#include "landscape/parallel/shared_counter.hpp"

#include <chrono>
#include <thread>

#include "native_communicator.hpp"

namespace landscape {
namespace {

constexpr int kAskTag = 1, kAnswerTag = 2;
constexpr std::int64_t kDraw = 0, kClose = 1;  // asks
constexpr std::int64_t kNone = -1;
constexpr std::int64_t kPlenty = 4;  // numbers left per rank that make it safe to hold one that is not begun
constexpr std::chrono::microseconds kNap{500};

void send(const Communicator& comm, std::int64_t value, int to, int tag) {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Isend(&value, 1, MPI_INT64_T, to, tag, native(comm), &request), "MPI_Isend");
  wait_patiently(request, "MPI_Isend");
}

std::int64_t receive(const Communicator& comm, int from, int tag) {
  std::int64_t value = 0;
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Irecv(&value, 1, MPI_INT64_T, from, tag, native(comm), &request), "MPI_Irecv");
  wait_patiently(request, "MPI_Irecv");
  return value;
}

}  // namespace

struct SharedCounter::Ahead {
  std::int64_t number = 0;
  MPI_Request request = MPI_REQUEST_NULL;
};

SharedCounter::SharedCounter(const Communicator& comm, std::int64_t n)
    : comm_(comm), n_(n), n_drawing_(comm.size() - 1) {}

SharedCounter::~SharedCounter() = default;

std::int64_t SharedCounter::take() { return next_ < n_ ? next_++ : kNone; }

void SharedCounter::ask() {
  ahead_ = std::make_unique<Ahead>();
  check_mpi(MPI_Irecv(&ahead_->number, 1, MPI_INT64_T, 0, kAnswerTag, native(comm_), &ahead_->request), "MPI_Irecv");
  send(comm_, kDraw, 0, kAskTag);
}

std::int64_t SharedCounter::answer_to_ask() {
  wait_patiently(ahead_->request, "MPI_Irecv");
  const std::int64_t number = ahead_->number;
  ahead_.reset();
  return number;
}

std::optional<std::int64_t> SharedCounter::draw() {
  if (is_at_end_) return std::nullopt;
  std::int64_t number = kNone;
  if (comm_.is_root()) {
    answer();
    number = take();
  } else {
    if (!ahead_) ask();
    number = answer_to_ask();
  }
  is_at_end_ = number == kNone;
  if (is_at_end_) return std::nullopt;
  if (!comm_.is_root() && n_ - number > kPlenty * comm_.size()) ask();
  return number;
}

void SharedCounter::answer() {
  if (!comm_.is_root()) return;
  while (n_drawing_ > 0) {  // what comes after the last one's is not this counter's
    int waits = 0;
    MPI_Status status;
    check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, kAskTag, native(comm_), &waits, &status), "MPI_Iprobe");
    if (waits == 0) return;
    if (receive(comm_, status.MPI_SOURCE, kAskTag) == kClose) {
      next_ = n_;
      --n_drawing_;
      continue;
    }
    const std::int64_t number = take();
    send(comm_, number, status.MPI_SOURCE, kAnswerTag);
    if (number == kNone) --n_drawing_;
  }
}

void SharedCounter::finish() {
  if (comm_.is_root()) {
    if (!is_at_end_) next_ = n_;
    for (answer(); n_drawing_ > 0; answer()) std::this_thread::sleep_for(kNap);
  } else {
    // What was asked ahead and is not drawn is lost: the counter is closed.
    const bool asks_no_more = is_at_end_ || (ahead_ && answer_to_ask() == kNone);
    if (!asks_no_more) send(comm_, kClose, 0, kAskTag);
  }
  is_at_end_ = true;
  comm_.barrier();  // else a next counter's messages could come to rank 0 while it answers this one's
}

}  // namespace landscape
