// Errors made collective: rank-local work that may fail runs inside `collectively`, before any rank enters the next
// collective. If one rank fails, all ranks throw the same error, so that none is left waiting for another that is
// already gone.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "landscape/parallel/communicator.hpp"
#include "landscape/parallel/failure.hpp"

namespace landscape {

namespace detail {

enum class FailureKind : int { none = 0, error = 1, usage = 2 };
struct Failure {
  FailureKind kind = FailureKind::none;
  std::string message;
};
enum class Audience { every_rank, root };

/// The failure that is being handled, or a rethrown MpiError. Call it inside a catch block.
Failure current_failure();
/// Returns on all ranks or throws on all ranks.
void agree(const Communicator& comm, const Failure& mine, Audience audience);
/// Throws on all ranks, with what rank `speaker` has to say.
[[noreturn]] void fail_together(const Communicator& comm, const Failure& mine, int speaker, Audience audience);

template <class F>
auto run_and_agree(const Communicator& comm, bool takes_part, Audience audience, F&& f)
    -> std::conditional_t<std::is_void_v<std::invoke_result_t<F>>, void, std::optional<std::invoke_result_t<F>>> {
  using Returned = std::invoke_result_t<F>;
  Failure failure;
  if constexpr (std::is_void_v<Returned>) {
    try {
      if (takes_part) std::forward<F>(f)();
    } catch (...) {
      failure = current_failure();
    }
    agree(comm, failure, audience);
  } else {
    std::optional<Returned> result;
    try {
      if (takes_part) result.emplace(std::forward<F>(f)());
    } catch (...) {
      failure = current_failure();
    }
    agree(comm, failure, audience);
    return result;
  }
}

}  // namespace detail

/// Every rank runs f, which must be rank-local (or itself collective in the same way on all ranks); returns f's own
/// result. If f throws anywhere, all ranks throw: CollectiveUsageError where the lowest failing rank threw a
/// UsageError, else CollectiveError (which are a UsageError and an Error), with that rank's message, headed "rank N on
/// HOST: " unless all ranks say the same. Any other exception (bad_alloc, ...) counts as an Error.
template <class F>
std::invoke_result_t<F> collectively(const Communicator& comm, F&& f) {
  if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
    detail::run_and_agree(comm, true, detail::Audience::every_rank, std::forward<F>(f));
  } else {
    return *detail::run_and_agree(comm, true, detail::Audience::every_rank, std::forward<F>(f));
  }
}

/// collectively(), and every rank's result (trivially copyable) by rank, all in one exchange.
template <class F>
std::vector<std::invoke_result_t<F>> collectively_gather(const Communicator& comm, F&& f) {
  struct Said {
    detail::FailureKind kind = detail::FailureKind::none;
    std::invoke_result_t<F> result{};
  };
  Said mine;
  detail::Failure failure;
  try {
    mine.result = std::forward<F>(f)();
  } catch (...) {
    failure = detail::current_failure();
    mine.kind = failure.kind;
  }
  std::vector<std::invoke_result_t<F>> results;
  for (const Said& said : comm.all_gather(mine)) {
    if (said.kind != detail::FailureKind::none) {
      detail::fail_together(comm, failure, static_cast<int>(results.size()), detail::Audience::every_rank);
    }
    results.push_back(said.result);
  }
  return results;
}

/// Rank 0 runs f; a failure reaches all ranks (with the message as it is), and so does the result: a std::string, a
/// std::vector of trivially copyable values, or one such value.
template <class F>
std::invoke_result_t<F> root_only(const Communicator& comm, F&& f) {
  using Returned = std::invoke_result_t<F>;
  if constexpr (std::is_void_v<Returned>) {
    detail::run_and_agree(comm, comm.is_root(), detail::Audience::root, std::forward<F>(f));
  } else {
    std::optional<Returned> own =
        detail::run_and_agree(comm, comm.is_root(), detail::Audience::root, std::forward<F>(f));
    Returned result = own ? std::move(*own) : Returned();
    comm.broadcast(result);
    return result;
  }
}

}  // namespace landscape
