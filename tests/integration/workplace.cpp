#include "integration/workplace.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace laq::integration {
namespace fs = std::filesystem;
namespace {

const fs::path kSource = LAQ_SOURCE_DIR;

constexpr const char* kExperiment = R"(
dataset: tiny
model: {kind: mlp, hidden: [16]}
train: {epochs: 3, batch: 20, loss: squared_hinge, learning_rate: 0.01,
        schedule: {factor: 0.1, at: [15, 25]}}
)";
constexpr const char* kSweep = R"(
title: Test error (%) on tiny
profile: paper
experiments: [tiny]
methods: [full, late]
seeds: [1]
)";

}  // namespace

Workplace::Workplace() {
  std::string pattern = (fs::temp_directory_path() / "laq-XXXXXX").string();
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
  path_ = pattern;
  fs::copy(kSource / "configs", path_ / "configs", fs::copy_options::recursive);
  add_pictures("tiny", {});
  write_text(path_ / "configs/experiments/tiny.yaml", kExperiment);
  write_text(path_ / "configs/sweeps/tiny.yaml", kSweep);
}

Workplace::~Workplace() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

void Workplace::add_pictures(const std::string& name, const TinySizes& sizes) const {
  const DataFiles files = tiny_files(sizes);
  for (const auto& [file, content] : files) write_text(path_ / "data" / name / file, content);
  write_text(path_ / "configs/datasets" / (name + ".yaml"), tiny_dataset_yaml(files, sizes));
}

Call Workplace::call(std::vector<std::string> arguments) const {
  return {.arguments = std::move(arguments), .folder = path_};
}

fs::path Workplace::run_folder(const std::string& method, const fs::path& runs) const {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(path_ / runs / "tiny")) {
    if (!entry.path().filename().string().starts_with(method + "-")) continue;
    for (const auto& seed : fs::directory_iterator(entry.path())) found.push_back(seed.path());
  }
  if (found.size() != 1) {
    throw std::runtime_error(
        fmt::format("{} runs of {} in {}", found.size(), method, (path_ / runs).string()));
  }
  return found.front();
}

fs::path real_data() {
  const char* mirror = std::getenv("LAQ_DATA_MIRROR");
  const fs::path folder = mirror && *mirror ? fs::path(mirror) : kSource / "../shared/data";
  return fs::is_directory(folder) ? fs::canonical(folder) : fs::path();
}

bool has_fashion_mnist() {
  return fs::exists("/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz");
}

}  // namespace laq::integration
