// The options, row by row. Setters refuse what cannot be meant by itself; validate() looks at options
// together.
#include "landscape/config/option_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

#include "landscape/config/text.hpp"
#include "landscape/model/choices.hpp"
#include "landscape/model/numbers.hpp"
#include "option_values.hpp"

namespace landscape {
namespace {

using Text = std::string_view;

std::string switch_text(bool value) { return value ? "true" : ""; }
std::string number_text(auto value) { return fmt::format("{}", value); }
bool positive(double x) { return x > 0.0; }

bool has_step_option(Optimizer optimizer) { return optimizer == Optimizer::adam || optimizer == Optimizer::lbfgs; }
std::int64_t default_steps(const TrainingSpec& training, Optimizer optimizer) {
  if (has_step_option(optimizer)) return training.steps_of(optimizer);
  return optimizer == Optimizer::newton ? 20 : 100;
}

// After --epochs and --lbfgs-iterations, whose numbers those behind a name replace; see settle_optimizers.
void set_optimizers(TrainingSpec& training, const std::vector<OptimizerStage>& stages) {
  TrainingSpec chosen = training;
  for (const OptimizerInfo& one : optimizers()) chosen.*one.steps = 0;
  chosen.chain.clear();
  for (const OptimizerStage& stage : stages) {
    chosen.chain.push_back(stage.optimizer);
    chosen.*info_of(stage.optimizer).steps = stage.n.value_or(default_steps(training, stage.optimizer));
  }
  training = chosen;
}

// Empty for the default; --epochs and --lbfgs-iterations have the other numbers.
std::string optimizers_text(const TrainingSpec& training) {
  if (training.chain == TrainingSpec().chain) return "";
  std::string text;
  for (const Optimizer optimizer : training.chain) {
    text += fmt::format("{}{}", text.empty() ? "" : ",", info_of(optimizer).word);
    if (!has_step_option(optimizer)) text += fmt::format(":{}", training.steps_of(optimizer));
  }
  return text;
}

std::vector<Option> make_table() {
  static const std::string kProblemNames = problem_names("|"), kProblemSummaries = problem_summaries(),
                           kActivationNames = activation_names();
  using enum OptionGroup;
  constexpr auto trains = Stage::training;
  constexpr auto evaluates = Stage::evaluation;
  constexpr auto reduces = Stage::statistics;
  constexpr auto goal = Stage::goal;
  constexpr auto run = Stage::run;
  constexpr auto kMostCount = std::numeric_limits<std::int64_t>::max();
  using C = RunConfig;
  const auto trained = [](const C& c, const std::string& text) { return c.trains_any() ? text : std::string(); };
  const auto layered = [](const C& c, const std::string& text) {
    return c.network.kind == NetworkKind::linear ? std::string() : text;
  };
  const auto in_blocks = [](const C& c, const std::string& text) {
    return has_blocks(c.network.kind) ? text : std::string();
  };
  const auto drawn = [](const C& c, const std::string& text) {
    return c.directions_from.empty() ? text : std::string();
  };

  return {
      {"output", "FILE", "results, one HDF5 file", general, run,  //
       [](C& c, Text t, Text) { c.output = t; }, [](const C& c) { return c.output; }, 'o'},
      {"overwrite", "", "replace an existing output file", general, run,
       [](C& c, Text t, Text o) { c.overwrite = parse_switch(t, o); },
       [](const C& c) { return switch_text(c.overwrite); }},
      {"resume", "", "go on with an interrupted output file", general, run,
       [](C& c, Text t, Text o) { c.resume = parse_switch(t, o); }, [](const C& c) { return switch_text(c.resume); }},
      // Before the two others, which replace their share of it.
      {"seed", "N", "of all random numbers", general, trains,
       [](C& c, Text t, Text o) { c.seed = c.training.seed = c.direction_seed = parse_seed(t, o); },
       [](const C& c) { return number_text(c.seed); }},
      {"train-seed", "N", "of the training's: first parameters, batches, points [--seed]", general, trains,
       [](C& c, Text t, Text o) { c.training.seed = parse_seed(t, o); },
       [trained](const C& c) {
         return trained(c, c.training.seed == c.seed ? std::string() : number_text(c.training.seed));
       }},
      {"direction-seed", "N", "of the random directions [--seed]", general, evaluates,
       [](C& c, Text t, Text o) { c.direction_seed = parse_seed(t, o); },
       [drawn](const C& c) {
         return drawn(c, c.direction_seed == c.seed ? std::string() : number_text(c.direction_seed));
       },
       '\0', "-connectivity"},
      {"device", "auto|cpu|cuda", "where losses are evaluated", general, run,
       [](C& c, Text t, Text o) { c.device = parse_device_choice(t, o); },
       [](const C& c) { return to_string(c.device); }},
      {"threads", "N", "per rank; 0: the rank's share of the cores", general, run,
       [](C& c, Text t, Text o) { c.threads = parse_whole<int>(t, o, 0, kMostThreads); },
       [](const C& c) { return number_text(c.threads); }},
      {"round-seconds", "S", "results reach the file about this often", general, run,
       [](C& c, Text t, Text o) { c.round_seconds = parse_real_where(t, o, positive, "above 0"); },
       [](const C& c) { return number_text(c.round_seconds); }},
      {"time-limit", "TIME", "stop resumably (exit code 75) after S, M:S, H:M:S, D-H, D-H:M or D-H:M:S", general, run,
       [](C& c, Text t, Text o) {
         c.time_limit = parse_duration(t, o);
         if (!(c.time_limit > 0.0))
           throw UsageError(fmt::format("{} {} leaves no time: leave it out for no limit.", o, t));
       },
       [](const C& c) { return c.time_limit > 0.0 ? number_text(c.time_limit) : std::string(); }},
      {"dry-run", "", "say what would be done, touch nothing", general, run,
       [](C& c, Text t, Text o) { c.dry_run = parse_switch(t, o); }, [](const C& c) { return switch_text(c.dry_run); }},
      {"quiet", "", "no header and no progress", general, run,
       [](C& c, Text t, Text o) { c.quiet = parse_switch(t, o); }, [](const C& c) { return switch_text(c.quiet); }},
      {"full-report", "", "roughness, reduce: every row of the report, not only the dozen that matter most", general,
       run, [](C& c, Text t, Text o) { c.full_report = parse_switch(t, o); },
       [](const C& c) { return switch_text(c.full_report); }, '\0', "roughness,reduce"},
      {"all", "", "verify: every profile, not a random subset", general, run,
       [](C& c, Text t, Text o) { c.all = parse_switch(t, o); }, [](const C& c) { return switch_text(c.all); }, '\0',
       "verify"},
      {"settings", "", "info: the stored settings only, as a config file", general, run,
       [](C& c, Text t, Text o) { c.settings = parse_switch(t, o); },
       [](const C& c) { return switch_text(c.settings); }, '\0', "info"},
      {"json", "", "info, reduce, compare: what they find as JSON, and nothing else", general, run,
       [](C& c, Text t, Text o) { c.json = parse_switch(t, o); }, [](const C& c) { return switch_text(c.json); }, '\0',
       "info,reduce,compare"},
      {"as-published", "", "distance: of layer_in and layer_out only", general, run,
       [](C& c, Text t, Text o) { c.as_published = parse_switch(t, o); },
       [](const C& c) { return switch_text(c.as_published); }, '\0', "distance"},

      {"dimension", "D", "of the unit cube or ball", problem, trains,
       [](C& c, Text t, Text o) { c.network.dimension = parse_whole<int>(t, o, 1, 1000); },
       [](const C& c) { return number_text(c.network.dimension); }},
      {"problem", kProblemNames, kProblemSummaries, problem, trains,
       [](C& c, Text t, Text o) { c.problem = parse_problem(t, o, c.problem); },
       [](const C& c) { return to_string(c.problem); }},
      {"boundary", "hard|penalty:BETA",
       "hard: u = N prod x_i (1 - x_i), in the ball N (1 - |x|^2); penalty: u = N, and both losses get BETA times the "
       "boundary's integral of u^2, "
       "by the same rule on each face (of N random points N / 2D) [hard]",
       problem, trains,
       [](C& c, Text t, Text o) { c.problem = Problem(c.problem->name, parse_boundary(t, o), c.problem.parameters()); },
       [](const C& c) { return c.problem.boundary().is_hard() ? std::string() : to_string(c.problem.boundary()); }},
      {kFrequency.name, "K", "of sine and helmholtz: u* = prod sin(K pi x_i), a whole number [1]", problem, trains,
       [](C& c, Text t, Text o) { c.problem = with_parameter(c.problem, kFrequency, parse_whole<int>(t, o, 1, 1000)); },
       [](const C& c) { return parameter_text(c.problem, kFrequency); }},
      {kWavenumber.name, "KAPPA", "of helmholtz: kappa [1]", problem, trains,
       [](C& c, Text t, Text o) {
         constexpr auto holds = [](double x) { return x > 0.0 && x <= 1e4; };
         c.problem = with_parameter(c.problem, kWavenumber, parse_real_where(t, o, holds, "above 0 and at most 10000"));
       },
       [](const C& c) { return parameter_text(c.problem, kWavenumber); }},
      {kDiffusivity.name, "EPS", "of convection: eps, the width of the layer at x_i = 1 [0.1]", problem, trains,
       [](C& c, Text t, Text o) {
         constexpr auto holds = [](double x) { return x >= 1e-5 && x <= 1.0; };
         c.problem = with_parameter(c.problem, kDiffusivity, parse_real_where(t, o, holds, "from 1e-5 to 1"));
       },
       [](const C& c) { return parameter_text(c.problem, kDiffusivity); }},
      {"losses", "LIST", "of ritz and galerkin [both; galerkin where there is no energy]", problem, evaluates,
       [](C& c, Text t, Text o) { c.losses = parse_words(t, o, parse_loss); },
       [](const C& c) { return join_words(c.losses); }},

      {"network", "linear|fcnet|resnet|mlp", "architecture", network, trains,
       [](C& c, Text t, Text o) { c.network.kind = parse_network_kind(t, o); },
       [](const C& c) { return to_string(c.network.kind); }},
      {"width", "W", "neurons per layer", network, trains,
       [](C& c, Text t, Text o) { c.network.width = parse_whole<int>(t, o, 0, 4096); },
       [in_blocks](const C& c) { return in_blocks(c, number_text(c.network.width)); }},
      {"blocks", "B", "residual blocks, or pairs of hidden layers", network, trains,
       [](C& c, Text t, Text o) { c.network.blocks = parse_whole<int>(t, o, 0, 100); },
       [in_blocks](const C& c) { return in_blocks(c, number_text(c.network.blocks)); }},
      {"layers", "LIST", "mlp: widths of the hidden layers, from the input on [16,16]", network, trains,
       [](C& c, Text t, Text o) { c.network.layers = parse_layers(t, o); },
       [](const C& c) { return layers_text(c.network.layers); }},
      {"activation", "NAME", kActivationNames, network, trains,
       [](C& c, Text t, Text o) { c.network.activation = parse_activation(t, o); },
       [layered](const C& c) { return layered(c, to_string(c.network.activation)); }},

      {"init", "NAME", "first parameters: xavier, normal, uniform or pytorch", training, trains,
       [](C& c, Text t, Text o) { c.training.init = parse_initialisation(t, o); },
       [trained](const C& c) { return trained(c, c.training.start.empty() ? to_string(c.training.init) : ""); }},
      {"start", "FILE", "continue from a minimizer: .safetensors, or an output file", training, trains,
       [](C& c, Text t, Text) { c.training.start = t; }, [trained](const C& c) { return trained(c, c.training.start); },
       '\0', "-study,connectivity"},
      {"start-minimizer", "NAME", "of those in the start's file [the loss's own, else the only one]", training, trains,
       [](C& c, Text t, Text) { c.training.start_minimizer = t; },
       [trained](const C& c) { return trained(c, c.training.start_minimizer); }, '\0', "-study,connectivity"},
      {"start-parameters", "CRC", "refuse a start whose parameters have another checksum", training, trains,
       [](C& c, Text t, Text) { c.training.start_parameters = t; },
       [trained](const C& c) { return trained(c, c.training.start_parameters); }, '\0', "-study,connectivity"},
      {"epochs", "N", "of Adam", training, trains,
       [](C& c, Text t, Text o) { c.training.epochs = parse_whole<std::int64_t>(t, o, 0, kMostCount); },
       [trained](const C& c) { return trained(c, number_text(c.training.epochs)); }},
      {"learning-rate", "R", "of Adam", training, trains,
       [](C& c, Text t, Text o) { c.training.learning_rate = parse_real_where(t, o, positive, "above 0"); },
       [trained](const C& c) { return trained(c, number_text(c.training.learning_rate)); }},
      {"decay-every", "N", "epochs between decays; 0: constant rate", training, trains,
       [](C& c, Text t, Text o) { c.training.decay_every = parse_whole<std::int64_t>(t, o, 0, kMostCount); },
       [trained](const C& c) { return trained(c, number_text(c.training.decay_every)); }},
      {"decay-factor", "F", "of the learning rate at each decay", training, trains,
       [](C& c, Text t, Text o) {
         c.training.decay_factor = parse_real_where(
             t, o, [](double x) { return x > 0.0 && x <= 1.0; }, "above 0 and at most 1");
       },
       [trained](const C& c) { return trained(c, number_text(c.training.decay_factor)); }},
      {"batch", "N", "points per step; 0: all", training, trains,
       [](C& c, Text t, Text o) { c.training.batch = parse_whole<std::int64_t>(t, o, 0, kMostCount); },
       [trained](const C& c) { return trained(c, number_text(c.training.batch)); }},
      {"train-quadrature", "RULE", "the same for training [the same; above d = 3 sobol:1024]", training, trains,
       [](C& c, Text t, Text o) { c.training.quadrature = parse_quadrature(t, o); },
       [trained](const C& c) { return trained(c, to_string(c.training.quadrature)); }},
      {"train-points", "fixed|redrawn", "random points: one set, or new ones each epoch [fixed; redrawn above d = 3]",
       training, trains, [](C& c, Text t, Text o) { c.training.points = parse_training_points(t, o); },
       [trained](const C& c) { return trained(c, to_string(c.training.points)); }},
      {"lbfgs-iterations", "N", "at most, after Adam [1000; 0 with redrawn points above d = 3]", training, trains,
       [](C& c, Text t, Text o) { c.training.lbfgs_iterations = parse_whole<std::int64_t>(t, o, 0, kMostCount); },
       [trained](const C& c) { return trained(c, number_text(c.training.lbfgs_iterations)); }},
      {"optimizer", "LIST",
       "in this order, of adam, lbfgs, gauss-newton and newton, each NAME or NAME:N for N epochs or iterations "
       "[adam,lbfgs]",
       training, trains, [](C& c, Text t, Text o) { set_optimizers(c.training, parse_optimizers(t, o)); },
       [trained](const C& c) { return trained(c, optimizers_text(c.training)); }},
      {"history-every", "N", "epochs between records of the loss", training, trains,
       [](C& c, Text t, Text o) { c.training.history_every = parse_whole<std::int64_t>(t, o, 1, kMostCount); },
       [trained](const C& c) { return trained(c, number_text(c.training.history_every)); }},

      {"train-ranks", "auto|all|root",
       "who computes a step: all ranks, each on its share of the points, or the first alone [auto: the faster]",
       training, run, [](C& c, Text t, Text o) { c.train_ranks = parse_train_ranks(t, o); },
       [](const C& c) { return to_string(c.train_ranks); }, '\0', "-study,connectivity"},

      {"every", "K", "trajectory: epochs between checkpoints [a twentieth of them]", training, trains,
       [](C& c, Text t, Text o) { c.training.path_every = parse_whole<std::int64_t>(t, o, 1, kMostCount); },
       [](const C& c) { return c.training.path_every > 0 ? number_text(c.training.path_every) : std::string(); }, '\0',
       "trajectory"},

      {"vary", "LISTS",
       "study: options and their values, as \"width=2,4 train-seed=1:20\": every combination is trained", training,
       trains, [](C& c, Text t, Text o) { c.study.vary = parse_factors(t, o); },
       [](const C& c) { return to_string(c.study.vary); }, '\0', "study"},
      {"seeds", "K",
       "connectivity: minimizers of each loss, trained with the seeds train-seed, train-seed + 1, ... [8]", training,
       trains, [](C& c, Text t, Text o) { c.connectivity.seeds = parse_whole<std::int64_t>(t, o, 2, 10'000); },
       [](const C& c) { return number_text(c.connectivity.seeds); }, '\0', "connectivity"},
      {"eigenvalues", "", "study, trajectory: the largest and the smallest of each Hessian, too", profiles, evaluates,
       [](C& c, Text t, Text o) { c.eigenvalues = parse_switch(t, o); },
       [](const C& c) { return switch_text(c.eigenvalues); }, '\0', "study,trajectory"},
      {"barriers", "", "study: the loss barrier to the minimizer of another seed, for which each row trains twice",
       profiles, evaluates, [](C& c, Text t, Text o) { c.barriers = parse_switch(t, o); },
       [](const C& c) { return switch_text(c.barriers); }, '\0', "study"},

      {"minimizer", "FILE", "do not train: .safetensors, or an output file", load, evaluates,
       [](C& c, Text t, Text) { c.minimizer = t; }, [](const C& c) { return c.minimizer; }, '\0',
       "-study,connectivity"},
      {"minimizer-ritz", "FILE", "the same for one loss", load, evaluates,
       [](C& c, Text t, Text) { c.minimizer_ritz = t; }, [](const C& c) { return c.minimizer_ritz; }, '\0',
       "-study,connectivity"},
      {"minimizer-galerkin", "FILE", "the same for one loss", load, evaluates,
       [](C& c, Text t, Text) { c.minimizer_galerkin = t; }, [](const C& c) { return c.minimizer_galerkin; }, '\0',
       "-study,connectivity"},

      {"minimum-check", "auto|on|off",
       "say of each minimizer whether it is one, by gradient and Hessian [auto: where that costs little]", load, run,
       [](C& c, Text t, Text o) { c.minimum_check = parse_minimum_check(t, o); },
       [](const C& c) { return to_string(c.minimum_check); }, '\0', "-study,connectivity"},

      {"directions", "M", "random directions", directions, evaluates,
       [](C& c, Text t, Text o) { c.n_directions = parse_whole<std::int64_t>(t, o, 1, std::int64_t{1} << 40); },
       [](const C& c) { return number_text(c.n_directions); }, 'n', "-surface,spectrum,connectivity"},
      {"until-ci", "REL", "add directions until every interval's relative half-width is REL", directions, goal,
       [](C& c, Text t, Text o) { c.until_ci = parse_real_where(t, o, positive, "above 0"); },
       [](const C& c) { return c.until_ci > 0.0 ? number_text(c.until_ci) : std::string(); }, '\0', "roughness"},
      {"max-directions", "N", "at most, with --until-ci [10000]", directions, goal,
       [](C& c, Text t, Text o) { c.max_directions = parse_whole<std::int64_t>(t, o, 1, std::int64_t{1} << 40); },
       [](const C& c) { return c.until_ci > 0.0 ? number_text(c.max_directions) : std::string(); }, '\0', "roughness"},
      {"norm", "NAME", "filter, layer, weight, dfilter, dlayer or none (also --xnorm, --ynorm)", directions, evaluates,
       [](C& c, Text t, Text o) { c.norm = parse_direction_norm(t, o); },
       [drawn](const C& c) { return drawn(c, to_string(c.norm)); }, '\0', "-spectrum,connectivity"},
      {"bias", "zero|copy|random|gaussian", "what directions do to biases (also --xignore biasbn: zero)", directions,
       evaluates, [](C& c, Text t, Text o) { c.bias = parse_bias_mode(t, o); },
       [drawn](const C& c) { return drawn(c, to_string(c.bias)); }, '\0', "-spectrum,connectivity"},
      {"directions-from", "FILE", "directions stored in an output file, or a spectrum's eigenvectors", directions,
       evaluates, [](C& c, Text t, Text) { c.directions_from = t; }, [](const C& c) { return c.directions_from; }, '\0',
       "-trajectory,spectrum,study,directions,connectivity"},
      {"direction-kind", "LIST",
       "directions: random, top:K, bulk:K (of the Hessian's K leading eigenvectors, or without them), gradient, adam, "
       "towards (the other loss's minimizer), worst [all, of K = 5]",
       directions, evaluates, [](C& c, Text t, Text o) { c.direction_kinds = parse_words(t, o, parse_direction_kind); },
       [](const C& c) { return join_words(c.direction_kinds); }, '\0', "directions"},
      {"save-directions", "", "store the directions in the output file", directions, run,
       [](C& c, Text t, Text o) { c.save_directions = parse_switch(t, o); },
       [](const C& c) { return switch_text(c.save_directions); }, '\0',
       "-surface,spectrum,trajectory,study,connectivity"},

      {"grid", "MIN:MAX:NUM|auto",
       "steps along a direction, both ends included; auto, of roughness: [-l, l] for the l on which the index depends "
       "least",
       profiles, evaluates,
       [](C& c, Text t, Text o) {
         const GridRule rule = c.grid.rule;
         c.grid_auto = t == "auto";
         c.grid = c.grid_auto ? ProfileGrid{} : parse_grid(t, o);
         c.grid.rule = rule;
       },
       [](const C& c) { return c.grid_auto ? std::string("auto") : to_string(c.grid); }, '\0',
       "-sweep,surface,spectrum,connectivity"},
      {"grid-rule", "even|arange", "arange: the released code's rounding", profiles, evaluates,
       [](C& c, Text t, Text o) { c.grid.rule = parse_grid_rule(t, o); },
       [](const C& c) { return to_string(c.grid.rule); }, '\0', "-sweep,surface,spectrum,connectivity"},
      {"sweep-radius", "LIST", "sweep: half-widths of the grids [0.01,0.02,0.1,1]", profiles, evaluates,
       [](C& c, Text t, Text o) {
         c.sweep_radius = parse_list<double>(
             t, o, [](Text word, Text name) { return parse_real_where(word, name, positive, "above 0"); });
       },
       [](const C& c) { return fmt::format("{}", fmt::join(c.sweep_radius, ",")); }, '\0', "sweep"},
      {"sweep-intervals", "LIST", "sweep: numbers of intervals of the grids [10,20,50,100,200]", profiles, evaluates,
       [](C& c, Text t, Text o) {
         c.sweep_intervals = parse_list<std::int64_t>(
             t, o, [](Text word, Text name) { return parse_whole<std::int64_t>(word, name, 1, 1'000'000); });
       },
       [](const C& c) { return fmt::format("{}", fmt::join(c.sweep_intervals, ",")); }, '\0', "sweep"},
      {"x", "MIN:MAX:NUM", "surface: points along the first direction [-1:1:51; through minimizers -0.5:1.5:41]",
       profiles, evaluates, [](C& c, Text t, Text o) { c.surface.x = parse_grid(t, o); },
       [](const C& c) { return c.surface.x ? to_string(*c.surface.x) : std::string(); }, '\0', "surface"},
      {"y", "MIN:MAX:NUM", "surface: along the second one [as --x; without it, --x makes a line]", profiles, evaluates,
       [](C& c, Text t, Text o) { c.surface.y = parse_grid(t, o); },
       [](const C& c) { return c.surface.y ? to_string(*c.surface.y) : std::string(); }, '\0', "surface"},
      {"through", "A,B[,C]",
       "surface: through minimizers at (0,0), (1,0) and (0,1): ritz, galerkin, FILE or FILE:NAME [random directions]",
       profiles, evaluates, [](C& c, Text t, Text o) { c.surface.through = parse_minimizers(t, o); },
       [](const C& c) { return fmt::format("{}", fmt::join(c.surface.through, ",")); }, '\0', "surface"},
      {"around", "own|other|both",
       "surface, spectrum: each loss around its own minimizer, the other loss's, or both [own]", profiles, evaluates,
       [](C& c, Text t, Text o) { c.around = parse_around(t, o); },
       [](const C& c) { return c.around == Around::own ? std::string() : to_string(c.around); }, '\0',
       "surface,spectrum"},
      {"orthogonal", "", "surface: the second direction without its part along the first", profiles, evaluates,
       [](C& c, Text t, Text o) { c.surface.orthogonal = parse_switch(t, o); },
       [](const C& c) { return switch_text(c.surface.orthogonal); }, '\0', "surface"},
      {"match", "", "surface: also with the hidden units of B in the order (and signs) nearest to A; of --through A,B",
       profiles, evaluates, [](C& c, Text t, Text o) { c.surface.match = parse_switch(t, o); },
       [](const C& c) { return switch_text(c.surface.match); }, '\0', "surface"},
      {"redraw", "", "surface: two new random directions at every point, as published", profiles, evaluates,
       [](C& c, Text t, Text o) { c.surface.redraw = parse_switch(t, o); },
       [](const C& c) { return switch_text(c.surface.redraw); }, '\0', "surface"},
      {"path", "",
       "of a training, as a file of `trajectory` has it: surface: the plane of its two principal components; spectrum: "
       "at each of its checkpoints",
       profiles, evaluates, [](C& c, Text t, Text o) { c.along_path = parse_switch(t, o); },
       [](const C& c) { return switch_text(c.along_path); }, '\0', "surface,spectrum"},
      {"path-checkpoints", "K", "of a loaded path: refuse one with another number of checkpoints", profiles, evaluates,
       [](C& c, Text t, Text o) { c.path_checkpoints = parse_whole<std::int64_t>(t, o, 1, 100'000); },
       [](const C& c) { return c.path_checkpoints > 0 ? number_text(c.path_checkpoints) : std::string(); }, '\0',
       "surface,spectrum,trajectory"},
      {"method", "auto|dense|lanczos",
       "spectrum: the whole Hessian and all its eigenvalues, or Lanczos from random probes [dense up to 5000 "
       "parameters]",
       profiles, evaluates,
       [](C& c, Text t, Text o) {
         c.spectrum.method = t == "auto" ? std::nullopt : std::optional<SpectrumMethod>(parse_spectrum_method(t, o));
       },
       [](const C& c) { return c.spectrum.method ? to_string(*c.spectrum.method) : std::string(); }, '\0', "spectrum"},
      {"probes", "N", "spectrum: random vectors of lanczos [10]", profiles, evaluates,
       [](C& c, Text t, Text o) { c.spectrum.probes = parse_whole<std::int64_t>(t, o, 1, 1'000'000); },
       [](const C& c) { return c.is_lanczos() ? number_text(c.spectrum.probes) : std::string(); }, '\0', "spectrum"},
      {"lanczos-steps", "M", "spectrum: products with the Hessian per probe [100]", profiles, evaluates,
       [](C& c, Text t, Text o) { c.spectrum.steps = parse_whole<std::int64_t>(t, o, 1, 100'000); },
       [](const C& c) { return c.is_lanczos() ? number_text(c.spectrum.steps) : std::string(); }, '\0', "spectrum"},
      {"probe-entries", "rademacher|gaussian", "spectrum: of the probes [rademacher]", profiles, evaluates,
       [](C& c, Text t, Text o) { c.spectrum.entries = parse_probe_entries(t, o); },
       [](const C& c) { return c.is_lanczos() ? to_string(c.spectrum.entries) : std::string(); }, '\0', "spectrum"},
      {"restrict", "NAME", "spectrum: to the parameters of one layer or tensor: layer1 or layer1.weight", profiles,
       evaluates, [](C& c, Text t, Text) { c.spectrum.restrict_to = t; },
       [](const C& c) { return c.spectrum.restrict_to; }, '\0', "spectrum"},
      {"eigenvectors", "K", "spectrum: store those of the K largest and the K smallest eigenvalues; dense [0]",
       profiles, evaluates,
       [](C& c, Text t, Text o) { c.spectrum.eigenvectors = parse_whole<std::int64_t>(t, o, 0, 1000); },
       [](const C& c) { return c.spectrum.eigenvectors > 0 ? number_text(c.spectrum.eigenvectors) : std::string(); },
       '\0', "spectrum"},
      {"pairs", "N",
       "connectivity: of minimizers, at most; fewer than all have each minimizer about equally often [200]", profiles,
       evaluates, [](C& c, Text t, Text o) { c.connectivity.pairs = parse_whole<std::int64_t>(t, o, 1, 1'000'000); },
       [](const C& c) { return number_text(c.connectivity.pairs); }, '\0', "connectivity"},
      {"t-points", "P", "connectivity: even points t of [0, 1] along each path, both ends included [51]", profiles,
       evaluates, [](C& c, Text t, Text o) { c.connectivity.t_points = parse_whole<std::int64_t>(t, o, 3, 1'000'000); },
       [](const C& c) { return number_text(c.connectivity.t_points); }, '\0', "connectivity"},
      {"curve-iterations", "N", "connectivity: of L-BFGS for each curve, at most; 0: straight paths only [200]",
       profiles, evaluates,
       [](C& c, Text t, Text o) { c.connectivity.curve_iterations = parse_whole<std::int64_t>(t, o, 0, 1'000'000); },
       [](const C& c) { return number_text(c.connectivity.curve_iterations); }, '\0', "connectivity"},
      {"curve-nodes", "N", "connectivity: Gauss points t of the mean loss that a curve makes small [16]", profiles,
       evaluates, [](C& c, Text t, Text o) { c.connectivity.curve_nodes = parse_whole<std::int64_t>(t, o, 2, 1000); },
       [](const C& c) {
         return c.connectivity.curve_iterations > 0 ? number_text(c.connectivity.curve_nodes) : std::string();
       },
       '\0', "connectivity"},
      {"precondition", "LIST",
       "spectrum: also the Hessian's eigenvalues against what optimizers precondition by, of gauss-newton, energy, "
       "adam "
       "and lbfgs; dense [none]",
       profiles, evaluates,
       [](C& c, Text t, Text o) { c.spectrum.preconditioners = parse_words(t, o, parse_preconditioner); },
       [](const C& c) { return join_words(c.spectrum.preconditioners); }, '\0', "spectrum"},
      {"quadrature", "RULE",
       "simpson:N, gauss:N, monte-carlo:N, sobol:N, simpson-as-published:N [simpson:100, gauss:24, gauss:16 for d = 1, "
       "2, 3, "
       "else sobol:4096]",
       profiles, evaluates, [](C& c, Text t, Text o) { c.quadrature = parse_quadrature(t, o); },
       [](const C& c) { return to_string(c.quadrature); }},
      {"point-sets", "K", "the same with K independent sets of random points: how much is the integrator?", profiles,
       evaluates, [](C& c, Text t, Text o) { c.point_sets = parse_whole<int>(t, o, 2, 100); },
       [](const C& c) { return c.point_sets > 0 ? number_text(c.point_sets) : std::string(); }, '\0', "roughness"},
      {"metrics", "LIST",
       "of reference, l2, h1 and gradient, along the same directions: the loss on the reference's points, the relative "
       "errors of u, the length of the loss's gradient",
       profiles, evaluates, [](C& c, Text t, Text o) { c.metrics = parse_words(t, o, parse_metric); },
       [](const C& c) { return join_words(c.metrics); }, '\0', "roughness"},
      {"reference-quadrature", "RULE",
       "of --point-sets and --metrics, as good as exact [gauss, many sobol points above d = 3]", profiles, evaluates,
       [](C& c, Text t, Text o) { c.reference_quadrature = parse_quadrature(t, o); },
       [](const C& c) { return c.reference_quadrature ? to_string(*c.reference_quadrature) : std::string(); }, '\0',
       "roughness"},

      {"precision", "double|single", "of the losses; single is for comparison, on the CPU [double]", profiles,
       evaluates, [](C& c, Text t, Text o) { c.precision = parse_precision(t, o); },
       [](const C& c) { return c.precision == Precision::double_precision ? std::string() : to_string(c.precision); },
       '\0', "roughness,trajectory"},

      {"bootstrap", "N", "resamples for the intervals", statistics, reduces,
       [](C& c, Text t, Text o) { c.bootstrap = parse_whole<int>(t, o, 1, 10'000'000); },
       [](const C& c) { return number_text(c.bootstrap); }},
      {"confidence", "P", "of the intervals", statistics, reduces,
       [](C& c, Text t, Text o) {
         c.confidence = parse_real_where(
             t, o, [](double x) { return x > 0.0 && x < 1.0; }, "between 0 and 1");
       },
       [](const C& c) { return number_text(c.confidence); }},
      {"interval", "METHOD", "automatic, studentised, bca or percentile [automatic]", statistics, reduces,
       [](C& c, Text t, Text o) { c.interval = parse_interval_method(t, o); },
       [](const C& c) { return c.interval == IntervalMethod::automatic ? std::string() : to_string(c.interval); }},
      {"rank-tolerance", "T",
       "spectrum: of a preconditioner, eigenvalues below T times its largest one count as zero [1e-6]", statistics,
       reduces,
       [](C& c, Text t, Text o) {
         c.spectrum.rank_tolerance = parse_real_where(
             t, o, [](double x) { return x > 0.0 && x < 1.0; }, "between 0 and 1");
       },
       [](const C& c) {
         return c.spectrum.preconditioners.empty() ? std::string() : number_text(c.spectrum.rank_tolerance);
       },
       '\0', "spectrum"},
  };
}

}  // namespace

const std::vector<Option>& option_table() {
  static const std::vector<Option> table = make_table();
  return table;
}

bool Option::means_something_to(std::string_view name_of_command) const {
  if (command.empty()) return true;
  const bool all_but = command.starts_with('-');
  const bool is_named = std::ranges::count(split(command.substr(all_but ? 1 : 0), ','), name_of_command) > 0;
  return is_named != all_but;
}

const Option* find_option(std::string_view name) {
  const auto& table = option_table();
  const auto at =
      std::find_if(table.begin(), table.end(), [name](const Option& option) { return option.name == name; });
  return at == table.end() ? nullptr : &*at;
}

std::string_view name_of_typed(std::string_view typed) {
  // tomgoldstein/loss-landscape has one for each axis.
  if (typed == "xnorm" || typed == "ynorm") return "norm";
  if (typed == "xignore" || typed == "yignore") return "bias";
  return typed;
}

const Option* find_option(char letter) {
  const auto& table = option_table();
  const auto at = std::find_if(table.begin(), table.end(),
                               [letter](const Option& option) { return letter != '\0' && option.letter == letter; });
  return at == table.end() ? nullptr : &*at;
}

std::string_view group_title(OptionGroup group) {
  constexpr std::array<std::string_view, 8> kTitles{"General", "Problem",    "Network",  "Training",
                                                    "Load",    "Directions", "Profiles", "Statistics"};
  return kTitles[static_cast<std::size_t>(group)];
}

}  // namespace landscape
