#include <ATen/ATen.h>

#include <limits>
#include <numeric>

#include "record/checkpoint.hpp"
#include "support/host_reads.hpp"
#include "support/scratch.hpp"
#include "support/tiny_training.hpp"
#include "train/resident_data.hpp"

using namespace laq;
using namespace laq::test;
using namespace laq::train;

namespace {

constexpr std::array kParts{data::Part::train, data::Part::validation, data::Part::test};
const Execution kResident{.resident = true};

void check_same(const Batch& a, const Batch& b) {
  REQUIRE(a.input.sizes() == b.input.sizes());
  REQUIRE(a.target.sizes() == b.target.sizes());
  CHECK(a.input.scalar_type() == b.input.scalar_type());
  CHECK(a.target.scalar_type() == at::kLong);
  CHECK(at::equal(a.input, b.input));
  CHECK(at::equal(a.target, b.target));
}

void check_part(const Task& task, data::Part part) {
  const ResidentPart resident(task, part, at::kCPU);
  const std::vector<std::int64_t> rows{3, 0, 2, 2, task.rows(part) - 1};
  check_same(resident.gather(at::tensor(rows, at::kLong)), task.gather(part, rows));
  std::vector<std::int64_t> all(static_cast<std::size_t>(task.rows(part)));
  std::iota(all.begin(), all.end(), 0);
  check_same(resident.slice(0, task.rows(part)), task.gather(part, all));
  check_same(resident.slice(1, 2), task.gather(part, std::span(all).subspan(1, 2)));
}

class ManyClasses : public Task {
 public:
  ManyClasses() : Task(Loss::cross_entropy) {}
  nn::Shape shape() const override { return {{2}, 1000}; }
  std::int64_t rows(data::Part) const override { return 3; }
  Batch gather(data::Part, std::span<const std::int64_t> rows) const override {
    const auto count = static_cast<std::int64_t>(rows.size());
    return {at::zeros({count, 2}), at::arange(255, 255 + count, at::kLong)};
  }
  std::int64_t evaluation_rows() const override { return 3; }
};

// Everything from the first step to the final values.
template <typename Data>
void check_run(const Run& run, const Data& data) {
  INFO(run.request.method);
  Training plain(run, data), resident(run, data, kResident);
  const Scratch folder;
  const std::int64_t total = plain.position().total_steps;
  go_on(plain);
  int calls = 0;
  for (; !resident.done(); ++calls) {
    const Position before = resident.position();
    resident.advance(1000);
    const Position& after = resident.position();
    CHECK(after.steps > before.steps);
    CHECK(after.epoch == before.epoch);
    CHECK(after.step_in_epoch <= after.steps_per_epoch);
    if (resident.epoch_due()) resident.finish_epoch();
  }
  CHECK(calls < total);  // several at a time
  CHECK((bytes_of(resident) == bytes_of(plain)));
  CHECK(*resident.history().epochs.find("valid_loss") ==
        *plain.history().epochs.find("valid_loss"));
  CHECK(*resident.history().epochs.find("test_error") ==
        *plain.history().epochs.find("test_error"));
  CHECK(*resident.history().steps.find("loss") == *plain.history().steps.find("loss"));
  CHECK(resident.history().steps.index == plain.history().steps.index);
  for (const std::int64_t stop : {std::int64_t{1}, std::int64_t{4}, total / 2, total - 1}) {
    INFO("stopped after " << stop);
    Training first(run, data, kResident), second(run, data, kResident);
    while (first.position().steps < stop) {
      first.advance(stop - first.position().steps);
      if (first.epoch_due()) first.finish_epoch();
    }
    CHECK(first.position().steps == stop);
    record::write_checkpoint(folder / "checkpoint.h5", first.copied_blobs(),
                             first.checkpoint_state());
    second.restore(record::CheckpointReader(folder / "checkpoint.h5"));
    go_on(second);
    CHECK((bytes_of(second) == bytes_of(plain)));
    CHECK(*second.history().steps.find("loss") == *plain.history().steps.find("loss"));
  }
}

}  // namespace

TEST_CASE("batches made on a device are the host's", "[train]") {
  const auto images = tiny_images();
  const auto many = tiny_images({.rows = 5000});  // more than are brought there at a time
  const auto text = tiny_text();
  for (const auto part : kParts) {
    check_part(images, part);
    check_part(many, part);
    check_part(text, part);
  }
}

TEST_CASE("data lies compactly on a device, as far as it fits", "[train]") {
  const auto images = tiny_images();
  const auto text = tiny_text();
  CHECK(ResidentPart::bytes(images, data::Part::train) == 60 * (16 * 4 + 1));
  CHECK(ResidentPart::bytes(text, data::Part::test) == 4 * (8 + 8));
  const auto lying = [](const Task& task, std::int64_t free) {
    std::string names;
    const ResidentData all(task, at::kCPU, [free] { return free; });
    for (const auto part : kParts) names += all.find(part) ? "x" : "-";
    return names;
  };
  CHECK(lying(images, 3 * 60 * 65) == "xxx");
  CHECK(lying(images, 3 * 60 * 65 - 1) == "-xx");
  CHECK(lying(images, 3 * 40 * 65 - 1) == "---");
  const auto augmented = tiny_images({.augmentation = {.flip = true}});
  CHECK(lying(augmented, std::numeric_limits<std::int64_t>::max()) == "-xx");
  CHECK_FALSE(ResidentData().find(data::Part::train));
}

TEST_CASE("a label that does not fit a byte is told", "[train]") {
  CHECK_THAT(
      message_of([] { ResidentPart(ManyClasses(), data::Part::test, at::kCPU); }),
      Contains("does not fit a byte") && Contains("found 256") && Contains("expected 0 to 255"));
}

TEST_CASE("a training with its data on the device computes the same, in steps at a time",
          "[train]") {
  const auto images = tiny_images({.rows = 235});
  for (const char* method : {"full", "late", "lata", "ttq", "laq3_log", "lat2e", "parq"})
    check_run(tiny_run(method), images);
  check_run(tiny_run("late", 1, {"train.max_steps=37"}), images);
  check_run(tiny_run("late", 1,
                     {"model={kind: layers, layers: [flatten, dropout: 0.2, dense: 16, "
                      "batch_norm, relu, dropout: 0.5, dense: outputs]}"}),
            images);
  const auto text = tiny_text();
  for (const char* method : {"full", "late", "laq4_linear"}) check_run(tiny_text_run(method), text);
}

TEST_CASE("steps handed over at a time end at round numbers and where they are to", "[train]") {
  const auto images = tiny_images({.rows = 235});
  const Run run = tiny_run("late", 1, {"train.max_steps=42"});
  Training training(run, images, kResident);
  std::vector<std::int64_t> ends;
  while (!training.done()) {
    training.advance(8 - training.position().step_in_epoch % 8);
    ends.push_back(training.position().steps);
    if (training.epoch_due()) training.finish_epoch();
  }
  // The first ones before a graph is captured; 23 is an epoch's last.
  CHECK(ends == std::vector<std::int64_t>{3, 8, 10, 16, 20, 23, 31, 33, 39, 42});
  Training one(run, images);
  one.advance(1000);
  CHECK(one.position().steps == 1);
}

TEST_CASE("pictures that are augmented come from the host, with the same draws", "[train]") {
  const auto images = tiny_images({.rows = 115, .augmentation = {.crop = 1, .flip = true}});
  const Run run = tiny_run("late");
  Training plain(run, images), resident(run, images, kResident);
  go_on(plain);
  resident.advance(1000);
  CHECK(resident.position().steps == 1);
  go_on(resident);
  CHECK((bytes_of(resident) == bytes_of(plain)));
}

TEST_CASE("an evaluation brings its sums to the host once", "[train]") {
  const auto images = tiny_images({.rows = 1700});
  const Run run = tiny_run("late");
  Training training(run, images);
  const ResidentPart part(images, data::Part::train, at::kCPU);
  const auto never = [] { return false; };
  const Score host = evaluate(training.model(), images, data::Part::train);
  Score here;
  CHECK(host_reads([&] {
          here = *evaluate(training.model(), images, data::Part::train, never, &part);
        }) == 0);  // four batches; they come in one tensor
  CHECK(here.loss == host.loss);
  CHECK(here.error == host.error);
  int asked = 0;
  CHECK_FALSE(evaluate(
      training.model(), images, data::Part::train, [&] { return ++asked == 2; }, &part));
  CHECK(asked == 2);
}

TEST_CASE("copies for a checkpoint stay as they are while the training goes on", "[train]") {
  const auto images = tiny_images();
  const Run run = tiny_run("late");
  Training training(run, images, kResident);
  go_on(training, 2);
  const auto before = bytes_of(training);
  const auto blobs = training.copied_blobs();
  const auto later = training.weights_later();
  const record::BestWeights weights = training.weights();
  training.advance();
  CHECK((bytes_of(training) != before));
  const Scratch folder;
  record::write_checkpoint(folder / "checkpoint.h5", blobs, training.checkpoint_state());
  const record::CheckpointReader saved(folder / "checkpoint.h5");
  const auto values = saved.read<float>("model:dense1.weight");
  const std::string& expected = before.at("model:dense1.weight");
  REQUIRE(values.size() * sizeof(float) == expected.size());
  CHECK(std::memcmp(values.data(), expected.data(), expected.size()) == 0);
  const record::BestWeights made = later();
  CHECK((made.quantized == weights.quantized));
  CHECK((made.plain == weights.plain));
  CHECK((made.input == weights.input));
  CHECK(made.epoch == weights.epoch);
  CHECK(made.texts == weights.texts);
}
