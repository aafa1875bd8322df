#include <sanitizer/allocator_interface.h>

#include <algorithm>

#include "fuzz.hpp"
#include "runtime/model.hpp"
#include "support/packed_file.hpp"

using namespace laq;

namespace {

// What is allocated now, and the most so far.
std::size_t live = 0, most = 0;

void allocated(const volatile void*, std::size_t size) {
  live += size;
  most = std::max(most, live);
}
void freed(const volatile void* block) {
  const std::size_t size = __sanitizer_get_allocated_size(block);
  live -= std::min(live, size);
}

// No more than 32 times the file, or 64 MiB; the parsed header and what allocators round up aside.
constexpr std::size_t kFactor = 32, kLeast = std::size_t{64} << 20, kAside = 64;

void open(std::span<const std::uint8_t> bytes) {
  live = most = 0;
  try {
    runtime::Model model(bytes, 1);
    const laq_info info = model.describe();
    if (most > std::max(kFactor * bytes.size(), kLeast) + kAside * bytes.size()) __builtin_trap();
    std::vector<float> input(info.inputs, 0.5f), scores(info.outputs);
    if (info.reads_characters) {
      std::vector<std::uint8_t> text(3, static_cast<std::uint8_t>(info.vocabulary[0]));
      if (model.read(text.data(), text.size(), scores.data()) != LAQ_OK) __builtin_trap();
    } else {
      std::vector<std::uint8_t> pixels(info.inputs, 100);
      if (info.prepares_pixels) model.prepare(pixels.data(), 1, input.data());
      if (model.run(input.data(), 1, scores.data()) != LAQ_OK) __builtin_trap();
    }
  } catch (const runtime::Failure& failure) {
    const std::string_view message = failure.what();
    if (message.empty() || message.find('\n') != message.npos) __builtin_trap();
    if (most > std::max(kFactor * bytes.size(), kLeast) + kAside * bytes.size()) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  __sanitizer_install_malloc_and_free_hooks(allocated, freed);
  return 0;
}

// A whole file; or, as a fuzzer hardly finds its way through JSON in JSON, the network, the list of
// packed weights, or the bytes of tensors in a file that is otherwise good.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view rest = fuzz::text_of(data + 1, size - 1);
  test::PackedFile file;
  switch (data[0]) {
    case 'n':
      file.header["__metadata__"]["network"] = std::string(rest);
      break;
    case 'p':
      file.header["__metadata__"]["packed"] = std::string(rest);
      break;
    case 'd':
      std::copy_n(rest.begin(), std::min(rest.size(), file.data.size()), file.data.begin());
      break;
    default:
      open({data, size});
      return 0;
  }
  try {
    open(file.bytes());
  } catch (const nlohmann::json::exception&) {
    // Not UTF-8: such a header cannot be written.
  }
  return 0;
}
