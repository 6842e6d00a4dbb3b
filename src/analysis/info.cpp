// info FILE: settings, minimizers, blocks and results of a file in words.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "landscape/analysis/file_commands.hpp"
#include "landscape/analysis/json_output.hpp"
#include "landscape/analysis/stored_settings.hpp"
#include "landscape/config/text.hpp"
#include "landscape/job/header.hpp"
#include "landscape/job/minimizer_text.hpp"

namespace landscape {
namespace {

std::string value_text(double value) { return defined_text(value); }
std::string value_text(std::int64_t value) { return fmt::format("{}", value); }
std::string value_text(std::uint64_t value) { return fmt::format("{}", value); }
std::string value_text(const std::string& value) { return value; }
template <class Number>
std::string value_text(const std::vector<Number>& values) {
  std::string text;
  for (const Number value : values) text += (text.empty() ? "" : " .. ") + value_text(value);
  return text;
}
std::string value_text(const AttributeValue& value) {
  return std::visit([](const auto& held) { return value_text(held); }, value);
}

/// Single values and intervals; tables are left to those who plot them, and so are groups of nothing else.
void print_results(const LandscapeReader& reader, const std::string& path) {
  ResultGroup group = reader.results(path);
  std::erase_if(group.results, [](const Result& r) { return !r.shape.empty() && r.shape_names != "(2)"; });
  if (group.results.empty()) return;
  fmt::print("\n{}{}\n", path, reader.has_results(path) ? "" : ": pending");
  if (!reader.has_results(path)) return;
  std::size_t width = 0;
  for (const Result& result : group.results) width = std::max(width, result.name.size() + 2);
  for (const Result& result : group.results) fmt::print("  {:<{}}{}\n", result.name, width, value_text(result.value));
}

// Blocks in the order and by the names of their analysis; by their groups where it is not known.
void print_blocks(const LandscapeReader& reader, const Invocation& invocation) {
  std::vector<std::pair<std::string, std::string>> named;  // group, name
  const Command* command = find_command(invocation.commands, reader.run().command);
  if (command != nullptr && command->analysis != nullptr) {
    const RunConfig config = parse_resolved_text(reader.run().config, reader.run().command);
    for (const Work& work : command->analysis->work(config))
      named.emplace_back(work.block.group, command->analysis->name(config, work));
  }
  for (const std::string& block : reader.blocks()) {
    const auto is_it = [&](const auto& one) { return one.first == block; };
    if (std::ranges::none_of(named, is_it)) named.emplace_back(block, block);
  }
  for (const auto& [block, name] : named) {
    if (!reader.has_block(block)) continue;
    const std::int64_t n_rows = reader.n_rows(block), n_columns = reader.n_columns(block);
    const bool is_profiles = block.starts_with("profiles/");
    fmt::print("{}    {}: {} {} x {} {}, {} of {} losses done{}\n", is_profiles ? "Profiles" : "Block   ", name, n_rows,
               is_profiles ? (n_rows == 1 ? "direction" : "directions") : "rows", n_columns,
               is_profiles ? "steps" : "columns", count_text(reader.n_complete_rows(block) * n_columns),
               count_text(n_rows * n_columns), reader.has_row_vectors(block) ? ", directions stored" : "");
  }
}

}  // namespace

void show_info(const Invocation& invocation) {
  const RunConfig asked = own_options(invocation);
  const std::string& path = invocation.file;
  const LandscapeReader reader(path);
  const RunInfo& run = reader.run();
  if (asked.settings && asked.json)
    throw UsageError("--settings prints a config file and --json the settings and all else: give one of them.");
  if (asked.json) {
    fmt::print("{}", info_json(reader));
    return;
  }
  if (asked.settings) {
    fmt::print("{}", run.config);
    return;
  }
  fmt::print("{}: format {}, {} {}{}, created {}\n", path, kFormatVersion, run.program, run.version,
             run.git_revision.empty() ? "" : " (git " + run.git_revision + ")", run.created);
  fmt::print("State       {}\n", file_state(reader));
  fmt::print("Problem     {}\n", problem_text(problem_of(reader), reader.dimension()));
  for (const std::string& name : reader.minimizers()) {
    const Minimizer minimizer = reader.minimizer(name);
    fmt::print("Minimizer   {}: {}, {} parameters\n", name, minimizer.spec.describe(), minimizer.theta.size());
    fmt::print("            {}\n", loss_text(minimizer));
    if (const std::string others = other_losses_text(minimizer); !others.empty())
      fmt::print("            {}\n", others);
    fmt::print("{}            {}\n{}", critical_point_lines(minimizer), minimizer.source,
               warning_lines(minimizer.warnings));
  }
  print_blocks(reader, invocation);
  fmt::print("\nSettings (hash {})\n{}", run.config_hash, run.config);
  std::optional<Error> damage;
  for (const std::string& group : reader.result_groups()) {
    try {
      print_results(reader, group);
    } catch (const Error& error) {  // the others are still worth reading
      if (!damage) damage = error;
    }
  }
  if (damage) throw *damage;
}

}  // namespace landscape
