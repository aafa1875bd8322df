#include <ATen/ATen.h>

#include "record/checkpoint.hpp"
#include "support/scratch.hpp"
#include "support/tiny_training.hpp"
#include "train/keys.hpp"
#include "train/training.hpp"

using namespace laq;
using namespace laq::test;
using namespace laq::train;

namespace {

const std::vector<std::string> kRandom = {
    "model={kind: layers, layers: [flatten, dropout: 0.2, dense: 16, batch_norm, relu, dropout: "
    "0.5, dense: outputs]}",
    "data.augment={crop: 1, flip: true}",
    "train.optimizer=sgd",
    "train.weight_decay=0.001",
    "train.schedule={shape: cosine}",
    "train.learning_rate=0.05"};

// tiny_run sets a key of an mlp first.
Run random_run(const std::string& method, std::int64_t seed = 1) {
  RunRequest request{"mnist", method, "paper", seed, {}};
  for (const auto& word : kRandom) request.overrides.push_back(config::parse_override(word));
  for (const char* word : {"train.batch=10", "train.epochs=3"})
    request.overrides.push_back(config::parse_override(word));
  return resolve(project_configs(), request);
}

}  // namespace

TEST_CASE("a run with dropout, augmentation and SGD is the same each time and when resumed",
          "[train]") {
  const Scratch folder;
  for (const char* method : {"full", "late", "ttq"}) {
    INFO(method);
    const Run run = random_run(method);
    const ImageTask task = tiny_images({.augmentation = run.augmentation});
    Training whole(run, task), again(run, task);
    at::manual_seed(1);
    go_on(whole);
    at::manual_seed(2);
    go_on(again);
    CHECK((bytes_of(again) == bytes_of(whole)));
    CHECK(bytes_of(whole).at("model:dropout2.drawn") !=
          bytes_of(Training(run, task)).at("model:dropout2.drawn"));
    for (const std::int64_t stop : {1, 6, 8}) {
      Training first(run, task), second(run, task);
      go_on(first, stop);
      record::write_checkpoint(folder / "checkpoint.h5", first.blobs(), first.checkpoint_state());
      second.restore(record::CheckpointReader(folder / "checkpoint.h5"));
      go_on(second);
      CHECK((bytes_of(second) == bytes_of(whole)));
    }
    const Run other = random_run(method, 2);
    Training different(other, task);
    go_on(different);
    CHECK(bytes_of(different).at("epoch:losses") != bytes_of(whole).at("epoch:losses"));
  }
}

TEST_CASE("augmentation changes training batches alone", "[train]") {
  const Run run = random_run("full");
  const ImageTask task = tiny_images({.augmentation = run.augmentation});
  const std::vector<std::int64_t> rows{0, 1, 2, 3};
  const Batch plain = task.gather(data::Part::train, rows);
  Batch changed = task.gather(data::Part::train, rows);
  CHECK(changed.input.equal(plain.input));
  task.augment(changed, 1, 0);
  CHECK_FALSE(changed.input.equal(plain.input));
  CHECK(changed.target.equal(plain.target));
}

TEST_CASE("what a run may not have is refused before data is read", "[train]") {
  const auto refusal = [](const std::string& experiment, const std::vector<std::string>& words) {
    RunRequest request{experiment, "late", "paper", 1, {}};
    for (const auto& word : words) request.overrides.push_back(config::parse_override(word));
    return usage_message([&] { resolve(project_configs(), request); });
  };
  CHECK_THAT(refusal("war_and_peace", {"data.augment.flip=true"}),
             Contains("'data.augment' has no meaning for text"));
  CHECK_THAT(refusal("mnist", {"train.sgd.momentum=0.5"}),
             Contains("'train.sgd' has no meaning with Adam"));
  CHECK_THAT(refusal("mnist", {"train.schedule.shape=cosine"}),
             Contains("has no meaning with shape: cosine"));
  CHECK_THAT(refusal("mnist", {"train.optimizer=rmsprop"}), Contains("one of adam, sgd"));
  CHECK_THAT(refusal("mnist", {"data.augment.crop=-1"}), Contains("'data.augment.crop'"));
  CHECK_THAT(
      refusal("mnist_lenet5", {"model.layers.3.conv.kernel=20"}),
      Contains("(conv)") && Contains("found 6 x 14 x 14") && Contains("at least 20 x 20 pixels"));
  CHECK_THAT(refusal("mnist_lenet5", {"model.layers.12=relu"}), Contains("0 to 11"));
  CHECK_THAT(refusal("cifar10_resnet20", {"dataset=war_and_peace"}), Contains("augment"));
}

TEST_CASE("networks in configs/models have the published sizes", "[train]") {
  const auto size = [](const char* experiment, const std::vector<std::string>& words = {}) {
    RunRequest request{experiment, "late", "paper", 1, {}};
    for (const auto& word : words) request.overrides.push_back(config::parse_override(word));
    return resolve(project_configs(), request).model_size();
  };
  // LeNet-5: 150 + 2400 + 48000 + 10080 + 840.
  CHECK(size("mnist_lenet5").weights == 61470);
  CHECK(size("mnist_lenet5", {"model.layers.7.dense=10", "model.layers.1=tanh"}).weights < 10000);
  // ResNet-20: 0.27 million weights, without the first and the last layer, with two shortcuts; 40.6
  // million multiplications.
  CHECK(size("cifar10_resnet20").weights == 269824);
  CHECK(size("cifar10_resnet20").multiplications == Approx(40.6e6).epsilon(0.02));
  CHECK(size("cifar10_resnet20", {"model.layers.3.repeat.times=5"}).multiplications >
        size("cifar10_resnet20").multiplications);
  CHECK(size("war_and_peace_gru2").weights == 3 * 256 * (87 + 256) + 3 * 256 * 512);
}

TEST_CASE("every key of every experiment and method has a line of meaning", "[train]") {
  const auto keys = all_keys(project_configs());
  const auto known = [&](const std::string& path) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const Key& key) { return key.facts.path == path; });
  };
  for (const auto& experiment : config::names_in(project_configs(), "experiments")) {
    INFO(experiment);
    const Run run = resolve(project_configs(), {experiment, "late", "quick", 1, {}});
    for (const Key& key : keys_of(run.keys)) {
      INFO(key.facts.path);
      CHECK(known(key.facts.path));
    }
  }
  for (const auto& method : config::names_in(project_configs(), "methods")) {
    INFO(method);
    for (const Key& key :
         keys_of(resolve(project_configs(), {"mnist", method, "quick", 1, {}}).keys))
      CHECK(known(key.facts.path));
  }
  CHECK(meanings_without_key(project_configs()) == std::vector<std::string>{});
  for (const Key& key : keys) {
    if (key.facts.path != "train.epochs") continue;
    CHECK(key.fallback == "required");
    CHECK(key.facts.expected == "a whole number in 0 to 1000000");
  }
}
