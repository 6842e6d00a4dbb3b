// Training on all ranks: every step's points are shared, the gradient's sum goes round from rank to rank in the order
// of the points, and rank 0 alone moves the parameters. The bits are those of a training on one rank, so that a run may
// change its mind: `--train-ranks auto` times a few steps both ways and goes on with the faster.
#pragma once

#include <memory>
#include <string>

#include "landscape/backend/loss_backend.hpp"
#include "landscape/job/output.hpp"
#include "landscape/job/setup.hpp"
#include "landscape/parallel/communicator.hpp"
#include "landscape/parallel/quick_link.hpp"

namespace landscape {

class TrainingCrew {
 public:
  /// On all ranks. Wanted where there are others, they have nothing else to do, the training runs on the CPU and,
  /// unless --train-ranks says so, where a step is more than an exchange.
  TrainingCrew(const Communicator& comm, const Setup& setup, const OutputClaim& claim, bool others_are_busy);

  /// Rank 0: a backend whose gradients all ranks compute where that is faster, `alone` anything else. The crew must
  /// outlive it.
  std::unique_ptr<LossBackend> share(std::unique_ptr<LossBackend> alone);
  /// Rank 0: "each step on 4 ranks, 2.9 times as fast as on the first alone", of the backend made last; empty where
  /// nothing was compared.
  std::string finding() const { return finding_; }

  /// Other ranks, where a crew is wanted: compute what rank 0 asks for until it closes.
  void serve();
  /// Rank 0, always.
  void close();

 private:
  class Backend;

  const Communicator& comm_;
  const Setup& setup_;
  QuickLink link_;
  bool is_wanted_ = false, is_closed_ = false;
  std::string finding_;
};

}  // namespace landscape
