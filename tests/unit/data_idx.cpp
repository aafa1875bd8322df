#include <span>

#include "core/random.hpp"
#include "data/idx.hpp"
#include "data_fixture.hpp"

namespace laq::data {
namespace {

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string images_error(const std::string& text) {
  return error_of([&] { parse_idx_images(bytes_of(text), "f"); });
}

std::string labels_error(const std::string& text) {
  return error_of([&] { parse_idx_labels(bytes_of(text), "f"); });
}

}  // namespace

TEST_CASE("IDX images and labels are read", "[data]") {
  const std::string file = idx(0x803, {2, 1, 3}, "abcdef");
  const IdxImages images = parse_idx_images(bytes_of(file), "f");
  CHECK(images.count == 2);
  CHECK(images.height == 1);
  CHECK(images.width == 3);
  CHECK(std::string(images.pixels.begin(), images.pixels.end()) == "abcdef");
  const std::string labels = idx(0x801, {3}, "\1\2\3");
  CHECK(parse_idx_labels(bytes_of(labels), "f")[2] == 3);
}

TEST_CASE("a wrong IDX file is an error with what was found and expected", "[data]") {
  CHECK_THAT(images_error(idx(0x801, {3}, "abc")),
             Contains("f: wrong IDX magic number: found 0x00000801, expected 0x00000803"));
  CHECK_THAT(labels_error(idx(0x803, {1, 1, 1}, "a")),
             Contains("found 0x00000803, expected 0x00000801"));
  CHECK_THAT(images_error(""), Contains("too short") && Contains("found 0 bytes"));
  CHECK_THAT(images_error(idx(0x803, {1, 1}, "abc")),
             Contains("too short") && Contains("found 15 bytes, expected at least 16"));
  CHECK_THAT(images_error(idx(0x803, {2, 2, 2}, "abcdefg")),
             Contains("found 7 bytes after the header, expected 2x2x2"));
  CHECK_THAT(images_error(idx(0x803, {2, 2, 2}, "abcdefghi")), Contains("found 9 bytes"));
  CHECK_THAT(labels_error(idx(0x801, {4}, "abc")), Contains("expected 4"));
  CHECK_THAT(images_error(idx(0x803, {0, 28, 28}, "")), Contains("size of zero: found 0x28x28"));
  CHECK_THAT(labels_error(idx(0x801, {0}, "")), Contains("size of zero"));
}

TEST_CASE("IDX sizes whose product overflows are refused", "[data]") {
  const std::uint32_t most = 0xffffffff;
  CHECK_THAT(images_error(idx(0x803, {most, most, most}, "abcd")), Contains("length does not fit"));
  // 2^22 · 2^21 · 2^21 = 2^64 is 0 in 64 bits, 2^32 · … is 0 in 32.
  CHECK_THAT(images_error(idx(0x803, {1u << 22, 1u << 21, 1u << 21}, "")),
             Contains("length does not fit"));
  CHECK_THAT(images_error(idx(0x803, {1u << 16, 1u << 16, 1}, "")),
             Contains("length does not fit"));
}

TEST_CASE("no bytes make the IDX reader read beyond them", "[data]") {
  RandomStream stream(7, "idx fuzz");
  for (int round = 0; round < 20000; ++round) {
    std::string text = idx(round % 2 ? 0x803 : 0x801, {}, "");
    while (text.size() < 4 * (1 + stream.below(5)) + stream.below(20)) {
      text += static_cast<char>(stream.below(4) ? 0 : stream.below(8));
    }
    try {
      const auto images = parse_idx_images(bytes_of(text), "f");
      REQUIRE(images.pixels.size() + 16 == text.size());
      REQUIRE(images.count * images.height * images.width ==
              static_cast<std::int64_t>(images.pixels.size()));
    } catch (const Error&) {
    }
    try {
      const auto labels = parse_idx_labels(bytes_of(text), "f");
      REQUIRE(labels.size() + 8 == text.size());
    } catch (const Error&) {
    }
  }
}

}  // namespace laq::data
