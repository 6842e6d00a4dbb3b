// One row per option: its name, its place in --help, and how it goes into a RunConfig and back. Command line, config
// files, the broadcast text and the stored text all read this table, so an option cannot exist in one of them only.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/config/run_config.hpp"

namespace landscape {

enum class OptionGroup { general, problem, network, training, load, directions, profiles, statistics };
/// The first stage of a job whose numbers depend on the option. Two runs that differ before `goal` are different
/// calculations; where they differ after `training` only, they have their trainings in common. A goal says how far a
/// calculation is carried on: its file keeps it.
enum class Stage { training, evaluation, statistics, goal, run };

struct Option {
  std::string_view name;        // without dashes; the key in a config file
  std::string_view value_name;  // empty: a switch
  std::string_view help;
  OptionGroup group;
  Stage stage;
  std::function<void(RunConfig&, std::string_view text, std::string_view option)>
      set;                                           // throws UsageError that names `option`
  std::function<std::string(const RunConfig&)> get;  // empty: says nothing
  char letter = '\0';                                // -o for --output
  std::string_view command{};  // "a,b": those that it means something to, "-a,b": all but those; empty: all
  bool means_something_to(std::string_view name_of_command) const;
  bool is_switch() const { return value_name.empty(); }
};

const std::vector<Option>& option_table();
/// nullptr where there is none.
const Option* find_option(std::string_view name);
/// What the command line calls an option: its name, or one that users of another program type for it (xnorm: norm).
std::string_view name_of_typed(std::string_view typed);
const Option* find_option(char letter);
std::string_view group_title(OptionGroup group);

}  // namespace landscape
