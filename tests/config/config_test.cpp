// Where an option's value comes from, what the resolved text keeps, and what is refused.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "landscape/analysis/commands.hpp"
#include "landscape/config/command_line.hpp"
#include "landscape/config/option_table.hpp"
#include "landscape/config/run_config.hpp"
#include "landscape/model/error.hpp"

namespace landscape {
namespace {

namespace fs = std::filesystem;

class Config : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("landscape_config_test_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    setenv("LANDSCAPE_PRESETS", folder_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("LANDSCAPE_PRESETS");
    fs::remove_all(folder_);
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return (folder_ / name).string();
  }
  static RunConfig parse(const std::vector<std::string>& arguments) {
    return make_run_config(gather_options(parse_command_line(command_table(), arguments)), "roughness");
  }
  static std::string refusal(const std::vector<std::string>& arguments) {
    try {
      parse(arguments);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "accepted";
  }
  fs::path folder_;
};

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
  unsetenv("LANDSCAPE_PRESETS");
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
  unsetenv("LANDSCAPE_PRESETS");
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

TEST_F(Config, CommandsAndTheirFiles) {
  const auto command = [](const std::vector<std::string>& arguments) {
    return parse_command_line(command_table(), arguments).command->name;
  };
  EXPECT_EQ(command({}), "roughness");
  EXPECT_EQ(command({"--seed=2", "train"}), "train");
  EXPECT_EQ(parse_command_line(command_table(), std::vector<std::string>{"info", "x.h5"}).file, "x.h5");
  EXPECT_FALSE(parse_command_line(command_table(), std::vector<std::string>{"reduce", "x.h5"}).uses_mpi());
  EXPECT_EQ(parse_command_line(command_table(), std::vector<std::string>{"compare", "x.h5", "y.h5"}).second_file,
            "y.h5");
  EXPECT_FALSE(parse_command_line(command_table(), std::vector<std::string>{"compare", "x.h5", "y.h5"}).uses_mpi());
  EXPECT_NE(refusal({"compare", "x.h5"}).find("two files"), std::string::npos);
  EXPECT_NE(refusal({"reduce"}).find("needs a file"), std::string::npos);
  EXPECT_NE(refusal({"roughness", "x.h5"}).find("x.h5"), std::string::npos);
  EXPECT_NE(refusal({"smooth"}).find("'smooth'"), std::string::npos);
}

TEST_F(Config, BadOptionsAreNamed) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--direction=7"}, "--directions"},
      {{"--nonsense"}, "nonsense"},
      {{"--gird=-1:1:3"}, "did you mean --grid"},
      {{"--bootstrap=5"}, "--bootstrap"},
      {{"-x"}, "-x"},
      {{"--grid=1:-1:0"}, "--grid '1:-1:0'"},
      {{"--grid=1:-1:21"}, "--grid"},
      {{"--grid=-1:1:1"}, "--grid"},
      {{"--grid=-1:nan:5"}, "--grid"},
      {{"--grid"}, "--grid"},
      {{"--output="}, "--output"},
      {{"--directions=0"}, "--directions '0'"},
      {{"--directions=1.5e0"}, "--directions '1.5e0' is not a whole number"},
      {{"--directions=1e99"}, "--directions '1e99' is too large"},
      {{"--seed=18446744073709551616"}, "is too large: give a whole number from 0 to 18446744073709551615"},
      {{"--grid=-1:1:1000000000000"}, "'1000000000000' is too large"},
      {{"--grid=-1:1:2.5"}, "not min:max:num"},
      {{"--quadrature=gauss:1e12"}, "'1e12' is too large"},
      {{"--learning-rate=1e-400"}, "beyond double precision"},
      {{"--learning-rate=+-1"}, "is not a number"},
      {{"--output=a\nseed = 7"}, "line break"},
      {{"-n"}, "--directions needs a value"},
      {{"-nx"}, "--directions 'x'"},
      {{"-output=x.h5"}, "did you mean --output?"},
      {{"-norm=filter"}, "did you mean --norm?"},
      {{"-h=x"}, "--help is a switch"},
      {{"--output", "--seed=1"}, "--output needs a value"},
      {{"--dimension=3", "--quadrature=simpson:8", "--train-quadrature=sobol:8"}, "--quadrature simpson:8 is for one"},
      {{"--directions=99999999999999999999"}, "--directions"},
      {{"--seed=-1"}, "--seed"},
      {{"--losses=ritz,ritz"}, "twice"},
      {{"--losses=ritz,"}, "--losses"},
      {{"--losses=mse"}, "'mse'"},
      {{"--network=transformer"}, "'transformer'"},
      {{"--width=0"}, "--width 0"},
      {{"--network=linear", "--width=3"}, "--width"},
      {{"--network=mlp", "--width=3"}, "An mlp has neither --width nor --blocks: give its --layers."},
      {{"--network=mlp", "--layers=3", "--blocks=1"}, "An mlp has neither --width nor --blocks"},
      {{"--layers=3,4"}, "--layers 3,4 belongs to an mlp: give --network mlp too, or drop it."},
      {{"--network=linear", "--layers=3"}, "--layers 3 belongs to an mlp"},
      {{"--network=mlp", "--layers=3,0"}, "--layers '0' is too small: give a whole number from 1 to 4096."},
      {{"--network=mlp", "--layers=3,"}, "--layers '' is not a whole number"},
      {{"--network=mlp", "--layers=16x16"}, "--layers '16x16' is not a whole number"},
      {{"--config=" + write("both.cfg", "network = mlp\nwidth = 3\n")}, "neither --width nor --blocks"},
      {{"--config=" + write("none.cfg", "layers = 3\n")}, "--layers 3 belongs to an mlp"},
      {{"--problem=cubic", "--dimension=2", "--quadrature=sobol:8", "--train-quadrature=sobol:8"}, "--dimension 2"},
      {{"--frequency=0"}, "--frequency '0' is too small"},
      {{"--frequency=1.5"}, "--frequency '1.5' is not a whole number"},
      {{"--problem=helmholtz", "--wavenumber=0"}, "--wavenumber 0 is impossible: it must be above 0"},
      {{"--problem=helmholtz", "--wavenumber=1e9"}, "--wavenumber 1e9 is impossible: it must be above 0 and at most"},
      {{"--problem=helmholtz", "--wavenumber=6.283185307", "--frequency=2"}, "makes u* an eigenfunction"},
      {{"--problem=convection", "--diffusivity=0"}, "--diffusivity 0 is impossible: it must be from 1e-5 to 1"},
      {{"--learning-rate=-1"}, "--learning-rate"},
      {{"--learning-rate=nan"}, "--learning-rate"},
      {{"--confidence=1"}, "--confidence"},
      {{"--threads=-2"}, "--threads"},
      {{"--quiet=true"}, "--quiet"},
      {{"--seed=1", "--seed=2"}, "--seed is given twice"},
      {{"--time-limit=soon"}, "--time-limit"},
      {{"--quadrature=simpson"}, "--quadrature"},
      {{"--quadrature=gauss:0"}, "--quadrature"},
      {{"--preset=nowhere"}, "'nowhere'"},
      {{"--preset=../etc"}, "--preset"},
      {{"--config=/nowhere/x.cfg"}, "/nowhere/x.cfg"},
      {{"--config=/"}, "not a regular file"},
      {{"--minimizer-ritz=x.h5", "--losses=galerkin"}, "--minimizer-ritz"},
      {{"--output=bad\xff.h5"}, "UTF-8"},
      {{"--output=bad\x01.h5"}, "control"},
  };
  for (const auto& [arguments, part] : cases) {
    const std::string message = refusal(arguments);
    EXPECT_NE(message.find(part), std::string::npos) << arguments[0] << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_TRUE(message.ends_with('.') || message.ends_with('?')) << message;
  }
}

TEST_F(Config, LettersStandForOutputAndDirections) {
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"-o", "x.h5", "-n", "50"},
                                                    {"-ox.h5", "-n50"},
                                                    {"-o=x.h5", "-n=50"},
                                                    {"-n5e1", "-o./x.h5"}}) {
    const RunConfig config = parse(arguments);
    EXPECT_EQ(fs::path(config.output).filename(), "x.h5") << arguments[0];
    EXPECT_EQ(config.n_directions, 50) << arguments[0];
  }
  EXPECT_NE(refusal({"-n5", "--directions=6"}).find("--directions is given twice"), std::string::npos);
  EXPECT_TRUE(parse_command_line(command_table(), std::vector<std::string>{"-h"}).help);
  EXPECT_NE(help_text(command_table()).find("-o [ --output ] FILE"), std::string::npos);
  EXPECT_NE(help_text(command_table()).find("-n [ --directions ] M"), std::string::npos);
}

TEST_F(Config, EveryComplaintAboutACommandLineComesAtOnce) {
  const auto lines = [](const std::string& text) { return 1 + std::count(text.begin(), text.end(), '\n'); };
  // Unknown options, syntax and values; a word may be an unknown option's value and is let pass.
  const std::string typed = refusal({"--directoins", "5", "--grid=1:-1:5", "--quiet=true", "--learning-rate=-1",
                                     "--output=", "--seed=1", "--seed=2"});
  for (const char* part :
       {"--directions?", "--grid", "--quiet", "--learning-rate", "--output", "--seed is given twice"})
    EXPECT_NE(typed.find(part), std::string::npos) << typed;
  EXPECT_EQ(lines(typed), 6) << typed;
  // Options that contradict each other.
  const std::string together =
      refusal({"--resume", "--overwrite", "--max-directions=5", "--problem=cubic", "--dimension=2",
               "--quadrature=sobol:64", "--train-quadrature=sobol:64", "--reference-quadrature=gauss:9"});
  for (const char* part : {"--resume", "--until-ci", "--problem cubic", "--point-sets"})
    EXPECT_NE(together.find(part), std::string::npos) << together;
  EXPECT_EQ(lines(together), 4) << together;
  // What an option cannot be implies nothing about the others.
  const std::string values = refusal({"--until-ci=x", "--max-directions=5", "--resume", "--overwrite"});
  EXPECT_EQ(lines(values), 2) << values;
  EXPECT_NE(values.find("--until-ci 'x'"), std::string::npos) << values;
  // Config files, too.
  const std::string file = refusal({"--config", write("bad.cfg", "widht = 4\nlossse = ritz\nwidth =\n")});
  EXPECT_EQ(lines(file), 3) << file;
  const std::string all = "width\nlossse = ritz\nseed = -1\n";
  const std::string everywhere = refusal({"--config", write("bad.cfg", all), "--directoins=5", "--grid=x"});
  for (const char* part : {"'width'", "losses?", "seed '-1'", "--directions?", "--grid 'x'"})
    EXPECT_NE(everywhere.find(part), std::string::npos) << everywhere;
  EXPECT_EQ(lines(everywhere), 5) << everywhere;
}

TEST_F(Config, ANameIsSuggestedOnlyForOneThatIsMostlyLikeIt) {
  for (const std::string key : {"a.b", "ab", "z", "zq", "bad", "aaaa"}) {
    for (const std::string& message :
         {refusal({"--config", write("bad.cfg", key + " = 1\n")}), refusal({"--" + key + "=1"})}) {
      EXPECT_EQ(message.find("did you mean"), std::string::npos) << message;
      EXPECT_NE(message.find("--help lists them all"), std::string::npos) << message;
    }
  }
  const std::vector<std::pair<std::string, std::string>> alike{
      {"al", "all"}, {"gird", "grid"}, {"sed", "seed"}, {"widht", "width"}, {"boot", "bootstrap"}, {"loses", "losses"}};
  for (const auto& [key, meant] : alike) {
    const std::string message = refusal({"--config", write("bad.cfg", key + " = 1\n")});
    EXPECT_NE(message.find("did you mean " + meant + "?"), std::string::npos) << message;
  }
}

TEST_F(Config, AnOutputFileGivenAsConfigIsRecognised) {
  const std::string signature = "\x89HDF\r\n\x1a\n";
  for (const std::string& text : {signature + std::string(3000, 'x'), std::string(2048, ' ') + signature,
                                  signature + std::string(2 << 20, 'x')}) {
    const std::string file = write("out.h5", text);
    const std::string message = refusal({"--config", file});
    EXPECT_NE(message.find("landscape_mpi info --settings " + file), std::string::npos) << message;
  }
}

TEST_F(Config, BadConfigFilesAreNamedWithTheirFile) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"nonsense = 1\n", "nonsense"},
      {"direction = 1\n", "did you mean directions"},
      {"help = true\n", "help"},
      {"config = other.cfg\n", "config"},
      {"[network]\nwidth = 3\n", "[network]"},
      {"ouput = x.h5\n", "the key 'ouput' is unknown: did you mean output?"},
      {"output = \"a\\nb\"\n", "line break"},
      {"width\n", "'width'"},
      {"width =\n", "no value"},
      {"width = 3\nwidth = 4\n", "twice"},
      {"width = three\n", "width 'three'"},
      {"quiet = perhaps\n", "quiet"},
      {"grid = 1:-1:0\n", "grid '1:-1:0'"},
      {"width = 3\x01\n", "control"},
      {"output = \xc3\x28\n", "UTF-8"},
      {std::string("width = 3\0\n", 11), "control"},
      {std::string(2 << 20, '#'), "1 MiB"},
  };
  for (const auto& [text, part] : cases) {
    const std::string file = write("bad.cfg", text);
    const std::string message = refusal({"--config", file});
    EXPECT_NE(message.find(part), std::string::npos) << part << ": " << message;
    EXPECT_NE(message.find(file), std::string::npos) << message;
  }
}

TEST_F(Config, WindowsLineEndingsAndByteOrderMarkAreRead) {
  EXPECT_EQ(parse({"--config", write("dos.cfg", "\xEF\xBB\xBFwidth = 6\r\nquiet = true\r\n")}).network.width, 6);
  EXPECT_TRUE(parse({"--config", write("dos.cfg", "\xEF\xBB\xBFwidth = 6\r\nquiet = true\r\n")}).quiet);
}

TEST_F(Config, HelpShowsEveryOptionWithinOneHundredColumns) {
  const std::string help = help_text(command_table());
  for (const Option& option : option_table()) {
    EXPECT_NE(help.find("--" + std::string(option.name)), std::string::npos) << option.name;
  }
  for (std::size_t at = 0; at < help.size();) {
    const std::size_t end = help.find('\n', at);
    EXPECT_LE(end - at, 100u) << help.substr(at, end - at);
    at = end + 1;
  }
}

}  // namespace
}  // namespace landscape
