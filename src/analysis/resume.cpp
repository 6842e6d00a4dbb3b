// resume FILE: the settings that a file holds, as if they had been given with --resume.
#include <fmt/format.h>

#include "landscape/analysis/file_commands.hpp"
#include "landscape/analysis/stored_settings.hpp"
#include "landscape/config/option_table.hpp"
#include "landscape/parallel/collective.hpp"

namespace landscape {
namespace {

OptionTexts settings_of(const LandscapeReader& reader) {
  OptionTexts texts = parse_config_text(reader.run().config, reader.path());
  texts.merge(parse_config_text(reader.run().goal, reader.path()));
  for (auto& [name, text] : texts) {
    if (name.starts_with("minimizer")) text.text = reader.path();  // which has it, wherever its file is by now
  }
  if (const auto through = texts.find("through"); through != texts.end()) {  // likewise
    RunConfig named;
    find_option("through")->set(named, through->second.text, "--through");
    for (std::size_t i = 0; i < named.surface.through.size(); ++i) {
      std::string& entry = named.surface.through[i];
      if (const std::string name = name_on_plane(entry, i); name != entry) entry = reader.path() + ":" + name;
    }
    through->second.text = find_option("through")->get(named);
  }
  texts.insert_or_assign("device", OptionText{reader.run().device, reader.path()});
  texts.insert_or_assign("output", OptionText{reader.path(), ""});
  texts.insert_or_assign("resume", OptionText{"true", ""});
  return texts;
}

}  // namespace

int resume_file(const Communicator& comm, const Invocation& invocation) {
  Invocation again = invocation;
  const std::string made_by = root_only(comm, [&] {
    for (const char* option : {"output", "overwrite"}) {
      if (!invocation.options.contains(option)) continue;
      throw UsageError(
          fmt::format("resume goes on with '{}' itself: it cannot go with --{}.", invocation.file, option));
    }
    const LandscapeReader reader(invocation.file);
    again.base = settings_of(reader);
    return std::string(command_of(reader, invocation.commands).name);
  });
  again.command = find_command(invocation.commands, made_by);
  return again.command->run(comm, again);
}

}  // namespace landscape
