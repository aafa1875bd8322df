#include <algorithm>
#include <cstring>
#include <map>

#include "support/scratch.hpp"
#include "support/tiny_training.hpp"
#include "train/training.hpp"

using namespace laq;
using namespace laq::test;
using train::Training;

namespace {

/// A task that remembers which rows were learned from.
class Watched : public train::Task {
 public:
  explicit Watched(const train::Task& task) : Task(train::Loss::squared_hinge), task_(task) {}
  nn::Shape shape() const override { return task_.shape(); }
  std::int64_t rows(data::Part part) const override { return task_.rows(part); }
  std::int64_t evaluation_rows() const override { return task_.evaluation_rows(); }
  train::Batch gather(data::Part part, std::span<const std::int64_t> rows) const override {
    if (part == data::Part::train) seen.insert(seen.end(), rows.begin(), rows.end());
    return task_.gather(part, rows);
  }
  mutable std::vector<std::int64_t> seen;

 private:
  const train::Task& task_;
};

using Weights = std::map<std::string, std::vector<float>>;

/// The weights that are trained, by layer: latent where they are quantized.
Weights initial_weights(const train::Run& run, const train::Task& task) {
  const Training training(run, task);
  std::map<std::string, std::vector<float>> plain, latent;
  for (const auto& blob : training.blobs()) {
    const auto* values = std::get_if<std::span<const float>>(&blob.values);
    if (!values) continue;
    const std::vector<float> all(values->begin(), values->end());
    std::string name = blob.name;
    if (name.starts_with("model:")) plain[name.substr(6)] = all;
    if (name.starts_with("optimizer:") && name.ends_with(":latent"))
      latent[name.substr(10, name.size() - 10 - 7)] = all;
  }
  for (const auto& [name, values] : latent) plain[name] = values;
  return plain;
}

bool same_bits(const Weights& a, const Weights& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](auto& x, auto& y) {
           return x.first == y.first && x.second.size() == y.second.size() &&
                  std::memcmp(x.second.data(), y.second.data(), 4 * x.second.size()) == 0;
         });
}

std::vector<std::int64_t> data_order(const train::Run& run, const train::Task& task) {
  const Watched watched(task);
  Training training(run, watched);
  while (!training.done()) {
    training.advance();
    if (training.epoch_due()) training.finish_epoch();
  }
  return watched.seen;
}

const std::vector<std::string> kSameInit{"model.init=loss_aware", "train.epochs=2"};

}  // namespace

TEST_CASE("the same seed gives every method the same initial weights", "[train]") {
  const train::ImageTask images = tiny_images();
  const train::TextTask text = tiny_text();
  const auto first = initial_weights(tiny_run("late", 3, kSameInit), images);
  const auto first_text = initial_weights(tiny_text_run("late", 3, kSameInit), text);
  REQUIRE(first.size() >= 2);
  CHECK_FALSE(same_bits(first, initial_weights(tiny_run("late", 4, kSameInit), images)));
  for (const auto& method : config::names_in(project_configs(), "methods")) {
    INFO(method);
    CHECK(same_bits(first, initial_weights(tiny_run(method, 3, kSameInit), images)));
    CHECK(same_bits(first_text, initial_weights(tiny_text_run(method, 3, kSameInit), text)));
  }
}

TEST_CASE("the full-precision network's wider start is the same draws, scaled", "[train]") {
  const train::ImageTask images = tiny_images();
  const auto late = initial_weights(tiny_run("late", 3), images),
             full = initial_weights(tiny_run("full", 3), images);
  for (const auto& [name, values] : late) {
    if (!name.starts_with("dense") || !name.ends_with(".weight")) continue;
    INFO(name);
    for (std::size_t i = 0; i < values.size(); ++i)
      REQUIRE(full.at(name)[i] == Approx(2 * values[i]));  // sqrt(6) and sqrt(1.5)
  }
}

TEST_CASE("the same seed gives every method the same order of the data", "[train]") {
  const train::ImageTask images = tiny_images();
  const train::TextTask text = tiny_text();
  const auto first = data_order(tiny_run("late", 3, kSameInit), images);
  REQUIRE(first.size() == 2 * 60);
  CHECK(first != data_order(tiny_run("late", 4, kSameInit), images));
  for (const auto& method : config::names_in(project_configs(), "methods")) {
    INFO(method);
    CHECK(first == data_order(tiny_run(method, 3, kSameInit), images));
  }
}
