#include "deploy/evaluate.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "data/image_set.hpp"
#include "data/read_images.hpp"

namespace laq::deploy {
namespace {

// Loss and answers of outputs, as train::evaluate counts them.
class Counter {
 public:
  explicit Counter(bool squared_hinge) : squared_hinge_(squared_hinge) {}

  void add(std::span<const float> scores, std::int64_t target) {
    const auto largest = std::max_element(scores.begin(), scores.end());
    if (largest - scores.begin() != target) ++wrong_;
    keep_if_close(scores, largest - scores.begin());
    ++answers_;
    loss_ += squared_hinge_ ? squared_hinge(scores, target) : cross_entropy(scores, target);
  }
  void write(Evaluation& out) const {
    out.answers = answers_;
    out.wrong = wrong_;
    out.loss = loss_ / static_cast<double>(answers_);
    out.closest = closest_;
  }

 private:
  static double squared_hinge(std::span<const float> scores, std::int64_t target) {
    double sum = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
      const double sign = std::cmp_equal(i, target) ? 1 : -1;
      const double below = std::max(0.0, 1 - sign * static_cast<double>(scores[i]));
      sum += below * below;
    }
    return sum / static_cast<double>(scores.size());
  }
  static double cross_entropy(std::span<const float> scores, std::int64_t target) {
    const double most = *std::max_element(scores.begin(), scores.end());
    double sum = 0;
    for (const float score : scores) sum += std::exp(static_cast<double>(score) - most);
    return std::log(sum) + most - static_cast<double>(scores[static_cast<std::size_t>(target)]);
  }

  void keep_if_close(std::span<const float> scores, std::int64_t best) {
    constexpr std::size_t kKept = 5;
    double second = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < scores.size(); ++i) {
      if (std::cmp_not_equal(i, best)) second = std::max(second, static_cast<double>(scores[i]));
    }
    const double lead = static_cast<double>(scores[static_cast<std::size_t>(best)]) - second;
    if (closest_.size() == kKept && lead >= closest_.back().lead) return;
    if (closest_.size() == kKept) closest_.pop_back();
    const auto place =
        std::upper_bound(closest_.begin(), closest_.end(), lead,
                         [](double one, const CloseAnswer& other) { return one < other.lead; });
    closest_.insert(place, {answers_, lead});
  }

  bool squared_hinge_;
  std::int64_t answers_ = 0, wrong_ = 0;
  double loss_ = 0;
  std::vector<CloseAnswer> closest_;
};

[[noreturn]] void misfit(const data::DatasetSpec& dataset, const std::string& found,
                         const std::string& expected) {
  throw usage_error({.what = "the dataset does not fit the model",
                     .where = "dataset " + dataset.name,
                     .found = found,
                     .expected = expected});
}

constexpr std::int64_t kRows = 64;  // at a time

void count_pictures(const PackedModel& model, const data::DatasetSpec& spec,
                    const data::DataPaths& paths, Counter& counter) {
  const laq_info info = model.info();
  const auto expected =
      fmt::format("pictures of {} x {} x {}", info.channels, info.height, info.width);
  const bool fits = spec.shape.size() == 3 && std::cmp_equal(spec.shape[0], info.channels) &&
                    std::cmp_equal(spec.shape[1], info.height) &&
                    std::cmp_equal(spec.shape[2], info.width);
  if (!fits) misfit(spec, fmt::format("{}", fmt::join(spec.shape, " x ")), expected);
  if (std::cmp_not_equal(spec.classes, info.outputs))
    misfit(spec, fmt::format("{} classes", spec.classes), fmt::format("{}", info.outputs));
  std::vector<float> input(static_cast<std::size_t>(kRows) * info.inputs),
      scores(static_cast<std::size_t>(kRows) * info.outputs);
  const auto run = [&](std::int64_t rows, const auto& label) {
    model.require(
        laq_run(model.get(), input.data(), static_cast<std::size_t>(rows), scores.data()));
    for (std::int64_t row = 0; row < rows; ++row) {
      counter.add(
          std::span(scores).subspan(static_cast<std::size_t>(row) * info.outputs, info.outputs),
          label(row));
    }
  };
  if (info.prepares_pixels) {
    const data::ImageSet test = data::read_images(spec, paths).test;
    for (std::int64_t begin = 0; begin < test.count; begin += kRows) {
      const std::int64_t rows = std::min(kRows, test.count - begin);
      const std::uint8_t* pixels = test.pixels.data() + begin * test.features();
      model.require(laq_prepare(model.get(), pixels, static_cast<std::size_t>(rows), input.data()));
      run(rows, [&](std::int64_t row) -> std::int64_t {
        return test.labels[static_cast<std::size_t>(begin + row)];
      });
    }
    return;
  }
  const nlohmann::json trained = model.metadata("data");
  const data::ImageData images =
      data::load_images(spec, paths,
                        {trained.value("train_limit", std::int64_t{0}),
                         trained.value("validation_limit", std::int64_t{0})});
  std::array<std::int64_t, kRows> index{}, labels{};
  for (std::int64_t begin = 0; begin < images.size(data::Part::test); begin += kRows) {
    const std::int64_t rows = std::min(kRows, images.size(data::Part::test) - begin);
    for (std::int64_t row = 0; row < rows; ++row)
      index[static_cast<std::size_t>(row)] = begin + row;
    images.gather(data::Part::test, std::span(index).first(static_cast<std::size_t>(rows)),
                  input.data(), labels.data());
    run(rows, [&](std::int64_t row) { return labels[static_cast<std::size_t>(row)]; });
  }
}

void count_characters(const PackedModel& model, const data::DatasetSpec& spec,
                      const data::DataPaths& paths, Counter& counter) {
  const laq_info info = model.info();
  const nlohmann::json cut = model.metadata("data");
  const auto count = [&](const char* key, std::int64_t otherwise) {
    const nlohmann::json value = cut.value(key, nlohmann::json(otherwise));
    const bool good = value.is_number_integer() && value >= otherwise &&
                      value <= std::numeric_limits<std::int32_t>::max();
    if (!good) misfit(spec, fmt::format("'{}' as {}", key, value.dump()), "a sensible number");
    return value.get<std::int64_t>();
  };
  const data::TextData text = data::load_text(
      spec, paths, {count("batch", 1), count("time_steps", 1), count("characters", 0)});
  const std::string& characters = text.vocabulary().characters();
  if (characters != std::string_view(info.vocabulary, info.outputs))
    misfit(spec, fmt::format("other characters, {} of them", characters.size()),
           fmt::format("the model's {}", info.outputs));
  std::vector<std::int64_t> codes(static_cast<std::size_t>(text.steps())), following(codes.size());
  std::vector<float> scores(info.outputs);
  for (std::int64_t segment = 0; segment < text.size(data::Part::test); ++segment) {
    text.gather(data::Part::test, std::span(&segment, 1), codes.data(), following.data());
    laq_reset(model.get());
    for (std::size_t i = 0; i < codes.size(); ++i) {
      const auto character =
          static_cast<std::uint8_t>(characters[static_cast<std::size_t>(codes[i])]);
      model.require(laq_read(model.get(), &character, 1, scores.data()));
      counter.add(scores, following[i]);
    }
  }
}

}  // namespace

PackedModel::PackedModel(const std::filesystem::path& file, int threads)
    : file_(file), model_(nullptr, laq_close) {
  std::array<char, 500> error{};
  model_.reset(laq_open(file.c_str(), threads, error.data(), error.size()));
  if (model_) return;
  throw Error({.what = std::string("the model cannot be used: ") + error.data(),
               .where = file.string(),
               .expected = "a file of laq export --format packed"});
}

nlohmann::json PackedModel::metadata(const char* key) const {
  const auto all = nlohmann::json::parse(info().metadata);
  try {
    return nlohmann::json::parse(all.at(key).get<std::string>());
  } catch (const nlohmann::json::exception&) {
    throw Error({.what = fmt::format("the model's metadata has no usable '{}'", key),
                 .where = file_.string(),
                 .expected = "a file of laq export --format packed"});
  }
}

void PackedModel::require(int result) const {
  if (result == LAQ_OK) return;
  throw Error({.what = "the runtime could not run the model",
               .where = file_.string(),
               .found = fmt::format("code {}", result)});
}

double Evaluation::error() const {
  return 100.0 * static_cast<double>(wrong) / static_cast<double>(answers);
}

std::int64_t Evaluation::difference() const {
  if (!has_record()) return 0;
  return wrong - std::llround(recorded.at("test_error") / 100 * static_cast<double>(answers));
}

bool Evaluation::as_recorded() const {
  return std::abs(difference()) <= std::max<std::int64_t>(1, answers / 10'000);
}

Evaluation evaluate(const PackedModel& model, const std::filesystem::path& configs,
                    const std::string& dataset, const data::DataPaths& paths) {
  const nlohmann::json data = model.metadata("data");
  const std::string own = data.value("dataset", std::string());
  Evaluation result;
  result.dataset = dataset.empty() ? own : dataset;
  const data::DatasetSpec spec = data::load_dataset(configs, result.dataset);
  const bool reads_characters = model.info().reads_characters != 0;
  if ((spec.kind == data::Kind::text) != reads_characters)
    misfit(spec, reads_characters ? "pictures" : "text", reads_characters ? "text" : "pictures");
  Counter counter(data.value("loss", std::string()) == "squared_hinge");
  if (reads_characters) {
    count_characters(model, spec, paths, counter);
  } else {
    count_pictures(model, spec, paths, counter);
  }
  counter.write(result);
  if (result.dataset == own) {
    const nlohmann::json recorded = model.metadata("recorded");
    for (const auto& [name, value] : recorded.items()) {
      if (value.is_number_float() || (value.is_number() && name.starts_with("test_")))
        result.recorded[name] = value.get<double>();
    }
  }
  return result;
}

std::string sample(const PackedModel& model, const std::string& prompt,
                   const train::SampleOptions& options) {
  const laq_info info = model.info();
  if (!info.reads_characters) {
    throw Error({.what = "the model does not read characters",
                 .where = model.file().string(),
                 .expected = "one that was trained on text"});
  }
  const data::Vocabulary vocabulary(std::string_view(info.vocabulary, info.outputs));
  std::vector<float> scores(info.outputs);
  laq_reset(model.get());
  return train::continue_text(vocabulary, prompt, options, [&](std::int64_t code) {
    const auto character = static_cast<std::uint8_t>(vocabulary.decode(code));
    model.require(laq_read(model.get(), &character, 1, scores.data()));
    return std::span<const float>(scores);
  });
}

}  // namespace laq::deploy
