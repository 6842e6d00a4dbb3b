// reduce FILE: the findings again, from the rows in the file.
#include <fmt/format.h>

#include "landscape/analysis/file_commands.hpp"
#include "landscape/analysis/stored_settings.hpp"

namespace landscape {

void reduce_again(const Invocation& invocation) {
  own_options(invocation);
  const LandscapeReader reader(invocation.file);
  const Analysis& analysis = analysis_of(reader, invocation);
  const RunConfig config = stored_config(reader, invocation);
  require_sound_results(reader);
  if (reader.state() != RunState::complete) fmt::print("{}: {}\n", invocation.file, file_state(reader));
  fmt::print("{}", analysis.reduce(FileRows(reader), config)->text());
}

}  // namespace landscape
