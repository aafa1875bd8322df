#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset_spec.hpp"
#include "data/image_set.hpp"
#include "data/locate.hpp"

namespace laq::data {

/// The characters (bytes) of a text, numbered in ascending order of their values.
class Vocabulary {
 public:
  /// Of all characters that occur. Error: an empty text.
  explicit Vocabulary(std::string_view text);

  std::int64_t size() const { return static_cast<std::int64_t>(characters_.size()); }
  /// The characters in their order.
  const std::string& characters() const { return characters_; }
  /// The characters' numbers. Error: one that is not in the vocabulary, with its place in `where`.
  std::vector<std::uint8_t> encode(std::string_view text, const std::string& where) const;
  char decode(std::int64_t code) const { return characters_.at(static_cast<std::size_t>(code)); }

 private:
  std::string characters_;
  std::array<std::int16_t, 256> codes_;
};

/// How a text is cut.
struct TextCut {
  std::int64_t batch = 0;       ///< segments in a batch
  std::int64_t steps = 0;       ///< characters in a segment
  std::int64_t characters = 0;  ///< only the first so many of the text; 0: all
};

/// A text cut into non-overlapping segments of `steps` characters; whatever does not fill a batch
/// is left out (docs/mathematics.md). The target of a character is the one that follows it; that of
/// the last one of a file, where nothing follows, is the file's first.
class TextData {
 public:
  /// One text: its floor(characters / (batch·steps)) batches are shared out by `splits` (percent),
  /// training first, rounded down; the rest is the test part. Errors: an empty text; (usage) too
  /// short for a batch in every part.
  TextData(std::string_view text, const Splits& splits, const TextCut& cut);

  /// A text for each part, training first. With `characters`, of each its share. The vocabulary is
  /// that of the training text. Errors: also a character that the training text lacks.
  TextData(const std::array<std::string, 3>& texts, const TextCut& cut);

  /// Segments of a part: a whole number of batches.
  std::int64_t size(Part part) const { return range(part).segments; }
  std::int64_t steps() const { return cut_.steps; }
  std::int64_t batch() const { return cut_.batch; }
  const Vocabulary& vocabulary() const { return vocabulary_; }

  /// Writes segments (0 … size(part) − 1) of a part and what follows each character, both
  /// steps × segments.size(). Error: a segment out of range.
  void gather(Part part, std::span<const std::int64_t> segments, std::int64_t* characters,
              std::int64_t* following) const;

 private:
  struct Range {
    std::shared_ptr<const std::vector<std::uint8_t>> text;
    std::int64_t first = 0;  ///< character
    std::int64_t segments = 0;
  };
  const Range& range(Part part) const { return ranges_[static_cast<std::size_t>(part)]; }
  std::int64_t batches_in(std::int64_t characters) const;
  void require_batches(const std::array<std::int64_t, 3>& batches,
                       const std::array<std::int64_t, 3>& characters) const;

  TextCut cut_;
  Vocabulary vocabulary_;
  Range ranges_[3];
};

/// Locates, checks and reads a dataset of text. Errors: missing or bad files, another number of
/// distinct characters than the dataset says, and those of `TextData`.
TextData load_text(const DatasetSpec& spec, const DataPaths& paths, const TextCut& cut);

/// Characters of the training part, as far as can be said without the files.
double training_characters(const DatasetSpec& spec, const TextCut& cut);

}  // namespace laq::data
