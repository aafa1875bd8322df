#include <fmt/format.h>

#include <numeric>

#include "data/archive.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::test;

namespace {

/// A tar archive of one sparse file, in GNU tar's old form: 512 bytes of data at `offset`.
std::string sparse_tar(std::uint64_t offset) {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) {
    header.replace(at, text.size(), text);
  };
  const auto octal = [](std::uint64_t value) { return fmt::format("{:011o}", value); };
  put(0, "holes");
  put(100, "0000644");
  put(124, octal(512));
  put(136, octal(0));
  put(156, "S");
  put(257, "ustar  ");
  put(386, octal(offset));
  put(398, octal(512));
  put(483, octal(offset + 512));
  put(148, std::string(8, ' '));
  const auto sum = std::accumulate(header.begin(), header.end(), 0u, [](unsigned total, char c) {
    return total + static_cast<unsigned char>(c);
  });
  put(148, fmt::format("{:06o}", sum) + '\0' + ' ');
  return header + std::string(512, 'x') + std::string(1024, '\0');
}

std::size_t size_of_file_in(const std::string& archive) {
  std::size_t size = 0;
  data::visit_archive(archive, "a.tar", [&](const std::string& path, auto content) {
    CHECK(path == "holes");
    size = content.size();
  });
  return size;
}

}  // namespace

TEST_CASE("a sparse file in an archive is filled with zeros, but not without end", "[data]") {
  CHECK(size_of_file_in(sparse_tar(4096)) == 4096 + 512);
  CHECK(message_of([] { size_of_file_in(sparse_tar(std::uint64_t{1} << 32)); }) ==
        "a.tar: holes: a file in the archive is too large: expected at most 268435456 bytes");
}
