// Runs grids on the CPU. Every thread of a block is a fiber with its own stack. A fiber runs until it meets a barrier
// or a warp operation; a warp operation completes when all 32 lanes have posted their operands, a barrier when all
// threads of the block have arrived. Anything else (a lane missing at a shuffle, a thread missing at a barrier) is
// reported as the error it would be on a GPU.
#include <setjmp.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cuda_runtime.h"
#include "landscape/model/error.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define LANDSCAPE_SHIM_ASAN 1
#endif

namespace landscape::cuda::shim {

ThreadPlace place;

namespace {
Device device_of_environment() {
  Device made;
  const char* text = std::getenv("LANDSCAPE_SHIM");
  const char* rank = std::getenv("OMPI_COMM_WORLD_RANK");
  std::istringstream words(text == nullptr ? "" : text);
  for (std::string word; std::getline(words, word, ',');) {
    const std::size_t equals = std::min(word.find('='), word.size() - 1);
    const std::string name = word.substr(0, equals);
    const long value = std::atol(word.c_str() + equals + 1);
    if (name == "rank") {
      if (value != (rank == nullptr ? 0 : std::atol(rank))) return {};
    } else if (name == "count") {
      made.count = static_cast<int>(value);
    } else if (name == "first_card") {
      made.first_card = static_cast<int>(value);
    } else if (name == "major") {
      made.major = static_cast<int>(value);
    } else if (name == "free_memory") {
      made.free_memory = static_cast<std::size_t>(value);
    } else if (name == "launches_left") {
      made.launches_left = static_cast<int>(value);
    } else if (name == "device_count_error") {
      made.device_count_error = static_cast<int>(value);
    } else {
      throw Error("LANDSCAPE_SHIM has no member '" + name + "'.");
    }
  }
  return made;
}
}  // namespace

Device device = device_of_environment();

namespace {

constexpr int kLanes = 32;
constexpr std::size_t kStackBytes = 256 * 1024;

enum class Waiting { nothing, warp, block, finished };

struct Fiber {
  std::unique_ptr<char[]> stack;
  ucontext_t start{};
  jmp_buf context{};
  Waiting waiting = Waiting::nothing;
  int operation = 0;    // kind of warp operation it waits at
  unsigned parity = 0;  // operands of two successive warp operations lie in different slots
};

struct Warp {
  std::array<std::array<std::array<double, 2>, kLanes>, 2> operands;  // (parity, lane, operand)
};

struct Scheduler {
  std::deque<Fiber> fibers;  // never moved: contexts point into themselves
  std::vector<Warp> warps;
  int n_threads = 0;
  int current = -1;
  const std::function<void()>* body = nullptr;
  jmp_buf context{};
  void* fake_stack = nullptr;
  const void* main_stack = nullptr;
  std::size_t main_stack_size = 0;
  struct Free {
    void operator()(double* p) const { std::free(p); }
  };
  std::unique_ptr<double, Free> shared;
};
Scheduler scheduler;

void before_switch([[maybe_unused]] void** save, [[maybe_unused]] const void* bottom,
                   [[maybe_unused]] std::size_t size) {
#if defined(LANDSCAPE_SHIM_ASAN)
  __sanitizer_start_switch_fiber(save, bottom, size);
#endif
}
void after_switch([[maybe_unused]] void* saved, [[maybe_unused]] const void** bottom,
                  [[maybe_unused]] std::size_t* size) {
#if defined(LANDSCAPE_SHIM_ASAN)
  __sanitizer_finish_switch_fiber(saved, bottom, size);
#endif
}

__attribute__((noinline)) void jump(jmp_buf& from, jmp_buf& to) {
  if (_setjmp(from) == 0) _longjmp(to, 1);
}
__attribute__((noinline)) void jump_to_start(jmp_buf& from, const ucontext_t& to) {
  if (_setjmp(from) == 0) setcontext(&to);
}

/// From the running fiber back to the scheduler, until it is resumed.
void leave() {
  Fiber& fiber = scheduler.fibers[static_cast<std::size_t>(scheduler.current)];
  void* fake_stack = nullptr;
  before_switch(&fake_stack, scheduler.main_stack, scheduler.main_stack_size);
  jump(fiber.context, scheduler.context);
  after_switch(fake_stack, nullptr, nullptr);
}

void fiber_main() {
  after_switch(nullptr, &scheduler.main_stack, &scheduler.main_stack_size);
  for (;;) {  // a fiber serves block after block: making one costs system calls, resuming one does not
    leave();
    (*scheduler.body)();
    scheduler.fibers[static_cast<std::size_t>(scheduler.current)].waiting = Waiting::finished;
  }
}

void add_fiber() {
  Fiber& fiber = scheduler.fibers.emplace_back();
  scheduler.current = static_cast<int>(scheduler.fibers.size()) - 1;
  fiber.stack = std::make_unique<char[]>(kStackBytes);
  getcontext(&fiber.start);
  fiber.start.uc_stack.ss_sp = fiber.stack.get();
  fiber.start.uc_stack.ss_size = kStackBytes;
  fiber.start.uc_link = nullptr;
  makecontext(&fiber.start, fiber_main, 0);
  before_switch(&scheduler.fake_stack, fiber.stack.get(), kStackBytes);
  jump_to_start(scheduler.context, fiber.start);
  after_switch(scheduler.fake_stack, nullptr, nullptr);
}

/// Runs fiber i until it waits.
void resume(int i) {
  Fiber& fiber = scheduler.fibers[static_cast<std::size_t>(i)];
  scheduler.current = i;
  place.thread.x = static_cast<unsigned>(i);
  fiber.waiting = Waiting::nothing;
  before_switch(&scheduler.fake_stack, fiber.stack.get(), kStackBytes);
  jump(scheduler.context, fiber.context);
  after_switch(scheduler.fake_stack, nullptr, nullptr);
}

/// The fibers stay where they are, so the next grid starts with new ones.
[[noreturn]] void fail(const char* kernel, const std::string& what) {
  scheduler.fibers.clear();
  throw Error(std::string("Kernel ") + kernel + ", block " + std::to_string(place.block.x) + ": " + what);
}

/// Runs one warp until all its threads wait at the barrier or have finished.
void run_warp(const char* kernel, int first, int count) {
  for (;;) {
    int at_warp = 0, operation = -1;
    for (int i = first; i < first + count; ++i) {
      Fiber& fiber = scheduler.fibers[static_cast<std::size_t>(i)];
      if (fiber.waiting == Waiting::nothing) resume(i);
      if (fiber.waiting != Waiting::warp) continue;
      ++at_warp;
      if (operation >= 0 && operation != fiber.operation)
        fail(kernel, "lanes of one warp wait at different operations");
      operation = fiber.operation;
    }
    if (at_warp == 0) return;
    if (at_warp != kLanes)
      fail(kernel, "only " + std::to_string(at_warp) + " lanes of a warp reached a warp operation");
    for (int i = first; i < first + count; ++i)
      scheduler.fibers[static_cast<std::size_t>(i)].waiting = Waiting::nothing;
  }
}

void run_block(const char* kernel) {
  const int n = scheduler.n_threads;
  for (int i = 0; i < n; ++i) {
    Fiber& fiber = scheduler.fibers[static_cast<std::size_t>(i)];
    fiber.waiting = Waiting::nothing;
    fiber.parity = 0;
  }
  for (;;) {
    for (int first = 0; first < n; first += kLanes) run_warp(kernel, first, n - first < kLanes ? n - first : kLanes);
    int at_barrier = 0;
    for (int i = 0; i < n; ++i)
      at_barrier += scheduler.fibers[static_cast<std::size_t>(i)].waiting == Waiting::block ? 1 : 0;
    if (at_barrier == 0) return;
    if (at_barrier != n) fail(kernel, "only " + std::to_string(at_barrier) + " threads of a block reached a barrier");
    for (int i = 0; i < n; ++i) scheduler.fibers[static_cast<std::size_t>(i)].waiting = Waiting::nothing;
  }
}

/// Posts this lane's operands and waits for the other lanes'; returns all of them.
const std::array<std::array<double, 2>, kLanes>& exchange(int operation, double first, double second) {
  Fiber& fiber = scheduler.fibers[static_cast<std::size_t>(scheduler.current)];
  auto& slot = scheduler.warps[static_cast<std::size_t>(scheduler.current / kLanes)].operands[fiber.parity];
  fiber.parity ^= 1U;
  slot[static_cast<std::size_t>(scheduler.current % kLanes)] = {first, second};
  fiber.operation = operation;
  fiber.waiting = Waiting::warp;
  leave();
  return slot;
}

}  // namespace

void run_grid(const char* name, std::int64_t blocks, int threads, std::size_t shared_bytes,
              const std::function<void()>& body) {
  if (threads < 1 || threads > 1024) throw Error(std::string("Kernel ") + name + " asks for an impossible block.");
  if (shared_bytes > 227 * 1024)
    throw Error(std::string("Kernel ") + name + " asks for more shared memory than a block has.");
  ++device.n_launches;
  if (device.launches_left == 0) device.lost = true;
  if (device.launches_left > 0) --device.launches_left;
  if (device.lost) return;
  while (scheduler.fibers.size() < static_cast<std::size_t>(threads)) add_fiber();
  scheduler.warps.resize(static_cast<std::size_t>((threads + kLanes - 1) / kLanes));
  scheduler.n_threads = threads;
  scheduler.body = &body;
  const std::size_t n_shared = (shared_bytes + sizeof(double) - 1) / sizeof(double);
  place.block_size = {static_cast<unsigned>(threads), 1, 1};
  place.grid_size = {static_cast<unsigned>(blocks), 1, 1};
  // Exactly the size asked for: what lies beyond is the address sanitizer's. What a block has not written is NaN.
  void* shared = nullptr;
  if (posix_memalign(&shared, 16, std::max<std::size_t>(n_shared, 1) * sizeof(double)) != 0)
    throw Error("Out of memory.");
  scheduler.shared.reset(static_cast<double*>(shared));
  for (std::int64_t block = 0; block < blocks; ++block) {
    std::fill_n(scheduler.shared.get(), n_shared, std::numeric_limits<double>::quiet_NaN());
    place.block = {static_cast<unsigned>(block), 0, 0};
    run_block(name);
  }
}

double* dynamic_shared() { return scheduler.shared.get(); }

void block_barrier() {
  scheduler.fibers[static_cast<std::size_t>(scheduler.current)].waiting = Waiting::block;
  leave();
}

double shuffle_xor(double value, int mask) {
  const int lane = scheduler.current % kLanes;
  return exchange(mask, value, 0.0)[static_cast<std::size_t>((lane ^ mask) % kLanes)][0];
}

void mma_m8n8k4(double (&c)[2], double a, double b) {
  const auto lane = static_cast<std::size_t>(scheduler.current % kLanes);
  const auto& operands = exchange(1000, a, b);
  for (std::size_t e = 0; e < 2; ++e) {
    const std::size_t row = lane / 4, column = 2 * (lane % 4) + e;
    for (std::size_t k = 0; k < 4; ++k) c[e] = std::fma(operands[row * 4 + k][0], operands[column * 4 + k][1], c[e]);
  }
}

}  // namespace landscape::cuda::shim
