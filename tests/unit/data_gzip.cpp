#include "core/random.hpp"
#include "data/gzip.hpp"
#include "data_fixture.hpp"

namespace laq::data {
namespace {

std::string text_of(const std::vector<std::uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

std::string mixed(std::size_t size) {
  RandomStream stream(1, "gzip test");
  std::string text;
  while (text.size() < size) text += static_cast<char>(stream.below(16));
  return text;
}

}  // namespace

TEST_CASE("gzip and plain content read the same", "[data]") {
  for (const std::size_t size : {0, 1, 17, 65535, 65536, 65537, 300000}) {
    const std::string content = mixed(size);
    CHECK(text_of(unpack(gzip(content), size, "f")) == content);
    CHECK(text_of(unpack(content, size, "f")) == content);
  }
}

TEST_CASE("all members of a gzip file are read and what follows them is ignored", "[data]") {
  CHECK(text_of(unpack(gzip("one ") + gzip("two"), 100, "f")) == "one two");
  CHECK(text_of(unpack(gzip("one") + std::string(5, '\0'), 100, "f")) == "one");
}

TEST_CASE("a gzip file cut anywhere is an error", "[data]") {
  const std::string packed = gzip(mixed(1000));
  for (std::size_t length = 2; length < packed.size(); ++length) {
    INFO(length);
    CHECK_THAT(error_of([&] { unpack(packed.substr(0, length), 2000, "f.gz"); }),
               Contains("f.gz: gzip archive is truncated or damaged"));
  }
}

TEST_CASE("a gzip file with a flipped bit is an error or a harmless header field", "[data]") {
  const std::string content = mixed(500);
  const std::string packed = gzip(content);
  for (std::size_t i = 2; i < packed.size(); ++i) {
    std::string broken = packed;
    broken[i] = static_cast<char>(broken[i] ^ 0x10);
    std::string got;
    const std::string message = error_of([&] { got = text_of(unpack(broken, 600, "f.gz")); });
    INFO(i << ": " << message);
    if (message == "no error") {
      CHECK(i < 10);
      CHECK(got == content);
    }
  }
}

TEST_CASE("content longer than allowed is refused before it fills the memory", "[data]") {
  const std::string bomb = gzip(std::string(50'000'000, '\0'));
  REQUIRE(bomb.size() < 100'000);
  CHECK_THAT(error_of([&] { unpack(bomb, 1000, "bomb.gz"); }),
             Contains("bomb.gz: content is too long") && Contains("at most 1000"));
  CHECK_THAT(error_of([&] { unpack(std::string(1001, 'x'), 1000, "plain"); }),
             Contains("plain: content is too long"));
  CHECK(unpack(gzip(std::string(1000, 'x')), 1000, "f").size() == 1000);
  CHECK_THAT(error_of([&] { unpack(gzip("abc") + gzip("def"), 5, "f"); }), Contains("too long"));
}

}  // namespace laq::data
