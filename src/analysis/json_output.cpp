// Members in the order of writing; what is not finite becomes null by itself.
#include "landscape/analysis/json_output.hpp"

#include <nlohmann/json.hpp>
#include <span>

#include "landscape/analysis/stored_settings.hpp"
#include "landscape/config/settings_text.hpp"
#include "landscape/config/version.hpp"
#include "landscape/io/minimizer_measures.hpp"
#include "landscape/job/header.hpp"
#include "landscape/model/choices.hpp"

namespace landscape {
namespace {

using Json = nlohmann::ordered_json;

// A name of a file may be no UTF-8: its bytes are then replaced.
std::string text_of(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json settings_json(const std::string& text) {
  Json json = Json::object();
  for (const Setting& setting : parse_settings(text, "The stored settings")) json[setting.key] = setting.value;
  return json;
}

// Nested by the extents, row-major.
template <class Number>
Json table_json(std::span<const Number> values, std::span<const std::int64_t> shape) {
  if (shape.size() <= 1) return Json(std::vector<Number>(values.begin(), values.end()));
  Json json = Json::array();
  const std::size_t n = static_cast<std::size_t>(shape[0]), width = n == 0 ? 0 : values.size() / n;
  for (std::size_t i = 0; i < n; ++i) json.push_back(table_json(values.subspan(i * width, width), shape.subspan(1)));
  return json;
}

Json value_json(const Result& result) {
  return std::visit(
      [&]<class Value>(const Value& value) {
        if constexpr (std::is_same_v<Value, std::vector<double>> || std::is_same_v<Value, std::vector<std::int64_t>>)
          return table_json(std::span(value), result.shape);
        else
          return Json(value);
      },
      result.value);
}

Json group_json(const ResultGroup& group) {
  Json json = Json::object();
  for (const Result& result : group.results) json[result.name] = value_json(result);
  return json;
}

Json file_json(const LandscapeReader& reader) {
  return {{"path", reader.path()}, {"state", to_string(reader.state())}, {"command", reader.run().command}};
}

Json head(const char* command) { return {{"schema", kJsonSchema}, {"program", version_text()}, {"json_of", command}}; }

Json critical_point_json(const CriticalPoint& critical) {
  Json json{{"verdict", critical.verdict}, {"sentence", critical.sentence}, {"method", critical.method}};
  for (const auto& [name, member] : kCriticalMeasures) json[name] = critical.*member;
  return json;
}

Json minimizer_json(const Minimizer& minimizer) {
  Json json{{"loss", to_string(minimizer.loss)},
            {"network", minimizer.spec.describe()},
            {"parameters", minimizer.theta.size()},
            {"source", minimizer.source},
            {"final_quadrature", minimizer.final_quadrature},
            {"stopped_by", minimizer.stopped_by},
            {"stop_reason", minimizer.stop_reason},
            {"training_seconds", minimizer.seconds},
            {"warnings", minimizer.warnings}};
  for (const auto& [name, member] : kMinimizerMeasures) json[name] = minimizer.*member;
  json["critical_point"] = critical_point_json(minimizer.critical);
  return json;
}

Json interval_json(const std::optional<TwoSided>& interval) {
  return interval ? Json{interval->lower, interval->upper} : Json();
}

Json optional_json(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

constexpr Choices<ComparisonVerdict, 6> kVerdicts{{{ComparisonVerdict::not_distinguishable, "not distinguishable"},
                                                   {ComparisonVerdict::first_rougher, "a rougher"},
                                                   {ComparisonVerdict::second_rougher, "b rougher"},
                                                   {ComparisonVerdict::both_zero, "both zero"},
                                                   {ComparisonVerdict::not_comparable, "not comparable"},
                                                   {ComparisonVerdict::within_rounding, "within rounding"}}};

Json comparison_members(const FileComparison& of) {
  const Comparison& c = of.comparison;
  return {{"loss_a", of.loss_a},
          {"loss_b", of.loss_b},
          {"verdict", choice_name(kVerdicts, c.verdict)},
          {"sentence", describe(c)},
          {"paired", c.paired},
          {"used", c.n_used},
          {"index_a", optional_json(c.index_first)},
          {"index_b", optional_json(c.index_second)},
          {"difference", optional_json(c.difference)},
          {"difference_interval", interval_json(c.difference_interval)},
          {"ratio", optional_json(c.ratio)},
          {"ratio_interval", interval_json(c.ratio_interval)},
          {"p_value", optional_json(c.p_value)},
          {"decided_by", c.decided_by()},
          {"confidence", c.confidence},
          {"bootstrap_resamples", c.resamples}};
}

}  // namespace

std::string reduced_json(const LandscapeReader& reader, const RunConfig& settings,
                         const std::vector<ResultGroup>& groups) {
  Json json = head("reduce");
  json["file"] = file_json(reader);
  json["settings"] = settings_json(defining_text(settings));
  json["results"] = Json::object();
  for (const ResultGroup& group : groups) json["results"][group.path] = group_json(group);
  return text_of(json);
}

std::string info_json(const LandscapeReader& reader) {
  Json json = head("info");
  json["file"] = file_json(reader);
  json["file"]["created"] = reader.run().created;
  json["file"]["device"] = reader.run().device;
  json["problem"] = problem_text(problem_of(reader), reader.dimension());
  json["settings"] = settings_json(reader.run().config);
  json["minimizers"] = Json::object();
  for (const std::string& name : reader.minimizers()) json["minimizers"][name] = minimizer_json(reader.minimizer(name));
  json["blocks"] = Json::object();
  for (const std::string& block : reader.blocks()) {
    json["blocks"][block] = {{"rows", reader.n_rows(block)},
                             {"columns", reader.n_columns(block)},
                             {"complete_rows", reader.n_complete_rows(block)},
                             {"evaluation_seconds", reader.seconds(block)}};
  }
  json["results"] = Json::object();
  for (const std::string& group : reader.result_groups())
    json["results"][group] = reader.has_results(group) ? group_json(reader.results(group)) : Json();
  return text_of(json);
}

std::string comparison_json(const LandscapeReader& a, const LandscapeReader& b,
                            const std::vector<std::string>& differences, const std::string& why_unpaired,
                            const std::vector<FileComparison>& comparisons) {
  Json json = head("compare");
  for (const auto& [name, reader] : {std::pair("a", &a), std::pair("b", &b)}) {
    json[name] = file_json(*reader);
    json[name]["settings"] = settings_json(reader->run().config);
  }
  json["differences"] = differences;
  json["why_unpaired"] = why_unpaired.empty() ? Json() : Json(why_unpaired);
  json["comparisons"] = Json::array();
  for (const FileComparison& comparison : comparisons) json["comparisons"].push_back(comparison_members(comparison));
  return text_of(json);
}

}  // namespace landscape
