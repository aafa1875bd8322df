#include <vector>

#include "data/text_data.hpp"
#include "fuzz.hpp"

using namespace laq;

namespace {

void gather_all(const data::TextData& text) {
  for (const auto part : {data::Part::train, data::Part::validation, data::Part::test}) {
    for (std::int64_t segment = 0; segment < text.size(part); ++segment) {
      const auto steps = static_cast<std::size_t>(text.steps());
      std::vector<std::int64_t> characters(steps), following(steps);
      text.gather(part, std::span(&segment, 1), characters.data(), following.data());
      for (const auto code : following) {
        if (code < 0 || code >= text.vocabulary().size()) __builtin_trap();
      }
    }
  }
}

}  // namespace

// A text of one file, and the same bytes as three files. The first two bytes are batch and steps.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const data::TextCut cut{1 + data[0] % 8, 1 + data[1] % 16};
  const std::string_view text = fuzz::text_of(data + 2, size - 2);
  fuzz::read([&] { gather_all({text, data::Splits{80, 10, 10}, cut}); });
  const std::size_t third = text.size() / 3;
  fuzz::read([&] {
    gather_all({{std::string(text.substr(0, third)), std::string(text.substr(third, third)),
                 std::string(text.substr(2 * third))},
                cut});
  });
  return 0;
}
