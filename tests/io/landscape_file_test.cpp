// The output file without MPI: what create() writes is what the reader gets, results go into their places, nothing is
// left lying about.
#include "landscape/io/landscape_file.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>

#include "../../src/io/hdf5.hpp"
#include "../../src/io/metadata_seal.hpp"
#include "landscape/io/landscape_reader.hpp"
#include "messages.hpp"
#include "sample_layout.hpp"

namespace landscape {
namespace {

using test::contains;
using test::message_of;
using test::TestFolder;

TEST(LandscapeFileCreate, ReaderGetsWhatWasWritten) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  const FileLayout layout = test::sample_layout(7, 5, true);
  LandscapeFile::create(path, layout);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5"});

  const LandscapeReader reader(path);
  EXPECT_EQ(reader.run().config, layout.run.config);
  EXPECT_EQ(reader.run().config_hash, layout.run.config_hash);
  EXPECT_EQ(reader.run().version, "0.1.0");
  EXPECT_EQ(reader.run().created.size(), 20U);
  EXPECT_EQ(reader.state(), RunState::running);
  EXPECT_EQ(reader.problem(), "sine");
  EXPECT_EQ(reader.dimension(), 1);
  EXPECT_EQ(reader.points().points, layout.points.points);
  EXPECT_EQ(reader.points().weights, layout.points.weights);
  EXPECT_EQ(reader.blocks(), (std::vector<std::string>{"profiles/galerkin", "profiles/ritz"}));
  const AttributeList problem = reader.problem_attributes();
  EXPECT_NE(std::find(problem.begin(), problem.end(), Attribute("seed", std::uint64_t{0xffffffffffffffffU})),
            problem.end());
  EXPECT_NE(std::find(problem.begin(), problem.end(), Attribute("quadrature", "simpson:2")), problem.end());
  for (const LossKind loss : test::kBothLosses) {
    const Minimizer expected = test::sample_minimizer(loss), found = reader.minimizer(to_string(loss));
    EXPECT_EQ(found.name, to_string(loss));
    EXPECT_EQ(found.loss, loss);
    EXPECT_EQ(found.spec, expected.spec);
    EXPECT_EQ(test::bits(found.theta), test::bits(expected.theta));
    EXPECT_EQ(found.source, expected.source);
    EXPECT_EQ(found.final_loss, expected.final_loss);
    EXPECT_EQ(found.problem, expected.problem);
    EXPECT_EQ(found.final_quadrature, expected.final_quadrature);
    EXPECT_EQ(found.final_loss_error, expected.final_loss_error);
    EXPECT_EQ(found.relative_l2_uncertainty, expected.relative_l2_uncertainty);
    EXPECT_EQ(found.relative_h1_uncertainty, expected.relative_h1_uncertainty);
    EXPECT_EQ(found.gradient_norm, expected.gradient_norm);
    EXPECT_EQ(found.at_iteration_limit, expected.at_iteration_limit);
    EXPECT_EQ(found.training_loss, expected.training_loss);
    EXPECT_EQ(found.training_quadrature, expected.training_quadrature);
    EXPECT_EQ(found.profile_loss, expected.profile_loss);
    EXPECT_EQ(found.profile_quadrature, expected.profile_quadrature);
    EXPECT_EQ(found.warnings, expected.warnings);
    EXPECT_EQ(found.history.error_quadrature, expected.history.error_quadrature);
    EXPECT_EQ(found.relative_l2_error, expected.relative_l2_error);
    EXPECT_EQ(found.relative_h1_error, expected.relative_h1_error);
    EXPECT_EQ(found.history.epoch, expected.history.epoch);
    EXPECT_EQ(found.history.loss, expected.history.loss);
    EXPECT_EQ(found.history.relative_l2_error, expected.history.relative_l2_error);
    EXPECT_EQ(reader.n_rows(test::block(loss)), 7);
    EXPECT_EQ(reader.n_columns(test::block(loss)), 5);
    EXPECT_EQ(reader.axis(test::block(loss)), layout.blocks[0].axis.values);
    EXPECT_EQ(reader.n_complete_items(test::block(loss)), 0);
    EXPECT_EQ(reader.row_states(test::block(loss)), std::vector<RowState>(7, RowState::missing));
    EXPECT_TRUE(reader.has_row_vectors(test::block(loss)));
    AttributeList attributes{{"values", "loss"}, {"axis", "steps"}};
    for (const Attribute& attribute : layout.blocks[0].attributes) attributes.push_back(attribute);
    attributes.emplace_back("row_vectors", "direction");
    EXPECT_EQ(reader.block_attributes(test::block(loss)), attributes);
  }
  EXPECT_EQ(reader.result_groups(), (std::vector<std::string>{"roughness/galerkin", "roughness/ritz"}));
  EXPECT_FALSE(reader.has_results("roughness/ritz"));
}

TEST(LandscapeFileCreate, PointsOfTheBoundaryAreTheLastOnes) {
  const TestFolder folder;
  FileLayout layout = test::sample_layout(2, 3);
  LandscapeFile::create(folder / "none.h5", layout);
  EXPECT_EQ(LandscapeReader(folder / "none.h5").points().n_boundary, 0U);
  layout.points.n_boundary = 2;
  LandscapeFile::create(folder / "two.h5", layout);
  EXPECT_EQ(LandscapeReader(folder / "two.h5").points().n_boundary, 2U);
  layout.points.n_boundary = layout.points.size() + 1;
  LandscapeFile::create(folder / "wrong.h5", layout);
  const LandscapeReader wrong(folder / "wrong.h5");
  EXPECT_TRUE(contains(message_of([&] { wrong.points(); }), "on the boundary"));
}

TEST(LandscapeFileCreate, MinimizersAloneMakeAFileToo) {
  const TestFolder folder;
  FileLayout layout = test::sample_layout(0, 0);
  layout.points = {};
  layout.results.clear();
  layout.blocks.clear();
  layout.minimizers[0].history = {};
  LandscapeFile::create(folder / "train.h5", layout);
  const LandscapeReader reader(folder / "train.h5");
  EXPECT_TRUE(reader.blocks().empty());
  EXPECT_EQ(reader.minimizers(), (std::vector<std::string>{"ritz", "galerkin"}));
  EXPECT_TRUE(reader.minimizer("ritz").history.epoch.empty());
  EXPECT_EQ(reader.points().size(), 0U);
  EXPECT_TRUE(contains(message_of([&] { reader.row_states(test::block(LossKind::ritz)); }), "no /profiles/ritz"));
}

TEST(LandscapeFileCreate, TheSettingsMayBeOfAnyLength) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  FileLayout layout = test::sample_layout(2, 3);
  layout.run.config.clear();
  for (int i = 0; layout.run.config.size() < 500'000; ++i)
    layout.run.config += "option-" + std::to_string(i) + " = \u00fc\n";
  layout.run.git_revision.clear();
  LandscapeFile::create(path, layout);
  EXPECT_LE(std::filesystem::file_size(path), file_size_estimate(layout));
  EXPECT_EQ(check_seal(path), Seal::intact);
  const LandscapeReader reader(path);
  EXPECT_EQ(reader.run().config, layout.run.config);
  EXPECT_EQ(reader.run().git_revision, "");
}

TEST(LandscapeFileCreate, EqualLayoutsMakeEqualFiles) {
  const TestFolder folder;
  FileLayout layout = test::sample_layout(2, 3, true);
  layout.run.created = "2026-01-01T00:00:00Z";
  const auto bytes_of = [&](const char* name) {
    std::ifstream file(folder / name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  LandscapeFile::create(folder / "a.h5", layout);
  LandscapeFile::create(folder / "b.h5", layout);
  EXPECT_TRUE(bytes_of("a.h5") == bytes_of("b.h5"));
}

TEST(MetadataSeal, CoversEveryTextThatIsKnownWhenTheFileIsMade) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  const FileLayout layout = test::sample_layout(2, 3);
  LandscapeFile::create(path, layout);
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const std::string description = layout.results[0].results[0].description;
  for (const std::string& text :
       {layout.run.config, layout.run.config_hash, layout.exact_solution, layout.minimizers[0].source,
        layout.minimizers[0].warnings, layout.blocks[0].row_columns[0].description, description}) {
    std::size_t n_found = 0;
    for (std::size_t at = bytes.find(text); at != std::string::npos; at = bytes.find(text, at + 1), ++n_found) {
      for (const std::size_t byte : {at, at + text.size() / 2, at + text.size() - 1}) {
        std::string flipped = bytes;
        flipped[byte] = static_cast<char>(flipped[byte] ^ 1);
        std::ofstream(path, std::ios::binary | std::ios::trunc) << flipped;
        EXPECT_EQ(check_seal(path), Seal::broken) << text;
      }
    }
    EXPECT_GE(n_found, 1U) << text;
  }
}

TEST(LandscapeFileCreate, MinimizersHaveAnyNamesAndKeepTheirOrder) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  FileLayout layout = test::sample_layout(2, 3);
  layout.minimizers = {test::sample_minimizer(LossKind::galerkin), test::sample_minimizer(LossKind::ritz),
                       test::sample_minimizer(LossKind::ritz)};
  const std::vector<std::string> names{"epoch 100", "\u00fcber.all", "epoch 20"};
  for (std::size_t i = 0; i < names.size(); ++i) {
    layout.minimizers[i].name = names[i];
    layout.minimizers[i].theta[0] = static_cast<double>(i);
  }
  LandscapeFile::create(path, layout);
  const LandscapeReader reader(path);
  EXPECT_EQ(reader.minimizers(), names);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Minimizer found = reader.minimizer(names[i]);
    EXPECT_EQ(found.name, names[i]);
    EXPECT_EQ(found.loss, layout.minimizers[i].loss);
    EXPECT_EQ(test::bits(found.theta), test::bits(layout.minimizers[i].theta));
  }
  EXPECT_TRUE(contains(message_of([&] { reader.minimizer("ritz"); }), "it lacks the group /minimizer/ritz"));

  for (const char* impossible : {"", ".", "a/b", "epoch 100"}) {
    layout.minimizers[2].name = impossible;
    EXPECT_TRUE(contains(message_of([&] { LandscapeFile::create(folder / "b.h5", layout); }), "called"));
  }
}

TEST(LandscapeFileCreate, RowsHaveAnAxisAndResultsAnyPlaceWhereTheLayoutSaysSo) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  FileLayout layout = test::sample_layout(3, 4);
  const std::string block = layout.blocks[0].group;
  layout.blocks[0].row_axis = {"y", "a coordinate", {-0.5, 0.0, 2.0}};
  layout.results.push_back(test::single_result("surface/ritz/summary", 0.5));
  LandscapeFile::create(path, layout);
  const LandscapeReader reader(path);
  EXPECT_EQ(reader.row_axis(block), layout.blocks[0].row_axis.values);
  EXPECT_EQ(reader.axis(block), layout.blocks[0].axis.values);
  EXPECT_TRUE(reader.row_axis(layout.blocks[1].group).empty());
  const std::vector<std::string> groups = reader.result_groups();
  EXPECT_NE(std::find(groups.begin(), groups.end(), "surface/ritz/summary"), groups.end());

  layout.blocks[0].row_axis.values.pop_back();
  EXPECT_TRUE(contains(message_of([&] { LandscapeFile::create(folder / "b.h5", layout); }), "2 values along a column"));
}

TEST(LandscapeFileCreate, AnExistingFileIsRefusedOrReplacedWhole) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  std::ofstream(path) << "precious";
  EXPECT_THROW(LandscapeFile::create(path, test::sample_layout(3, 4)), UsageError);
  EXPECT_TRUE(contains(message_of([&] { LandscapeFile::create(path, test::sample_layout(3, 4)); }), "--overwrite"));
  std::string text;
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "precious");
  FileLayout impossible = test::sample_layout(3, 4);
  impossible.blocks[0].attributes.emplace_back("long", std::vector<double>(10'000, 1.0));
  EXPECT_THROW(LandscapeFile::create(path, impossible, ExistingOutput::replace), Error);
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "precious") << "a failed creation must not touch the old file";
  EXPECT_TRUE(
      contains(message_of([&] { LandscapeFile::create(path, test::sample_layout(3, 4), ExistingOutput::replace); }),
               "remove it"))
      << "it came during the training, and is no output";
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "precious");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5"});
  std::filesystem::remove(path);
  LandscapeFile::create(path, test::sample_layout(2, 4));
  LandscapeFile::create(path, test::sample_layout(3, 4), ExistingOutput::replace);
  EXPECT_EQ(LandscapeReader(path).n_rows(test::block(LossKind::ritz)), 3);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"a.h5"});
}

TEST(LandscapeFileCreate, ALinkLeadsToItsTarget) {
  const TestFolder folder;
  LandscapeFile::create(folder / "real.h5", test::sample_layout(3, 4));
  std::filesystem::create_symlink(folder / "real.h5", folder / "link.h5");
  LandscapeFile::create(folder / "link.h5", test::sample_layout(5, 4), ExistingOutput::replace);
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.h5"));
  EXPECT_EQ(LandscapeReader(folder / "real.h5").n_rows(test::block(LossKind::ritz)), 5);
}

TEST(LandscapeFileCreate, LackOfSpaceIsKnownBeforeTheWork) {
  const TestFolder folder;
  const std::string message =
      message_of([&] { LandscapeFile::create(folder / "a.h5", test::sample_layout(200'000'000'000, 400)); });
  EXPECT_TRUE(contains(message, "needs") && contains(message, " PiB") && contains(message, " are free")) << message;
  EXPECT_TRUE(folder.names().empty());
}

TEST(LandscapeFileCreate, AFileSizeLimitIsAnError) {
  const TestFolder folder;
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 200'000;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_THROW(LandscapeFile::create(folder / "a.h5", test::sample_layout(1000, 100)), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_TRUE(folder.names().empty());
}

TEST(LandscapeFileCreate, DiskSpaceIsReallyTaken) {
  const TestFolder folder;
  LandscapeFile::create(folder / "a.h5", test::sample_layout(1000, 500));
  struct stat status = {};
  ASSERT_EQ(stat((folder / "a.h5").c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, status.st_size);
  const auto estimate = static_cast<double>(file_size_estimate(test::sample_layout(1000, 500)));
  EXPECT_LE(static_cast<double>(status.st_size), estimate);
  EXPECT_GE(static_cast<double>(status.st_size), 0.9 * estimate);
}

TEST(LandscapeFileCreate, TheEarliestFormatIsUsedBehindAReadableLine) {
  const TestFolder folder;
  LandscapeFile::create(folder / "a.h5", test::sample_layout(3, 4, true));
  std::ifstream file(folder / "a.h5", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(bytes.starts_with("landscape_mpi file: HDF5 after 4096 bytes\n")) << bytes.substr(0, 100);
  EXPECT_EQ(bytes.substr(4096, 8), "\x89HDF\r\n\x1a\n");
  EXPECT_EQ(bytes[4096 + 8], 0) << "superblock version";
}

TEST(ResultWriter, PutsResultsInTheirPlacesWithoutMovingAnything) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  LandscapeFile::create(path, test::sample_layout(3, 4));
  const auto size = std::filesystem::file_size(path);
  const std::vector<double> total_variation{1.5, std::nan(""), 2.0};
  const std::vector<std::int64_t> slope_changes{0, -1, 7};
  const std::vector<std::uint8_t> shape_class{1, 4, 2};
  const std::string block = test::block(LossKind::galerkin);
  const ResultGroup given = test::sample_results(LossKind::galerkin, 0.125, {0.1, 0.2}, 2, 0xfffffffffffffff0U,
                                                 "r\u00e4uher " + std::string(test::kVerdictCapacity - 8, 'x'));
  {
    ResultWriter writer(path);
    writer.write_rows(
        block, {{"total_variation", total_variation}, {"slope_changes", slope_changes}, {"shape_class", shape_class}});
    writer.add_seconds(block, 1.25);
    writer.add_seconds(block, 0.5);
    writer.write(given);
    writer.set_state(RunState::complete);
    writer.close();
  }
  EXPECT_EQ(std::filesystem::file_size(path), size);
  const LandscapeReader reader(path);
  EXPECT_EQ(reader.state(), RunState::complete);
  EXPECT_TRUE(reader.has_results("roughness/galerkin"));
  EXPECT_FALSE(reader.has_results("roughness/ritz"));
  EXPECT_EQ(reader.results("roughness/galerkin"), given);
  EXPECT_EQ(reader.real_result("roughness/galerkin", "index"), 0.125);
  EXPECT_EQ(reader.whole_result("roughness/galerkin", "used"), 2);
  EXPECT_EQ(test::bits(reader.row_column<double>(block, "total_variation")), test::bits(total_variation));
  EXPECT_EQ(reader.row_column<std::int64_t>(block, "slope_changes"), slope_changes);
  EXPECT_EQ(reader.row_column<std::uint8_t>(block, "shape_class"), shape_class);
  EXPECT_EQ(reader.seconds(block), 1.75);
  EXPECT_EQ(reader.seconds(test::block(LossKind::ritz)), 0.0);
}

TEST(ResultWriter, AColumnHasAPlaceWhereTheLayoutAskedForIt) {
  const TestFolder folder;
  FileLayout layout = test::sample_layout(3, 4);
  layout.blocks[0].row_columns.push_back({"noise", "of a test"});
  LandscapeFile::create(folder / "a.h5", layout);
  const std::string with = layout.blocks[0].group, without = layout.blocks[1].group;
  ResultWriter writer(folder / "a.h5");
  const std::vector<double> noise{1e-7, 0.0, 3e-8};
  writer.write_rows(with, {{"noise", noise}});
  EXPECT_THROW(writer.write_rows(with, {{"noise", std::vector<double>{1.0}}}), Error);
  EXPECT_THROW(writer.write_rows(without, {{"noise", noise}}), Error);
  writer.close();
  const LandscapeReader reader(folder / "a.h5");
  EXPECT_EQ(reader.row_column<double>(with, "noise"), noise);
  EXPECT_FALSE(reader.has_row_column(without, "noise"));
}

TEST(ResultWriter, RefusesWhatHasNoPlace) {
  const TestFolder folder;
  LandscapeFile::create(folder / "a.h5", test::sample_layout(3, 4));
  ResultWriter writer(folder / "a.h5");
  EXPECT_THROW(writer.write_rows(test::block(LossKind::ritz), test::sample_columns(1)), Error);
  const ResultGroup fitting = test::sample_results(LossKind::ritz, 1.0, {0.5, 2.0}, 3, 4, "rough");
  const auto refuses = [&](auto&& change) {
    ResultGroup changed = fitting;
    change(changed);
    EXPECT_THROW(writer.write(changed), Error);
  };
  refuses([](ResultGroup& group) { group.results[0].name = "unheard"; });
  refuses([](ResultGroup& group) { group.results.pop_back(); });
  refuses([](ResultGroup& group) { group.results[0].value = std::int64_t{1}; });
  refuses([](ResultGroup& group) { group.results[1].value = std::vector<double>{1.0}; });
  refuses([](ResultGroup& group) { group.results[1].shape = {2, 1}; });
  refuses([](ResultGroup& group) { group.path = "roughness/none"; });
  writer.write(fitting);
  writer.close();
  EXPECT_EQ(LandscapeReader(folder / "a.h5").results("roughness/ritz"), fitting);
}

TEST(ResultWriter, EveryResultGroupBecomesPendingAtOnce) {
  const TestFolder folder;
  FileLayout layout = test::sample_layout(3, 4);
  const std::vector<std::string> groups{"roughness/ritz/curve", "roughness/ritz/more/and/more", "roughness/comparison",
                                        "roughness/any/depth/x", "sweep/ritz"};
  for (const std::string& group : groups) layout.results.push_back(test::single_result(group, 0.0));
  LandscapeFile::create(folder / "a.h5", layout);
  ResultWriter writer(folder / "a.h5");
  for (const std::string& group : groups) writer.write(test::single_result(group, 1.0));
  writer.write(test::sample_results(LossKind::ritz, 1.0));
  const auto n_complete = [&] {
    const LandscapeReader reader(folder / "a.h5");
    return std::count_if(groups.begin(), groups.end(), [&](const auto& name) { return reader.has_results(name); }) +
           reader.has_results("roughness/ritz");
  };
  EXPECT_EQ(n_complete(), 6);
  writer.invalidate_all();
  EXPECT_EQ(n_complete(), 0);
  writer.close();
  EXPECT_EQ(check_seal(folder / "a.h5"), Seal::intact);
}

TEST(ResultWriter, ATextLongerThanItsPlaceIsAnErrorAndNeverCut) {
  const TestFolder folder;
  LandscapeFile::create(folder / "a.h5", test::sample_layout(3, 4));
  ResultWriter writer(folder / "a.h5");
  const std::string fitting(test::kVerdictCapacity, 'x'), longer = fitting + "y";
  const auto with = [](const std::string& verdict) {
    return test::sample_results(LossKind::ritz, 1.0, {0.5, 2.0}, 3, 4, verdict);
  };
  writer.write(with(fitting));
  EXPECT_TRUE(contains(message_of([&] { writer.write(with(longer)); }), "has 256 bytes"));
  writer.close();
  EXPECT_EQ(LandscapeReader(folder / "a.h5").results("roughness/ritz").results.back().value, ResultValue(fitting));
}

void change_raw(const std::string& path, const std::string& dataset, double value) {
  const h5::File file = h5::open_file(path, H5F_ACC_RDWR, h5::access_properties());
  h5::write_whole<double>(h5::open_dataset(file.get(), dataset, H5T_IEEE_F64LE, 0), std::span(&value, 1));
}

TEST(LandscapeReader, NamesCompleteResultsThatDoNotMatchTheirChecksum) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  LandscapeFile::create(path, test::sample_layout(3, 4));
  {
    ResultWriter writer(path);
    writer.write(test::sample_results(LossKind::ritz, 1.0, {0.5, 2.0}, 3));
    writer.write(test::sample_results(LossKind::galerkin, 1.0, {0.5, 2.0}, 3));
    writer.close();
  }
  change_raw(path, "roughness/ritz/index", 1.5);
  EXPECT_EQ(check_seal(path), Seal::intact);
  const LandscapeReader reader(path);
  EXPECT_TRUE(
      contains(message_of([&] { reader.results("roughness/ritz"); }), "results in /roughness/ritz are damaged"));
  EXPECT_EQ(reader.real_result("roughness/galerkin", "index"), 1.0);
}

TEST(LandscapeReader, ResultsThatWereBeingWrittenAreUndefined) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  LandscapeFile::create(path, test::sample_layout(3, 4));
  change_raw(path, "roughness/ritz/index", 1.5);  // without its checksum, as a killed job may leave it
  const LandscapeReader reader(path);
  EXPECT_TRUE(std::isnan(reader.real_result("roughness/ritz", "index")));
  EXPECT_EQ(reader.results("roughness/ritz").results.back().value, ResultValue(std::string()));
}

TEST(LandscapeReader, NamesAStateThatIsNone) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  LandscapeFile::create(path, test::sample_layout(3, 4));
  const auto write = [&](const std::string& dataset, const std::string& word) {
    const h5::File file = h5::open_file(path, H5F_ACC_RDWR, h5::access_properties());
    h5::write_text_dataset(file.get(), dataset, word);
  };
  write("roughness/ritz/state", "complets");
  EXPECT_TRUE(contains(message_of([&] { LandscapeReader(path).has_results("roughness/ritz"); }), "/roughness/ritz"));
  write("state", "rumming");
  EXPECT_TRUE(contains(message_of([&] { LandscapeReader reader(path); }), "its state is damaged"));
}

TEST(LandscapeReader, ReadsWhatAnotherProgramAddedToButNobodyWritesThere) {
  const TestFolder folder;
  const std::string path = folder / "a.h5";
  LandscapeFile::create(path, test::sample_layout(3, 4));
  EXPECT_EQ(check_seal(path), Seal::intact);
  {
    const h5::File file = h5::open_file(path, H5F_ACC_RDWR, h5::access_properties());
    h5::write_attribute(file.get(), {"note", "my own"});
  }
  EXPECT_EQ(check_seal(path), Seal::broken);
  const LandscapeReader reader(path);  // after a rehearsal, with a warning
  EXPECT_EQ(reader.run().config_hash, "0123456789abcdef");
  EXPECT_EQ(reader.row_states(test::block(LossKind::ritz)), std::vector<RowState>(3, RowState::missing));
  EXPECT_TRUE(contains(message_of([&] { ResultWriter writer(path); }), "altered by another program"));
}

TEST(LandscapeReader, OtherProgramsReadTheFileToo) {
  if (std::system("h5dump --version > /dev/null 2>&1") != 0) GTEST_SKIP() << "h5dump is not installed";
  const TestFolder folder;
  LandscapeFile::create(folder / "a.h5", test::sample_layout(3, 4, true));
  EXPECT_EQ(std::system(("h5dump " + (folder / "a.h5") + " > " + (folder / "text") + " 2>&1").c_str()), 0);
  std::ifstream file(folder / "text");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  for (const char* part :
       {"DATASET \"loss\"", "DATASET \"complete\"", "\"(M, P)\"", "config_hash", "simpson:2", "layer1.weight"}) {
    EXPECT_TRUE(contains(text, part)) << part;
  }
}

TEST(LandscapeReader, NamesWhatIsWrong) {
  const TestFolder folder;
  EXPECT_TRUE(contains(message_of([&] { LandscapeReader(folder / "none.h5"); }), "No such file"));
  EXPECT_TRUE(contains(message_of([&] { LandscapeReader reader(folder.path()); }), "no plain file"));
  std::ofstream(folder / "text.h5") << "hello";
  EXPECT_TRUE(contains(message_of([&] { LandscapeReader(folder / "text.h5"); }), "text.h5"));
  std::ofstream(folder / "empty.h5").flush();
  EXPECT_THROW(LandscapeReader(folder / "empty.h5"), Error);
}

}  // namespace
}  // namespace landscape
