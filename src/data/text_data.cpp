#include "data/text_data.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"

namespace laq::data {
namespace {

constexpr std::array<const char*, 3> kPartNames = {"training", "validation", "test"};

std::string shown(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 32 && byte < 127 ? fmt::format("'{}'", c) : fmt::format("byte 0x{:02x}", byte);
}

std::string_view limited(std::string_view text, std::int64_t limit) {
  return limit > 0 ? text.substr(0, static_cast<std::size_t>(limit)) : text;
}

// Not 0, which would be no limit.
std::int64_t limit_of(const TextCut& cut, double share) {
  const auto limit = static_cast<std::int64_t>(share * static_cast<double>(cut.characters));
  return cut.characters > 0 ? std::max<std::int64_t>(limit, 1) : 0;
}

}  // namespace

Vocabulary::Vocabulary(std::string_view text) {
  if (text.empty()) throw Error({.what = "the text is empty"});
  codes_.fill(0);
  for (const char c : text) codes_[static_cast<unsigned char>(c)] = 1;
  for (std::size_t byte = 0; byte < codes_.size(); ++byte) {
    if (codes_[byte] == 0) {
      codes_[byte] = -1;
      continue;
    }
    codes_[byte] = static_cast<std::int16_t>(characters_.size());
    characters_ += static_cast<char>(byte);
  }
}

std::vector<std::uint8_t> Vocabulary::encode(std::string_view text,
                                             const std::string& where) const {
  std::vector<std::uint8_t> codes(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::int16_t code = codes_[static_cast<unsigned char>(text[i])];
    if (code < 0) {
      throw Error({.what = fmt::format("character {} is not in the training text", i + 1),
                   .where = where,
                   .found = shown(text[i]),
                   .expected = fmt::format("one of the {} characters that training sees", size())});
    }
    codes[i] = static_cast<std::uint8_t>(code);
  }
  return codes;
}

std::int64_t TextData::batches_in(std::int64_t characters) const {
  return characters / (cut_.batch * cut_.steps);
}

void TextData::require_batches(const std::array<std::int64_t, 3>& batches,
                               const std::array<std::int64_t, 3>& characters) const {
  for (std::size_t part = 0; part < 3; ++part) {
    if (batches[part] > 0) continue;
    throw usage_error(
        {.what = fmt::format("the {} text is shorter than one batch", kPartNames[part]),
         .found = fmt::format("{} characters", characters[part]),
         .expected = fmt::format("at least {} ({} segments of {})", cut_.batch * cut_.steps,
                                 cut_.batch, cut_.steps),
         .advice = "choose a smaller train.batch or train.time_steps, or more characters"});
  }
}

TextData::TextData(std::string_view text, const Splits& splits, const TextCut& cut)
    : cut_(cut), vocabulary_(text) {
  const std::string_view used = limited(text, cut.characters);
  const auto codes =
      std::make_shared<const std::vector<std::uint8_t>>(vocabulary_.encode(used, "text"));
  const auto characters = static_cast<std::int64_t>(used.size());
  const std::int64_t all = batches_in(characters);
  const std::int64_t train = all * splits.train / 100, validation = all * splits.validation / 100;
  const std::array<std::int64_t, 3> batches = {train, validation, all - train - validation};
  require_batches(batches, {characters * splits.train / 100, characters * splits.validation / 100,
                            characters * splits.test / 100});
  std::int64_t first = 0;
  for (std::size_t part = 0; part < 3; ++part) {
    ranges_[part] = {codes, first, batches[part] * cut.batch};
    first += ranges_[part].segments * cut.steps;
  }
}

TextData::TextData(const std::array<std::string, 3>& texts, const TextCut& cut)
    : cut_(cut), vocabulary_(texts[0]) {
  double total = 0;
  for (const auto& text : texts) total += static_cast<double>(text.size());
  std::array<std::int64_t, 3> batches{}, characters{};
  std::array<std::string_view, 3> used;
  for (std::size_t part = 0; part < 3; ++part) {
    if (texts[part].empty())
      throw Error({.what = fmt::format("the {} text is empty", kPartNames[part])});
    const double share = static_cast<double>(texts[part].size()) / total;
    used[part] = limited(texts[part], limit_of(cut, share));
    characters[part] = static_cast<std::int64_t>(used[part].size());
    batches[part] = batches_in(characters[part]);
  }
  require_batches(batches, characters);
  for (std::size_t part = 0; part < 3; ++part) {
    const std::string where = fmt::format("{} text", kPartNames[part]);
    ranges_[part] = {
        std::make_shared<const std::vector<std::uint8_t>>(vocabulary_.encode(used[part], where)), 0,
        batches[part] * cut.batch};
  }
}

void TextData::gather(Part part, std::span<const std::int64_t> segments, std::int64_t* characters,
                      std::int64_t* following) const {
  const Range& from = range(part);
  const std::vector<std::uint8_t>& text = *from.text;
  for (std::size_t column = 0; column < segments.size(); ++column) {
    const std::int64_t segment = segments[column];
    if (segment < 0 || segment >= from.segments) {
      throw Error({.what = "segment of a text is out of range",
                   .found = std::to_string(segment),
                   .expected = fmt::format("0 to {}", from.segments - 1)});
    }
    const auto begin = static_cast<std::size_t>(from.first + segment * cut_.steps);
    for (std::size_t t = 0; t < static_cast<std::size_t>(cut_.steps); ++t) {
      const std::size_t next = begin + t + 1;
      characters[t * segments.size() + column] = text[begin + t];
      following[t * segments.size() + column] = text[next < text.size() ? next : 0];
    }
  }
}

}  // namespace laq::data
