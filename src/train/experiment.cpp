#include "train/experiment.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/reader.hpp"
#include "config/yaml.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/text.hpp"
#include "data/locate.hpp"
#include "nn/model.hpp"
#include "train/method_title.hpp"
#include "train/recorded_run.hpp"

namespace laq::train {
namespace fs = std::filesystem;
namespace {

constexpr int kLongestChain = 8;

config::Tree load_extending(const fs::path& configs, const fs::path& file, int depth) {
  config::Tree own = config::load_yaml(file);
  if (depth > kLongestChain) {
    throw usage_error({.what = "'extends' goes in a circle", .where = file.string()});
  }
  if (!own.map()) {
    throw usage_error({.what = "is not a configuration",
                       .where = file.lexically_normal().string(),
                       .found = own.description(),
                       .expected = "a map of keys"});
  }
  const config::Tree* bases = own.find("extends");
  if (!bases) return own;
  if (!bases->list()) {
    throw usage_error({.what = "wrong value of 'extends'",
                       .where = bases->place,
                       .found = bases->description(),
                       .expected = "a list of names such as models/mlp"});
  }
  config::Tree merged;
  for (const auto& base : *bases->list()) {
    const std::string name = base.scalar() ? *base.scalar() : "";
    config::merge(merged, load_extending(configs, configs / (name + ".yaml"), depth + 1));
  }
  std::get<config::Tree::Map>(own.value).erase("extends");
  config::merge(merged, own);
  merged.place = own.place;
  return merged;
}

// Takes a key out of a map that is about to be merged into another.
config::Tree take(config::Tree& tree, const std::string& key) {
  auto* map = std::get_if<config::Tree::Map>(&tree.value);
  if (!map || !map->contains(key)) return {};
  config::Tree taken = std::move(map->at(key));
  map->erase(key);
  return taken;
}

// `methods:` of an experiment: a list of maps, each with the methods that it is `for` and the keys
// that these have otherwise. What is for this method comes out, laid one on the other.
config::Tree read_by_method(const config::Tree& tree, const fs::path& configs,
                            const std::string& method) {
  const auto wrong = [](const config::Tree& found, const char* expected) {
    return usage_error({.what = "wrong value in 'methods'",
                        .where = found.place,
                        .found = found.description(),
                        .expected = expected});
  };
  config::Tree mine;
  if (tree.empty()) return mine;
  if (!tree.list()) throw wrong(tree, "a list of maps such as {for: [lab], train: {…}}");
  const auto known = config::names_in(configs, "methods");
  for (config::Tree keys : *tree.list()) {
    if (!keys.map()) throw wrong(keys, "a map such as {for: [lab], train: {…}}");
    config::Tree names = take(keys, "for");
    if (!names.list() || names.list()->empty())
      throw wrong(names.empty() ? keys : names, "the names of methods under 'for'");
    for (const auto& name : *names.list()) {
      if (!name.scalar()) throw wrong(name, "the name of a method");
      if (std::find(known.begin(), known.end(), *name.scalar()) == known.end()) {
        throw usage_error({.what = fmt::format("unknown method '{}' in 'methods'", *name.scalar()),
                           .where = name.place,
                           .advice = suggestion(*name.scalar(), known)});
      }
      if (*name.scalar() == record::plain_name(method)) config::merge(mine, keys);
    }
  }
  return mine;
}

// What a profile says for kinds of models and for experiments is taken out of it.
struct ProfileKeys {
  config::Tree models, experiments;
};

Profile read_profile(config::Tree tree, const std::string& name, ProfileKeys& keys) {
  keys = {take(tree, "models"), take(tree, "experiments")};
  config::Reader section(&tree, "");
  Profile profile{name, section.word("title", {}), section.word("note", std::string()),
                  section.flag("paper_protocol", {})};
  section.finish();
  return profile;
}

void read_clipping(config::Reader& section, Run& run) {
  const double bound = section.real("clip_gradient", 0, {0, 1e6}, config::Canonical::omit_default);
  // Where no gradient is clipped, the place changes nothing.
  const bool at_steps =
      section.choice<bool>("clip_gradient_at", false, {{"parameter", false}, {"step", true}},
                           bound > 0 ? config::Canonical::omit_default : config::Canonical::never);
  if (at_steps && run.dataset.kind != data::Kind::text) {
    section.refuse("clip_gradient_at", "needs time steps, which a feedforward network lacks",
                   "remove it, or set it to parameter");
  }
  (at_steps ? run.train.clip_at_steps : run.train.adam.clip_gradient) = bound;
}

void read_train(config::Reader& section, Run& run) {
  run.train.epochs = section.integer("epochs", {}, {0, 1'000'000});
  run.train.batch = section.integer("batch", {}, {2, 1 << 20});  // batch norm needs two
  run.train.max_steps =
      section.integer("max_steps", 0, {0, 1'000'000'000}, config::Canonical::omit_default);
  run.train.loss = section.choice<Loss>(
      "loss", {}, {{"squared_hinge", Loss::squared_hinge}, {"cross_entropy", Loss::cross_entropy}});
  if (run.dataset.kind == data::Kind::text) {
    run.train.time_steps = section.integer("time_steps", {}, {1, 1 << 16});
    if (run.train.loss != Loss::cross_entropy) {
      section.refuse("loss",
                     "must be cross_entropy for text, which is judged in nats per character",
                     "set train.loss to cross_entropy");
    }
  }
  run.schedule = optim::read_schedule(section, run.train.epochs);
  run.train.adam.weight_decay =
      section.real("weight_decay", 0, {0, 10}, config::Canonical::omit_default);
  run.train.adam.sgd = section.choice<bool>("optimizer", false, {{"adam", false}, {"sgd", true}},
                                            config::Canonical::omit_default);
  if (run.train.adam.sgd)
    run.train.adam.momentum = section.child("sgd").real("momentum", 0.9, {0, 0.999999});
  else if (section.has("sgd"))
    section.refuse("sgd", "has no meaning with Adam", "set train.optimizer to sgd");
  config::Reader& adam = section.child("adam");
  for (const char* key : {"beta1", "epsilon"}) {
    if (run.train.adam.sgd && adam.has(key))
      adam.refuse(key, "has no meaning with SGD", "remove it, or set train.optimizer to adam");
  }
  run.train.adam.beta1 = adam.real("beta1", 0.9, {0, 0.999999});
  run.train.adam.beta2 = adam.real("beta2", 0.999, {0, 0.999999});
  run.train.adam.epsilon = adam.real("epsilon", 1e-8, {1e-30, 1});
  run.train.adam.clip = section.real("clip_weights", 1.0, {1e-6, 1e6});
  read_clipping(section, run);
}

CheckpointOptions read_checkpoint(config::Reader& section) {
  return {section.integer("every_steps", 0, {0, 1'000'000'000}, config::Canonical::never),
          section.real("every_seconds", 0, {0, 1e9}, config::Canonical::never)};
}

void read_limits(config::Reader& section, Run& run) {
  const auto limit = [&](const char* key) {
    return section.integer(key, 0, {0, 1 << 30}, config::Canonical::omit_default);
  };
  if (run.dataset.kind == data::Kind::text) {
    run.characters = limit("characters");
    if (section.has("augment")) section.refuse("augment", "has no meaning for text", "remove it");
    return;
  }
  config::Reader& augment = section.child("augment");
  if (section.has("augment") && run.dataset.shape[1] == 1)
    section.refuse("augment", "has no meaning for rows of numbers", "remove it");
  run.augmentation.crop = augment.integer("crop", 0, {0, 256}, config::Canonical::omit_default);
  run.augmentation.flip = augment.flag("flip", false, config::Canonical::omit_default);
  run.limits.train = limit("train_limit");
  run.limits.validation = limit("validation_limit");
}

void check_network(config::Reader& section, const Run& run) {
  nn::check_model(section);
  const bool text = run.dataset.kind == data::Kind::text;
  const std::string& kind = *run.tree.find("model.kind")->scalar();
  if (kind != "layers" && text != (kind == "char_lstm")) {
    section.refuse("kind", fmt::format("does not fit the dataset '{}'", run.dataset.name),
                   text ? "text needs char_lstm or layers" : "char_lstm needs text");
  }
  run.model_size();  // whether it fits the data's shape
}

void check_batch(const config::Reader& section, const Run& run) {
  if (run.samples_per_step() <= run.samples_per_epoch()) return;
  if (run.dataset.kind == data::Kind::text) {
    section.refuse("batch", "times train.time_steps is longer than the training text",
                   fmt::format("there are about {:.0f} characters", run.samples_per_epoch()));
  }
  section.refuse("batch", "is larger than the training part",
                 fmt::format("choose at most {:.0f}", run.samples_per_epoch()));
}

// The part of the dataset's description that can change the outcome.
nlohmann::json data_identity(const data::DatasetSpec& spec) {
  if (spec.kind == data::Kind::text) {
    return {{"name", spec.name},
            {"sha256", data::dataset_sha256(spec)},
            {"train", spec.splits.train},
            {"validation", spec.splits.validation}};
  }
  nlohmann::json identity{{"name", spec.name},
                          {"sha256", data::dataset_sha256(spec)},
                          {"preprocessing", data::word_of(spec.preprocessing)},
                          {"train", spec.splits.train},
                          {"validation", spec.splits.validation}};
  // Left out where they are not used, so that the hashes of such runs stay as they are.
  if (spec.lcn != data::LocalContrastRule::all_channels) identity["lcn"] = data::word_of(spec.lcn);
  if (!spec.splits.validation_per_class.empty())
    identity["validation_per_class"] = spec.splits.validation_per_class;
  return identity;
}

// Everything that the merged tree says, and its canonical form.
void read(const fs::path& configs, Run& run) {
  config::Reader root(&run.tree, "");
  run.dataset = data::load_dataset(configs, root.word("dataset", {}));
  read_limits(root.child("data"), run);
  check_network(root.child("model"), run);
  read_train(root.child("train"), run);
  run.checkpoint = read_checkpoint(root.child("checkpoint"));
  config::Reader& record = root.child("record");
  run.record_steps = record.flag("steps", true, config::Canonical::never);
  run.record_best = record.flag("best", true, config::Canonical::never);
  check_batch(root.child("train"), run);
  run.quantizer = quant::make_quantizer(root.child("quantizer"));
  root.finish();
  run.keys = root.keys();
  run.canonical = root.canonical();
  run.canonical["dataset"] = data_identity(run.dataset);
}

}  // namespace

config::Tree load_named(const fs::path& configs, const std::string& folder,
                        const std::string& name) {
  if (fs::path(name).extension() == ".yaml") return load_extending(configs, name, 0);
  const auto known = config::names_in(configs, folder);
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    std::string kind = folder;
    kind.pop_back();  // "methods" → "method"
    throw usage_error({.what = fmt::format("unknown {} '{}'", kind, name),
                       .where = (configs / folder).string(),
                       .advice = suggestion(name, known)});
  }
  return load_extending(configs, configs / folder / (name + ".yaml"), 0);
}

Run resolve(const fs::path& configs, const RunRequest& request) {
  Run run;
  run.request = request;
  run.tree = load_named(configs, "experiments", request.experiment);
  const std::string place = run.tree.place;
  const config::Tree by_method = read_by_method(take(run.tree, "methods"), configs, request.method);
  ProfileKeys keys;
  run.profile =
      read_profile(load_named(configs, "profiles", request.profile), request.profile, keys);
  const auto lay = [&](const config::Tree& by_name, const std::string& name) {
    if (const config::Tree* changes = by_name.find(name)) config::merge(run.tree, *changes);
  };
  const config::Tree* kind = run.tree.find("model.kind");
  if (kind && kind->scalar()) lay(keys.models, *kind->scalar());
  lay(keys.experiments, record::plain_name(request.experiment));
  config::Tree method = load_named(configs, "methods", request.method);
  const MethodTitle title(method, request.method);
  take(method, "title");
  config::merge(run.tree, method);
  config::merge(run.tree, by_method);
  for (const auto& change : request.overrides) run.tree.at(change.key) = change.value;
  run.tree.place = place;  // what is missing is missing in the experiment

  read(configs, run);
  run.method_title = title.of(run.canonical.at("quantizer"), run.tree.find("quantizer"));
  run.hash = sha256(run.canonical.dump());
  return run;
}

Run recorded_run(const fs::path& configs, const RunRequest& request, const std::string& yaml,
                 const std::string& hash, const std::string& title) {
  Run run;
  run.request = request;
  run.tree = config::parse_yaml(yaml, "configuration " + hash.substr(0, 8));
  const config::Tree* dataset = run.tree.find("dataset.name");
  if (!dataset || !dataset->scalar())
    throw usage_error({.what = "is not a resolved configuration", .where = run.tree.place});
  const std::string name = *dataset->scalar();
  run.tree.at("dataset").value = name;
  read(configs, run);
  run.hash = hash;
  run.method_title = title;
  run.profile = {request.profile, request.profile + " profile", "", false};
  try {
    ProfileKeys ignored;
    run.profile =
        read_profile(load_named(configs, "profiles", request.profile), request.profile, ignored);
  } catch (const Error&) {
    // Its file is gone: the name is all that is known.
  }
  if (!title.empty()) return run;
  run.method_title = request.method;
  try {
    const MethodTitle own(load_named(configs, "methods", request.method), request.method);
    run.method_title = own.of(run.canonical.at("quantizer"), nullptr);
  } catch (const Error&) {
    // Likewise.
  }
  return run;
}

double Run::samples_per_epoch() const {
  if (dataset.kind == data::Kind::text) return data::training_characters(dataset, text_cut());
  const std::int64_t all = dataset.splits.train;
  return static_cast<double>(limits.train > 0 ? std::min(limits.train, all) : all);
}

nn::Size Run::model_size() const {
  config::Reader section(tree.find("model"), "model");
  return nn::model_size(section, {dataset.shape, dataset.classes});
}

double Run::samples_per_step() const {
  const std::int64_t length = dataset.kind == data::Kind::text ? train.time_steps : 1;
  return static_cast<double>(train.batch * length);
}

record::RunIdentity Run::identity() const {
  return {record::plain_name(request.experiment), record::plain_name(request.method), hash,
          request.seed};
}

std::string Run::yaml() const {
  return fmt::format("# experiment {}, method {}, profile {}, hash {}\n{}", request.experiment,
                     request.method, request.profile, hash, config::to_yaml(canonical));
}

}  // namespace laq::train
