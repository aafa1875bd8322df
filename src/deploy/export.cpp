#include "deploy/export.hpp"

#include <algorithm>

#include "config/reader.hpp"
#include "core/error.hpp"
#include "data/contrast.hpp"
#include "data/image_set.hpp"
#include "data/read_images.hpp"
#include "data/zca.hpp"
#include "deploy/packing.hpp"
#include "deploy/tensor_file.hpp"
#include "record/provenance.hpp"

namespace laq::deploy {
namespace {

using Json = Network::Json;

std::string word(const Trained& trained, const char* key) {
  const config::Tree* found = trained.config.find(key);
  return found && found->scalar() ? *found->scalar() : std::string();
}

std::int64_t whole(const Trained& trained, const char* section, const char* key) {
  config::Reader reader(trained.config.find(section), section);
  return reader.integer(key, 0);
}

// Where a result comes from, and what was measured of it.
void say_origin(TensorFile& file, const Trained& trained) {
  Json provenance = {{"creator", "laq " + std::string(record::version())},
                     {"exported_by", record::git_commit()},
                     {"trained_by", trained.git_commit},
                     {"experiment", trained.identity.experiment},
                     {"method", trained.identity.method},
                     {"seed", trained.identity.seed.value_or(0)},
                     {"config", trained.config_yaml}};
  file.say("provenance", provenance.dump());
  Json recorded = {{"epoch", trained.epoch}, {"best", trained.best}};
  for (const auto& [name, value] : trained.scores) recorded[name] = value;
  file.say("recorded", recorded.dump());
}

std::vector<std::size_t> sizes(const record::Shape& shape) {
  return {shape.begin(), shape.end()};
}

// In float32, where that is exact.
void add_reals(TensorFile& file, const std::string& name, const std::vector<double>& values,
               std::vector<std::size_t> shape) {
  const std::vector<float> narrow(values.begin(), values.end());
  if (std::equal(values.begin(), values.end(), narrow.begin(),
                 [](double wide, float value) { return wide == static_cast<double>(value); })) {
    file.add<float>(name, narrow, std::move(shape));
  } else {
    file.add<double>(name, values, std::move(shape));
  }
}

void add_packed(TensorFile& file, const std::string& name, const QuantizedTensor& tensor,
                Json& list, Exported& exported) {
  const PackedTensor packed = pack(tensor);
  const std::size_t before = file.bytes();
  file.add<std::uint8_t>(name + ".codes", packed.codes,
                         {packed.rows, packed.codes.size() / packed.rows});
  exported.codes += file.bytes() - before;
  const std::size_t count = packed.levels.size() / packed.level_lists;
  add_reals(file, name + ".levels", packed.levels,
            packed.level_lists == 1 ? std::vector{count} : std::vector{packed.level_lists, count});
  if (packed.scale_count > 0)
    add_reals(file, name + ".scales", packed.scales, {tensor.groups, packed.scale_count});
  exported.scales += file.bytes() - before - packed.codes.size();
  exported.weights += tensor.codes.size();
  list[name] = {{"shape", tensor.shape}, {"bits", packed.bits}};
}

void add_preprocessing(TensorFile& file, const Preprocessing& preprocessing, Exported& exported) {
  const std::size_t before = file.bytes(), features = preprocessing.mean.size();
  if (preprocessing.kind.starts_with("gcn")) {
    const std::vector<double> constants{data::kCifarContrast.scale, data::kCifarContrast.smallest};
    file.add<double>("preprocessing.contrast", constants, {2});
  }
  if (features > 0) file.add<float>("preprocessing.mean", preprocessing.mean, {features});
  if (!preprocessing.whitening.empty()) {
    std::vector<float> triangle;  // of a symmetric matrix the upper one
    for (std::size_t i = 0; i < features; ++i) {
      const auto row = preprocessing.whitening.begin() + static_cast<std::ptrdiff_t>(i * features);
      triangle.insert(triangle.end(), row + static_cast<std::ptrdiff_t>(i),
                      row + static_cast<std::ptrdiff_t>(features));
    }
    file.add<float>("preprocessing.whitening", triangle, {triangle.size()});
  }
  exported.preprocessing = file.bytes() - before;
  file.say("preprocessing", Json{{"kind", preprocessing.kind}}.dump());
}

// What of it the dataset's description tells: zeros where values are fitted.
Preprocessing unfitted(const data::DatasetSpec& dataset) {
  using enum data::Preprocessing;
  Preprocessing preprocessing;
  if (dataset.kind == data::Kind::text) return preprocessing;
  const bool outside = dataset.preprocessing == gcn_lcn || dataset.preprocessing == standardize,
             whitened = dataset.preprocessing == gcn_zca;
  preprocessing.kind = outside ? "outside" : data::word_of(dataset.preprocessing);
  std::size_t features = 1;
  for (const auto size : dataset.shape) features *= static_cast<std::size_t>(size);
  if (whitened || dataset.preprocessing == mean_image) preprocessing.mean.resize(features);
  if (whitened) preprocessing.whitening.resize(features * features);
  return preprocessing;
}

std::pair<TensorFile, Exported> packed(const Trained& trained, const Network& network,
                                       const data::DatasetSpec& dataset,
                                       const Preprocessing& preprocessing) {
  TensorFile file;
  Exported exported;
  Json list = Json::object();
  for (const auto& [name, in_run] : network.weights) {
    const auto quantized = trained.quantized.find(in_run);
    if (quantized != trained.quantized.end()) {
      add_packed(file, name, quantized->second, list, exported);
    } else {
      const FloatTensor& tensor = trained.floats.at(in_run);
      file.add<float>(name, tensor.values, sizes(tensor.shape));
      exported.rest += tensor.values.size() * sizeof(float);
    }
  }
  for (const auto& [name, values] : network.vectors) {
    file.add<float>(name, values, {values.size()});
    exported.rest += values.size() * sizeof(float);
  }
  if (trained.vocabulary.empty()) {
    add_preprocessing(file, preprocessing, exported);
  } else {
    const std::vector<std::uint8_t> bytes(trained.vocabulary.begin(), trained.vocabulary.end());
    file.add<std::uint8_t>("vocabulary", bytes, {bytes.size()});
    exported.rest += bytes.size();
  }
  file.say("format", "laq 1");
  file.say("network",
           Json{{"input", network.input}, {"outputs", network.outputs}, {"layers", network.layers}}
               .dump());
  file.say("packed", list.dump());
  Json data = {{"dataset", dataset.name},
               {"classes", dataset.classes},
               {"loss", word(trained, "train.loss")}};
  if (!trained.vocabulary.empty()) {
    data["batch"] = whole(trained, "train", "batch");
    data["time_steps"] = whole(trained, "train", "time_steps");
    data["characters"] = whole(trained, "data", "characters");
  } else {
    for (const char* limit : {"train_limit", "validation_limit"})
      data[limit] = whole(trained, "data", limit);
  }
  file.say("data", data.dump());
  say_origin(file, trained);
  return {std::move(file), exported};
}

}  // namespace

data::DatasetSpec dataset_of(const Trained& trained, const std::filesystem::path& configs) {
  const data::DatasetSpec dataset = data::load_dataset(configs, word(trained, "dataset.name"));
  const bool same_files = data::dataset_sha256(dataset) == word(trained, "dataset.sha256");
  const std::string preprocessing = word(trained, "dataset.preprocessing");
  if (same_files &&
      (preprocessing.empty() || data::word_of(dataset.preprocessing) == preprocessing))
    return dataset;
  throw Error({.what = "the dataset is described otherwise than when the run was trained",
               .where = "dataset " + dataset.name,
               .found = same_files ? data::word_of(dataset.preprocessing) : "other files",
               .expected = same_files ? preprocessing : word(trained, "dataset.sha256")});
}

Preprocessing preprocessing_of(const Trained& trained, const data::DatasetSpec& dataset,
                               const data::DataPaths& paths) {
  Preprocessing preprocessing = unfitted(dataset);
  const data::ImageLimits limits{whole(trained, "data", "train_limit"),
                                 whole(trained, "data", "validation_limit")};
  if (dataset.preprocessing == data::Preprocessing::mean_image) {
    preprocessing.mean =
        trained.mean.empty() ? data::load_images(dataset, paths, limits).mean() : trained.mean;
  } else if (!preprocessing.whitening.empty()) {
    data::Whitening whitening = data::whitening_of(
        data::read_images(dataset, paths), {.preprocessing = dataset.preprocessing,
                                            .lcn = dataset.lcn,
                                            .limits = limits,
                                            .cache = paths.data_dir / dataset.folder_name()});
    preprocessing.mean = std::move(whitening.mean);
    preprocessing.whitening = std::move(whitening.matrix);
  }
  return preprocessing;
}

Exported measure_packed(const std::filesystem::path& run, const data::DatasetSpec& dataset) {
  const Trained trained = read_trained(run, Epoch::best);
  auto [file, exported] = packed(trained, network_of(trained, dataset), dataset, unfitted(dataset));
  exported.file = file.content().size();
  return exported;
}

Exported export_packed(const Trained& trained, const Network& network,
                       const data::DatasetSpec& dataset, const Preprocessing& preprocessing,
                       const std::filesystem::path& path) {
  auto [file, exported] = packed(trained, network, dataset, preprocessing);
  exported.file = file.write(path);
  return exported;
}

Exported export_floats(const Trained& trained, const std::filesystem::path& path) {
  TensorFile file;
  Exported exported;
  for (const auto& [name, tensor] : trained.quantized) {
    file.add<float>(name, tensor.values().values, sizes(tensor.shape));
    exported.weights += tensor.codes.size();
  }
  for (const auto& [name, tensor] : trained.floats)
    file.add<float>(name, tensor.values, sizes(tensor.shape));
  exported.rest = file.bytes();
  say_origin(file, trained);
  exported.file = file.write(path);
  return exported;
}

}  // namespace laq::deploy
