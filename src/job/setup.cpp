// What is made from a Setup alone.
#include "landscape/job/setup.hpp"

#include "landscape/job/device.hpp"
#include "landscape/parallel/collective.hpp"
#include "landscape/parallel/stop_signals.hpp"

namespace landscape {

std::unique_ptr<LossBackend> make_backend(const Communicator& comm, const Setup& setup) {
  const RunConfig& config = setup.config;
  return collectively(comm, [&] {
    return make_backend_on(setup.device, {config.network, config.problem, setup.points, setup.threads, comm.node_rank(),
                                          config.precision});
  });
}

std::unique_ptr<LossBackend> make_training_backend(const Setup& setup, const PointSet& points) {
  const RunConfig& config = setup.config;
  return make_backend_on(setup.training_device, {config.network, config.problem, points, setup.training_threads});
}

bool should_stop(const Setup& setup) {
  return stop_requested() || (setup.config.time_limit > 0.0 && setup.clock.seconds() >= setup.config.time_limit);
}

std::string stop_reason(const Setup& setup) {
  if (stop_requested()) return stop_signal_name();
  return setup.config.time_limit > 0.0 && setup.clock.seconds() >= setup.config.time_limit ? "the time limit"
                                                                                           : "a signal to another rank";
}

}  // namespace landscape
