// Which options a training depends on, and that no run takes another training's checkpoint away.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "landscape/analysis/commands.hpp"
#include "landscape/config/command_line.hpp"
#include "landscape/config/option_table.hpp"
#include "landscape/job/checkpoints.hpp"

namespace landscape {
namespace {

namespace fs = std::filesystem;

RunConfig configured(const std::vector<std::string>& arguments, std::string_view command = "roughness") {
  return make_run_config(gather_options(parse_command_line(command_table(), arguments)), command);
}

// Another value than the default's for every option, with what it needs beside it.
const std::map<std::string, std::vector<std::string>>& other_values() {
  static const std::map<std::string, std::vector<std::string>> values{
      {"output", {"--output=other.h5"}},
      {"overwrite", {"--overwrite"}},
      {"resume", {"--resume"}},
      {"seed", {"--seed=2"}},
      {"train-seed", {"--train-seed=2"}},
      {"direction-seed", {"--direction-seed=2"}},
      {"device", {"--device=cpu"}},
      {"threads", {"--threads=3"}},
      {"round-seconds", {"--round-seconds=1"}},
      {"time-limit", {"--time-limit=5"}},
      {"dry-run", {"--dry-run"}},
      {"quiet", {"--quiet"}},
      {"full-report", {"--full-report"}},
      {"all", {"--all"}},
      {"settings", {"--settings"}},
      {"as-published", {"--as-published"}},
      {"dimension", {"--dimension=2"}},
      {"problem", {"--problem=cubic", "--dimension=1"}},
      {"boundary", {"--boundary=penalty:100"}},
      {"frequency", {"--frequency=2"}},
      {"wavenumber", {"--wavenumber=2", "--problem=helmholtz"}},
      {"diffusivity", {"--diffusivity=0.2", "--problem=convection"}},
      {"losses", {"--losses=ritz"}},
      {"network", {"--network=fcnet"}},
      {"width", {"--width=5"}},
      {"blocks", {"--blocks=2"}},
      {"layers", {"--layers=8,8", "--network=mlp"}},
      {"activation", {"--activation=tanh"}},
      {"init", {"--init=normal"}},
      {"start", {"--start=a.h5"}},
      {"start-minimizer", {"--start=a.h5", "--start-minimizer=ritz"}},
      {"start-parameters", {"--start=a.h5", "--start-parameters=0123abcd"}},
      {"epochs", {"--epochs=5"}},
      {"optimizer", {"--optimizer=gauss-newton"}},
      {"learning-rate", {"--learning-rate=0.5"}},
      {"decay-every", {"--decay-every=5"}},
      {"decay-factor", {"--decay-factor=0.5"}},
      {"batch", {"--batch=5"}},
      {"train-quadrature", {"--train-quadrature=sobol:8"}},
      {"train-points", {"--train-points=redrawn"}},
      {"lbfgs-iterations", {"--lbfgs-iterations=5"}},
      {"history-every", {"--history-every=5"}},
      {"train-ranks", {"--train-ranks=all"}},
      {"every", {"--every=7"}},
      {"minimizer", {"--minimizer=x.h5", "--losses=ritz"}},
      {"minimizer-ritz", {"--minimizer-ritz=x.h5"}},
      {"minimizer-galerkin", {"--minimizer-galerkin=x.h5"}},
      {"minimum-check", {"--minimum-check=on"}},
      {"metrics", {"--metrics=l2"}},
      {"json", {"--json"}},
      {"barriers", {"--barriers"}},
      {"seeds", {"--seeds=5"}},
      {"pairs", {"--pairs=5"}},
      {"t-points", {"--t-points=5"}},
      {"curve-iterations", {"--curve-iterations=5"}},
      {"curve-nodes", {"--curve-nodes=5"}},
      {"directions", {"--directions=5"}},
      {"until-ci", {"--until-ci=0.1"}},
      {"max-directions", {"--max-directions=500", "--until-ci=0.1"}},
      {"norm", {"--norm=layer"}},
      {"bias", {"--bias=copy"}},
      {"directions-from", {"--directions-from=x.h5"}},
      {"direction-kind", {"--direction-kind=random,gradient"}},
      {"save-directions", {"--save-directions"}},
      {"grid", {"--grid=-2:2:5"}},
      {"grid-rule", {"--grid-rule=arange"}},
      {"sweep-radius", {"--sweep-radius=1"}},
      {"sweep-intervals", {"--sweep-intervals=5"}},
      {"x", {"--x=-2:2:5"}},
      {"y", {"--y=-2:2:5"}},
      {"through", {"--through=galerkin,ritz"}},
      {"around", {"--around=both"}},
      {"orthogonal", {"--orthogonal"}},
      {"match", {"--match", "--through=galerkin,ritz"}},
      {"path", {"--path"}},
      {"path-checkpoints", {"--path-checkpoints=3"}},
      {"redraw", {"--redraw"}},
      {"method", {"--method=dense"}},
      {"probes", {"--probes=5"}},
      {"lanczos-steps", {"--lanczos-steps=5"}},
      {"probe-entries", {"--probe-entries=gaussian"}},
      {"restrict", {"--restrict=layer1"}},
      {"eigenvalues", {"--eigenvalues"}},
      {"vary", {"--vary=width=2,3"}},
      {"eigenvectors", {"--eigenvectors=2"}},
      {"precondition", {"--precondition=lbfgs"}},
      {"quadrature", {"--quadrature=monte-carlo:8"}},
      {"point-sets", {"--point-sets=3"}},
      {"reference-quadrature", {"--reference-quadrature=gauss:9", "--point-sets=3"}},
      {"precision", {"--precision=single"}},
      {"bootstrap", {"--bootstrap=500"}},
      {"confidence", {"--confidence=0.9"}},
      {"interval", {"--interval=bca"}},
      {"rank-tolerance", {"--rank-tolerance=1e-4", "--precondition=lbfgs"}},
  };
  return values;
}

TEST(Checkpoints, ATrainingDependsOnTheOptionsOfItsStageAndOnNoOthers) {
  // Random points, so that every option has a meaning.
  const std::vector<std::string> base{"--quadrature=sobol:64", "--train-quadrature=sobol:64"};
  const auto with = [&](std::vector<std::string> changes, std::string_view command) {
    for (const std::string& line : base) {
      const std::string name = line.substr(0, line.find('='));
      if (changes.front().substr(0, changes.front().find('=')) != name) changes.push_back(line);
    }
    return configured(changes, command);
  };
  for (const Option& option : option_table()) {
    const std::string name(option.name);
    const auto other = other_values().find(name);
    ASSERT_NE(other, other_values().end()) << name << ": give this test another value of the new option";
    if (name == "minimizer") continue;  // nothing is trained then
    const std::string_view command = option.means_something_to("roughness") ? "roughness" : option.command;
    const std::string stored = defining_text(configured(base, command));
    EXPECT_TRUE(training_differences(stored, configured(base, command)).empty());
    const std::vector<Difference> found = training_differences(stored, with(other->second, command));
    const bool named = std::any_of(found.begin(), found.end(), [&](const Difference& d) { return d.key == name; });
    const bool is_default = option.get(with(other->second, command)) == option.get(configured(base));
    EXPECT_EQ(named, option.stage == Stage::training && !is_default) << name;
    if (option.stage != Stage::training) {
      EXPECT_TRUE(found.empty()) << name << ": " << describe(found);
    }
  }
}

TEST(Checkpoints, OneContentOfAStartIsOneStartUnderAnyName) {
  const auto from = [](const std::string& file, const std::string& checksum) {
    return configured({"--start=" + file, "--start-parameters=" + checksum});
  };
  const std::string stored = defining_text(from("a.h5", "0123abcd"));
  EXPECT_TRUE(training_differences(stored, from("b.h5", "0123abcd")).empty());
  EXPECT_EQ(training_differences(stored, from("a.h5", "0123abce")).size(), 1u);
}

TEST(Checkpoints, AnOptionThatThisVersionDoesNotKnowMakesAnotherTraining) {
  const RunConfig config = configured({});
  EXPECT_EQ(training_differences(defining_text(config) + "weight-decay = 0.1\n", config).size(), 1u);
}

class CheckpointFiles : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("landscape_checkpoints_test_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    output_ = "--output=" + (folder_ / "x.h5").string();
    path_ = training_checkpoint_path((folder_ / "x.h5").string(), "ritz");
    TrainingCheckpoint checkpoint;
    checkpoint.settings = defining_text(configured({}));
    checkpoint.state.theta = checkpoint.state.first_moment = checkpoint.state.second_moment = {1.0, 2.0};
    save_training_checkpoint(path_, "ritz", checkpoint);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string refusal(const std::vector<std::string>& arguments) const {
    try {
      require_own_checkpoints(configured(arguments));
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  }
  fs::path folder_;
  std::string output_, path_;
};

TEST_F(CheckpointFiles, AreUsedByTheirOwnTrainingAndNamedToAnother) {
  EXPECT_EQ(refusal({output_, "--resume", "--interval=bca", "--precision=single", "--directions=7"}), "accepted");
  EXPECT_EQ(refusal({output_, "--overwrite"}), "accepted");
  EXPECT_EQ(refusal({output_, "--losses=galerkin"}), "accepted") << "that training's checkpoint is another file";
  EXPECT_EQ(refusal({output_, "--minimizer-ritz=x"}), "accepted") << "no training of this loss";
  for (const auto& [arguments, part] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{output_, "--resume", "--learning-rate=0.002"}, "learning-rate was 0.001 and is now 0.002"},
           {{output_}, "--resume to go on"}}) {
    const std::string message = refusal(arguments);
    EXPECT_NE(message.find(path_), std::string::npos) << message;
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
  remove_own_checkpoints(configured({output_, "--learning-rate=0.002"}));
  EXPECT_TRUE(fs::exists(path_)) << "another training's is nobody's to remove";
  std::ofstream(path_, std::ios::binary | std::ios::app) << "damaged";
  fs::resize_file(path_, fs::file_size(path_) / 2);
  EXPECT_NE(refusal({output_, "--resume"}).find(path_), std::string::npos);
  remove_own_checkpoints(configured({output_}));
  EXPECT_TRUE(fs::exists(path_));
}

TEST_F(CheckpointFiles, OfTheRunItselfAreRemovedWhenTheyHaveServed) {
  remove_own_checkpoints(configured({output_, "--bootstrap=50"}));
  EXPECT_FALSE(fs::exists(path_));
}

}  // namespace
}  // namespace landscape
