// reduce FILE: the findings again, from the rows in the file.
#include <fmt/format.h>

#include "landscape/analysis/file_commands.hpp"
#include "landscape/analysis/json_output.hpp"
#include "landscape/analysis/stored_settings.hpp"

namespace landscape {

void reduce_again(const Invocation& invocation) {
  const bool json = own_options(invocation).json;
  const LandscapeReader reader(invocation.file);
  const Analysis& analysis = analysis_of(reader, invocation);
  RunConfig config = stored_config(reader, invocation);
  take_threads(config, invocation);
  require_sound_results(reader);
  const auto findings = analysis.reduce(FileRows(reader), config);
  if (json) {
    fmt::print("{}", reduced_json(reader, config, findings->groups()));
    return;
  }
  if (reader.state() != RunState::complete) fmt::print("{}: {}\n", invocation.file, file_state(reader));
  fmt::print("{}", findings->text());
}

}  // namespace landscape
