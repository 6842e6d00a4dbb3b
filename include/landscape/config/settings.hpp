// A RunConfig as text and back.
//
// The resolved text, one sorted line `key = value` per option, is what rank 0 broadcasts and every rank parses. The
// lines of options that define numbers (not where they go, how fast, or how they are reported) are stored in the output
// file; their FNV-1a hash tells whether two runs are the same calculation. What the lines look like: settings_text.hpp.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "landscape/config/run_config.hpp"
#include "landscape/model/complaints.hpp"

namespace landscape {

/// An option's text and the file it came from (empty: the command line).
struct OptionText {
  std::string text;
  std::string origin;
};
using OptionTexts = std::map<std::string, OptionText, std::less<>>;

/// Puts the dimension's default where no quadrature is given: again once a file has settled the dimension. Above d = 3
/// training then has 1024 fresh points each epoch and no L-BFGS.
void settle_quadratures(RunConfig& config, const OptionTexts& given);

/// A parameter that the equation does not have goes where a weaker source than the equation's, such as a preset, gives
/// it; else throws UsageError.
void settle_parameters(Problem& problem, const OptionTexts& given);

/// Where no losses are given: those that the problem has, in a run of one problem.
void settle_losses(RunConfig& config, const OptionTexts& given);
/// Throws UsageError where the problem lacks a loss that is asked for or whose minimizer is.
void require_losses(const RunConfig& config);

/// Applies the texts to the defaults, then validates. Throws UsageError that names every option that cannot be, and the
/// file where there is one.
RunConfig make_run_config(const OptionTexts& texts, std::string_view command);

/// Puts the texts into `config` without looking at options together. Returns the names of those that cannot be.
std::set<std::string, std::less<>> apply_options(RunConfig& config, const OptionTexts& texts, Complaints& complaints);

/// The settings of `command` that `config` has, with some options replaced: what these make meaningless, such as the
/// width of another kind of network, goes. Throws UsageError where they cannot be.
RunConfig with_options(const RunConfig& config, const OptionTexts& changes, std::string_view command);

/// Sorted lines `key = value` of every option that means something to the command and says something;
/// parse_resolved_text reads them back to an equal configuration of that command.
std::string resolved_text(const RunConfig& config);
RunConfig parse_resolved_text(std::string_view text, std::string_view command);

/// The lines of resolved_text that define numbers, and their 64-bit FNV-1a hash as 16 hexadecimal digits.
std::string defining_text(const RunConfig& config);
std::string config_hash(const RunConfig& config);

/// The lines of resolved_text that say how far the calculation is carried on.
std::string goal_text(const RunConfig& config);

/// An option on which two texts of settings differ; without a value where a text does not have it.
struct Difference {
  std::string key;
  std::optional<std::string> before, now;
};
/// By key.
std::vector<Difference> differences(std::string_view before, std::string_view now);
/// "seed was 1 and is now 2; ..."; empty where there are none.
std::string describe(const std::vector<Difference>& differences);

/// Throws UsageError where options contradict each other or where a grid or quadrature is impossible; it has a sentence
/// for each.
void validate(const RunConfig& config);

}  // namespace landscape
