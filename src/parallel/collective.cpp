// Every rank says whether it failed; the first one that did gives its text to all, and all throw the same.
#include "landscape/parallel/collective.hpp"

#include <fmt/format.h>

#include <exception>
#include <new>

namespace landscape::detail {

Failure current_failure() {
  try {
    throw;
  } catch (const MpiError&) {
    throw;
  } catch (const UsageError& error) {
    return {FailureKind::usage, error.what()};
  } catch (const std::bad_alloc&) {
    return {FailureKind::error, "Out of memory."};
  } catch (const std::exception& error) {
    return {FailureKind::error, error.what()};
  } catch (...) {
    return {FailureKind::error, "An unknown exception was thrown."};
  }
}

void agree(const Communicator& comm, const Failure& mine, Audience audience) {
  const bool failed = mine.kind != FailureKind::none;
  const std::int64_t none = comm.size();
  const std::int64_t first = comm.all_reduce(failed ? std::int64_t{comm.rank()} : none, Reduction::min);
  if (first != none) fail_together(comm, mine, static_cast<int>(first), audience);
}

void fail_together(const Communicator& comm, const Failure& mine, int speaker, Audience audience) {
  const bool failed = mine.kind != FailureKind::none;
  Failure theirs = mine;
  comm.broadcast(theirs.kind, speaker);
  comm.broadcast(theirs.message, speaker);
  if (audience == Audience::every_rank) {
    const bool same = failed && mine.kind == theirs.kind && mine.message == theirs.message;
    if (comm.all_reduce(std::int64_t{same}, Reduction::sum) != comm.size()) {
      const std::int64_t others = comm.all_reduce(std::int64_t{failed}, Reduction::sum) - 1;
      std::string host = comm.host();
      comm.broadcast(host, speaker);
      theirs.message = fmt::format("rank {} on {}: {}", speaker, host, theirs.message);
      if (others > 0) theirs.message += fmt::format(" ({} more rank{} failed too.)", others, others == 1 ? "" : "s");
    }
  }
  if (theirs.kind == FailureKind::usage) throw CollectiveUsageError(theirs.message);
  throw CollectiveError(theirs.message);
}

}  // namespace landscape::detail
