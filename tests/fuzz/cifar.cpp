#include "data/cifar.hpp"

#include "data/archive.hpp"
#include "fuzz.hpp"

using namespace laq;

// CIFAR's archives, and the records of what is in them: of CIFAR-100 where the first byte is odd.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const bool hundred = data[0] % 2 != 0;
  const auto records = [&](std::span<const std::uint8_t> bytes) {
    data::ImageSet set;
    fuzz::read([&] {
      data::append_cifar(bytes, hundred ? 2 : 1, hundred ? 100 : 10, "fuzz", set);
      for (const auto label : set.labels) {
        if (label >= (hundred ? 100 : 10)) __builtin_trap();
      }
    });
  };
  records({data + 1, size - 1});
  fuzz::read([&] {
    data::visit_archive(
        fuzz::text_of(data + 1, size - 1), "fuzz",
        [&](const std::string&, std::vector<std::uint8_t> content) { records(content); });
  });
  return 0;
}
