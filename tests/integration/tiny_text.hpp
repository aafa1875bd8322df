#pragma once

#include <string>

#include "integration/workplace.hpp"

namespace laq::integration {

/// 20 000 characters, 12 of them distinct: words in a fixed order with a word now and then left
/// out, which is easy to learn.
std::string tiny_words();

/// Adds a dataset `tiny_text` of this text, and an experiment `words`: a character LSTM of 16
/// units, 4 epochs.
void add_text(const Workplace& place, const std::string& text);

}  // namespace laq::integration
