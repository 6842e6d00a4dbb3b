// Shared errors are counted while they live: so a destructor knows that one is under way.
#include "landscape/parallel/failure.hpp"

#include <exception>

namespace landscape {
namespace {

thread_local int collective_failures_alive = 0;

}  // namespace

CollectiveFailure::CollectiveFailure() noexcept { ++collective_failures_alive; }
CollectiveFailure::CollectiveFailure(const CollectiveFailure&) noexcept { ++collective_failures_alive; }
CollectiveFailure::~CollectiveFailure() { --collective_failures_alive; }

bool unwinding_together() noexcept { return std::uncaught_exceptions() > 0 && collective_failures_alive > 0; }

}  // namespace landscape
