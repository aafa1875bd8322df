#include "runtime/model.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <new>
#include <string_view>

namespace laq::runtime {
namespace {

constexpr char kFormat[] = "laq 1";
constexpr int kMostThreads = 256;

Form picture(const Object& input) {
  constexpr std::size_t kMost = std::size_t{1} << 30;
  return {input.whole("channels", 1, kMost), input.whole("height", 1, kMost),
          input.whole("width", 1, kMost), true};
}

}  // namespace

Bytes content_of(const std::string& file) {
  std::error_code none;
  const auto size = std::filesystem::file_size(file, none);
  if (none) throw Failure("the file cannot be read: " + none.message());
  std::ifstream in(file, std::ios::binary);
  Bytes bytes{block<std::uint8_t>(size), size};
  in.read(reinterpret_cast<char*>(bytes.values.get()), static_cast<std::streamsize>(size));
  if (!in) throw Failure("the file cannot be read");
  return bytes;
}

Model::Model(std::span<const std::uint8_t> bytes, int threads)
    : pool_(std::clamp(threads, 1, kMostThreads)), budget_(bytes.size()) {
  std::fill(std::begin(code_of_), std::end(code_of_), std::int16_t{-1});
  load(TensorFile(bytes));
  const std::size_t scratch = times(network_->scratch(), pool_.parts());
  budget_.take(scratch, sizeof(float), "scratch memory");
  scratch_.resize(scratch);
  reset();
}

void Model::load(const TensorFile& file) {
  if (file.metadata("format") != kFormat)
    throw Failure("the file's format is " + quoted(file.metadata("format")) + ", expected '" +
                  kFormat + "'");
  const nlohmann::json json = parse_json(file.metadata("network"), "the network");
  const nlohmann::json packed = parse_json(file.metadata("packed"), "the list of packed weights");
  if (!packed.is_object()) throw Failure("the list of packed weights is not a JSON object");
  const Object network(json, "the network");
  if (!network.has("input")) network.fail("input", "is missing");
  const Object input(json.at("input"), "the network's input");
  const std::string kind = input.text("kind");
  const bool characters = kind == "characters";
  if (!characters && kind != "picture") input.fail("kind", "is unknown: " + quoted(kind));
  if (characters) {
    in_ = {.channels = input.whole("size", 1, 256)};
    const auto vocabulary = file.bytes("vocabulary", {in_.channels});
    vocabulary_.assign(vocabulary.begin(), vocabulary.end());
    for (std::size_t i = 0; i < vocabulary.size(); ++i) {
      if (code_of_[vocabulary[i]] >= 0) throw Failure("the vocabulary has a character twice");
      code_of_[vocabulary[i]] = static_cast<std::int16_t>(i);
    }
  } else {
    in_ = picture(input);
    budget_.take(in_.size(), sizeof(float), "the input");
    input_.resize(in_.size());
    preprocessing_.emplace(parse_json(file.metadata("preprocessing"), "the preprocessing"),
                           in_.size(), file, budget_);
  }
  if (!network.list("layers")) network.fail("layers", "is missing");
  Source source{file, packed, budget_};
  network_ = std::make_unique<Sequence>(*network.list("layers"), in_, characters, source);
  outputs_ = network.whole("outputs", 1, std::size_t{1} << 30);
  if (network_->out().map || network_->out().channels != outputs_)
    network.fail("outputs", "is not what the last layer gives");
  if (characters && outputs_ != in_.channels)
    network.fail("outputs", "is not the size of the vocabulary");
  budget_.take(outputs_, sizeof(float), "the output");
  scores_.resize(outputs_);
  weights_ = source.weights;
  packed_bytes_ = source.bytes;
  metadata_ = nlohmann::json(file.metadata())
                  .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

laq_info Model::describe() const {
  const bool characters = !preprocessing_;
  return {.inputs = characters ? 1 : in_.size(),
          .outputs = outputs_,
          .channels = characters ? 0 : in_.channels,
          .height = characters ? 0 : in_.height,
          .width = characters ? 0 : in_.width,
          .reads_characters = characters,
          .prepares_pixels = preprocessing_ && preprocessing_->known(),
          .weights = weights_,
          .packed_bytes = packed_bytes_,
          .vocabulary = characters ? vocabulary_.data() : nullptr,
          .metadata = metadata_.c_str(),
          .instructions = kernels().name};
}

int Model::prepare(const std::uint8_t* pixels, std::size_t rows, float* prepared) {
  if (!preprocessing_ || !preprocessing_->known()) return LAQ_WRONG_KIND;
  preprocessing_->run(pixels, rows, prepared, pool_);
  return LAQ_OK;
}

int Model::run(const float* input, std::size_t rows, float* scores) {
  if (!preprocessing_) return LAQ_WRONG_KIND;
  Context context{pool_, scratch_};
  const std::size_t pixels = in_.height * in_.width;
  for (std::size_t row = 0; row < rows; ++row, input += in_.size(), scores += outputs_) {
    const float* from = input;
    if (in_.channels > 1) {  // the layers have the channels last
      for (std::size_t c = 0; c < in_.channels; ++c) {
        for (std::size_t p = 0; p < pixels; ++p)
          input_[p * in_.channels + c] = input[c * pixels + p];
      }
      from = input_.data();
    }
    network_->run(from, scores, context);
  }
  return LAQ_OK;
}

int Model::read(const std::uint8_t* characters, std::size_t count, float* scores) {
  if (preprocessing_) return LAQ_WRONG_KIND;
  const bool known =
      std::all_of(characters, characters + count, [&](std::uint8_t c) { return code_of_[c] >= 0; });
  if (!known) return LAQ_BAD_ARGUMENT;
  Context context{pool_, scratch_};
  for (std::size_t i = 0; i < count; ++i) {
    context.character = static_cast<std::size_t>(code_of_[characters[i]]);
    network_->run(nullptr, scores_.data(), context);
  }
  std::copy(scores_.begin(), scores_.end(), scores);
  return LAQ_OK;
}

void Model::reset() {
  std::fill(scores_.begin(), scores_.end(), 0.0f);
  network_->reset();
}

}  // namespace laq::runtime

struct laq_model : laq::runtime::Model {
  using Model::Model;
};

namespace {

void tell(char* error, std::size_t size, std::string_view text) {
  if (!error || size == 0) return;
  const std::size_t length = std::min(size - 1, text.size());
  std::memcpy(error, text.data(), length);
  error[length] = 0;
}

// Nothing that happens may leave C's functions but by their result.
template <typename Action>
int guarded(const Action& action) {
  try {
    return action();
  } catch (...) {
    return LAQ_FAILED;
  }
}

}  // namespace

extern "C" {

laq_model* laq_open(const char* file, int threads, char* error, size_t size) {
  try {
    if (!file || threads < 1) throw laq::runtime::Failure("no file, or no thread to run it");
    return new laq_model(laq::runtime::content_of(file), threads);
  } catch (const std::bad_alloc&) {
    tell(error, size, "not enough memory");
  } catch (const std::exception& failure) {
    tell(error, size, failure.what());
  } catch (...) {
    tell(error, size, "an unknown failure");
  }
  return nullptr;
}

void laq_close(laq_model* model) {
  delete model;
}

laq_info laq_describe(const laq_model* model) {
  return model ? model->describe() : laq_info{};
}

int laq_prepare(laq_model* model, const uint8_t* pixels, size_t rows, float* prepared) {
  if (!model || !pixels || !prepared) return LAQ_BAD_ARGUMENT;
  return guarded([&] { return model->prepare(pixels, rows, prepared); });
}

int laq_run(laq_model* model, const float* input, size_t rows, float* scores) {
  if (!model || !input || !scores) return LAQ_BAD_ARGUMENT;
  return guarded([&] { return model->run(input, rows, scores); });
}

int laq_read(laq_model* model, const uint8_t* characters, size_t count, float* scores) {
  if (!model || !characters || !scores) return LAQ_BAD_ARGUMENT;
  return guarded([&] { return model->read(characters, count, scores); });
}

void laq_reset(laq_model* model) {
  if (model) model->reset();
}
}
