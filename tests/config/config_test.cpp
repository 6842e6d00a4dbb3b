// Where an option's value comes from, and what the resolved text keeps.
#include <gtest/gtest.h>

#include <filesystem>

#include "config_fixture.hpp"
#include "landscape/config/option_table.hpp"

namespace landscape {
namespace {

namespace fs = std::filesystem;

TEST_F(Config, DefaultsAreTheOneDimensionalMainJob) {
  const RunConfig config = parse({});
  EXPECT_EQ(config.losses, (std::vector{LossKind::ritz, LossKind::galerkin}));
  EXPECT_EQ(config.network, (NetworkSpec{NetworkKind::resnet, Activation::swish, 1, 4, 1}));
  EXPECT_EQ(to_string(config.grid), "-1:1:101");
  EXPECT_EQ(config.n_directions, 100);
  EXPECT_EQ(to_string(config.quadrature), "simpson:100");
  EXPECT_EQ(count_items(roughness_analysis().work(config)), 2 * 100 * 101);
}

TEST_F(Config, TheBoundaryBelongsToTheProblemWhateverTheOrder) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--boundary=penalty:1e2", "--problem=reaction"},
        {"--problem=reaction", "--boundary=penalty:100"}}) {
    const RunConfig config = parse(arguments);
    EXPECT_EQ(config.problem, Problem("reaction", Boundary{100.0}));
    EXPECT_EQ(parse_resolved_text(resolved_text(config), "roughness").problem, config.problem);
    EXPECT_NE(defining_text(config).find("boundary = penalty:100\n"), std::string::npos);
    EXPECT_EQ(find_option("boundary")->stage, Stage::training);
  }
  EXPECT_EQ(config_hash(parse({"--boundary=hard"})), config_hash(parse({})));
  EXPECT_NE(config_hash(parse({"--boundary=penalty:1"})), config_hash(parse({})));
  EXPECT_NE(config_hash(parse({"--boundary=penalty:1"})), config_hash(parse({"--boundary=penalty:2"})));
  EXPECT_EQ(refusal({"--boundary=soft"}),
            "--boundary 'soft' is unknown: choose hard or penalty:BETA, for example penalty:100.");
}

TEST_F(Config, AParameterBelongsToTheProblemWhateverTheOrder) {
  const Parameters parameters{.frequency = 2.0, .wavenumber = 10.5};
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--wavenumber=10.5", "--frequency=2", "--problem=helmholtz", "--boundary=penalty:7"},
        {"--boundary=penalty:7", "--problem=helmholtz", "--frequency=2", "--wavenumber=1.05e1"}}) {
    const RunConfig config = parse(arguments);
    EXPECT_EQ(config.problem, Problem("helmholtz", Boundary{7.0}, parameters));
    EXPECT_EQ(parse_resolved_text(resolved_text(config), "roughness").problem, config.problem);
    EXPECT_NE(defining_text(config).find("frequency = 2\n"), std::string::npos);
    EXPECT_NE(defining_text(config).find("wavenumber = 10.5\n"), std::string::npos);
  }
  for (const Parameter& parameter : kParameters) EXPECT_EQ(find_option(parameter.name)->stage, Stage::training);
  EXPECT_EQ(config_hash(parse({"--frequency=1"})), config_hash(parse({}))) << "files of before keep their hash";
  EXPECT_NE(config_hash(parse({"--frequency=2"})), config_hash(parse({})));
  EXPECT_NE(config_hash(parse({"--problem=convection", "--diffusivity=0.2"})),
            config_hash(parse({"--problem=convection"})));
}

TEST_F(Config, AParameterThatTheProblemLacksIsRefusedOrGoesWithItsPreset) {
  EXPECT_EQ(refusal({"--wavenumber=2"}),
            "--problem sine has no --wavenumber: leave that out, or give --problem helmholtz.");
  EXPECT_EQ(refusal({"--problem=cubic", "--frequency=1"}),
            "--problem cubic has no --frequency: leave that out, or give --problem sine or helmholtz.");
  write("waves.cfg", "problem = helmholtz\nwavenumber = 10\nfrequency = 3\n");
  EXPECT_EQ(parse({"--preset=waves", "--problem=sine"}).problem, Problem("sine", {}, {.frequency = 3.0}));
  EXPECT_EQ(parse({"--preset=waves"}).problem, Problem("helmholtz", {}, {.frequency = 3.0, .wavenumber = 10.0}));
}

TEST_F(Config, WithoutAnEnergyTheLossesAreGalerkinAlone) {
  EXPECT_EQ(parse({"--problem=convection"}).losses, std::vector{LossKind::galerkin});
  EXPECT_EQ(refusal({"--problem=convection", "--minimizer-ritz=m.h5"}),
            "--problem convection has no Ritz loss: drop --minimizer-ritz.");
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--problem=convection", "--losses=ritz,galerkin"},
        {"--problem=convection", "--losses=ritz"}})
    EXPECT_NE(refusal(arguments).find("not self-adjoint and belongs to no energy: give --losses galerkin."),
              std::string::npos);
}

TEST_F(Config, DefaultQuadraturesFitTheDimension) {
  const auto rules = [](const std::vector<std::string>& arguments) {
    const RunConfig config = parse_resolved_text(resolved_text(parse(arguments)), "roughness");
    return to_string(config.quadrature) + " " + to_string(config.training.quadrature) + " " +
           to_string(config.training.points) + " " + std::to_string(config.training.lbfgs_iterations);
  };
  EXPECT_EQ(rules({"--dimension=2"}), "gauss:24 gauss:24 fixed 1000");
  EXPECT_EQ(rules({"--dimension=3"}), "gauss:16 gauss:16 fixed 1000");
  EXPECT_EQ(rules({"--dimension=10"}), "sobol:4096 sobol:1024 redrawn 0");
  EXPECT_EQ(rules({"--dimension=10", "--lbfgs-iterations=7"}), "sobol:4096 sobol:1024 redrawn 7");
  EXPECT_EQ(rules({"--dimension=10", "--train-points=fixed"}), "sobol:4096 sobol:4096 fixed 1000");
  EXPECT_EQ(rules({"--dimension=10", "--train-points=redrawn"}), rules({"--dimension=10"}));
  EXPECT_EQ(rules({"--dimension=10", "--train-quadrature=sobol:64"}), "sobol:4096 sobol:64 redrawn 0");
  EXPECT_EQ(rules({"--dimension=4", "--train-quadrature=gauss:3"}), "sobol:4096 gauss:3 fixed 1000");
  EXPECT_EQ(rules({"--dimension=3", "--quadrature=gauss:4"}), "gauss:4 gauss:16 fixed 1000");
}

TEST_F(Config, CommandLineBeatsConfigFileBeatsPresetBeatsDefaults) {
  write("wide.cfg", "width = 7\nblocks = 2\ndirections = 11\nseed = 5\n");
  const std::string file = write("mine.cfg", "width = 8\ndirections = 12   # more\n\n# a comment\n");
  const RunConfig config = parse({"--preset", "wide", "--config", file, "--directions=13"});
  EXPECT_EQ(config.n_directions, 13);   // command line
  EXPECT_EQ(config.network.width, 8);   // --config
  EXPECT_EQ(config.network.blocks, 2);  // --preset
  EXPECT_EQ(config.seed, 5u);           // --preset
  EXPECT_EQ(config.training.seed, 5u);
  EXPECT_EQ(config.training.epochs, RunConfig().training.epochs);
}

TEST_F(Config, AConfigFileMayNameAPreset) {
  write("wide.cfg", "width = 7\n");
  write("narrow.cfg", "width = 2\n");
  const std::string file = write("mine.cfg", "preset = wide\n");
  EXPECT_EQ(parse({"--config=" + file}).network.width, 7);
  EXPECT_EQ(parse({"--config=" + file, "--preset=narrow"}).network.width, 2);
}

TEST_F(Config, APresetMayBeAnotherOneWithChanges) {
  write("base.cfg", "width = 7\nblocks = 2\n");
  write("changed.cfg", "preset = base\nwidth = 3\n");
  const RunConfig config = parse({"--preset=changed"});
  EXPECT_EQ(config.network.width, 3);
  EXPECT_EQ(config.network.blocks, 2);
  EXPECT_EQ(parse({"--config", write("mine.cfg", "preset = changed\nblocks = 4\n")}).network.blocks, 4);
  write("one.cfg", "preset = other\nwidth = 5\n");
  write("other.cfg", "preset = one\nwidth = 6\n");
  EXPECT_THROW(parse({"--preset=one"}), UsageError) << "a circle";
}

TEST_F(Config, AFileMayNameItsCommandAndATypedOneWins) {
  const auto command = [](const std::vector<std::string>& arguments) {
    return std::string(parse_command_line(command_table(), arguments).command->name);
  };
  write("base.cfg", "command = sweep\nwidth = 7\n");
  write("path.cfg", "preset = base\ncommand = trajectory\n");
  const std::string file = write("mine.cfg", "preset = base\nblocks = 2\n");
  EXPECT_EQ(command({"--preset=base"}), "sweep");
  EXPECT_EQ(command({"--preset=path"}), "trajectory") << "the stronger file's";
  EXPECT_EQ(command({"--config", file}), "sweep");
  EXPECT_EQ(command({"train", "--preset=path"}), "train");
  EXPECT_EQ(parse({"--preset=base"}).network.width, 7) << "the line is no option";
  for (const std::string name : {"info", "resume", "sweeep"}) {
    write("wrong.cfg", "command = " + name + "\n");
    const std::string sentence = refusal({"--preset=wrong"});
    EXPECT_NE(sentence.find("wrong.cfg: command = " + name), std::string::npos) << sentence;
  }
  EXPECT_NE(refusal({"--command=sweep"}).find("unknown"), std::string::npos) << "typed as a word only";
}

TEST_F(Config, PublishedPresetsAreTheCorrectedOnesWithEverySlip) {
  setenv("LANDSCAPE_PRESETS", LANDSCAPE_SOURCE_JOBS, 1);
  for (const std::string size : {"1d", "3d", "10d"}) {
    const RunConfig published = parse({"--preset=published-" + size}),
                    corrected = parse({"--preset=corrected-" + size});
    EXPECT_EQ(published.grid.rule, GridRule::arange);
    EXPECT_EQ(published.bias, BiasMode::copy);
    EXPECT_EQ(corrected.grid.rule, GridRule::even);
    EXPECT_EQ(corrected.bias, BiasMode::zero);
    RunConfig back = published;
    back.grid.rule = corrected.grid.rule;
    back.bias = corrected.bias;
    if (size == "1d") {
      EXPECT_EQ(published.quadrature, (QuadratureRule{QuadratureKind::simpson_as_published, 100}));
      EXPECT_EQ(corrected.quadrature, (QuadratureRule{QuadratureKind::simpson, 100}));
      EXPECT_EQ(published.training.quadrature, published.quadrature);
      back.quadrature = corrected.quadrature;
      back.training.quadrature = corrected.training.quadrature;
    }
    EXPECT_EQ(defining_text(back), defining_text(corrected)) << size;
  }
}

TEST_F(Config, EveryPresetOfTheTreeParses) {
  setenv("LANDSCAPE_PRESETS", LANDSCAPE_SOURCE_JOBS, 1);
  int n_presets = 0;
  for (const std::string& jobs : preset_folders()) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(jobs, error)) {
      if (entry.path().extension() != ".cfg") continue;
      EXPECT_NO_THROW(parse({"--preset", entry.path().stem().string()})) << entry.path();
      ++n_presets;
    }
  }
  EXPECT_GT(n_presets, 0);
}

TEST_F(Config, NegativeValuesNeedNoEqualsSign) {
  EXPECT_EQ(to_string(parse({"--grid", "-1:1:21"}).grid), "-1:1:21");
  EXPECT_EQ(to_string(parse({"--grid", "-.5:.5:21"}).grid), "-0.5:0.5:21");
  EXPECT_NE(refusal({"--epochs", "-1"}).find("--epochs '-1'"), std::string::npos);
}

TEST_F(Config, TimeLimitsAreReadAsSlurmWritesThem) {
  const std::vector<std::pair<std::string, double>> cases{
      {"90", 90.0},       {"0.5", 0.5},         {"1e-3", 1e-3},          {"15:00", 900.0},
      {"90:00", 5400.0},  {"3:55:00", 14100.0}, {"72:00:00", 259200},    {"1-0", 86400.0},
      {"2-12", 216000.0}, {"1-06:30", 109800},  {"1-00:00:00", 86400.0}, {"3-23:59:59", 345599.0},
  };
  for (const auto& [text, seconds] : cases) EXPECT_EQ(parse({"--time-limit", text}).time_limit, seconds) << text;
}

TEST_F(Config, DurationsThatMeanNothingAreRefused) {
  for (const char* text : {"1-",       "-1",    "-1:00", "1-00:00:00:00", "1:00:00:00", "1-24",  "1-0:60",
                           "1-0:0:60", "1:60",  "1--2",  "1-2-3",         "1.5-0",      "d-1",   ":30",
                           "1:",       "1-:30", "inf",   "nan",           "1e400",      "1 day", "0-0:00:00"}) {
    const std::string message = refusal({"--time-limit=" + std::string(text)});
    EXPECT_NE(message.find("--time-limit"), std::string::npos) << text << ": " << message;
  }
  EXPECT_NE(refusal({"--time-limit=" + std::string(400, '9') + "-0"}).find("is not a duration"), std::string::npos);
  EXPECT_NE(refusal({"--time-limit=soon"}).find("D-H:M:S"), std::string::npos);
}

TEST_F(Config, ResolvedTextReadsBackToTheSameConfiguration) {
  const RunConfig config =
      parse({"--seed=18446744073709551615", "--grid=-0.1:0.3:7", "--grid-rule=arange", "--learning-rate=3e-4",
             "--output=a b.h5", "--resume", "--quiet", "--time-limit=1:02:03", "--losses=galerkin",
             "--minimizer=net.safetensors", "--directions-from=d.h5", "--device=cpu"});
  EXPECT_EQ(config.time_limit, 3723.0);
  const std::string text = resolved_text(config);
  EXPECT_EQ(resolved_text(parse_resolved_text(text, "roughness")), text);
  EXPECT_EQ(config_hash(parse_resolved_text(defining_text(config), "roughness")), config_hash(config));
}

TEST_F(Config, ResolvedTextOfALinearNetworkReadsBack) {
  const RunConfig config = parse({"--network=linear", "--problem=cubic"});
  EXPECT_EQ(config.network.width, 0);
  EXPECT_EQ(parse_resolved_text(resolved_text(config), "roughness").network, config.network);
}

TEST_F(Config, AnMlpHasLayersInsteadOfWidthAndBlocks) {
  const RunConfig config = parse({"--network=mlp", "--layers=16,8,16", "--activation=tanh"});
  EXPECT_EQ(config.network, (NetworkSpec{NetworkKind::mlp, Activation::tanh, 1, 0, 0, {16, 8, 16}}));
  EXPECT_EQ(parse_resolved_text(resolved_text(config), "roughness").network, config.network);
  EXPECT_NE(config_hash(config), config_hash(parse({"--network=mlp", "--layers=16,16,8", "--activation=tanh"})));
  EXPECT_EQ(parse({"--network=mlp"}).network.layers, (std::vector<int>{16, 16}));
  EXPECT_EQ(parse({"--network=mlp"}).network.describe(), "mlp, layers 16,16, swish, d = 1");
  // What a weaker source says of sizes that the kind does not have has no meaning any more.
  const std::string file = write("sizes.cfg", "width = 7\nblocks = 2\nnetwork = fcnet\n");
  EXPECT_EQ(parse({"--config=" + file, "--network=mlp"}).network.width, 0);
  const std::string plain = write("plain.cfg", "network = mlp\nlayers = 3,2\n");
  EXPECT_EQ(parse({"--config=" + plain}).network.layers, (std::vector<int>{3, 2}));
  EXPECT_TRUE(parse({"--config=" + plain, "--network=resnet"}).network.layers.empty());
}

TEST_F(Config, HashIgnoresWhereAndHowFastButNotWhat) {
  const std::string hash = config_hash(parse({}));
  EXPECT_EQ(hash.size(), 16u);
  EXPECT_EQ(config_hash(parse(
                {"--output=x.h5", "--threads=3", "--device=cpu", "--quiet", "--round-seconds=1", "--save-directions"})),
            hash);
  EXPECT_EQ(config_hash(parse({"--losses=galerkin,ritz"})), hash);
  for (const char* change :
       {"--seed=2", "--directions=99", "--grid=-1:1:103", "--epochs=1", "--bootstrap=999", "--width=5"}) {
    EXPECT_NE(config_hash(parse({change})), hash) << change;
  }
}

TEST_F(Config, DifferencesAreNamed) {
  const std::string text =
      describe(differences(defining_text(parse({})), defining_text(parse({"--seed=2", "--directions=7"}))));
  EXPECT_EQ(text, "directions was 100 and is now 7; seed was 1 and is now 2");
  EXPECT_EQ(describe(differences("seed = 1\n", "seed = 1\n")), "");
  EXPECT_EQ(describe(differences("seed = 1\n", "width = 4\n")),
            "seed was 1 and is now not set; width was not set and is now 4");
}

TEST_F(Config, OneSeedIsTheOtherTwosUnlessTheyAreGiven) {
  const RunConfig together = parse({"--train-seed=7", "--seed=3"});  // in any order
  EXPECT_EQ(together.seed, 3u);
  EXPECT_EQ(together.training.seed, 7u);
  EXPECT_EQ(together.direction_seed, 3u);
  const RunConfig apart = parse({"--direction-seed=9"});
  EXPECT_EQ(apart.training.seed, 1u);
  EXPECT_EQ(apart.direction_seed, 9u);
  for (const RunConfig& config : {together, apart}) {
    const RunConfig back = parse_resolved_text(defining_text(config), "roughness");
    EXPECT_EQ(back.training.seed, config.training.seed);
    EXPECT_EQ(back.direction_seed, config.direction_seed);
    EXPECT_EQ(config_hash(back), config_hash(config));
    EXPECT_NE(config_hash(back), config_hash(parse({"--seed=" + std::to_string(config.seed)})));
  }
  EXPECT_EQ(defining_text(parse({"--seed=4", "--train-seed=4", "--direction-seed=4"})),
            defining_text(parse({"--seed=4"})))
      << "what was said twice is the same calculation";
}

TEST_F(Config, DefinedTextNamesNoPlaceOrSpeed) {
  const std::string text = defining_text(parse({}));
  for (const char* key : {"output", "threads", "device", "quiet", "round-seconds"}) {
    EXPECT_EQ(text.find(std::string(key) + " = "), std::string::npos) << key;
  }
  EXPECT_NE(text.find("grid = -1:1:101\n"), std::string::npos);
}

}  // namespace
}  // namespace landscape
