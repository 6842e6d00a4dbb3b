// Arguments, presets and config files; everything wrong with a command line or a file is said at once. Boost lays out
// the help.
#include "landscape/config/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "landscape/config/option_table.hpp"
#include "landscape/config/settings_text.hpp"
#include "landscape/config/text.hpp"
#include "landscape/config/version.hpp"
#include "landscape/model/choices.hpp"
#include "landscape/model/environment.hpp"

namespace landscape {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestConfig = 1 << 20;  // bytes
constexpr unsigned kHelpWidth = 100;

constexpr std::string_view kCommandKey = "command";  // of a file: which command its settings are for

// The options that steer the reading itself; they cannot stand in the table because a RunConfig does not hold them.
constexpr std::array<std::string_view, 4> kMetaOptions{"help", "version", "config", "preset"};

bool means_something(const Option& option, const Command& command) {
  const bool reads_only = command.run_on_files != nullptr;
  return reads_only ? std::ranges::count(command.options, option.name) > 0
                    : option.means_something_to(command.name) || command.n_files > 0;
}

// Of one command, or all.
po::options_description describe_options(const Command* command) {
  const RunConfig defaults;
  po::options_description all(kHelpWidth, kHelpWidth / 2);
  for (int g = 0; g <= static_cast<int>(OptionGroup::statistics); ++g) {
    const auto group = static_cast<OptionGroup>(g);
    po::options_description part(std::string(group_title(group)), kHelpWidth, kHelpWidth / 2);
    const bool takes_files = command == nullptr || command->run_on_files == nullptr;
    if (group == OptionGroup::general && !takes_files) part.add_options()("help,h", "this text");
    if (group == OptionGroup::general && takes_files) {
      part.add_options()("help,h", "this text")("version", "program and revision");
      part.add_options()("preset", po::value<std::string>()->value_name("NAME"),
                         "settings of a published run, see jobs/");
      part.add_options()("config", po::value<std::string>()->value_name("FILE"),
                         "settings: `key = value` lines, `#` comments");
    }
    for (const Option& option : option_table()) {
      if (option.group != group || (command != nullptr && !means_something(option, *command))) continue;
      auto* value = po::value<std::string>();
      std::string help(option.help);
      if (option.is_switch()) {
        value->zero_tokens();
      } else {
        value->value_name(std::string(option.value_name));
        const std::string standard = option.get(defaults);
        if (!standard.empty() && !help.ends_with(']')) help += fmt::format(" [{}]", standard);
      }
      const std::string names =
          std::string(option.name) + (option.letter == '\0' ? "" : std::string{',', option.letter});
      part.add_options()(names.c_str(), value, help.c_str());
    }
    if (!part.options().empty()) all.add(part);
  }
  return all;
}

std::string closest_option(std::string_view name) {
  std::string best;
  std::size_t least = std::min<std::size_t>(3, name.size() / 2 + 1);  // edits: more is another word
  const auto consider = [&](std::string_view candidate) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < least || (candidate.starts_with(name) && name.size() >= 3 && best.empty())) {
      least = std::min(least, distance);
      best = candidate;
    }
  };
  for (const std::string_view meta : kMetaOptions) consider(meta);
  for (const Option& option : option_table()) consider(option.name);
  return best;
}

std::string unknown_option(std::string_view given) {
  std::string_view name = given;
  while (name.starts_with('-')) name.remove_prefix(1);
  name = name.substr(0, name.find('='));
  const std::string best = closest_option(name);
  return best.empty() ? fmt::format("Option '{}' is unknown: landscape_mpi --help lists them all.", given)
                      : fmt::format("Option '{}' is unknown: did you mean --{}?", given, best);
}

void require_plain_text(std::string_view text, const std::string& what) {
  if (!is_plain_text(text)) throw UsageError(fmt::format("{} holds control characters or is not UTF-8.", what));
}

std::string given_twice(const std::string& key, const std::string& first, const std::string& second) {
  return fmt::format("{} is given twice, as '{}' and as '{}': keep one.", key, first, second);
}

void add_option(OptionTexts& texts, const std::string& name, const std::string& value, const std::string& origin) {
  const auto [at, is_new] = texts.emplace(name, OptionText{value, origin});
  if (is_new || at->second.text == value) return;
  throw UsageError(
      given_twice(origin.empty() ? "--" + name : fmt::format("{}: {}", origin, name), at->second.text, value));
}

bool is_meta(std::string_view name) {
  return std::find(kMetaOptions.begin(), kMetaOptions.end(), name) != kMetaOptions.end();
}

// "-x", but not "-", nor the negative number of `--grid -1:1:21`.
bool looks_like_option(std::string_view argument) {
  return argument.size() > 1 && argument[0] == '-' && std::isdigit(static_cast<unsigned char>(argument[1])) == 0 &&
         argument[1] != '.';
}

// An argument taken apart: --name, --name=value, -n, -nvalue, -n=value.
struct TypedOption {
  std::string name;  // in full; empty: there is no such option
  std::optional<std::string> value;
};

TypedOption take_apart(const std::string& argument) {
  TypedOption typed;
  const std::size_t equals = argument.find('=');
  if (argument.starts_with("--")) {
    typed.name = name_of_typed(argument.substr(2, equals - 2));
    if (!is_meta(typed.name) && find_option(typed.name) == nullptr) typed.name.clear();
    if (equals != std::string::npos) typed.value = argument.substr(equals + 1);
    return typed;
  }
  const Option* option = find_option(argument[1]);
  // -output is more likely --output than the file "utput".
  if (argument.size() > 3 && argument[2] != '=' && !closest_option(argument.substr(1, equals - 1)).empty())
    return typed;
  typed.name = option != nullptr ? std::string(option->name) : argument[1] == 'h' ? "help" : "";
  if (argument.size() > 2) typed.value = argument.substr(argument[2] == '=' ? 3 : 2);
  return typed;
}

std::string unknown_command(std::span<const Command> commands, const std::string& word) {
  std::string names;
  for (const Command& command : commands)
    names += fmt::format("{}{}", names.empty() ? "" : &command == &commands.back() ? " or " : ", ", command.name);
  return fmt::format("Command '{}' is unknown: use {}.", word, names);
}

void take_positional(Invocation& invocation, const std::vector<std::string>& words) {
  if (!words.empty()) {
    invocation.command = find_command(invocation.commands, words[0]);
    if (invocation.command == nullptr) throw UsageError(unknown_command(invocation.commands, words[0]));
  }
  const std::string name(invocation.command->name);
  const auto n_files = static_cast<std::size_t>(invocation.command->n_files);
  if (words.size() < 1 + n_files && n_files == 2)
    throw UsageError(fmt::format("{} needs two files: landscape_mpi {} a.h5 b.h5.", name, name));
  if (words.size() < 1 + n_files && n_files == 1)
    throw UsageError(fmt::format("{} needs a file: landscape_mpi {} landscape.h5.", name, name));
  if (words.size() > 1 + n_files && !invocation.command->takes_more_files) {
    throw UsageError(fmt::format("'{}' is one argument too many: {}.", words.back(),
                                 n_files == 0   ? "options begin with --"
                                 : n_files == 1 ? name + " takes one file"
                                                : name + " takes two files"));
  }
  if (n_files > 0) invocation.file = words[1];
  if (n_files > 1) invocation.second_file = words[2];
  if (n_files > 0) invocation.files.assign(words.begin() + 1, words.end());
}

std::string executable_folder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return error ? std::string() : self.parent_path().string();
}

std::string find_preset(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos || name.starts_with('.')) {
    throw UsageError(fmt::format("--preset '{}' is no name: use --config for a file.", name));
  }
  std::set<std::string> known;
  std::error_code error;
  for (const std::string& folder : preset_folders()) {
    const fs::path file = fs::path(folder) / (name + ".cfg");
    if (fs::is_regular_file(file, error)) return file.string();
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      if (entry.path().extension() == ".cfg") known.insert(entry.path().stem().string());
    }
  }
  std::string listing;
  for (const std::string& preset : known) listing += (listing.empty() ? "" : ", ") + preset;
  throw UsageError(fmt::format(
      "--preset '{}' is unknown: {}.", name,
      listing.empty() ? "no presets were found, set LANDSCAPE_PRESETS to their folder" : "there is " + listing));
}

// HDF5's signature stands at 0, 512, 1024, 2048, ...
bool is_hdf5(std::ifstream& file, std::uintmax_t size) {
  constexpr std::string_view kSignature = "\x89HDF\r\n\x1a\n";
  for (std::uintmax_t at = 0; at + kSignature.size() <= size; at = at == 0 ? 512 : 2 * at) {
    std::string found(kSignature.size(), '\0');
    if (!file.seekg(static_cast<std::streamoff>(at)).read(found.data(), static_cast<std::streamsize>(found.size())))
      break;
    if (found == kSignature) return true;
  }
  file.clear();
  file.seekg(0);
  return false;
}

OptionTexts read_config_file(const std::string& path, const std::string& option) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) throw UsageError(fmt::format("{} '{}' does not exist.", option, path));
  if (!fs::is_regular_file(status)) throw UsageError(fmt::format("{} '{}' is not a regular file.", option, path));
  const auto size = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (file && is_hdf5(file, size)) {
    throw UsageError(fmt::format(
        "{} '{}' is an HDF5 file: if the program wrote it, `landscape_mpi info --settings {} > FILE` makes a "
        "config file of its settings.",
        option, path, path));
  }
  if (size > kLargestConfig)
    throw UsageError(fmt::format("{} '{}' has {} bytes: settings take at most 1 MiB.", option, path, size));
  std::ostringstream text;
  if (file && size > 0) text << file.rdbuf();
  if (!file) throw UsageError(fmt::format("{} '{}' cannot be read.", option, path));
  return parse_config_text(text.str(), path);
}

}  // namespace

bool names_serial_command(std::span<const Command> commands, std::span<const std::string> arguments) {
  return std::ranges::any_of(arguments, [&](const std::string& argument) {
    if (argument == "--help" || argument == "-h" || argument == "--version") return true;
    const Command* known = find_command(commands, argument);
    return known != nullptr && !known->uses_mpi();
  });
}

namespace {

// The command a config file or preset names; stays as it is where none does.
void take_command_of_files(Invocation& invocation);

// Goes through the arguments once; what is wrong is collected.
class ArgumentReader {
 public:
  ArgumentReader(std::span<const Command> commands, std::span<const std::string> arguments) : arguments_(arguments) {
    invocation_.commands = commands;
    invocation_.command = &commands.front();
  }

  Invocation read() {
    for (; at_ < arguments_.size(); ++at_) {
      const std::string& argument = arguments_[at_];
      if (argument == "--") {
        words_.insert(words_.end(), arguments_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, arguments_.end());
        break;
      }
      if (looks_like_option(argument)) {
        take_option(argument);
      } else {
        words_.push_back(argument);
      }
    }
    const bool runs = !invocation_.help && !invocation_.version;
    if (const Command* named = words_.empty() ? nullptr : find_command(invocation_.commands, words_[0]);
        named != nullptr && invocation_.help) {
      invocation_.command = named;
      invocation_.names_command = true;
    }
    if (runs && all_known_) complaints_.collect([&] { take_positional(invocation_, words_); });
    if (runs && words_.empty() && complaints_.empty()) take_command_of_files(invocation_);
    if (!complaints_.empty()) {  // what else is wrong, in the files too
      RunConfig scratch;
      OptionTexts texts = invocation_.options;
      complaints_.collect([&] { texts = gather_options(invocation_); });
      apply_options(scratch, texts, complaints_);
    }
    complaints_.raise();
    return std::move(invocation_);
  }

 private:
  void take_option(const std::string& argument) {
    TypedOption typed = take_apart(argument);
    if (typed.name.empty()) {
      complaints_.add(unknown_option(argument));
      all_known_ = false;  // the words may be its values
      return;
    }
    const Option* option = find_option(typed.name);
    const bool is_switch = option != nullptr ? option->is_switch() : typed.name == "help" || typed.name == "version";
    if (is_switch && typed.value) {
      complaints_.add(fmt::format("--{} is a switch: it takes no value.", typed.name));
    } else if (is_switch) {
      put(typed.name, "true");
    } else if (typed.value || (at_ + 1 < arguments_.size() && !looks_like_option(arguments_[at_ + 1]))) {
      put(typed.name, typed.value ? *typed.value : arguments_[++at_]);
    } else {
      complaints_.add(fmt::format("--{} needs a value: --{}=VALUE.", typed.name, typed.name));
    }
  }

  void put(const std::string& name, const std::string& value) {
    if (value.empty()) {
      complaints_.add(fmt::format("--{} is empty: give it a value or leave it out.", name));
    } else if (name == "help") {
      invocation_.help = true;
    } else if (name == "version") {
      invocation_.version = true;
    } else if (name == "config" || name == "preset") {
      std::string& place = name == "config" ? invocation_.config_file : invocation_.preset;
      if (!place.empty() && place != value) complaints_.add(given_twice("--" + name, place, value));
      place = value;
    } else {
      complaints_.collect([&] { add_option(invocation_.options, name, value, ""); });
    }
  }

  std::span<const std::string> arguments_;
  std::size_t at_ = 0;
  Invocation invocation_;
  std::vector<std::string> words_;
  Complaints complaints_;
  bool all_known_ = true;
};

}  // namespace

Invocation parse_command_line(std::span<const Command> commands, std::span<const std::string> arguments) {
  for (const std::string& argument : arguments) {
    require_plain_text(argument, "The command line");
    if (argument.find('\n') != std::string::npos) {
      throw UsageError(
          fmt::format("The argument {} holds a line break: no option or file name may.", setting_value(argument)));
    }
  }
  return ArgumentReader(commands, arguments).read();
}

OptionTexts parse_config_text(std::string_view text, const std::string& name) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // the byte-order mark some editors write
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    plain += text[i];
  }
  require_plain_text(plain, "'" + name + "'");

  OptionTexts texts;
  Complaints complaints;
  for (const auto& [key, value] : parse_settings(plain, name, complaints)) {
    if (key != "preset" && key != kCommandKey && find_option(key) == nullptr) {
      const std::string best = closest_option(key);
      complaints.add(fmt::format("{}: the key '{}' is unknown: {}", name, key,
                                 best.empty() || (is_meta(best) && best != "preset")
                                     ? "landscape_mpi --help lists them all."
                                     : fmt::format("did you mean {}?", best)));
    } else if (value.empty()) {
      complaints.add(fmt::format("{}: {} has no value.", name, key));
    } else if (value.find_first_of("\n\r") != std::string::npos) {
      complaints.add(fmt::format("{}: {} holds a line break: no option or file name may.", name, key));
    } else {
      complaints.collect([&, &key = key, &value = value] { add_option(texts, key, value, name); });
    }
  }
  if (!complaints.empty()) {
    RunConfig scratch;
    apply_options(scratch, texts, complaints);
  }
  complaints.raise();
  return texts;
}

namespace {

// With the command that a file names.
OptionTexts gather_with_command(const Invocation& invocation) {
  OptionTexts texts = invocation.options;
  std::string preset = invocation.preset;
  if (!invocation.config_file.empty()) {
    OptionTexts weaker = read_config_file(invocation.config_file, "--config");
    if (const auto named = weaker.extract("preset"); named && preset.empty()) preset = named.mapped().text;
    texts.merge(weaker);  // what is there stays
  }
  // A preset may be another one with a few lines changed: published-1d is corrected-1d with the slips switched on.
  for (std::set<std::string> seen; !preset.empty();) {
    if (!seen.insert(preset).second)
      throw UsageError(fmt::format("--preset '{}' is based on itself: take its line `preset =` out.", preset));
    OptionTexts weaker = read_config_file(find_preset(preset), "--preset");
    const auto base = weaker.extract("preset");
    preset = base ? base.mapped().text : std::string();
    texts.merge(weaker);
  }
  for (const auto& setting : invocation.base) texts.insert(setting);
  return texts;
}

void take_command_of_files(Invocation& invocation) {
  if (invocation.preset.empty() && invocation.config_file.empty()) return;
  const OptionTexts texts = gather_with_command(invocation);
  const auto named = texts.find(kCommandKey);
  if (named == texts.end()) return;
  const Command* command = find_command(invocation.commands, named->second.text);
  if (command == nullptr || !command->uses_mpi() || command->n_files > 0) {
    throw UsageError(fmt::format("{}: command = {} is none that computes without a file: use roughness or another one.",
                                 named->second.origin, named->second.text));
  }
  invocation.command = command;
}

}  // namespace

OptionTexts gather_options(const Invocation& invocation) {
  OptionTexts texts = gather_with_command(invocation);
  if (const auto named = texts.find(kCommandKey); named != texts.end()) texts.erase(named);
  return texts;
}

std::vector<std::string> preset_folders() {
  std::vector<std::string> folders;
  if (const char* folder = environment("LANDSCAPE_PRESETS"); folder != nullptr) folders.emplace_back(folder);
  if (const std::string here = executable_folder(); !here.empty()) {
    folders.push_back(here + "/../share/landscape_mpi/jobs");
    folders.push_back(here + "/share/landscape_mpi/jobs");
  }
  return folders;
}

std::string help_text(std::span<const Command> commands) {
  std::ostringstream options;
  options << describe_options(nullptr);
  std::string lines;
  for (const Command& command : commands) {
    const bool is_meant = &command == &commands.front();
    const std::string words =
        fmt::format("{}{}{} {}", is_meant ? "[" : "", command.name, is_meant ? "]" : "", command.arguments);
    lines += fmt::format("  landscape_mpi {:<22}  {}\n", words, command.summary);
  }
  return fmt::format(
      "{}\nHow rough is the loss landscape of a neural PDE solver, over many random directions.\n\n"
      "{}\n"
      "landscape_mpi COMMAND --help shows one command with an example.\n"
      "Run it under mpirun or srun for more ranks. Stronger wins: defaults [in brackets] < --preset <\n"
      "--config < command line.\n{}\n"
      "Exit codes: 0 done, 1 error, 2 usage, 75 stopped early and resumable.\n",
      version_text(), lines, options.str());
}

std::string help_text(const Command& command) {
  std::ostringstream options;
  options << describe_options(&command);
  return fmt::format("landscape_mpi {} {}\n{}\n\nExample:\n  landscape_mpi {}\n{}", command.name, command.arguments,
                     command.summary, command.example, options.str());
}

}  // namespace landscape
