// Minimizers from files: what fits is read bit for bit, what does not fit is refused with the tensor's name.
#include "landscape/io/minimizer_file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "../../src/io/hdf5.hpp"
#include "messages.hpp"
#include "sample_layout.hpp"

namespace landscape {
namespace {

using Json = nlohmann::json;
using test::contains;
using test::message_of_fault;
using test::TestFolder;

/// A header and data, with or without sense.
void spill(const std::string& path, const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  std::ofstream(path, std::ios::binary) << bytes << header << data;
}

struct Tensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::vector<double> values;
};

/// resnet, one block, width 2, d = 1: n = 4 + 2 * 6 + 3 = 19.
std::vector<Tensor> small_network() {
  std::vector<Tensor> tensors{{"layer_in.weight", {2, 1}, {}},  {"layer_in.bias", {2}, {}},
                              {"layer1.weight", {2, 2}, {}},    {"layer1.bias", {2}, {}},
                              {"layer2.weight", {2, 2}, {}},    {"layer2.bias", {2}, {}},
                              {"layer_out.weight", {1, 2}, {}}, {"layer_out.bias", {1}, {}}};
  double next = 0.1;
  for (Tensor& tensor : tensors) {
    std::int64_t size = 1;
    for (const std::int64_t n : tensor.shape) size *= n;
    for (std::int64_t i = 0; i < size; ++i) tensor.values.push_back(next *= -1.1);
  }
  return tensors;
}

/// In the order of `tensors`, as F64 or F32.
void write_tensors(const std::string& path, const std::vector<Tensor>& tensors, const Json& metadata = nullptr,
                   bool single = false) {
  Json header;
  if (!metadata.is_null()) header["__metadata__"] = metadata;
  std::string data;
  for (const Tensor& tensor : tensors) {
    const std::size_t begin = data.size();
    for (const double x : tensor.values) {
      const auto narrow = static_cast<float>(x);
      data.append(single ? reinterpret_cast<const char*>(&narrow) : reinterpret_cast<const char*>(&x), single ? 4 : 8);
    }
    header[tensor.name] = {
        {"dtype", single ? "F32" : "F64"}, {"shape", tensor.shape}, {"data_offsets", {begin, data.size()}}};
  }
  spill(path, header.dump(), data);
}

std::vector<double> flat(const std::vector<Tensor>& tensors) {
  std::vector<double> theta;
  for (const Tensor& tensor : tensors) theta.insert(theta.end(), tensor.values.begin(), tensor.values.end());
  return theta;
}

class MinimizerFile : public testing::Test {
 protected:
  std::string refusal(const std::vector<Tensor>& tensors, const Json& metadata = nullptr) {
    write_tensors(path_, tensors, metadata);
    return refusal();
  }
  std::string refusal() {
    const std::string message = message_of_fault([&] { load_minimizer(path_, LossKind::ritz, NetworkSpec{}); });
    EXPECT_TRUE(contains(message, path_)) << message;
    return message;
  }
  TestFolder folder_;
  std::string path_ = folder_ / "net.safetensors";
};

TEST_F(MinimizerFile, SafetensorsGiveThetaAndSizes) {
  const std::vector<Tensor> tensors = small_network();
  write_tensors(path_, tensors);
  NetworkSpec defaults;
  defaults.kind = NetworkKind::fcnet;
  defaults.activation = Activation::tanh;
  const Minimizer minimizer = load_minimizer(path_, LossKind::galerkin, defaults);
  EXPECT_EQ(minimizer.spec, (NetworkSpec{NetworkKind::fcnet, Activation::tanh, 1, 2, 1}));
  EXPECT_EQ(minimizer.loss, LossKind::galerkin);
  EXPECT_EQ(test::bits(minimizer.theta), test::bits(flat(tensors)));
  EXPECT_EQ(minimizer.source, "loaded from " + path_);
}

TEST_F(MinimizerFile, WhatNeitherFileNorCallerSaysIsAskedFor) {
  NetworkHints only_kind, only_activation;
  only_kind.kind = NetworkKind::fcnet;
  only_activation.activation = Activation::sin;
  const auto message = [&](const NetworkHints& hints, const Json& metadata = nullptr) {
    write_tensors(path_, small_network(), metadata);
    return message_of_fault([&] { load_minimizer(path_, LossKind::ritz, hints); });
  };
  EXPECT_TRUE(contains(message({}), "give --network fcnet, resnet or mlp"));
  EXPECT_TRUE(contains(message(only_activation), "give --network fcnet, resnet or mlp"));
  EXPECT_TRUE(contains(message(only_kind), "give --activation swish, tanh, sin or softplus"));
  EXPECT_TRUE(contains(message({}, {{"network", "resnet"}}), "give --activation"));
  write_tensors(path_, small_network(), {{"network", "resnet"}});
  EXPECT_EQ(load_minimizer(path_, LossKind::ritz, only_activation).spec.activation, Activation::sin);
}

TEST_F(MinimizerFile, MetadataOverrulesDefaultsAndOrderDoesNotMatter) {
  std::vector<Tensor> tensors = small_network();
  const std::vector<double> theta = flat(tensors);
  std::reverse(tensors.begin(), tensors.end());
  write_tensors(path_, tensors, {{"network", "resnet"}, {"activation", "sin"}, {"width", "2"}, {"format", "pt"}});
  NetworkSpec defaults;
  defaults.kind = NetworkKind::fcnet;
  const Minimizer minimizer = load_minimizer(path_, LossKind::ritz, defaults);
  EXPECT_EQ(minimizer.spec, (NetworkSpec{NetworkKind::resnet, Activation::sin, 1, 2, 1}));
  EXPECT_EQ(test::bits(minimizer.theta), test::bits(theta));
}

TEST_F(MinimizerFile, PublishedAndDataParallelNamesAreUnderstood) {
  std::vector<Tensor> tensors = small_network();
  const std::vector<double> theta = flat(tensors);
  tensors[2].name = "layer_1.weight";
  tensors[3].name = "module.layer_1.bias";
  tensors[4].name = "module.layer2.weight";
  write_tensors(path_, tensors);
  EXPECT_EQ(test::bits(load_minimizer(path_, LossKind::ritz, NetworkSpec{}).theta), test::bits(theta));
  tensors.push_back(tensors[2]);
  tensors.back().name = "layer1.weight";
  EXPECT_TRUE(contains(refusal(tensors), "'layer1.weight' is there twice"));
}

// One number of every type that is read: {name, bytes, value}.
TEST_F(MinimizerFile, EveryNumberThatADoubleHoldsIsRead) {
  struct Case {
    const char* type;
    std::string bytes;
    std::optional<double> value;  // none: refused
  };
  using namespace std::string_literals;
  const std::vector<Case> cases{{"F16", "\x01\x00"s, std::ldexp(1.0, -24)},
                                {"F16", "\x00\xc5"s, -5.0},
                                {"F16", "\xff\x7b"s, 65504.0},
                                {"F16", "\x00\x7c"s, std::nullopt},  // infinity
                                {"BF16", "\xc0\xbf"s, -1.5},
                                {"BF16", "\x01\x00"s, std::ldexp(1.0, -133)},
                                {"I8", "\xff"s, -1.0},
                                {"U8", "\xff"s, 255.0},
                                {"I16", "\x00\x80"s, -32768.0},
                                {"U16", "\x00\x80"s, 32768.0},
                                {"I32", "\x00\x00\x00\x80"s, -2147483648.0},
                                {"U32", "\x00\x00\x00\x80"s, 2147483648.0},
                                {"I64", "\x00\x00\x00\x00\x00\x00\x20\x00"s, 9007199254740992.0},
                                {"U64", "\x02\x00\x00\x00\x00\x00\x00\x00"s, 2.0},
                                {"I64", "\x01\x00\x00\x00\x00\x00\x20\x01"s, std::nullopt},
                                {"U64", "\xff\xff\xff\xff\xff\xff\xff\xff"s, std::nullopt},
                                {"BOOL", "\x01"s, std::nullopt}};
  for (const Case& one : cases) {
    const std::size_t n = one.bytes.size();
    const std::string tensor = R"({{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})";
    const std::string header = fmt::format(R"({{"__metadata__":null,"layer_out.weight":{},"layer_out.bias":{}}})",
                                           fmt::format(fmt::runtime(tensor), one.type, "[1,1]", 0, n),
                                           fmt::format(fmt::runtime(tensor), "F64", "[1]", n, n + 8));
    spill(path_, header, one.bytes + std::string(8, '\0'));
    if (one.value) {
      EXPECT_EQ(load_minimizer(path_, LossKind::ritz, {}).theta, (std::vector<double>{*one.value, 0.0})) << one.type;
    } else {
      EXPECT_TRUE(contains(refusal(), "tensor 'layer_out.weight'")) << one.type;
    }
  }
}

TEST_F(MinimizerFile, LongMetadataAndHalfSurrogatesAreNoObstacle) {
  const std::string long_text(3 << 20, 'x');
  for (const std::string& text : {long_text, std::string("\\udcff \\ud800 \\\\udcff \\ud83d\\ude00")}) {
    const std::string header = R"({"__metadata__":{"source":")" + text +
                               R"("},"layer_out.weight":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},)"
                               R"("layer_out.bias":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})";
    spill(path_, header, std::string("\0\0\x80\x3f\0\0\0\x40", 8));
    EXPECT_EQ(load_minimizer(path_, LossKind::ritz, {}).theta, (std::vector<double>{1.0, 2.0}));
  }
}

TEST_F(MinimizerFile, WrappersOfANetworkAreTakenOff) {
  for (const std::string wrapper : {"module.", "_orig_mod.", "model.", "model._orig_mod.module."}) {
    std::vector<Tensor> tensors = small_network();
    const std::vector<double> theta = flat(tensors);
    for (Tensor& tensor : tensors) tensor.name = wrapper + tensor.name;
    tensors.push_back({"n_averaged", {}, {3.0}});
    write_tensors(path_, tensors);
    EXPECT_EQ(test::bits(load_minimizer(path_, LossKind::ritz, NetworkSpec{}).theta), test::bits(theta)) << wrapper;
  }
}

TEST_F(MinimizerFile, SinglePrecisionIsWidened) {
  std::vector<Tensor> tensors = small_network();
  write_tensors(path_, tensors, nullptr, true);
  const Minimizer minimizer = load_minimizer(path_, LossKind::ritz, NetworkSpec{});
  const std::vector<double> theta = flat(tensors);
  for (std::size_t i = 0; i < theta.size(); ++i)
    EXPECT_EQ(minimizer.theta[i], static_cast<double>(static_cast<float>(theta[i])));
}

TEST_F(MinimizerFile, ALinearModelIsRecognised) {
  write_tensors(path_, {{"layer_out.weight", {1, 3}, {1.0, 2.0, 3.0}}, {"layer_out.bias", {1}, {4.0}}});
  const Minimizer minimizer = load_minimizer(path_, LossKind::ritz, NetworkSpec{});
  EXPECT_EQ(minimizer.spec, (NetworkSpec{NetworkKind::linear, Activation::swish, 3, 0, 0}));
  EXPECT_EQ(minimizer.theta, (std::vector<double>{1.0, 2.0, 3.0, 4.0}));
}

TEST_F(MinimizerFile, NetworksOfEveryKindAndSizeAreRecognised) {
  for (const NetworkSpec& spec : {NetworkSpec{NetworkKind::resnet, Activation::softplus, 10, 20, 3},
                                  NetworkSpec{NetworkKind::fcnet, Activation::tanh, 1, 4, 1},
                                  NetworkSpec{NetworkKind::mlp, Activation::tanh, 3, 0, 0, {8, 5, 8}},
                                  NetworkSpec{NetworkKind::linear, Activation::swish, 2, 0, 0}}) {
    const Minimizer minimizer = test::sample_minimizer(LossKind::ritz, spec);
    std::vector<Tensor> tensors;
    const ParameterLayout layout(spec);
    for (const TensorInfo& info : layout.tensors()) {
      const auto begin = minimizer.theta.begin() + static_cast<std::ptrdiff_t>(info.offset);
      tensors.push_back({info.name, info.shape(), {begin, begin + static_cast<std::ptrdiff_t>(info.size())}});
    }
    write_tensors(path_, tensors, {{"network", to_string(spec.kind)}, {"activation", to_string(spec.activation)}});
    const Minimizer found = load_minimizer(path_, LossKind::ritz, {});
    EXPECT_EQ(found.spec, spec);
    EXPECT_EQ(found.name, "ritz");
    EXPECT_EQ(test::bits(found.theta), test::bits(minimizer.theta));
  }
}

/// Zeros in layers of these widths.
std::vector<Tensor> chain(int dimension, const std::vector<int>& widths) {
  std::vector<Tensor> tensors;
  int inputs = dimension;
  for (std::size_t l = 0; l <= widths.size(); ++l) {
    const std::string layer = l == widths.size() ? "layer_out" : l == 0 ? "layer_in" : "layer" + std::to_string(l);
    const int width = l == widths.size() ? 1 : widths[l];
    tensors.push_back(
        {layer + ".weight", {width, inputs}, std::vector<double>(static_cast<std::size_t>(width * inputs))});
    tensors.push_back({layer + ".bias", {width}, std::vector<double>(static_cast<std::size_t>(width))});
    inputs = width;
  }
  return tensors;
}

TEST_F(MinimizerFile, ShapesThatOnlyAnMlpCanHaveSayThatItIsOne) {
  NetworkHints only_activation, as_mlp;
  only_activation.activation = as_mlp.activation = Activation::tanh;
  as_mlp.kind = NetworkKind::mlp;
  for (const std::vector<int>& layers : {std::vector<int>{16, 16}, {7}, {4, 9, 6}, {5, 5, 5, 5}, {8, 2, 8}}) {
    write_tensors(path_, chain(2, layers));
    EXPECT_EQ(load_minimizer(path_, LossKind::ritz, only_activation).spec,
              (NetworkSpec{NetworkKind::mlp, Activation::tanh, 2, 0, 0, layers}));
  }
  for (const std::vector<int>& layers : {std::vector<int>{4, 4, 4}, {6, 6, 6, 6, 6}}) {  // an fcnet's, too
    write_tensors(path_, chain(2, layers));
    EXPECT_TRUE(contains(message_of_fault([&] { load_minimizer(path_, LossKind::ritz, only_activation); }),
                         "its shapes fit several: give --network fcnet, resnet or mlp"));
    EXPECT_EQ(load_minimizer(path_, LossKind::ritz, as_mlp).spec.layers, layers);
  }
  write_tensors(path_, chain(1, {4, 4, 4}), {{"network", "mlp"}, {"activation", "sin"}, {"layers", "4,4,4"}});
  EXPECT_EQ(load_minimizer(path_, LossKind::ritz, {}).spec.kind, NetworkKind::mlp);
}

TEST_F(MinimizerFile, AnMlpsLayersMayBeNumberedAsASequentialDoesIt) {
  NetworkHints only_activation, as_resnet;
  only_activation.activation = as_resnet.activation = Activation::tanh;
  as_resnet.kind = NetworkKind::resnet;
  const auto numbered = [](std::vector<Tensor> tensors, const std::vector<std::string>& layers) {
    for (std::size_t t = 0; t < tensors.size(); ++t) {
      tensors[t].name = layers[t / 2] + tensors[t].name.substr(tensors[t].name.find('.'));
      for (double& x : tensors[t].values) x = static_cast<double>(t) + 0.5;
    }
    return tensors;
  };
  const std::vector<std::vector<std::string>> names{
      {"0", "2", "4", "6"},
      {"net.0", "net.2", "net.4", "net.10"},
      {"module.linears.0", "module.linears.1", "module.linears.2", "module.linears.3"}};
  for (const std::vector<std::string>& layers : names) {
    const std::vector<Tensor> tensors = numbered(chain(2, {8, 5, 3}), layers);
    write_tensors(path_, tensors);
    const Minimizer found = load_minimizer(path_, LossKind::ritz, only_activation);
    EXPECT_EQ(found.spec, (NetworkSpec{NetworkKind::mlp, Activation::tanh, 2, 0, 0, {8, 5, 3}}));
    EXPECT_EQ(found.theta, flat(tensors)) << layers[0];
    EXPECT_TRUE(
        contains(message_of_fault([&] { load_minimizer(path_, LossKind::ritz, as_resnet); }), "give --network mlp"));
  }
  write_tensors(path_, numbered(chain(2, {4, 4, 4}), names[0]));
  EXPECT_TRUE(contains(message_of_fault([&] { load_minimizer(path_, LossKind::ritz, only_activation); }),
                       "give --network fcnet, resnet or mlp"));
  std::vector<Tensor> mixed = numbered(chain(2, {8, 5, 3}), names[0]);
  mixed[3].name = "other.2.bias";
  write_tensors(path_, mixed);
  EXPECT_TRUE(contains(message_of_fault([&] { load_minimizer(path_, LossKind::ritz, only_activation); }),
                       "'layer_in.weight' is missing"));
}

TEST_F(MinimizerFile, AnMlpWhoseTensorsDoNotFitIsRefused) {
  EXPECT_TRUE(contains(refusal(chain(1, {4, 3}), {{"network", "mlp"}, {"layers", "4,4"}}), "layers = 4,4"));
  EXPECT_TRUE(contains(refusal(chain(1, {4, 3})), "'layer1.weight' has shape (3, 4); expected (4, 4)"))
      << "as a resnet";
  std::vector<Tensor> tensors = chain(1, {4, 3});
  tensors[2].shape = {4, 3};
  EXPECT_TRUE(
      contains(refusal(tensors, {{"network", "mlp"}}), "tensor 'layer1.weight' has shape (4, 3); expected (4, 4)"));
  tensors = chain(1, {4, 3});
  tensors[4].shape = {3, 1};
  EXPECT_TRUE(contains(refusal(tensors, {{"network", "mlp"}}), "'layer_out.weight' has shape (3, 1); expected (1, 3)"));
}

TEST_F(MinimizerFile, WrongTensorsAreNamedWithTheExpectedShape) {
  std::vector<Tensor> tensors = small_network();
  tensors[2].shape = {4, 1};
  EXPECT_TRUE(contains(refusal(tensors), "tensor 'layer1.weight' has shape (4, 1); expected (2, 2)"));
  tensors = small_network();
  tensors[3].shape = {2, 1};
  EXPECT_TRUE(contains(refusal(tensors), "tensor 'layer1.bias' has shape (2, 1); expected (2)"));
  tensors = small_network();
  tensors.erase(tensors.begin() + 4);
  EXPECT_TRUE(contains(refusal(tensors), "tensor 'layer2.weight' is missing; expected shape (2, 2)"));
  tensors = small_network();
  tensors.pop_back();
  EXPECT_TRUE(contains(refusal(tensors), "tensor 'layer_out.bias' is missing; expected shape (1)"));
  tensors = small_network();
  tensors.erase(tensors.begin());
  EXPECT_TRUE(contains(refusal(tensors), "'layer_in.weight' is missing"));
  tensors = small_network();
  tensors.push_back({"layer5.weight", {1}, {0.0}});
  EXPECT_TRUE(contains(refusal(tensors), "tensor 'layer5.weight' has no place"));
  tensors = small_network();
  tensors[5].values[1] = std::nan("");
  EXPECT_TRUE(contains(refusal(tensors), "tensor 'layer2.bias' has values that are not finite"));
  tensors = small_network();
  tensors[0].shape = {2};
  EXPECT_TRUE(contains(refusal(tensors), "'layer_in.weight'"));
}

TEST_F(MinimizerFile, MetadataThatContradictsIsRefused) {
  EXPECT_TRUE(contains(refusal(small_network(), {{"width", "3"}}), "width = 3"));
  EXPECT_TRUE(contains(refusal(small_network(), {{"network", "transformer"}}), "transformer"));
  EXPECT_TRUE(contains(refusal(small_network(), {{"network", "linear"}}), "no place"));
  EXPECT_TRUE(contains(refusal(small_network(), {{"activation", "relu"}}), "relu"));
  EXPECT_TRUE(contains(refusal(small_network(), {{"width", 2}}), "no text"));
  EXPECT_TRUE(contains(refusal(small_network(), Json::array()), "__metadata__"));
}

TEST_F(MinimizerFile, BrokenContainersAreRefused) {
  const std::string data(152, '\0');
  const auto entry = [](const Json& shape, const Json& offsets, const Json& type = "F64") {
    return Json{{"layer_in.weight", {{"dtype", type}, {"shape", shape}, {"data_offsets", offsets}}}}.dump();
  };
  const std::vector<std::string> headers{
      "{",
      "{}",
      "[1]",
      std::string(1000, '{'),
      R"({"a": 1})",
      entry({2, 1}, {0, 24}),
      entry({2, 1}, {8, 0}),
      entry({2, 1}, {144, 160}),
      entry({2, 1}, {0}),
      entry({2, 1}, {0, 16, 32}),
      entry({-2, 1}, {0, 16}),
      entry({2.0, 1}, {0, 16}),
      entry("2", {0, 16}),
      entry({std::uint64_t{1} << 33, std::uint64_t{1} << 33}, {0, 16}),
      entry({std::uint64_t{1} << 63, 2}, {0, 0}),
      entry({1ULL << 61, 8}, {0, 0}),
      entry({0, 1}, {0, 0}),
      entry({2, 1}, {0, 16}, "BF16"),
      entry({2, 1}, {0, 16}, 64),
      entry({2, 1}, {std::uint64_t{0xfffffffffffffff0U}, std::uint64_t{0xffffffffffffffffU}}),
  };
  for (const std::string& header : headers) {
    spill(path_, header, data);
    EXPECT_FALSE(refusal().empty()) << header;
  }
  // Header lengths that are not the header's.
  for (const std::uint64_t length : {std::uint64_t{1000}, std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    std::ofstream(path_, std::ios::binary) << bytes << "{}";
    EXPECT_TRUE(contains(refusal(), "longer than the file"));
  }
  std::ofstream(path_, std::ios::binary) << "short";
  EXPECT_TRUE(contains(refusal(), "import_checkpoint.py"));
}

TEST_F(MinimizerFile, EveryCutAndEveryFlippedBitIsSurvived) {
  write_tensors(path_, small_network(), {{"network", "resnet"}});
  std::ifstream file(path_, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes.substr(0, n);
    EXPECT_THROW(load_minimizer(path_, LossKind::ritz, NetworkSpec{}), Error) << n;
  }
  for (std::size_t n = 0; n < 8 * bytes.size(); n += 11) {
    std::string flipped = bytes;
    flipped[n / 8] = static_cast<char>(flipped[n / 8] ^ (1 << n % 8));
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << flipped;
    try {
      const Minimizer minimizer = load_minimizer(path_, LossKind::ritz, NetworkSpec{});
      EXPECT_EQ(minimizer.theta.size(), 19U);  // a flip inside a number, or inside a name that does not matter
    } catch (const Error&) {
    }
  }
}

TEST_F(MinimizerFile, OutputsOfThisProgramAreMinimizerFilesToo) {
  const std::string path = folder_ / "a.h5";
  LandscapeFile::create(path, test::sample_layout(2, 3));
  const Minimizer found = load_minimizer(path, LossKind::galerkin, {});
  const Minimizer expected = test::sample_minimizer(LossKind::galerkin);
  EXPECT_EQ(test::bits(found.theta), test::bits(expected.theta));
  EXPECT_EQ(found.loss, LossKind::galerkin);
  EXPECT_EQ(found.source, "loaded from " + path + " (" + expected.source + ")");
  FileLayout one = test::sample_layout(2, 3);
  one.minimizers.pop_back();
  one.blocks.pop_back();
  one.results.clear();
  LandscapeFile::create(path, one, ExistingOutput::replace);
  EXPECT_TRUE(contains(message_of_fault([&] { load_minimizer(path, LossKind::galerkin, {}); }), "/minimizer/galerkin"));
  EXPECT_TRUE(
      contains(message_of_fault([&] { load_minimizer(folder_ / "none", LossKind::ritz, {}); }), "No such file"));
  EXPECT_TRUE(
      contains(message_of_fault([&] { load_minimizer(folder_.path(), LossKind::ritz, {}); }), "no .safetensors file"));
}

TEST_F(MinimizerFile, TheTensorsOfAnOutputAreDatasetsNamedAndShapedAsInPyTorch) {
  const std::string path = folder_ / "a.h5";
  for (const NetworkSpec& spec : {NetworkSpec{NetworkKind::resnet, Activation::softplus, 10, 20, 3},
                                  NetworkSpec{NetworkKind::fcnet, Activation::tanh, 1, 2, 100},
                                  NetworkSpec{NetworkKind::mlp, Activation::sin, 3, 0, 0, {8, 5, 8}},
                                  NetworkSpec{NetworkKind::linear, Activation::swish, 2, 0, 0}}) {
    FileLayout layout = test::sample_layout(2, 3);
    for (Minimizer& minimizer : layout.minimizers) minimizer = test::sample_minimizer(minimizer.loss, spec);
    LandscapeFile::create(path, layout, ExistingOutput::replace);
    EXPECT_LE(std::filesystem::file_size(path), file_size_estimate(layout)) << spec.describe();
    const Minimizer expected = test::sample_minimizer(LossKind::galerkin, spec);
    const Minimizer found = load_minimizer(path, LossKind::galerkin, {});
    EXPECT_EQ(found.spec, spec);
    EXPECT_EQ(test::bits(found.theta), test::bits(expected.theta));

    const h5::File file = h5::open_file(path, H5F_ACC_RDONLY, h5::access_properties());
    const h5::Group group = h5::open_group(file.get(), "minimizer/galerkin/parameters");
    EXPECT_EQ(h5::link_names(group.get()).size(), ParameterLayout(spec).tensors().size());
    std::vector<hsize_t> weight, bias;
    const std::string layer = spec.kind == NetworkKind::linear ? "layer_out" : "layer_in";
    const auto values = h5::read_dataset<double>(group.get(), layer + ".weight", 2, &weight);
    h5::read_dataset<double>(group.get(), layer + ".bias", 1, &bias);
    const auto rows = static_cast<hsize_t>(ParameterLayout(spec).tensors().front().rows);
    EXPECT_EQ(weight, (std::vector<hsize_t>{rows, static_cast<hsize_t>(spec.dimension)}));
    EXPECT_EQ(bias, std::vector<hsize_t>{rows});
    EXPECT_TRUE(std::equal(values.begin(), values.end(), expected.theta.begin()));
  }
}

TEST_F(MinimizerFile, AMinimizerOfAnotherLossIsRefused) {
  FileLayout layout = test::sample_layout(2, 3);
  layout.minimizers[1].loss = LossKind::ritz;  // still called galerkin
  LandscapeFile::create(folder_ / "a.h5", layout);
  EXPECT_TRUE(contains(message_of_fault([&] { load_minimizer(folder_ / "a.h5", LossKind::galerkin, {}); }),
                       "/minimizer/galerkin was trained on the loss ritz"));
}

TEST_F(MinimizerFile, ADamagedTensorIsNamed) {
  const std::string path = folder_ / "a.h5";
  LandscapeFile::create(path, test::sample_layout(2, 3));
  {
    const h5::File file = h5::open_file(path, H5F_ACC_RDWR, h5::access_properties());
    const double other = 0.25;
    h5::write_range(h5::open_dataset(file.get(), "minimizer/ritz/parameters/layer2.weight", H5T_IEEE_F64LE, 2),
                    H5T_NATIVE_DOUBLE, 7, 1, &other);
  }
  EXPECT_TRUE(contains(message_of_fault([&] { load_minimizer(path, LossKind::ritz, {}); }),
                       "minimizer/ritz/parameters/layer2.weight is damaged: its checksum does not match"));
  EXPECT_EQ(load_minimizer(path, LossKind::galerkin, {}).loss, LossKind::galerkin);
}

}  // namespace
}  // namespace landscape
