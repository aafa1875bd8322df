#include <algorithm>

#include "config/reader.hpp"
#include "config/yaml.hpp"
#include "support/scratch.hpp"
#include "train/experiment.hpp"
#include "train/metric.hpp"

using namespace laq;
using namespace laq::test;
using namespace laq::train;

namespace {

const std::vector<int> kWide(3, 2048), kNarrow(3, 512);
const std::vector<std::string> kOldQuickText = {"train.clip_gradient_at=parameter",
                                                "train.batch=100", "train.learning_rate=0.002",
                                                "data.characters=500000"};

Run resolved(const std::string& method = "late", const std::vector<std::string>& words = {},
             const std::string& profile = "paper", const std::string& experiment = "mnist") {
  RunRequest request{experiment, method, profile, 1, {}};
  for (const auto& word : words) request.overrides.push_back(config::parse_override(word));
  return resolve(project_configs(), request);
}

std::string refusal(const std::string& method, const std::vector<std::string>& words = {},
                    const std::string& profile = "paper", const std::string& experiment = "mnist") {
  return usage_message([&] { resolved(method, words, profile, experiment); });
}

}  // namespace

// A run's folder carries this hash: were it to change, finished runs would be run again, or results
// of different configurations mixed. A new key must be `omit_default`, so that these stay.
TEST_CASE("hashes of configurations stay what they are", "[train]") {
  struct Golden {
    const char *experiment, *method, *profile, *hash;
  };
  for (const Golden& golden : std::vector<Golden>{
           {"mnist", "full", "paper",
            "f64e57363be36b22de71e0530cc96b07062f86b12e7c6040afdc3209a1bd08ae"},
           {"mnist", "binaryconnect", "paper",
            "7b83d0139e85e63455aa1272a14cf7cacaea36b08e7838d96e7f694fa0ff4898"},
           {"mnist", "late", "paper",
            "f05ea6f36a7441473f4db6d667d326461e634df0602836691314de87a9822eef"},
           {"mnist", "late", "short",
            "a6a2cb06a4eee0cbfc7c3f824d4d1a447e9e5a2e45dff42a41fd2161e6eaefad"},
           {"mnist", "laq3_log", "quick",
            "88454600a44e6bb6645d29a26ee417787133f20dda0df56640264d573c78a856"},
           {"mnist", "ttq", "quick",
            "85907221b87bef91c8a0b0d08488dfefd17d5930d543aa22c9504c17ac9fd235"},
           {"mnist", "dorefa3", "quick",
            "19edb58efec71c96775f9b686e4593b68de27ab8552dbcb5861ed903be1b6c03"},
           {"fashion_mnist", "lat2a", "quick",
            "304f527298aa7a7bddb89ddecfe26e25b6d8f0e6d1cb687b184b3f5ee422d2df"},
           {"war_and_peace", "late", "quick",
            "627e7c208e443cd909160617f8f71d6121761c4c91290088ec4c3ab40c7a03a2"},
           {"linux_debian", "full", "quick",
            "3eed261d84f2ea3796caf4d1c1789454c98c38df91ed19bf1b7a1df4e88493ef"},
           {"penn_treebank", "laq4_log", "quick",
            "c25d538f5074c5f1697a16844026cc6404da60aac304a0402efc53efcf0f0341"},
           {"cifar10", "late", "paper",
            "881d5f0458d35a2b049c8678871407a6796ac4f7d83f42d1b2332dc880a14b6f"},
           {"cifar10_jpeg", "twn", "quick",
            "77b4a2dabfb7513b5fcfc67e0d9063f797c99350b10e08cd0f2f735aaa46bdf5"},
           {"cifar100", "late", "paper",
            "cc737d1c6a5bd95989b1841d0103a6dc2b940991115075413df9bdd8c61b9116"},
           {"svhn", "full", "paper",
            "cbc80125789aa2e4365a35355288ecb14228ee45ef33e37016f0834e2c18c99b"},
       }) {
    INFO(golden.experiment << ", " << golden.method << ", " << golden.profile);
    CHECK(resolved(golden.method, {}, golden.profile, golden.experiment).hash == golden.hash);
  }
}

TEST_CASE("where gradients are clipped is part of the hash where they are", "[train]") {
  const auto text = [](const std::vector<std::string>& words) {
    return resolved("late", words, "paper", "war_and_peace");
  };
  const Run at_steps = text({});
  const Run at_parameters = text({"train.clip_gradient_at=parameter"});
  CHECK(at_steps.hash != at_parameters.hash);
  CHECK(at_steps.canonical["train"]["clip_gradient_at"] == "step");
  CHECK_FALSE(at_parameters.canonical["train"].contains("clip_gradient_at"));
  CHECK(at_parameters.train.adam.clip_gradient == 5);
  CHECK(at_parameters.train.clip_at_steps == 0);
  const Run unclipped = text({"train.clip_gradient=0"});
  CHECK(unclipped.hash == text({"train.clip_gradient=0", "train.clip_gradient_at=parameter"}).hash);
  CHECK(unclipped.train.clip_at_steps == 0);
  CHECK(resolved("late", {"train.clip_gradient_at=parameter"}).hash == resolved("late").hash);
  // Of before there was a choice.
  CHECK(resolved("late", kOldQuickText, "quick", "war_and_peace").hash ==
        "adf15e9770b3a8711b0c8f89625c15c2422dc803a631a83331b3e5127840ac80");
}

TEST_CASE("the rule of local contrast normalisation is part of the hash, the first one is not",
          "[train]") {
  const Scratch folder;
  std::filesystem::copy(project_configs(), folder / "configs",
                        std::filesystem::copy_options::recursive);
  const std::string yaml = read_file(folder / "configs/datasets/svhn.yaml");
  const auto hash = [&](const std::string& line) {
    std::string changed = yaml;
    const auto at = changed.find("lcn: ");
    changed.replace(at, changed.find('\n', at) - at, line);
    folder.write("configs/datasets/svhn.yaml", changed);
    const auto rate = config::parse_override("train.learning_rate=0.0005");
    return resolve(folder / "configs", {"svhn", "lab", "paper", 1, {rate}}).hash;
  };
  // What runs on all channels had before there was a choice.
  const std::string before = "7331cf36ec2df785e9943560c43eeaed1aa13530761ce2f9002750595e39ac7d";
  CHECK(hash("") == before);
  CHECK(hash("lcn: all_channels") == before);
  CHECK(hash("lcn: pylearn2") ==
        resolved("lab", {"train.learning_rate=0.0005"}, "paper", "svhn").hash);
  CHECK(hash("lcn: pylearn2") != before);
}

TEST_CASE("the hash is of what can change the outcome", "[train]") {
  const Run run = resolved();
  RunRequest other_seed = run.request;
  other_seed.seed = 99;
  CHECK(resolve(project_configs(), other_seed).hash == run.hash);
  CHECK(run.hash == sha256(run.canonical.dump()));
  // Said in other words.
  CHECK(resolved("late", {"train.epochs=50", "quantizer.group=tensor"}).hash == run.hash);
  CHECK(resolved("late", {"train.learning_rate=1e-2", "train.max_steps=0"}).hash == run.hash);
  CHECK(resolved("late", {"model.output_norm=true"}).hash == run.hash);
  CHECK(resolved("lata", {"quantizer.solver=exact"}).hash == run.hash);
  const Run often =
      resolved("late", {"checkpoint.every_steps=10", "checkpoint.every_seconds=60.5"});
  CHECK(often.hash == run.hash);
  CHECK(often.yaml() == run.yaml());
  CHECK(often.checkpoint.every_steps == 10);
  CHECK_FALSE(resolved("late", {"record.steps=false"}).record_steps);
  CHECK(resolved("late", {"record.steps=false"}).hash == run.hash);
  CHECK(often.checkpoint.every_seconds == 60.5);
  std::vector<std::string> hashes = {run.hash};
  for (const char* word : {"train.epochs=49",
                           "train.batch=50",
                           "train.max_steps=5",
                           "train.learning_rate=0.02",
                           "train.schedule.factor=0.5",
                           "train.schedule.at=[15]",
                           "train.schedule.every=3",
                           "train.adam.beta1=0.8",
                           "train.adam.beta2=0.99",
                           "train.adam.epsilon=1e-7",
                           "train.clip_weights=2",
                           "model.hidden=[2048, 2048]",
                           "model.init=glorot",
                           "model.output_norm=false",
                           "quantizer.solver=alternating",
                           "quantizer.scaling=asymmetric",
                           "quantizer.curvature=none",
                           "quantizer.group=row",
                           "quantizer={levels: linear, bits: 4}",
                           "dataset=fashion_mnist",
                           "data.train_limit=1000",
                           "data.validation_limit=1000"}) {
    hashes.push_back(resolved("late", {word}).hash);
  }
  std::sort(hashes.begin(), hashes.end());
  CHECK(std::adjacent_find(hashes.begin(), hashes.end()) == hashes.end());
}

TEST_CASE("an experiment has keys of its own for some methods", "[train]") {
  const auto rate = [](const std::string& method, const std::string& experiment,
                       const std::vector<std::string>& words = {}) {
    return resolved(method, words, "paper", experiment).schedule.rate(0);
  };
  for (const char* binary : {"binaryconnect", "bwn", "lab"}) {
    CHECK(rate(binary, "cifar10") == 0.02);
    CHECK(rate(binary, "svhn") == 0.001);
    CHECK(rate(binary, "svhn_width") == 0.001);
    CHECK(rate(binary, "cifar100") == 0.0005);  // takes CIFAR-10's back
    CHECK(rate(binary, "mnist") == 0.01);
  }
  CHECK(rate("late", "cifar10") == 0.002);
  CHECK(rate("late", "svhn") == 0.0005);
  CHECK(rate("late", "svhn_width") == 0.001);
  CHECK(rate("lab", "cifar10", {"train.learning_rate=0.1"}) == 0.1);
  // What an experiment says of other methods is no part of a run.
  CHECK_FALSE(resolved("late", {}, "paper", "cifar10").canonical.contains("methods"));
}

TEST_CASE("a profile has keys for kinds of networks and for experiments", "[train]") {
  const Run tree_bank = resolved("late", {}, "reduced", "penn_treebank");
  CHECK(tree_bank.train.epochs == 12);
  CHECK(tree_bank.schedule.rate(11) == Approx(0.01 * tree_bank.schedule.rate(0)));
  const Run novel = resolved("late", {}, "reduced", "war_and_peace");
  CHECK(novel.train.epochs == 25);
  CHECK(novel.schedule.rate(12) == novel.schedule.rate(0));
  CHECK(novel.schedule.rate(24) == Approx(0.01 * novel.schedule.rate(0)));
  CHECK(novel.canonical["model"]["units"] == 128);
}

TEST_CASE("keys for methods that are not there or in another form are refused", "[train]") {
  const Scratch folder;
  const auto message = [&](const std::string& methods) {
    const auto file = folder.path() / "mine.yaml";
    replace_file(file, "extends: [experiments/mnist]\nmethods: " + methods + "\n");
    return refusal("late", {}, "paper", file.string());
  };
  CHECK_THAT(
      message("[{for: [latee], train: {epochs: 1}}]"),
      Contains("mine.yaml:2") && Contains("unknown method 'latee'") && Contains("did you mean"));
  CHECK_THAT(message("[{for: late, train: {epochs: 1}}]"),
             Contains("names of methods under 'for'"));
  CHECK_THAT(message("[{train: {epochs: 1}}]"), Contains("names of methods under 'for'"));
  CHECK_THAT(message("{late: {epochs: 1}}"), Contains("a list of maps"));
  CHECK_THAT(message("[late]"), Contains("a map such as"));
  CHECK_THAT(message("[{for: [late], train: {epoch: 1}}]"), Contains("train.epoch"));
}

TEST_CASE("the experiment, method and profile are laid on each other", "[train]") {
  const Run paper = resolved("late");
  CHECK(paper.train.epochs == 50);
  CHECK(paper.train.batch == 100);
  CHECK(paper.train.max_steps == 0);
  CHECK(paper.schedule.rate(0) == 0.01);
  CHECK(paper.schedule.rate(25) == Approx(0.0001));
  CHECK(paper.train.adam.beta1 == 0.9);
  CHECK(paper.train.adam.beta2 == 0.999);
  CHECK(paper.train.adam.epsilon == 1e-8);
  CHECK(paper.train.adam.clip == 1);
  CHECK(paper.canonical["model"]["hidden"] == nlohmann::json(kWide));
  CHECK(paper.canonical["model"]["init"] == "loss_aware");
  CHECK(paper.dataset.name == "mnist");
  CHECK(paper.method_title == "LATe");
  CHECK(paper.profile.paper_protocol);
  CHECK(paper.quantizer.method->uses_curvature());

  const Run quick = resolved("full", {}, "quick");
  CHECK(quick.train.epochs == 5);
  const std::vector<std::int64_t> drops = {3, 4};
  CHECK(quick.schedule.at == drops);
  CHECK(quick.schedule.factor == 0.1);  // of the experiment
  CHECK(quick.canonical["model"]["hidden"] == nlohmann::json(kNarrow));
  CHECK(quick.canonical["model"]["init"] == "glorot");  // of the method
  CHECK_FALSE(quick.profile.paper_protocol);
  CHECK(quick.profile.title == "quick profile");
  CHECK(quick.quantizer.method == nullptr);
  CHECK(resolved("full", {"train.epochs=7"}, "quick").train.epochs == 7);  // an override is last

  const Run fashion = resolved("twn", {}, "short", "fashion_mnist");
  CHECK(fashion.dataset.title == "Fashion-MNIST");
  CHECK(fashion.train.epochs == 10);
}

TEST_CASE("the rate of pictures' networks decays within a shortened run", "[train]") {
  for (const char* experiment : {"cifar10", "cifar100", "cifar10_jpeg", "svhn"}) {
    for (const char* profile : {"quick", "short"}) {
      INFO(experiment << ", " << profile);
      const Run run = resolved("late", {}, profile, experiment);
      const double share = run.schedule.rate(run.train.epochs - 1) / run.schedule.rate(0);
      CHECK(share <= 0.25);
      CHECK(share >= 0.05);  // one schedule for all of them, not laid upon the experiment's own
    }
  }
}

TEST_CASE("CIFAR-100 has another head than CIFAR-10", "[train]") {
  const Run ten = resolved("late", {}, "paper", "cifar10");
  const Run hundred = resolved("late", {}, "paper", "cifar100");
  CHECK(ten.train.loss == Loss::squared_hinge);
  CHECK(hundred.train.loss == Loss::cross_entropy);
  CHECK_FALSE(ten.canonical["model"].contains("output_norm"));
  CHECK(hundred.canonical["model"]["output_norm"] == false);
  CHECK(hundred.train.batch == 100);
  CHECK(hundred.model_size().weights == ten.model_size().weights + 1024.0 * 90);
}

TEST_CASE("the kind of data says what a run is judged by", "[train]") {
  for (const char* experiment : {"mnist", "cifar100", "svhn"})
    CHECK(metric_of(resolved("late", {}, "paper", experiment)) == Metric::test_error);
  CHECK(metric_of(resolved("late", {"train.loss=cross_entropy"})) == Metric::test_error);
  for (const char* experiment : {"war_and_peace", "penn_treebank"})
    CHECK(metric_of(resolved("late", {}, "paper", experiment)) == Metric::test_loss);
  CHECK_THAT(refusal("late", {"train.loss=squared_hinge"}, "paper", "war_and_peace"),
             Contains("'train.loss' must be cross_entropy for text"));
}

TEST_CASE("every experiment, method and profile of the project fits", "[train]") {
  for (const auto& experiment : config::names_in(project_configs(), "experiments")) {
    for (const auto& profile : config::names_in(project_configs(), "profiles")) {
      std::vector<std::string> hashes;
      for (const auto& method : config::names_in(project_configs(), "methods"))
        hashes.push_back(resolved(method, {}, profile, experiment).hash);
      CHECK(hashes.size() >= 13);
      std::sort(hashes.begin(), hashes.end());
      CHECK(std::adjacent_find(hashes.begin(), hashes.end()) == hashes.end());
    }
  }
}

TEST_CASE("a run's folder and its YAML", "[train]") {
  const Run run = resolved("late", {"train.epochs=3"});
  CHECK(run.folder() == "mnist/late-" + run.hash.substr(0, 8) + "/seed-1");
  const std::string yaml = run.yaml();
  CHECK_THAT(yaml, StartsWith("# experiment mnist, method late, profile paper, hash " + run.hash));
  const config::Tree tree = config::parse_yaml(yaml, "t.yaml");
  CHECK(*tree.find("train.epochs")->scalar() == "3");
  CHECK(*tree.find("quantizer.solver")->scalar() == "exact");
  CHECK(tree.find("train.max_steps") == nullptr);
}

TEST_CASE("unknown names are refused with the near one", "[train]") {
  CHECK_THAT(refusal("binaryconect"), Contains("unknown method 'binaryconect'") &&
                                          Contains("did you mean 'binaryconnect'?"));
  CHECK_THAT(refusal("late", {}, "quik"),
             Contains("unknown profile 'quik'") && Contains("did you mean 'quick'?"));
  CHECK_THAT(refusal("late", {}, "paper", "mnits"),
             Contains("unknown experiment 'mnits'") && Contains("did you mean 'mnist'?"));
  CHECK_THAT(refusal("late", {"dataset=mnits"}), Contains("unknown dataset 'mnits'"));
  CHECK_THAT(refusal("zzzzzzzz"), Contains("known: absmean,") && Contains(", binaryconnect,"));
  CHECK_THAT(usage_message([] {
               resolve("nowhere", {"mnist", "late", "paper", 1, {}});
             }),
             Contains("cannot list the configurations") && Contains("--configs"));
}

TEST_CASE("keys of a run are checked", "[train]") {
  CHECK_THAT(refusal("late", {"train.epoch=5"}),
             Contains("command line (train.epoch): unknown key 'train.epoch'") &&
                 Contains("did you mean 'epochs'?"));
  CHECK_THAT(refusal("late", {"seed=5"}), Contains("unknown key 'seed'"));
  CHECK_THAT(refusal("late", {"train.epochs=many"}),
             Contains("command line (train.epochs): wrong value of 'train.epochs': found 'many'"));
  CHECK_THAT(refusal("late", {"train.epochs=-1"}), Contains("a whole number in 0 to 1000000"));
  CHECK_THAT(refusal("late", {"train.batch=1"}), Contains("'train.batch'"));
  CHECK_THAT(refusal("late", {"train.loss=hinge"}), Contains("one of squared_hinge"));
  CHECK_THAT(refusal("late", {"train.adam.beta1=1"}), Contains("'train.adam.beta1'"));
  CHECK_THAT(refusal("late", {"quantizer.bits=3"}), Contains("'quantizer.bits' has no meaning"));
  CHECK_THAT(refusal("full", {"quantizer.solver=exact"}),
             Contains("'quantizer.solver' has no meaning with levels: none"));
  CHECK_THAT(refusal("late", {"model.hidden.x=3"}), Contains("has no keys below it"));
  CHECK_THAT(refusal("late", {"train=5"}), Contains("'train' is not a map"));
}

TEST_CASE("configurations extend others", "[train]") {
  const Scratch folder;
  folder.write("base/a.yaml", "x: 1\ny: {p: 1, q: 2}\n");
  folder.write("base/b.yaml", "extends: [base/a]\ny: {q: 3}\nz: 4\n");
  folder.write("base/c.yaml", "extends: [base/a, base/b]\nx: 5\n");
  const config::Tree tree = load_named(folder.path(), "base", "c");
  CHECK(*tree.find("x")->scalar() == "5");
  CHECK(*tree.find("y.p")->scalar() == "1");
  CHECK(*tree.find("y.q")->scalar() == "3");
  CHECK(*tree.find("z")->scalar() == "4");
  CHECK(tree.find("extends") == nullptr);
  CHECK(load_named(folder.path(), "other", (folder / "base/c.yaml").string()).find("z"));
  const std::vector<std::string> names = {"a", "b", "c"};
  CHECK(config::names_in(folder.path(), "base") == names);

  folder.write("base/loop.yaml", "extends: [base/loop]\n");
  CHECK_THAT(usage_message([&] { load_named(folder.path(), "base", "loop"); }),
             Contains("'extends' goes in a circle"));
  folder.write("base/word.yaml", "extends: base/a\n");
  CHECK_THAT(usage_message([&] { load_named(folder.path(), "base", "word"); }),
             Contains("word.yaml:1: wrong value of 'extends'"));
  folder.write("base/gone.yaml", "extends: [base/absent]\n");
  CHECK_THAT(usage_message([&] { load_named(folder.path(), "base", "gone"); }),
             Contains("absent.yaml: cannot read"));
}
