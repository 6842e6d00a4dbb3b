// The table of devices and the choice that a process makes for itself.
#include "landscape/job/device.hpp"

#include <gtest/gtest.h>

namespace landscape {
namespace {

TEST(Devices, EveryWordOfTheOptionIsADeviceAndTheLastIsAlwaysThere) {
  for (const DeviceChoice choice : {DeviceChoice::cpu, DeviceChoice::cuda})
    EXPECT_EQ(find_device(to_string(choice)).choice, choice);
  EXPECT_THROW(find_device("auto"), Error);
  EXPECT_THROW(find_device("tpu"), Error);
  EXPECT_EQ(devices().back().status().n_devices, 1);
  EXPECT_TRUE(devices().back().takes_single);
  EXPECT_EQ(devices().back().least_step_work, 0.0);
}

TEST(Devices, AutoTakesTheFirstThatIsThereAndAWordItsOwn) {
  RunConfig config;
  const bool has_gpu = find_device("cuda").status().n_devices > 0;
  EXPECT_EQ(choose_device(config, nullptr).name, has_gpu ? "cuda" : "cpu");
  config.precision = Precision::single_precision;
  const ChosenDevice single = choose_device(config, nullptr);
  EXPECT_EQ(single.name, "cpu");
  EXPECT_EQ(single.note.empty(), !has_gpu) << single.note;
  config.device = DeviceChoice::cpu;
  EXPECT_EQ(choose_device(config, nullptr).note, "") << "no other was asked for";
  config.device = DeviceChoice::cuda;
  if (!has_gpu) {
    try {
      choose_device(config, nullptr);
      FAIL() << "there is none";
    } catch (const UsageError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("--device cuda cannot be had: "), std::string::npos) << message;
      EXPECT_NE(message.find(find_device("cuda").status().reason), std::string::npos) << message;
    }
  }
}

TEST(Devices, ATrainingFollowsAnAskedDeviceAndStaysOnTheCpuWithShortSteps) {
  RunConfig config;
  config.device = DeviceChoice::cuda;
  EXPECT_EQ(choose_training_device(config, "cuda"), "cuda");
  config.device = DeviceChoice::automatic;
  EXPECT_EQ(choose_training_device(config, "cuda"), "cpu") << "201 points, 53 parameters";
  EXPECT_EQ(choose_training_device(config, "cpu"), "cpu");
  config.training.quadrature = {QuadratureKind::sobol, 8192};
  EXPECT_EQ(choose_training_device(config, "cuda"), "cuda");
  config.training.batch = 100;
  EXPECT_EQ(choose_training_device(config, "cuda"), "cpu");
}

}  // namespace
}  // namespace landscape
