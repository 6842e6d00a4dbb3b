// The words of a file's state.
#include "landscape/io/file_layout.hpp"

#include "landscape/model/choices.hpp"

namespace landscape {
namespace {

constexpr Choices<RunState, 3> kStates{
    {{RunState::running, "running"}, {RunState::stopped, "stopped"}, {RunState::complete, "complete"}}};

}  // namespace

std::string to_string(RunState state) { return choice_name(kStates, state); }

}  // namespace landscape
