// What a command line or a config file may say, and what is refused.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "config_fixture.hpp"
#include "landscape/config/option_table.hpp"

namespace landscape {
namespace {

namespace fs = std::filesystem;

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
