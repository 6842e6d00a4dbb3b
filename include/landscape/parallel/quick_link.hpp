// Messages of doubles that pass many times a second, as in every step of a training: who waits for one stays awake for
// a while, which a Communicator's patient waits do not.
#pragma once

#include <span>

#include "landscape/parallel/communicator.hpp"

namespace landscape {

class QuickLink {
 public:
  explicit QuickLink(const Communicator& comm) : comm_(comm) {}

  /// From rank 0 to all, of one length everywhere. Collective.
  void broadcast(std::span<double> values) const;
  /// From one rank to another, which receives as many.
  void send(std::span<const double> values, int to) const;
  void receive(std::span<double> values, int from) const;

 private:
  const Communicator& comm_;
};

}  // namespace landscape
