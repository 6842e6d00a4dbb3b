// Commands are found by their names.
#include "landscape/config/command.hpp"

#include <algorithm>

namespace landscape {

const Command* find_command(std::span<const Command> commands, std::string_view name) {
  const auto at = std::ranges::find(commands, name, &Command::name);
  return at == commands.end() ? nullptr : &*at;
}

}  // namespace landscape
