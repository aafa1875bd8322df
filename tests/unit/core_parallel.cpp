#include <omp.h>

#include <numeric>

#include "core/parallel.hpp"
#include "core/random.hpp"
#include "core/threads.hpp"
#include "support/scratch.hpp"

using namespace laq;
using laq::WithThreads;

namespace {

const std::vector<std::size_t>& lengths() {
  static const std::vector<std::size_t> all = {0,          1,          kChunk - 1, kChunk,
                                               kChunk + 1, 2 * kChunk, 5 * kChunk, 5 * kChunk + 77};
  return all;
}

}  // namespace

TEST_CASE("chunks cover every element once", "[core]") {
  for (const int threads : {1, 2}) {
    const WithThreads with(threads);
    for (const std::size_t n : lengths()) {
      std::vector<int> visits(n, 0);
      for_chunks(n, [&](std::size_t begin, std::size_t count) {
        for (std::size_t i = begin; i < begin + count; ++i) ++visits.at(i);
      });
      INFO(n << " elements, " << threads << " threads");
      CHECK(visits == std::vector<int>(n, 1));
    }
  }
}

TEST_CASE("sums are the same for every number of threads", "[core]") {
  RandomStream stream(1, "parallel sums");
  std::vector<double> values(lengths().back());
  for (auto& value : values) value = stream.normal();
  const auto part = [&](std::size_t begin, std::size_t count) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
    return std::accumulate(first, first + static_cast<std::ptrdiff_t>(count), 0.0);
  };
  for (const std::size_t n : lengths()) {
    std::vector<double> sums;
    for (const int threads : {1, 2, 3}) {
      const WithThreads with(threads);
      sums.push_back(sum_chunks<double>(n, part));
    }
    INFO(n << " elements");
    CHECK(sums == std::vector<double>(3, sums[0]));
    const double plain =
        std::accumulate(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n), 0.0);
    CHECK(sums[0] == Approx(plain).epsilon(1e-12).margin(1e-10));
  }
}
