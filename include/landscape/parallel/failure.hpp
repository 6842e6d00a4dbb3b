// Errors that all ranks share, and those that one rank meets alone.
#pragma once

#include "landscape/model/error.hpp"

namespace landscape {

/// An MPI call failed. Where ranks stand is unknown then, so `collectively` passes it on and the job is aborted.
class MpiError : public Error {
 public:
  using Error::Error;
};

/// Mark of the errors that every rank throws at once: unwinding from these may enter collectives (closing a parallel
/// file).
class CollectiveFailure {
 public:
  CollectiveFailure() noexcept;
  CollectiveFailure(const CollectiveFailure&) noexcept;
  CollectiveFailure& operator=(const CollectiveFailure&) = default;
  virtual ~CollectiveFailure();
};
class CollectiveError final : public Error, public CollectiveFailure {
 public:
  using Error::Error;
};
class CollectiveUsageError final : public UsageError, public CollectiveFailure {
 public:
  using UsageError::UsageError;
};

/// True while this rank unwinds, and the error is one that all ranks throw. For destructors that would have to enter a
/// collective.
bool unwinding_together() noexcept;

}  // namespace landscape
