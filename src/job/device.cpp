// Another kind of device is another row of the table, with its word in --device.
#include "landscape/job/device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "landscape/parallel/collective.hpp"

namespace landscape {
namespace {

// A step on a GPU costs at least some five launches and a wait, about 0.1 ms, in which a core does about 2^18 products
// of a point and a parameter. An estimate until measured (bench_cuda --gradient against bench_backend).
constexpr double kLeastGpuStep = 1 << 18;

constexpr Device kDevices[] = {
    {DeviceChoice::cuda, cuda_status,
     [](const BackendOrder& o) { return make_cuda_backend(o.spec, o.problem, o.points, o.node_rank); }, false, false,
     kLeastGpuStep},
    {DeviceChoice::cpu, [] { return DeviceStatus{1}; },
     [](const BackendOrder& o) { return make_cpu_backend(o.spec, o.problem, o.points, o.threads, o.precision); }, true,
     true, 0.0},
};

// "4 ranks of a node share 2 GPUs", of the node that has the fewest per rank; empty where every rank has its own. A
// launcher may show every rank one card only, so cards are told apart by what they are, not counted by what is seen.
// Collective; on rank 0.
std::string sharing_note(const Communicator& comm, const DeviceStatus& status) {
  struct Node {
    std::size_t n_ranks = 0;
    std::set<std::string> cards{};
  };
  const int own = device_of_rank(comm.node_rank(), status.n_devices);
  std::map<std::string, Node> nodes;
  for (const std::string& text : comm.gather(status.identities.at(static_cast<std::size_t>(own)) + comm.host())) {
    constexpr std::size_t kIdentity = 16;
    Node& node = nodes[text.substr(kIdentity)];
    ++node.n_ranks;
    node.cards.insert(text.substr(0, kIdentity));
  }
  Node worst{1, {""}};
  for (const auto& [host, node] : nodes) {
    if (node.n_ranks * worst.cards.size() > worst.n_ranks * node.cards.size()) worst = node;
  }
  const std::size_t n_cards = worst.cards.size();
  if (worst.n_ranks == n_cards) return "";
  return fmt::format("{} ranks of a node share {} GPU{}", worst.n_ranks, n_cards, n_cards == 1 ? "" : "s");
}

template <class F>
auto together(const Communicator* comm, F&& f) {
  return comm != nullptr ? collectively(*comm, f) : f();
}

}  // namespace

std::span<const Device> devices() { return kDevices; }

const Device& find_device(std::string_view name) {
  const auto at = std::find_if(std::begin(kDevices), std::end(kDevices),
                               [&](const Device& d) { return to_string(d.choice) == name; });
  if (at == std::end(kDevices)) throw Error(fmt::format("There is no device '{}'.", name));
  return *at;
}

std::unique_ptr<LossBackend> make_backend_on(std::string_view device, const BackendOrder& order) {
  return find_device(device).make(order);
}

ChosenDevice choose_device(const RunConfig& config, const Communicator* comm) {
  ChosenDevice chosen;
  for (const Device& device : kDevices) {
    const bool is_asked = config.device == device.choice;
    if (!is_asked && config.device != DeviceChoice::automatic) continue;
    const DeviceStatus status = together(comm, device.status);
    const std::int64_t n = status.n_devices;
    const bool everywhere = (comm != nullptr ? comm->all_reduce(n, Reduction::min) : n) > 0;
    together(comm, [&] {
      if (everywhere || !is_asked || n > 0) return;
      throw UsageError(
          fmt::format("--device {} cannot be had: {}; use --device cpu.", to_string(device.choice), status.reason));
    });
    if (!everywhere) continue;
    if (config.precision == Precision::single_precision && !device.takes_single) {
      chosen.note = "--precision single is evaluated on the CPU; the GPU is left idle";
      continue;
    }
    chosen.name = to_string(device.choice);
    if (comm != nullptr && !status.identities.empty()) chosen.note = sharing_note(*comm, status);
    return chosen;
  }
  throw Error("No device can evaluate what was asked for.");
}

void settle_on_cpu(RunConfig& config) {
  if (config.device == DeviceChoice::cuda)
    throw UsageError(
        "--device cuda has no products with the Hessian yet: eigenvalues are computed on the CPU, drop it.");
  config.device = DeviceChoice::cpu;
}

std::string choose_training_device(const RunConfig& config, const std::string& device) {
  const std::string cpu = to_string(kDevices[std::size(kDevices) - 1].choice);
  if (config.training.gauss_newton_iterations + config.training.newton_iterations > 0)
    return cpu;  // which alone has them
  const double least = find_device(device).least_step_work;
  if (config.device != DeviceChoice::automatic || least == 0.0) return device;
  return work_of_step(config) >= least ? device : cpu;
}

double work_of_step(const RunConfig& config) {
  const TrainingSpec& training = config.training;
  const std::size_t all =
      loss_points(config.problem, training.quadrature, config.network.dimension, training.seed, 0).size();
  const std::size_t points = training.batch > 0 ? std::min(static_cast<std::size_t>(training.batch), all) : all;
  return static_cast<double>(points) * static_cast<double>(ParameterLayout(config.network).size());
}

}  // namespace landscape
